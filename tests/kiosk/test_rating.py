"""One visit, one rating: whatever is asked, pressed, left unanswered or restarted."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from kiosk import rating
from kiosk.rating import Fact, Visit, Window

EMPTY = Window("gaogou", "1")


def opened(visit: str = "V1", asked_s: float = 0.0) -> Window:
    return rating.ask(EMPTY, Visit(visit, "P1", asked_s), {}).window


def test_a_press_gives_the_open_visit_its_rating() -> None:
    step = rating.press(opened(), 2, "button")
    ((type_, payload),) = step.facts
    assert type_ == "rating.given"
    assert payload == {
        "visit": "V1",
        "hall": "gaogou",
        "window": "1",
        "person": "P1",
        "grade": 2,
        "channel": "button",
    }


def test_a_press_without_a_visit_records_nothing() -> None:
    assert rating.press(EMPTY, 5, "button") == rating.Step(EMPTY)


def test_the_second_press_of_a_visit_records_nothing() -> None:
    after = rating.press(opened(), 5, "button").window
    assert rating.press(after, 1, "screen").facts == ()


def test_an_unanswered_visit_lapses_without_a_grade() -> None:
    step = rating.lapse(opened())
    assert step.facts == (("rating.lapsed", {"visit": "V1"}),)


def test_asking_again_lets_the_visit_before_lapse_first() -> None:
    step = rating.ask(opened(), Visit("V2", "P1", 9.0), {"ticket": "A12"})
    assert [type_ for type_, _ in step.facts] == ["rating.lapsed", "rating.requested"]
    assert step.facts[1][1]["ticket"] == "A12"


def test_a_citizen_has_exactly_the_time_that_was_set() -> None:
    assert not rating.is_overdue(opened(asked_s=10.0), 69.9, 60)
    assert rating.is_overdue(opened(asked_s=10.0), 70.0, 60)


def test_a_visit_that_was_open_when_the_power_went_is_open_again() -> None:
    facts = [*rating.ask(EMPTY, Visit("V1", "P1", 0), {}).facts]
    assert rating.restored(EMPTY, facts, 50.0).visit == Visit("V1", "P1", 50.0)


def test_a_visit_of_another_window_is_not_restored_here() -> None:
    facts = [*rating.ask(Window("gaogou", "2"), Visit("V1", "P1", 0), {}).facts]
    assert rating.restored(EMPTY, facts, 50.0).visit is None


ACTS = st.lists(st.sampled_from(["ask", "bad", "good", "lapse", "restart"]), max_size=40)


@given(ACTS)
def test_any_interleaving_gives_each_visit_at_most_one_end(acts: list[str]) -> None:
    window, ledger = EMPTY, list[Fact]()
    for number, act in enumerate(acts):
        if act == "restart":
            window = rating.restored(EMPTY, ledger, float(number))
            continue
        step = {
            "ask": lambda: rating.ask(window, Visit(f"V{number}", "P1", float(number)), {}),  # noqa: B023
            "bad": lambda: rating.press(window, 1, "button"),  # noqa: B023
            "good": lambda: rating.press(window, 5, "screen"),  # noqa: B023
            "lapse": lambda: rating.lapse(window),  # noqa: B023
        }[act]()
        ledger += step.facts
        window = step.window
    ends = Counter(payload["visit"] for type_, payload in ledger if type_ != "rating.requested")
    asked = [payload["visit"] for type_, payload in ledger if type_ == "rating.requested"]
    assert max(ends.values(), default=0) <= 1
    assert set(ends) <= set(asked)
    open_visits = [visit for visit in asked if visit not in ends]
    assert open_visits == ([window.visit.id] if window.visit else [])
