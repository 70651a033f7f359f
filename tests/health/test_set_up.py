"""The set-up scripts: refusals that help, stamps that do not lie, a clean that removes no more."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.health.tree import ROOT

SOURCES = ("common.sh", "debian.sh", "environment.sh", "frontend.sh")


def in_bash(script: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run lines of bash in `folder` with the set-up functions loaded, as deploy/setup.sh loads them."""
    load = "".join(f"source {ROOT}/deploy/setup/{name}\n" for name in SOURCES)
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", load + script],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def program(folder: Path, name: str, body: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


@pytest.fixture
def small_checkout(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def make(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    return subprocess.run(["make", *words], cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_make_alone_tells_of_every_target(small_checkout: Path) -> None:
    said = make(small_checkout).stdout
    assert all(f"make {target} " in said for target in ("run", "test", "check", "bench", "clean"))


def python_of(version: tuple[int, int, int], folder: Path) -> Path:
    """Return a Python that takes itself for another version."""
    body = f'exec "{sys.executable}" -c "import sys; sys.version_info = {version}; $2"'
    return program(folder, "other-python", body)


def test_a_python_that_is_too_old_is_refused_with_what_to_do(tmp_path: Path) -> None:
    done = in_bash("checked_python", tmp_path, PYTHON=str(python_of((3, 10, 13), tmp_path)))
    assert done.returncode != 0
    assert "is Python 3.10, and 3.11 or later is needed" in done.stderr
    assert "make PYTHON=" in done.stderr


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 13, 0)])
def test_a_python_that_is_new_enough_is_taken(version: tuple[int, int, int], tmp_path: Path) -> None:
    python = python_of(version, tmp_path)
    assert in_bash("checked_python", tmp_path, PYTHON=str(python)).stdout == f"{python}\n"


def test_a_python_that_is_not_there_is_refused_with_what_to_do(tmp_path: Path) -> None:
    done = in_bash("checked_python", tmp_path, PYTHON="python9.99")
    assert done.returncode != 0
    assert "there is no python9.99 here" in done.stderr


def test_without_root_the_command_is_printed_and_nothing_installed(tmp_path: Path) -> None:
    program(tmp_path, "apt-get", "echo apt-get was called")
    script = "is_root() { false; }\ninstall_debian libgl1 chromium || echo refused"
    said = in_bash(script, tmp_path, PATH=f"{tmp_path}:{os.environ['PATH']}").stdout
    assert "    sudo apt-get install --yes --no-install-recommends libgl1 chromium\n" in said
    assert said.endswith("refused\n")
    assert "was called" not in said


def test_root_refreshes_apt_once_and_installs(tmp_path: Path) -> None:
    program(tmp_path, "apt-get", 'for word; do case $word in update|install) echo "$word";; esac; done')
    program(tmp_path, "dpkg", "true")
    script = "is_root() { true; }\ninstall_debian libgl1\ninstall_debian chromium"
    said = in_bash(script, tmp_path, PATH=f"{tmp_path}:{os.environ['PATH']}").stdout
    assert said.split() == ["update", "install", "install"]


def test_in_ci_the_browser_tests_may_not_be_skipped(tmp_path: Path) -> None:
    script = "is_root() { false; }\nhas_browser() { false; }\nbrowser_for_tests"
    assert in_bash(script, tmp_path).returncode == 0
    assert "THE BROWSER TESTS ARE SKIPPED" in in_bash(script, tmp_path).stdout
    assert in_bash(script, tmp_path, CI="true").returncode != 0


def test_a_step_is_done_only_for_the_lock_it_was_done_for(tmp_path: Path) -> None:
    (tmp_path / "a.lock").write_text("one", encoding="utf-8")
    script = """
    mark_done step "$(key_of a.lock)"
    is_done step "$(key_of a.lock)" && echo same
    echo two >a.lock
    is_done step "$(key_of a.lock)" || echo changed
    """
    assert in_bash(script, tmp_path).stdout.split() == ["same", "changed"]


def test_a_cut_step_is_not_done(tmp_path: Path) -> None:
    (tmp_path / "package-lock.json").write_text("{}", encoding="utf-8")
    (tmp_path / "deploy" / "setup").mkdir(parents=True)
    shutil.copy(ROOT / "deploy/setup/frontend.sh", tmp_path / "deploy/setup")
    cut = "npm_ci() { kill -KILL $$; }\nmark_done front-end old\ncopy_front_end"
    assert in_bash(cut, tmp_path).returncode != 0
    assert not (tmp_path / ".venv/.done/front-end").exists()


def test_an_environment_with_tools_of_development_keeps_them_when_only_running(tmp_path: Path) -> None:
    (tmp_path / "requirements.lock").write_text("run", encoding="utf-8")
    (tmp_path / "requirements-dev.lock").write_text("dev", encoding="utf-8")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    program(tmp_path / ".venv" / "bin", "pytest", "true")
    fakes = 'index_of_pip() { :; }\nuv_pip() { echo "with ${*: -1}"; }\n'
    script = fakes + "install_packages run\ninstall_packages run"
    said = in_bash(script, tmp_path).stdout
    assert said.count("with requirements-dev.lock") == 1
    assert "with requirements.lock" not in said


def test_clean_removes_what_make_made_and_nothing_else(small_checkout: Path) -> None:
    kept = [
        small_checkout / "rules" / "policy.py",
        small_checkout / "notes.txt",
        small_checkout / ".git" / "HEAD",
    ]
    made = [
        small_checkout / place / "file"
        for place in (".venv", "var/samples", "node_modules/htmx", "kiosk/static/vendor", "rules/__pycache__")
    ]
    for path in [*kept, *made]:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    said = make(small_checkout, "clean").stdout
    assert all(path.exists() for path in kept)
    assert not [path for path in made if path.exists()]
    assert all(f"removing {place}\n" in said for place in (".venv", "var", "node_modules"))


def test_clean_follows_no_link_out_of_the_checkout(
    small_checkout: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "precious").touch()
    (small_checkout / "var").symlink_to(elsewhere)
    make(small_checkout, "clean")
    assert not (small_checkout / "var").is_symlink()
    assert (elsewhere / "precious").exists()
