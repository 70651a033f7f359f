"""The board tells who serves where, and nothing that a citizen should not see."""

from __future__ import annotations

import pytest

from kiosk import hall
from kiosk.screens import Board
from rules.facts import gather
from rules.policy import load_policy
from tests.kiosk.county import County, at

POLICY = load_policy()


@pytest.fixture
def county() -> County:
    county = County()
    county.clerk("01", "王秀英", "1")
    county.clerk("02", "李明远", "2")
    county.clerk("03", "陈静")
    return county


def board(county: County, time: str, grades: list[int] | None = None) -> Board:
    names = {"1": "1 号综合窗口", "2": "2 号综合窗口"}
    return hall.board(gather(county.events), "gaogou", at(time), POLICY, names, grades or [], [])


def states(county: County, time: str) -> dict[str, str]:
    return {row.name: row.state for row in board(county, time).rows}


def test_before_the_shift_nobody_is_missing(county: County) -> None:
    assert set(states(county, "08:30").values()) == {"未在班次"}


def test_a_minute_into_the_shift_who_is_in_and_who_is_missing_is_seen(county: County) -> None:
    county.punch("01", "08:22")
    assert states(county, "08:31") == {"王秀英": "在岗", "李明远": "未到", "陈静": "未到"}


def test_somebody_late_is_simply_in(county: County) -> None:
    county.punch("02", "08:47")
    assert states(county, "08:48")["李明远"] == "在岗"


def test_who_came_early_is_in_before_the_shift(county: County) -> None:
    county.punch("02", "08:05")
    assert states(county, "08:06")["李明远"] == "在岗"


def test_at_noon_who_clocked_out_is_off_and_who_did_not_is_still_in(county: County) -> None:
    county.punch("01", "08:22")
    county.punch("02", "08:22")
    county.punch("01", "12:01")
    assert states(county, "12:05") == {"王秀英": "未在班次", "李明远": "在岗", "陈静": "未在班次"}


def test_leave_does_not_show_and_does_not_count_as_missing(county: County) -> None:
    county.centre(
        "leave.granted",
        leave="L1",
        person="03",
        kind="sick",
        filed=True,
        **{"from": "2026-10-08T00:00:00+08:00", "to": "2026-10-09T00:00:00+08:00"},
    )
    shown = board(county, "09:00")
    assert {row.name: row.state for row in shown.rows}["陈静"] == "未在班次"
    assert (shown.present, shown.missing, shown.off_duty) == (0, 2, 1)


def test_windows_come_in_order_with_their_names(county: County) -> None:
    assert [(row.name, row.place) for row in board(county, "09:00").rows] == [
        ("王秀英", "1 号综合窗口"),
        ("李明远", "2 号综合窗口"),
        ("陈静", "工号 1003"),
    ]


@pytest.mark.parametrize(("given", "shown"), [(0, 0), (2, 0), (3, 3), (5, 3), (6, 6)])
def test_ratings_are_shown_three_at_a_time(county: County, given: int, shown: int) -> None:
    assert board(county, "09:00", [1, 5, 5, 4, 2, 3][:given]).rated == shown


def test_the_last_rating_cannot_be_told_from_the_bars(county: County) -> None:
    with_bad = {bar.word: bar.count for bar in board(county, "09:00", [5, 5, 4, 1]).bars}
    with_good = {bar.word: bar.count for bar in board(county, "09:00", [5, 5, 4, 5]).bars}
    assert with_bad == with_good


def test_of_two_clerks_of_a_window_the_one_who_is_in_serves(county: County) -> None:
    county.clerk("04", "赵敏", "1")
    county.punch("04", "08:20")
    serving = hall.serving(gather(county.events), "gaogou", "1", at("09:00"), POLICY)
    assert serving is not None
    assert (serving[0].name, serving[1]) == ("赵敏", True)


def test_somebody_who_is_not_there_is_known_to_be_away(county: County) -> None:
    serving = hall.serving(gather(county.events), "gaogou", "1", at("09:00"), POLICY)
    assert serving is not None
    assert (serving[0].name, serving[1]) == ("王秀英", False)


def test_a_window_without_a_clerk_is_served_by_nobody(county: County) -> None:
    assert hall.serving(gather(county.events), "gaogou", "9", at("09:00"), POLICY) is None
