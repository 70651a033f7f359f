"""The documentation leads somewhere: links resolve, README's short commands run, the glossary is whole."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.health.tree import (
    DOCS,
    README,
    ROOT,
    markdown_files,
    named,
    sections_of,
    table_rows,
    tokens_of,
)

CHINESE = re.compile(r"[\u3400-\u9fff]")


def links_of(page: Path) -> list[str]:
    """Return the targets of links and pictures that stay inside the checkout."""
    inside = [child for token in tokens_of(page) for child in token.children or []]
    targets = [str(token.attrs.get("href") or token.attrs.get("src") or "") for token in inside]
    return [target for target in targets if target and not re.match(r"[a-z]+:", target)]


def anchor_of(heading: str) -> str:
    """Return the anchor that a Markdown page gets for a heading, as the usual renderers make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def resolves(page: Path, target: str) -> bool:
    place, _, anchor = unquote(target).partition("#")
    aim = page if not place else (page.parent / place).resolve()
    if not aim.is_relative_to(ROOT) or not aim.exists():
        return False
    return not anchor or anchor in {anchor_of(section.heading) for section in sections_of(aim)}


def short_commands() -> list[str]:
    """Return each line of README's fenced blocks that are marked ```sh short."""
    if not README.exists():
        return []
    blocks = [token.content for token in tokens_of(README) if token.info.strip() == "sh short"]
    return [line for block in blocks for line in block.splitlines() if line.strip() and not line.startswith("#")]


@pytest.mark.parametrize("page", markdown_files(), ids=named)
def test_every_link_resolves(page: Path) -> None:
    broken = [target for target in links_of(page) if not resolves(page, target)]
    assert not broken, f"{named(page)} leads nowhere with {broken}"


def test_readme_has_short_commands() -> None:
    if not README.exists():
        pytest.skip("README.md is not written yet")
    assert short_commands(), "README.md has no fenced block marked ```sh short"


@pytest.mark.parametrize("command", short_commands())
def test_a_short_command_of_the_readme_runs(command: str) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=ROOT,
        env={**os.environ, "PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"


def test_every_term_has_its_chinese_and_its_source() -> None:
    rows = table_rows(DOCS / "glossary.md")
    assert rows
    incomplete = [row for row in rows if len(row) != 3 or not all(row) or not CHINESE.search(row[1])]
    assert not incomplete, f"docs/glossary.md: a row is term, Chinese, source: {incomplete}"


def test_no_term_stands_twice() -> None:
    terms = [row[0].lower() for row in table_rows(DOCS / "glossary.md")]
    assert sorted(terms) == sorted(set(terms))


@pytest.mark.parametrize("page", sorted((DOCS / "adr").glob("[0-9]*.md")), ids=named)
def test_a_decision_says_status_context_decision_and_consequences(page: Path) -> None:
    headings = [section.heading for section in sections_of(page)]
    assert headings[1:] == ["Status", "Context", "Decision", "Consequences"]
    assert re.match(r"\d{4}-[a-z0-9-]+\.md", page.name)


def test_the_changelog_keeps_its_form() -> None:
    headings = [section.heading for section in sections_of(ROOT / "CHANGELOG.md")]
    assert headings[:2] == ["Changelog", "[Unreleased]"]
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    versions = re.compile(r"\[Unreleased\]|\[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}")
    assert all(heading in kinds or versions.fullmatch(heading) for heading in headings[1:])
