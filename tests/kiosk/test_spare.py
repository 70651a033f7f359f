"""A terminal whose whole ledger is gone still knows its people and faces, and believes nothing that is not proved."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kiosk.spare import read_spare, write_spare
from kiosk.takeover import Proven
from kiosk.upkeep import Upkeep
from tests.kiosk.conftest import TurnedClock
from tests.kiosk.damaged import opened, with_a_past


def test_people_and_faces_outlive_a_ledger_of_which_nothing_is_left(tmp_path: Path, turned: TurnedClock) -> None:
    with_a_past(tmp_path, turned.clock)
    ledger = opened(tmp_path, turned.clock)
    templates = ledger.templates()
    ledger.close()
    (tmp_path / "ledger.db").unlink()
    again = opened(tmp_path, turned.clock, Proven(tmp_path))
    assert again.templates() == templates
    assert (again.held_version("roster"), again.manifest("roster")["pins"]) == (7, {})
    again.close()


def test_what_is_not_proved_is_not_taken_from_it(tmp_path: Path, turned: TurnedClock) -> None:
    with_a_past(tmp_path, turned.clock)
    write_spare(tmp_path, [("roster", 9, b"{}", "c2lnbmVk")], [("P9", "v1", b"A1" + b"\0" * 60)])
    (tmp_path / "ledger.db").unlink()
    again = opened(tmp_path, turned.clock, Proven(tmp_path))
    assert (again.templates(), again.held_version("roster")) == ([], 0)
    again.close()


def test_it_holds_what_the_ledger_holds_and_nothing_that_was_withdrawn(tmp_path: Path, turned: TurnedClock) -> None:
    with_a_past(tmp_path, turned.clock)
    ledger = opened(tmp_path, turned.clock)
    ledger.keep_spare()
    assert [person for person, _, _ in read_spare(tmp_path)[1]] == ["P1"]
    ledger.writer.submit(lambda connection: connection.execute("DELETE FROM template")).result()
    ledger.keep_spare()
    assert read_spare(tmp_path)[1] == []
    assert (tmp_path / "spare.json").stat().st_mode & 0o777 == 0o600
    ledger.close()


def test_a_copy_that_could_not_be_written_is_written_by_the_upkeep(tmp_path: Path, turned: TurnedClock) -> None:
    with_a_past(tmp_path, turned.clock)
    (tmp_path / "spare.json").unlink()
    ledger = opened(tmp_path, turned.clock)
    Upkeep(ledger, 90, turned.now_s).turn()
    assert read_spare(tmp_path)[0][0][:2] == ("roster", 7)
    ledger.close()


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", json.dumps({"manifests": [["roster", "x", "", ""]]})])
def test_a_torn_copy_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "spare.json").write_text(text, encoding="utf-8")
    assert read_spare(tmp_path) == ([], [])
