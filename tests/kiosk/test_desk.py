"""The clock-in desk: one punch for one arrival, and never a word of recorded before the commit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from camera.detect import Box
from camera.reasons import Reason
from camera.recognizer import Sighting
from kiosk.desk import ClockDesk
from kiosk.errors import LedgerUnavailableError
from kiosk.knowledge import Knowledge
from kiosk.pins import PinRefusedError
from kiosk.screens import Panel, Screens
from kiosk.store import Ledger
from rules.policy import load_policy
from sync.events import Event
from tests.kiosk.conftest import START, TurnedClock


class WatchedScreens(Screens):
    """Screens that remember every panel."""

    panels: list[Panel | None]

    def show_panel(self, panel: Panel | None) -> None:
        super().show_panel(panel)
        self.panels.append(panel)

    def titles(self) -> list[str]:
        return [panel.title for panel in self.panels if panel]


class FullLedger:
    """A ledger on a disk that is full: nothing is committed."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def record(self, type_: str, payload: Mapping[str, Any]) -> Event:
        raise LedgerUnavailableError(f"no room for {type_} {payload}", "full")


def seen(person: str | None, reason: Reason | None = None) -> Sighting:
    return Sighting(person, reason, person, 0.71234 if person else None, 0.2, Box(0, 0, 9, 9), 0.0)


@pytest.fixture
def screens() -> WatchedScreens:
    watched = WatchedScreens([])
    watched.panels = []
    return watched


def desk_over(ledger: object, real: Ledger, screens: Screens, turned: TurnedClock) -> ClockDesk:
    knowledge = Knowledge(real, "gaogou", load_policy())
    return ClockDesk("gaogou", ledger, knowledge, screens, turned.now_s, 120.0)  # type: ignore[arg-type]


@pytest.fixture
def desk(ledger: Ledger, screens: WatchedScreens, turned: TurnedClock) -> ClockDesk:
    return desk_over(ledger, ledger, screens, turned)


def test_somebody_who_stands_there_for_a_minute_is_clocked_in_once(
    desk: ClockDesk, ledger: Ledger, turned: TurnedClock
) -> None:
    for second in range(60):
        turned.at_s = float(second)
        desk.see(seen("P1"))
    (punch,) = ledger.events()
    assert punch.data == {"person": "P1", "hall": "gaogou", "method": "face", "score": 0.7123}


def test_a_punch_names_the_challenge_that_was_passed(desk: ClockDesk, ledger: Ledger) -> None:
    desk.see(replace(seen("P1"), liveness="head_turn"))
    (punch,) = ledger.events()
    assert punch.data["liveness"] == "head_turn"


def test_two_people_one_after_another_are_each_clocked_in(desk: ClockDesk, ledger: Ledger) -> None:
    for person in ("P1", "P1", "P2", "P2", "P1"):
        desk.see(seen(person))
    assert [event.data["person"] for event in ledger.events()] == ["P1", "P2"]


@pytest.mark.parametrize("reason", [Reason.UNKNOWN, Reason.AMBIGUOUS])
def test_who_is_not_recognised_is_told_and_nothing_is_recorded(
    desk: ClockDesk, ledger: Ledger, screens: WatchedScreens, reason: Reason
) -> None:
    desk.see(seen(None, reason))
    assert ledger.lines() == []
    panel = screens.panels[-1]
    assert panel is not None
    assert (panel.tone, panel.said) == ("bad", "没有打卡记录")
    assert "工号密码" in panel.hint


def test_how_to_stand_is_said_in_words(desk: ClockDesk, screens: WatchedScreens) -> None:
    desk.see(seen(None, Reason.TOO_FAR))
    assert screens.titles()[-1] == "请靠近一点"


def test_a_clerks_own_result_is_not_overwritten_by_somebody_behind_him(
    desk: ClockDesk, screens: WatchedScreens, turned: TurnedClock
) -> None:
    desk.see(seen("P1"))
    turned.at_s = 2.0
    desk.see(seen(None, Reason.UNKNOWN))
    assert screens.titles()[-1] == "P1"
    turned.at_s = 7.0
    desk.see(seen(None, Reason.UNKNOWN))
    assert screens.titles()[-1] == "没有认出您"


def test_a_full_disk_is_said_instead_of_recorded(ledger: Ledger, screens: WatchedScreens, turned: TurnedClock) -> None:
    desk = desk_over(FullLedger(ledger), ledger, screens, turned)
    desk.see(seen("P1"))
    assert screens.titles()[-1] == "没有记上"
    assert ledger.lines() == []


def test_after_a_full_disk_the_same_person_is_tried_again(
    ledger: Ledger, screens: WatchedScreens, turned: TurnedClock
) -> None:
    desk = desk_over(FullLedger(ledger), ledger, screens, turned)
    desk.see(seen("P1"))
    desk.see(seen("P1"))
    assert screens.titles()[-2:] == ["没有记上", "没有记上"]


def test_an_unknown_number_opens_nothing(desk: ClockDesk, ledger: Ledger) -> None:
    with pytest.raises(PinRefusedError):
        desk.clock_in_by_pin("1001", "2468", START)
    assert ledger.lines() == []


def test_an_idle_screen_invites(desk: ClockDesk, screens: WatchedScreens, turned: TurnedClock) -> None:
    assert screens.titles() == ["请用工号密码打卡"]  # no camera has shown a frame yet
    desk.can_see(sees=True)
    desk.see(seen("P1"))
    turned.at_s = 6.0
    desk.refresh()
    assert screens.titles()[-1] == "请面向屏幕打卡"
    desk.can_see(sees=False)
    assert screens.titles()[-1] == "请用工号密码打卡"
