"""On which days of a month somebody is expected, and which ratings belong to it: counted by hand for November 2026.

It has 21 working days, from Monday the 2nd to Monday the 30th; who never punches is charged 1.2 once a session.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from tests.rules.county import SESSIONS, County

OTHER = "baotan"


def a_county() -> County:
    """Return a county whose second hall has mornings alone."""
    county = County()
    county.opens(OTHER)
    county.sets_shift(OTHER, sessions=SESSIONS[:1])
    return county


def stays(county: County) -> None:
    county.hires()


def leaves_on_the_sixth(county: County) -> None:
    county.hires()
    county.loses(on="2026-11-06")


def leaves_on_the_last(county: County) -> None:
    county.hires()
    county.loses(on="2026-11-30")


def is_hired_on_the_26th(county: County) -> None:
    county.hires(hired_on="2026-11-26")


def is_hired_on_the_first(county: County) -> None:
    county.hires(hired_on="2026-11-01")


def is_assigned_from_the_26th(county: County) -> None:
    county.hires(from_="2026-11-26")


def moves_on_the_16th(county: County) -> None:
    county.hires()
    county.assigns(from_="2026-11-16", hall=OTHER)


def moves_on_the_last(county: County) -> None:
    county.hires()
    county.assigns(from_="2026-11-30", hall=OTHER)


def moves_on_the_first(county: County) -> None:
    county.hires()
    county.assigns(from_="2026-11-01", hall=OTHER)


def moves_the_month_after(county: County) -> None:
    county.hires()
    county.assigns(from_="2026-12-01", hall=OTHER)


@pytest.mark.parametrize(
    ("does", "sessions"),
    [
        (stays, 42),
        (leaves_on_the_sixth, 10),
        (leaves_on_the_last, 42),
        (is_hired_on_the_26th, 6),
        (is_hired_on_the_first, 42),
        (is_assigned_from_the_26th, 6),
        (moves_on_the_16th, 31),
        (moves_on_the_last, 41),
        (moves_on_the_first, 21),
        (moves_the_month_after, 42),
    ],
)
def test_a_session_is_expected_of_whoever_is_there_and_in_the_hall_of_the_day(
    does: Callable[[County], None], sessions: int
) -> None:
    county = a_county()
    does(county)
    lines = county.person()["lines"]
    assert Counter(line["clause"] for line in lines) == {"1.2": sessions}


@pytest.mark.parametrize(
    ("at", "counted"),
    [
        ("2026-10-31 23:59:59", 0),
        ("2026-11-01 00:00:00", 1),
        ("2026-11-30 23:59:59", 1),
        ("2026-12-01 00:00:00", 0),
    ],
)
def test_a_bad_rating_belongs_to_the_month_of_its_county_day(at: str, counted: int) -> None:
    county = County(sessions=[])
    county.hires()
    for place, other_at in enumerate(("2026-10-20 09:00", "2026-11-10 09:00", "2026-12-20 09:00")):
        county.rates(f"good-{place}", 5, at=other_at)
    county.rates("bad", 1, at=at)
    county.reviews("bad", at="2026-12-28 09:00")
    lines = county.person(as_of="2026-12-31")["lines"]
    assert [line["clause"] for line in lines] == ["4.4"] * counted


@pytest.mark.parametrize("on", ["2026-11-16", "2026-11-30"])
def test_from_the_day_of_a_transfer_the_other_halls_hours_count(on: str) -> None:
    county = County()
    county.opens(OTHER)
    county.sets_shift(OTHER, sessions=[{"name": "am", "start": "08:00", "end": "12:00"}, SESSIONS[1]])
    county.hires()
    county.assigns(from_=on, hall=OTHER)
    county.punches(*(f"{on} {time}" for time in ("08:20", "12:05", "13:20", "17:35")))
    late = [line["points"] for line in county.person()["lines"] if line["on"] == on]
    assert late == [-5]


@pytest.mark.parametrize(
    ("does", "there", "away"),
    [
        (is_hired_on_the_26th, "2026-11-02", ("2026-11-26 00:00", "2026-12-01 00:00")),
        (leaves_on_the_sixth, "2026-11-09", ("2026-11-01 00:00", "2026-11-07 00:00")),
    ],
)
def test_punches_on_days_when_nothing_is_expected_are_no_sessions_kept(
    does: Callable[[County], None], there: str, away: tuple[str, str]
) -> None:
    county = a_county()
    does(county)
    county.punches(*(f"{there} {time}" for time in ("08:20", "12:05", "13:20", "17:35")))
    county.grants("sick", *away)
    assert county.person(as_of="2026-11-30")["status"] == "not_assessed"
