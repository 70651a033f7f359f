"""A terminal says that it started, that its clock was set and that its store was lost; at a dead disk it says that."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from kiosk import VERSION
from kiosk.config import CentreSettings, Config, HardwareSettings, TerminalSettings
from kiosk.export import exported_lines
from kiosk.keeping import Keeping, Kept
from kiosk.running import trouble_pages
from sync.events import parse_event
from tests.health.tree import PYPROJECT
from tests.kiosk.conftest import TurnedClock
from tests.kiosk.damaged import PUNCH, elsewhere, overwrite_under_it


def keeping(folder: Path, turned: TurnedClock) -> Keeping:
    config = Config(
        terminal=TerminalSettings(id="gaogou-t01", hall="gaogou", state=str(folder)),
        centre=CentreSettings(url="http://127.0.0.1:9"),
        hardware=HardwareSettings(simulated=True),
    )
    return Keeping(config, turned.clock, lambda: None)


def types_in(folder: Path) -> list[str]:
    return [parse_event(line).type for line in exported_lines(folder / "ledger.db")]


def test_each_start_is_recorded_once_with_its_boot(tmp_path: Path, turned: TurnedClock) -> None:
    for _ in range(2):
        kept = keeping(tmp_path, turned)
        kept.tell()
        kept.tell()
        kept.close()
    started = [parse_event(line) for line in exported_lines(tmp_path / "ledger.db")]
    assert [event.type for event in started] == ["device.started", "device.started"]
    assert started[0].data == {"hall": "gaogou", "version": VERSION, "boot_id": "b1", "boottime_ns": 1000 * 10**9}


def test_the_version_is_the_projects() -> None:
    assert PYPROJECT["project"]["version"] == VERSION
    assert tomllib.loads(f'v = "{VERSION}"')["v"].count(".") == 2


def test_the_clock_is_watched(tmp_path: Path, turned: TurnedClock) -> None:
    kept = keeping(tmp_path, turned)
    kept.tell()
    turned.set_s = 3600
    kept.tell()
    kept.close()
    assert types_in(tmp_path) == ["device.started", "device.clock_stepped"]


def test_a_replaced_store_is_shown_until_somebody_has_taken_it_away(tmp_path: Path, turned: TurnedClock) -> None:
    kept = keeping(tmp_path, turned)
    forgets = kept.state().forgets  # as the machine is that runs this
    assert kept.state() == Kept(0, 0, forgets)
    kept.ledger.record("punch", PUNCH)
    kept.close()
    (tmp_path / "ledger.db").write_bytes(b"no database")
    again = keeping(tmp_path, turned)
    assert again.state() == Kept(1, 0, forgets, unsent=1)
    again.recovery.learn([])
    again.recovery.settle()
    assert again.state() == Kept(1, 1, forgets, unsent=2)
    (tmp_path / "quarantine").rename(tmp_path / "taken-away")
    assert again.state().quarantined == 0
    again.close()


def test_a_store_that_cannot_be_read_is_said_and_stops_no_screen(tmp_path: Path, turned: TurnedClock) -> None:
    kept = keeping(tmp_path, turned)
    kept.ledger.record_all([("punch", PUNCH)] * 100)
    kept.close()
    again = keeping(tmp_path, turned)
    overwrite_under_it(tmp_path)
    found = elsewhere(again.state)
    assert isinstance(found, Kept)
    assert found.trouble == "corrupt"
    again.close()


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/"), ("GET", "/hall"), ("POST", "/control/press"), ("POST", "/pin")]
)
def test_while_the_disk_takes_nothing_every_page_says_so_and_nothing_is_called_recorded(method: str, path: str) -> None:
    answer = trouble_pages("read_only").test_client().open(path, method=method)
    assert answer.status_code == 503
    assert "只读" in answer.get_json()["message"] if answer.is_json else "存储只读" in answer.get_data(as_text=True)
    assert not (answer.is_json and answer.get_json()["recorded"])
