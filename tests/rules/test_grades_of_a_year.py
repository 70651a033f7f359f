"""From twelve months to the year's grade."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from rules.policy import load_policy
from rules.year import grade_of
from tests.rules.county import HALL, TERMINAL, County

LAW = load_policy().on(date(2026, 1, 1))


@pytest.mark.parametrize(
    ("months", "grade", "flags"),
    [
        ("好好一一一一一一一一一一", "合格", ()),
        ("好一一一一一一一一一一一", "基本合格", ("intent_gap",)),
        ("一一一一一一一一一一一一", "基本合格", ("intent_gap",)),
        ("好好好好好好好好好好好差", "基本合格", ()),
        ("差一差一一一一一一一一一", "基本合格", ()),
        ("差差一一一一一一一一一一", "不合格", ()),
        ("差一差一差一一一一一一一", "不合格", ()),
        ("差停差一一一一一一一一一", "基本合格", ("run_broken_by_unassessed",)),
        ("差停停差一一一一一一一一", "基本合格", ("run_broken_by_unassessed",)),
        ("停停停停停停停停停停停停", "不定等次", ()),
        ("停停停停停停停停停停停待", "HOLD", ()),
        ("差差差一一一一一一一一待", "HOLD", ()),
        ("停停停停停停停停停停停好", "基本合格", ("intent_gap",)),
    ],
)
def test_the_months_alone_decide_all_but_the_best_grade(months: str, grade: str, flags: tuple[str, ...]) -> None:
    words = {"一": "一般"}
    assert grade_of([words.get(sign, sign) for sign in months], LAW) == (grade, flags)


class Year:
    """A hall in which nothing is ever due; P0 is good in the months that are said, P1 to P3 never."""

    def __init__(self, good: tuple[int, ...] = (), *, from_: str = "2020-01-01") -> None:
        self.county = County(sessions=[])
        self.county.hires("P0", from_=from_)
        for person in ("P1", "P2", "P3"):
            self.county.hires(person)
            for month in range(1, 13):
                self.finds("3.4", month, person=person)
        for month in good:
            self.finds("6.5", month)
        for month in set(range(1, 13)) - set(good):
            self.finds("3.4", month)

    def finds(self, clause: str, month: int, *, person: str = "P0", **more: Any) -> None:
        self.county.finds(clause, person=person, on=f"2026-{month:02}-03", **more)

    def of(self, person: str = "P0", as_of: str | None = None) -> dict[str, Any]:
        found: dict[str, Any] = next(
            each for each in self.county.year(as_of=as_of)["people"] if each["person"] == person
        )
        return found


def test_four_good_months_and_no_poor_one_are_excellent() -> None:
    year = Year((1, 2, 3, 4))
    assert year.of() == {
        "person": "P0",
        "months": ["好"] * 4 + ["一般"] * 8,
        "grade": "优秀",
        "flags": [],
    }
    assert year.county.year()["quota"] == {"headcount": 4, "excellent_max": 1, "excellent": 1}


def test_three_are_not() -> None:
    assert Year((1, 2, 3)).of()["grade"] == "合格"


def test_one_poor_month_takes_it_away() -> None:
    year = Year((1, 2, 3, 4))
    for clause in ("1.5", "2.1", "2.2"):
        year.finds(clause, 9)
    assert year.of()["months"][8] == "差"
    assert year.of()["grade"] == "基本合格"


@pytest.mark.parametrize(("from_", "grade"), [("2026-01-04", "优秀"), ("2026-01-05", "合格")])
def test_it_takes_service_from_januarys_first_working_day(from_: str, grade: str) -> None:
    # 1 to 3 January 2026 are holidays, Sunday the 4th is made up.
    assert Year((2, 3, 4, 5), from_=from_).of()["grade"] == grade


@pytest.mark.parametrize(("on", "grade"), [("2026-12-31", "优秀"), ("2026-12-30", "合格")])
def test_it_takes_service_to_the_last_of_december(on: str, grade: str) -> None:
    year = Year((2, 3, 4, 5))
    year.county.hires("P4")
    for month in range(1, 13):
        year.finds("3.4", month, person="P4")
    year.county.loses("P0", on=on)
    assert year.of()["grade"] == grade


@pytest.mark.parametrize(("times", "grade"), [(2, "优秀"), (3, "合格")])
def test_more_than_two_public_criticisms_in_the_year_bar_it(times: int, grade: str) -> None:
    year = Year((1, 2, 3, 4))
    for month in range(5, 5 + times):
        year.finds("1.6", month)
        year.finds("6.1", month, variant="province")
    assert year.of()["grade"] == grade


def test_a_breach_of_grave_effect_bars_it() -> None:
    year = Year((1, 2, 3, 4))
    year.finds("5.5", 9, variant="serious")
    assert year.of()["grade"] == "合格"


def test_equals_across_the_line_are_all_merely_qualified() -> None:
    county = County(sessions=[])
    for number in range(7):  # two may be good or excellent
        county.hires(f"P{number}")
    for month in range(1, 5):
        for person in ("P0", "P1", "P2") if month < 3 else ("P0", "P1"):
            county.finds("6.5", person=person, on=f"2026-{month:02}-03")
    # January and February: three equals for two places, nobody is good.
    for month in range(5, 9):
        for person in ("P0", "P1"):
            county.finds("6.5", person=person, on=f"2026-{month:02}-03")
    year = county.year()
    found = {each["person"]: each["grade"] for each in year["people"]}
    assert found["P0"] == found["P1"] == "优秀"
    assert year["quota"] == {"headcount": 7, "excellent_max": 2, "excellent": 2}
    county.loses("P6", on="2026-12-30")  # of six one may be excellent, and two are equal
    year = county.year()
    assert year["quota"] == {"headcount": 6, "excellent_max": 1, "excellent": 0}
    assert {each["person"]: each["grade"] for each in year["people"]}["P0"] == "合格"


def test_more_good_months_come_before_a_higher_mean() -> None:
    county = County(sessions=[])
    for number in range(7):
        county.hires(f"P{number}")
    county.loses("P6", on="2026-12-30")
    for month in range(1, 6):
        county.finds("6.5", person="P0", on=f"2026-{month:02}-03")
    for month in range(1, 5):
        county.finds("6.1", variant="province", person="P1", on=f"2026-{month:02}-03")
    found = {each["person"]: each["grade"] for each in county.year()["people"]}
    assert (found["P0"], found["P1"]) == ("优秀", "合格")


def test_a_month_that_is_not_assessed_is_in_no_mean() -> None:
    county = County()
    county.says("terminal.assigned", {"terminal": TERMINAL, "hall": HALL, "from": "2020-01-01"})  # and never reports
    for number in range(4):
        county.hires(f"P{number}")
    for month in range(1, 13):
        best = {1: "P0", 2: "P1"}.get(-(-month // 4))  # P0 is good from January to April, P1 from May to August
        for person in ("P0", "P1", "P2", "P3"):
            if (person, month) != ("P0", 9):
                county.finds("6.5" if person == best else "3.4", person=person, on=f"2026-{month:02}-03")
    for month in (1, 2, 3):
        county.finds("6.2", variant="letter", person="P1", on=f"2026-{month:02}-04")
    county.grants("sick", "2026-09-01 00:00", "2026-10-01 00:00", person="P0", leave="L")
    county.says("leave.closed", {"leave": "L", "on": "2026-09-30"})
    # Over eleven months P0 has (4 x 105 + 7 x 85) / 11 = 92.27, with September's untouched 100 it would be 92.92;
    # P1 has (4 x 105 + 8 x 85 + 3 x 2) / 12 = 92.17 and stays behind; with two letters more, 92.50, comes before.
    assert {each["person"]: each["grade"] for each in county.year()["people"]}["P0"] == "优秀"
    for month in (9, 10):
        county.finds("6.2", variant="letter", person="P1", on=f"2026-{month:02}-04")
    found = {each["person"]: each for each in county.year()["people"]}
    assert found["P0"]["months"][8] == "停"
    assert (found["P0"]["grade"], found["P1"]["grade"]) == ("合格", "优秀")


def test_months_off_the_register_stand_still_and_months_to_come_wait() -> None:
    county = County(sessions=[])
    county.hires("P0", from_="2026-03-01")
    county.loses("P0", on="2026-05-31")
    county.hires("P1")
    people = {each["person"]: each for each in county.year(as_of="2026-10-30")["people"]}
    assert "".join(people["P0"]["months"]) == "停停一般一般一般停停停停停停停"
    assert people["P0"]["grade"] == "基本合格"
    assert people["P1"]["months"] == ["一般"] * 9 + ["待"] * 3
    assert people["P1"]["grade"] == "HOLD"


def test_a_month_is_finished_at_the_end_of_its_last_day() -> None:
    county = County(sessions=[])
    county.hires("P1")
    assert county.year(as_of="2026-10-31")["people"][0]["months"][9] == "一般"


def test_an_open_case_makes_its_months_wait() -> None:
    county = County(sessions=[])
    county.hires("P1")
    county.says("investigation.opened", {"person": "P1", "on": "2026-11-05"})
    year = county.year()["people"][0]
    assert year["months"][9:] == ["一般", "待", "待"]
    assert year["grade"] == "HOLD"


def test_who_was_never_there_in_the_year_is_not_listed() -> None:
    county = County(sessions=[])
    county.hires("P0", from_="2027-01-01")
    county.hires("P1")
    county.loses("P1", on="2025-12-31")
    assert county.year()["people"] == []


def test_a_year_without_a_national_calendar_says_so() -> None:
    assert County().year(2031)["flags"] == ["calendar_unpublished"]
    assert County().year(2026)["flags"] == []
