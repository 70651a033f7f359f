"""Every direct dependency has its reason and licence written down; the locks answer to pyproject.toml."""

from __future__ import annotations

import importlib.metadata
import json
import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.health.tree import DOCS, PYPROJECT, ROOT, table_rows

RUN_LOCK = ROOT / "requirements.lock"
DEV_LOCK = ROOT / "requirements-dev.lock"
TOOL_LOCKS = (ROOT / "deploy" / "bootstrap.lock", ROOT / "deploy" / "node.lock")


def requirements(*, with_dev: bool) -> list[Requirement]:
    """Return what pyproject.toml asks of every machine; lgpio, which only a Pi has, is in no lock."""
    project = PYPROJECT["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["postgres"]]
    return [Requirement(text) for text in wanted + (PYPROJECT["dependency-groups"]["dev"] if with_dev else [])]


def locked(lock: Path) -> dict[str, str]:
    """Return name to version of a hashed requirements file."""
    pins = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", lock.read_text(encoding="utf-8"), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in pins}


def direct_names() -> set[str]:
    npm = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["dependencies"]
    pi = [Requirement(text) for text in PYPROJECT["project"]["optional-dependencies"]["pi"]]
    tools = {name for lock in TOOL_LOCKS for name in locked(lock)}
    return {canonicalize_name(req.name) for req in [*requirements(with_dev=True), *pi]} | set(npm) | tools


def documented() -> dict[str, list[str]]:
    """Return the rows of docs/dependencies.md by the name in their first cell: name, licence, reason."""
    return {row[0].strip("`"): row for row in table_rows(DOCS / "dependencies.md")}


def said_licence(name: str) -> str | None:
    """Return the licence that the installed metadata state, None where they leave it to a classifier."""
    metadata = importlib.metadata.metadata(name)
    stated = dict(metadata.json)
    free_text = str(stated.get("license", ""))
    return str(stated.get("license_expression", "")) or (free_text if "\n" not in free_text else None) or None


def test_every_dependency_has_its_line() -> None:
    assert set(documented()) == direct_names(), "docs/dependencies.md and what is asked for differ"


def test_every_line_gives_licence_and_reason() -> None:
    assert not [name for name, row in documented().items() if len(row) != 3 or not all(row)]


@pytest.mark.parametrize("name", sorted({canonicalize_name(req.name) for req in requirements(with_dev=True)}))
def test_a_licence_is_the_one_that_the_installed_metadata_state(name: str) -> None:
    said = said_licence(name)
    if said is not None:
        assert documented()[name][1] == said


@pytest.mark.parametrize(("lock", "with_dev"), [(RUN_LOCK, False), (DEV_LOCK, True)], ids=["run", "dev"])
def test_a_lock_satisfies_what_is_asked_for(lock: Path, with_dev: bool) -> None:
    pins = locked(lock)
    unmet = [
        str(req)
        for req in requirements(with_dev=with_dev)
        if not req.specifier.contains(pins.get(canonicalize_name(req.name), "0"), prereleases=True)
    ]
    assert not unmet, f"{lock.name} is older than pyproject.toml: relock as CONTRIBUTING.md says"


def test_the_locks_for_running_and_for_developing_agree() -> None:
    run, dev = locked(RUN_LOCK), locked(DEV_LOCK)
    assert {name: dev.get(name) for name in run} == run


@pytest.mark.parametrize("lock", [RUN_LOCK, DEV_LOCK, *TOOL_LOCKS], ids=lambda path: path.name)
def test_every_pin_has_its_hash(lock: Path) -> None:
    entries = re.split(r"\n(?=[A-Za-z])", lock.read_text(encoding="utf-8"))
    pins = [entry for entry in entries if "==" in entry.splitlines()[0] and not entry.startswith("#")]
    assert pins
    assert not [entry.splitlines()[0] for entry in pins if "--hash=sha256:" not in entry]


def test_pip_stays_in_an_environment_that_only_runs() -> None:
    assert "pip" in locked(RUN_LOCK), "set-up and deploy/fetch_samples.py call pip; today sqlite-utils brings it"


def test_every_front_end_library_is_pinned_by_hash_and_to_no_host() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    libraries = {path: entry for path, entry in packages.items() if path}
    assert libraries
    assert all(entry["integrity"].startswith("sha512-") and "resolved" not in entry for entry in libraries.values())
