"""Every configuration key and every environment variable is documented, and none that is not there."""

from __future__ import annotations

import importlib
import re

from tests.health.tree import DOCS, markdown_files, named, project_files, sections_of

SETTINGS_PAGE = DOCS / "settings.md"
VARIABLE = re.compile(r"\bLKB_[A-Z][A-Z0-9_]*\b")


def documented_keys() -> set[str]:
    """Return `section.key` for each key in backticks that begins a table row under a heading `[section]`."""
    keys = set()
    for section in sections_of(SETTINGS_PAGE):
        if heading := re.fullmatch(r"`\[+([a-z_]+)\]+`", section.heading):
            keys |= {f"{heading[1]}.{key}" for key in re.findall(r"^\| `([a-z_]+)`", section.text, re.MULTILINE)}
    return keys


def configuration_keys() -> set[str]:
    return set(importlib.import_module("kiosk.config").documented_keys())


def variables_in_code() -> set[str]:
    sources = [
        path
        for path in project_files()
        if path.suffix in {".py", ".sh"} or path.name in {"Makefile", "run"}
        if not named(path).startswith("tests/")
    ]
    return {name for path in sources for name in VARIABLE.findall(path.read_text(encoding="utf-8"))}


def test_every_configuration_key_is_documented() -> None:
    missing = configuration_keys() - documented_keys()
    assert not missing, f"docs/settings.md has no table row for {sorted(missing)}"


def test_no_documented_key_is_unknown_to_the_terminal() -> None:
    assert not documented_keys() - configuration_keys()


def test_every_environment_variable_is_documented() -> None:
    page = SETTINGS_PAGE.read_text(encoding="utf-8")
    missing = {name for name in variables_in_code() if f"`{name}`" not in page}
    assert not missing, f"docs/settings.md says nothing of {sorted(missing)}"


def test_no_page_names_an_environment_variable_that_nothing_reads() -> None:
    said = {name for page in markdown_files() for name in VARIABLE.findall(page.read_text(encoding="utf-8"))}
    assert not said - variables_in_code()
