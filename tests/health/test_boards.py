"""A board profile fits the terminal's configuration, and no two buttons share a pin."""

from __future__ import annotations

import importlib
import tomllib
from pathlib import Path

import msgspec
import pytest

from tests.health.tree import ROOT, named

BOARDS = sorted((ROOT / "firmware_config" / "boards").glob("*.toml"))


@pytest.mark.parametrize("path", BOARDS, ids=named)
def test_a_profile_s_windows_are_windows_of_the_configuration(path: Path) -> None:
    windows = tomllib.loads(path.read_text(encoding="utf-8"))["windows"]
    form = importlib.import_module("kiosk.config").WindowSettings
    assert windows
    assert all(msgspec.convert(window, form) for window in windows)


@pytest.mark.parametrize("path", BOARDS, ids=named)
def test_no_pin_is_used_twice_or_reserved(path: Path) -> None:
    board = tomllib.loads(path.read_text(encoding="utf-8"))
    pins = [pin for window in board["windows"] for pin in window["pins"]]
    assert len(pins) == len(set(pins))
    assert not set(pins) & set(board["board"]["reserved"])


@pytest.mark.parametrize("path", BOARDS, ids=named)
def test_the_read_me_wires_the_same_pins(path: Path) -> None:
    read_me = (ROOT / "firmware_config" / "README.md").read_text(encoding="utf-8")
    rows = [row.split(" | ") for row in read_me.splitlines() if row[:4] in {f"| {grade} " for grade in range(1, 6)}]
    windows = tomllib.loads(path.read_text(encoding="utf-8"))["windows"]
    assert [[int(row[column]) for row in rows] for column in (1, 3)] == [window["pins"] for window in windows]
