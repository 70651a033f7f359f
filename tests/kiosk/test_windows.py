"""What a citizen presses is committed before it is thanked for, and a refusal is never shown as thanks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from kiosk.config import RatingSettings, WindowSettings
from kiosk.errors import LedgerUnavailableError
from kiosk.screens import EvaluatorView, Screens
from kiosk.store import Ledger
from kiosk.windows import Clerk, NobodyServesError, RatingDesk
from sync.events import Event
from tests.kiosk.conftest import TurnedClock

CLERK = Clerk("P1", "王秀英", "1001")
WINDOWS = [WindowSettings(id="1", name="1 号综合窗口"), WindowSettings(id="2", name="2 号综合窗口")]


class WatchedScreens(Screens):
    """Screens that remember the state each window showed last."""

    def show_evaluator(self, window: str, view: EvaluatorView) -> None:
        super().show_evaluator(window, view)
        self.seen[window] = view.state
        self.named[window] = view.person

    seen: dict[str, str]
    named: dict[str, str]


class FillingLedger:
    """A ledger on a disk that can be full."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.full = False

    def events_of_types(self, prefixes: Sequence[str]) -> list[Event]:
        return self._ledger.events_of_types(prefixes)

    def record_all(self, facts: Sequence[tuple[str, Mapping[str, Any]]]) -> list[Event]:
        if self.full:
            raise LedgerUnavailableError(f"the disk is full for {len(facts)}", "full")
        return self._ledger.record_all(facts)


@pytest.fixture
def screens() -> WatchedScreens:
    watched = WatchedScreens(["1", "2"])
    watched.seen, watched.named = {}, {}
    return watched


def desk_over(ledger: object, screens: Screens, turned: TurnedClock, clerk: Clerk | None = CLERK) -> RatingDesk:
    settings = RatingSettings(answer_within_s=60, thanks_s=5)
    return RatingDesk(
        "gaogou",
        WINDOWS,
        settings,
        ledger,  # type: ignore[arg-type]
        screens,
        lambda _: clerk,
        turned.now_s,
    )


@pytest.mark.parametrize("grade", [5, 4, 3, 2, 1])
def test_each_grade_is_recorded_alike_and_thanked_alike(
    ledger: Ledger, screens: WatchedScreens, turned: TurnedClock, grade: int
) -> None:
    desk = desk_over(ledger, screens, turned)
    visit = desk.ask("1", {"ticket": "A7"})
    assert screens.seen["1"] == "asked"
    pressed = desk.press("1", grade, "button")
    asked, given = ledger.events()
    assert (asked.data["visit"], asked.data["ticket"]) == (visit, "A7")
    assert pressed.event == given
    assert (given.data["visit"], given.data["grade"]) == (visit, grade)
    assert screens.seen["1"] == "thanks"


def test_a_press_with_no_visit_gives_a_hint_and_records_nothing(
    ledger: Ledger, screens: WatchedScreens, turned: TurnedClock
) -> None:
    pressed = desk_over(ledger, screens, turned).press("1", 1, "button")
    assert (pressed.event, pressed.refusal) == (None, "no_visit")
    assert ledger.lines() == []
    assert screens.seen["1"] == "hint"


def test_windows_do_not_share_a_visit(ledger: Ledger, screens: WatchedScreens, turned: TurnedClock) -> None:
    desk = desk_over(ledger, screens, turned)
    desk.ask("1", {})
    assert desk.press("2", 5, "button").refusal == "no_visit"


def test_an_unanswered_visit_lapses_at_its_time_and_a_late_press_is_a_hint(
    ledger: Ledger, screens: WatchedScreens, turned: TurnedClock
) -> None:
    desk = desk_over(ledger, screens, turned)
    desk.ask("1", {})
    turned.at_s = 59.9
    desk.refresh()
    assert len(ledger.lines()) == 1
    turned.at_s = 60.0
    desk.refresh()
    assert [event.type for event in ledger.events()] == ["rating.requested", "rating.lapsed"]
    assert desk.press("1", 5, "button").refusal == "no_visit"


def test_thanks_make_room_for_the_next_citizen(ledger: Ledger, screens: WatchedScreens, turned: TurnedClock) -> None:
    desk = desk_over(ledger, screens, turned)
    desk.ask("1", {})
    desk.press("1", 5, "button")
    turned.at_s = 5.0
    desk.refresh()
    assert screens.seen["1"] == "idle"


def test_a_visit_survives_a_restart_of_the_terminal(
    ledger: Ledger, screens: WatchedScreens, turned: TurnedClock
) -> None:
    visit = desk_over(ledger, screens, turned).ask("1", {})
    again = desk_over(ledger, screens, turned)
    again.refresh()
    assert screens.seen["1"] == "asked"
    pressed = again.press("1", 1, "button")
    assert pressed.event is not None
    assert pressed.event.data["visit"] == visit


def test_a_full_disk_is_said_and_the_visit_stays_open(
    ledger: Ledger, screens: WatchedScreens, turned: TurnedClock
) -> None:
    filling = FillingLedger(ledger)
    desk = desk_over(filling, screens, turned)
    desk.ask("1", {})
    filling.full = True
    pressed = desk.press("1", 1, "button")
    assert (pressed.event, pressed.refusal) == (None, "unavailable")
    assert screens.seen["1"] == "trouble"
    filling.full = False
    assert desk.press("1", 1, "button").event is not None


def test_who_is_not_there_is_not_announced_as_serving(
    ledger: Ledger, screens: WatchedScreens, turned: TurnedClock
) -> None:
    away = Clerk("P1", "王秀英", "1001", is_present=False)
    desk = desk_over(ledger, screens, turned, clerk=away)
    desk.refresh()
    assert screens.named["1"] == ""
    desk.ask("1", {})  # whom the citizen is to rate is said, wherever the clerk has clocked in
    assert screens.named["1"] == "王秀英"


def test_a_window_where_nobody_is_known_to_serve_cannot_ask(
    ledger: Ledger, screens: WatchedScreens, turned: TurnedClock
) -> None:
    with pytest.raises(NobodyServesError, match="window 1"):
        desk_over(ledger, screens, turned, clerk=None).ask("1", {})
    assert ledger.lines() == []
