"""Who is graded, who gets the best grade, and how many may."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from rules.grading import quota_of
from rules.policy import load_policy
from tests.rules.county import County


def a_county_of(people: int) -> County:
    """Return a county in which nothing is ever due, so that totals are 100 less findings."""
    county = County(sessions=[])
    for number in range(people):
        county.hires(f"P{number}")
    return county


def grades(county: County, **asked: Any) -> dict[str, str | None]:
    return {each["person"]: each["grade"] for each in county.month(**asked)["people"]}


def status(county: County, person: str = "P0", **asked: Any) -> str:
    return str(county.person(person, **asked)["status"])


@pytest.mark.parametrize(("headcount", "most"), [(1, 0), (3, 0), (4, 1), (10, 3), (99, 29)])
def test_three_tenths_of_all_rounded_down_may_be_good(headcount: int, most: int) -> None:
    quota = a_county_of(headcount).month()["quota"]
    assert (quota["headcount"], quota["good_max"]) == (headcount, most)


@pytest.mark.parametrize(("headcount", "most"), [(1999, 599), (2000, 600)])
def test_the_quota_of_a_whole_county_is_exact(headcount: int, most: int) -> None:
    assert quota_of(load_policy().on(date(2026, 11, 1)).good_share, headcount) == most


def test_the_highest_totals_are_good() -> None:
    county = a_county_of(10)
    for number, points in ((3, 3), (5, 2), (7, 1)):
        for _ in range(points):
            county.finds("6.5", person=f"P{number}")
    found = grades(county)
    assert [person for person, grade in found.items() if grade == "好"] == ["P3", "P5", "P7"]
    assert set(found.values()) == {"好", "一般"}
    assert county.month()["quota"] == {"headcount": 10, "good_max": 3, "good": 3}


def test_equals_across_the_line_are_all_left_out() -> None:
    county = a_county_of(10)
    county.finds("6.3", person="P9")
    assert [person for person, grade in grades(county).items() if grade == "好"] == ["P9"]


def test_equals_that_fit_are_all_good() -> None:
    county = a_county_of(10)
    for number in range(3):
        county.finds("6.3", person=f"P{number}")
    assert [person for person, grade in grades(county).items() if grade == "好"] == ["P0", "P1", "P2"]


class TestCommittee:
    def closes(self, county: County, *good: str, at: str = "2026-12-05 09:00") -> str:
        return county.says("month.closed", {"month": "2026-11", "good": list(good), "scorecards_sha256": "0"}, at=at)

    def test_it_chooses_among_those_tied_across_the_line(self) -> None:
        county = a_county_of(10)
        county.finds("6.3", person="P9")
        self.closes(county, "P4", "P2")
        assert [person for person, grade in grades(county).items() if grade == "好"] == ["P2", "P4", "P9"]

    def test_it_may_leave_places_empty(self) -> None:
        county = a_county_of(10)
        self.closes(county, "P4")
        assert [person for person, grade in grades(county).items() if grade == "好"] == ["P4"]

    def test_naming_more_than_there_are_places_chooses_nobody(self) -> None:
        county = a_county_of(10)
        county.finds("6.3", person="P9")
        self.closes(county, "P1", "P2", "P4")
        assert [person for person, grade in grades(county).items() if grade == "好"] == ["P9"]

    def test_it_cannot_choose_somebody_below_the_line(self) -> None:
        county = a_county_of(10)
        county.finds("4.3", person="P5")
        self.closes(county, "P5")
        assert "好" not in grades(county).values()

    def test_naming_somebody_who_is_good_anyway_takes_no_place(self) -> None:
        county = a_county_of(10)
        county.finds("6.3", person="P9")
        self.closes(county, "P9", "P1", "P2")
        assert [person for person, grade in grades(county).items() if grade == "好"] == ["P1", "P2", "P9"]

    def test_the_last_closing_counts(self) -> None:
        county = a_county_of(10)
        self.closes(county, "P1", at="2026-12-06 09:00")
        self.closes(county, "P2", at="2026-12-05 09:00")
        assert [person for person, grade in grades(county).items() if grade == "好"] == ["P1"]

    def test_a_closing_that_names_somebody_unknown_is_set_aside(self) -> None:
        county = a_county_of(10)
        closing = self.closes(county, "P1", "nobody")
        assert [each["id"] for each in county.month()["quarantined"]] == [closing]
        assert "好" not in grades(county).values()


class TestRanking:
    """P0 and P1 are equal but in one thing; of four people one may be good."""

    def best(self, county: County) -> list[str]:
        return [person for person, grade in grades(county).items() if grade == "好"]

    def a_county(self) -> County:
        county = a_county_of(4)
        for person in ("P2", "P3"):
            county.finds("3.3", person=person)
        return county

    def test_a_higher_base_comes_first_at_equal_totals(self) -> None:
        county = self.a_county()
        county.finds("5.4", person="P0")
        county.finds("6.5", person="P0")
        assert self.best(county) == ["P1"]

    def test_a_higher_first_section_comes_first_at_equal_base(self) -> None:
        county = self.a_county()
        county.finds("1.1", variant="off_post", person="P0")
        county.finds("5.4", person="P1")
        assert self.best(county) == ["P1"]

    def test_fewer_bad_ratings_come_first_at_equal_sections(self) -> None:
        county = self.a_county()
        county.rates("v", 1, person="P0")
        county.reviews("v")
        county.finds("4.1", points=2, person="P1")
        assert self.best(county) == ["P1"]

    def test_more_ratings_come_first_at_last(self) -> None:
        county = self.a_county()
        county.rates("v", 3, person="P1")
        assert self.best(county) == ["P1"]

    def test_a_visit_counts_once_and_unasked_ones_do_not(self) -> None:
        county = self.a_county()
        county.rates("v", 3, person="P1")
        county.rates("v", 3, person="P1")
        county.rates("w", 5, person="P0")
        county.rates("x", 5, person="P0", unsolicited=True)
        assert self.best(county) == []


@pytest.mark.parametrize(("clauses", "good"), [(("5.4", "3.1"), True), (("5.4", "3.1", "4.3"), False)])
def test_good_begins_at_ninety(clauses: tuple[str, ...], *, good: bool) -> None:
    county = a_county_of(4)
    for clause in clauses:
        county.finds(clause, person="P0")
    for person in ("P1", "P2", "P3"):
        county.finds("3.4", person=person)
    assert (grades(county)["P0"] == "好") == good


@pytest.mark.parametrize(
    ("chosen", "grade"),
    [
        ({"clause": "1.5"}, "一般"),
        ({"clause": "1.6"}, "一般"),
        ({"clause": "5.5", "variant": "serious"}, "一般"),
        ({"clause": "5.5"}, "好"),
        ({"clause": "1.5", "confirmed": False}, "好"),
        ({"clause": "1.6", "on": "2026-10-31"}, "好"),
    ],
)
def test_grave_findings_of_the_month_bar_from_good_whatever_the_total(chosen: dict[str, Any], grade: str) -> None:
    county = a_county_of(4)
    for _ in range(2):
        county.finds("6.1", variant="province", person="P0")
    county.finds(person="P0", **chosen)
    assert grades(county)["P0"] == grade


@pytest.mark.parametrize(("more", "grade"), [((), "一般"), (("4.3",), "差")])
def test_poor_lies_below_sixty(more: tuple[str, ...], grade: str) -> None:
    county = a_county_of(1)
    for clause in ("1.5", "3.3", *more):
        county.finds(clause, person="P0")
    assert grades(county) == {"P0": grade}


class TestRegister:
    @pytest.mark.parametrize(("from_", "listed"), [("2026-11-30", True), ("2026-12-01", False)])
    def test_who_begins_in_the_month_is_listed(self, from_: str, *, listed: bool) -> None:
        county = County()
        county.hires("P0", from_=from_)
        assert bool(county.month()["people"]) == listed

    @pytest.mark.parametrize(("on", "listed"), [("2026-10-31", False), ("2026-11-01", True)])
    def test_who_leaves_in_the_month_is_listed_and_not_counted(self, on: str, *, listed: bool) -> None:
        county = County()
        county.hires("P0")
        county.loses("P0", on=on)
        assert bool(county.month()["people"]) == listed
        assert county.month()["quota"]["headcount"] == 0

    def test_who_leaves_on_the_last_day_counts(self) -> None:
        county = County()
        county.hires("P0")
        county.loses("P0", on="2026-11-30")
        assert county.month()["quota"]["headcount"] == 1

    def test_who_leaves_before_beginning_was_never_there(self) -> None:
        county = County()
        county.hires("P0", from_="2026-11-10")
        county.loses("P0", on="2026-11-09")
        assert county.month()["people"] == []

    def test_who_is_assigned_to_no_hall_that_exists_is_not_on_it(self) -> None:
        county = County()
        county.hires("P0", hall="atlantis")
        assert county.month()["people"] == []
        assert county.month()["quarantined"] == []

    @pytest.mark.parametrize(("from_", "expected"), [("2026-11-16", "assessed"), ("2026-11-17", "not_assessed")])
    def test_half_of_the_months_working_days_must_be_served(self, from_: str, expected: str) -> None:
        # November 2026 has 21: from the 16th 11 are left, from the 17th 10.
        county = County()
        county.hires("P0", from_=from_)
        assert status(county) == expected

    def test_exactly_half_is_enough(self) -> None:
        county = County()
        county.decides_day("2026-11-30", working=False)
        county.hires("P0", from_="2026-11-16")
        assert status(county) == "assessed"

    def test_hiring_later_than_the_assignment_delays_sessions_and_not_the_register(self) -> None:
        county = County()
        county.hires("P0", from_="2026-11-02", hired_on="2026-11-30")
        assert status(county) == "assessed"
        assert {line["on"] for line in county.person("P0")["lines"]} == {"2026-11-30"}

    def test_the_hall_is_the_last_of_the_month_and_its_days_are_counted(self) -> None:
        county = County()
        county.opens("baotan")
        county.sets_shift("baotan", weekdays=(6, 7))
        county.hires("P0", from_="2026-11-17")
        county.assigns("P0", from_="2026-11-30", hall="baotan")
        # Weekend days of November 2026: 1 7 8 14 15 21 22 28 29; four of nine are served.
        assert county.person("P0")["hall"] == "baotan"
        assert status(county) == "not_assessed"

    def test_leave_that_took_every_session_is_not_assessed(self) -> None:
        county = County()
        county.hires("P0")
        county.grants("maternity", "2026-10-30 00:00", "2027-03-01 00:00", person="P0")
        card = county.person("P0")
        assert (card["status"], card["grade"], card["bonus_pay"]) == ("not_assessed", None, None)
        assert card["total"] == 100

    def test_leave_that_left_a_minute_is_assessed(self) -> None:
        county = County()
        county.hires("P0")
        county.grants("maternity", "2026-10-30 00:00", "2026-11-30 17:29", person="P0")
        assert status(county) == "assessed"

    def test_a_month_in_which_nothing_was_due_is_assessed(self) -> None:
        assert status(a_county_of(1)) == "assessed"


class TestInvestigation:
    def a_county(self, *said: tuple[str, str]) -> County:
        county = a_county_of(1)
        for what, on in said:
            county.says(f"investigation.{what}", {"person": "P0", "on": on})
        return county

    @pytest.mark.parametrize(
        ("said", "as_of", "expected"),
        [
            ([("opened", "2026-11-30")], "2026-11-30", "pending"),
            ([("opened", "2026-12-01")], "2026-12-31", "assessed"),
            ([("opened", "2026-03-01")], "2026-11-30", "pending"),
            ([("opened", "2026-11-20")], "2026-11-19", "assessed"),
            ([("opened", "2026-11-20"), ("closed", "2026-12-03")], "2026-12-02", "pending"),
            ([("opened", "2026-11-20"), ("closed", "2026-12-03")], "2026-12-03", "assessed"),
            ([("opened", "2026-11-20"), ("closed", "2026-11-25"), ("opened", "2026-11-25")], "2026-11-30", "pending"),
            ([("opened", "2026-10-01"), ("closed", "2026-10-02"), ("opened", "2026-12-25")], "2026-12-31", "assessed"),
        ],
    )
    def test_an_open_case_suspends_the_month(self, said: list[tuple[str, str]], as_of: str, expected: str) -> None:
        card = self.a_county(*said).person("P0", as_of=as_of)
        assert card["status"] == expected
        assert (card["grade"] is None) == (expected == "pending")
        assert (card["bonus_pay"] is None) == (expected == "pending")

    def test_it_comes_before_not_assessed(self) -> None:
        county = self.a_county(("opened", "2026-11-01"))
        county.loses("P0", on="2026-11-02")
        assert status(county) == "pending"

    def test_the_card_is_computed_all_the_same_and_counts_in_the_headcount(self) -> None:
        county = self.a_county(("opened", "2026-11-01"))
        county.finds("5.4", person="P0")
        assert county.person("P0")["total"] == 95
        assert county.month()["quota"]["headcount"] == 1
