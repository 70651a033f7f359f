"""The month's bonus and the allowances, each boundary with the day before and after."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from rules.answer import number, yuan
from rules.pay import anniversary
from tests.rules.county import County


def a_person(**more: Any) -> County:
    county = County(sessions=[])
    county.hires("P", **more)
    return county


def pay(county: County) -> object:
    return county.person("P")["bonus_pay"]


def allowances(county: County, month: str = "2026-11") -> dict[str, int]:
    found: dict[str, int] = county.person("P", month=month)["allowances"]
    return found


def certifies(county: County, grade: int, issued_on: str) -> None:
    county.says("certificate.recorded", {"person": "P", "grade": grade, "issued_on": issued_on})


@pytest.mark.parametrize(
    ("clauses", "expected"),
    [
        ((), "300.00"),
        (("5.4", "4.3"), "282.00"),
        (("6.3", "6.5"), "345.00"),
        (("1.5", "3.3"), "180.00"),
        (("1.5", "3.3", "4.3"), "0.00"),
    ],
)
def test_the_bonus_is_three_hundred_by_the_hundredth_of_the_total_and_nothing_for_poor(
    clauses: tuple[str, ...], expected: str
) -> None:
    county = a_person()
    for clause in clauses:
        county.finds(clause, person="P")
    assert pay(county) == expected


@pytest.mark.parametrize(
    ("exact", "printed"),
    [
        ("262.5", "262.50"),
        ("0.005", "0.01"),
        ("0.015", "0.02"),
        ("0.025", "0.03"),
        ("0.0249", "0.02"),
        ("-0.005", "-0.01"),
    ],
)
def test_half_a_fen_is_rounded_away_from_nought(exact: str, printed: str) -> None:
    assert yuan(Fraction(exact)) == printed


@pytest.mark.parametrize(
    ("exact", "printed"),
    [
        ("2", 2),
        ("2.5", 2.5),
        ("-2/3", -0.67),
        ("1/3", 0.33),
        ("0.125", 0.13),
        ("0.135", 0.14),
        ("-0.125", -0.13),
        ("0.999", 1),
    ],
)
def test_points_are_printed_to_two_decimals_halves_away_from_nought(exact: str, printed: float) -> None:
    assert repr(number(Fraction(exact))) == repr(printed)


def test_half_a_day_of_personal_leave_costs_three_yuan() -> None:
    county = County()
    county.hires("P", from_="2026-11-02")
    county.loses("P", on="2026-11-30")
    county.grants("personal", "2026-11-02 00:00", "2026-11-02 12:00", person="P", leave="L")
    county.says("leave.closed", {"leave": "L", "on": "2026-11-02"})
    county.punches("13:30", "17:30", person="P")
    assert county.person("P", as_of="2026-11-02")["bonus_pay"] == "297.00"


def test_a_third_of_a_point_is_paid_exactly_and_rounded_once() -> None:
    county = County(
        sessions=[
            {"name": n, "start": f"{h}:00", "end": f"{h + 1}:00"} for n, h in zip("abc", (10, 12, 14), strict=True)
        ]
    )
    county.hires("P", from_="2026-11-02")
    county.grants("personal", "2026-11-02 10:00", "2026-11-02 11:00", person="P", leave="L")
    county.says("leave.closed", {"leave": "L", "on": "2026-11-03"})
    county.punches("12:00", "13:00", "14:00", "15:00", person="P")
    card = county.person("P", as_of="2026-11-02")
    assert (card["total"], card["bonus_pay"]) == (99.33, "298.00")


@pytest.mark.parametrize(("until", "expected"), [("2026-11-29", "300.00"), ("2026-11-30", None), ("2027-01-01", None)])
def test_on_probation_at_the_months_end_there_is_no_bonus(until: str, expected: str | None) -> None:
    assert pay(a_person(probation_until=until)) == expected


def test_on_probation_poor_has_no_bonus_either_rather_than_nought() -> None:
    county = a_person(probation_until="2026-12-31")
    for clause in ("1.5", "3.4", "2.1"):
        county.finds(clause, person="P")
    assert county.person("P")["grade"] == "差"
    assert pay(county) is None


@pytest.mark.parametrize(("grade", "yuan"), [(5, 100), (4, 150), (3, 200), (2, 400), (1, 600)])
def test_skill_is_paid_by_grade(grade: int, yuan: int) -> None:
    county = a_person()
    certifies(county, grade, "2020-05-05")
    assert allowances(county)["skill"] == yuan


@pytest.mark.parametrize(("issued_on", "yuan"), [("2026-10-31", 100), ("2026-11-01", 0)])
def test_skill_is_paid_from_the_month_after_the_certificate(issued_on: str, yuan: int) -> None:
    county = a_person()
    certifies(county, 5, issued_on)
    assert allowances(county)["skill"] == yuan


def test_the_highest_certificate_counts_and_they_do_not_add_up() -> None:
    county = a_person()
    certifies(county, 3, "2021-01-01")
    certifies(county, 5, "2020-01-01")
    certifies(county, 1, "2026-11-05")
    assert allowances(county)["skill"] == 200


@pytest.mark.parametrize(
    ("hired_on", "issued_on", "month", "yuan"),
    [
        ("2023-01-01", "2024-03-15", "2025-03", 0),
        ("2023-01-01", "2024-03-15", "2025-04", 20),
        ("2023-01-01", "2024-03-15", "2029-03", 20),
        ("2023-01-01", "2024-03-15", "2029-04", 50),
        ("2023-01-01", "2024-03-15", "2034-03", 50),
        ("2023-01-01", "2024-03-15", "2034-04", 100),
        ("2025-06-01", "2024-03-15", "2026-06", 0),
        ("2025-06-01", "2024-03-15", "2026-07", 20),
        ("2024-02-29", "2024-01-01", "2025-03", 20),
        ("2024-02-29", "2024-01-01", "2025-02", 0),
    ],
)
def test_seniority_runs_from_the_later_of_hiring_and_the_first_certificate(
    hired_on: str, issued_on: str, month: str, yuan: int
) -> None:
    county = a_person(hired_on=hired_on)
    certifies(county, 5, issued_on)
    assert allowances(county, month)["seniority"] == yuan


def test_a_higher_certificate_does_not_start_seniority_anew() -> None:
    county = a_person()
    certifies(county, 4, "2026-01-01")
    certifies(county, 5, "2020-01-05")
    assert allowances(county)["seniority"] == 50


def test_a_certificate_that_was_renewed_still_counts_from_its_first_date() -> None:
    county = a_person()
    certifies(county, 5, "2020-01-05")
    certifies(county, 5, "2026-02-01")
    assert allowances(county)["seniority"] == 50


def test_without_a_certificate_there_is_no_seniority() -> None:
    assert allowances(a_person()) == {"skill": 0, "seniority": 0, "education": 0}


@pytest.mark.parametrize(("education", "yuan"), [("none", 0), ("bachelor", 100), ("above_bachelor", 200)])
def test_education_is_paid_by_degree(education: str, yuan: int) -> None:
    assert allowances(a_person(education=education))["education"] == yuan


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        ("2026-10-31", {"skill": 100, "seniority": 50, "education": 100}),
        ("2026-11-01", {"skill": 100, "seniority": 0, "education": 0}),
    ],
)
def test_on_probation_on_the_first_day_skill_alone_is_paid(until: str, expected: dict[str, int]) -> None:
    county = a_person(education="bachelor", probation_until=until)
    certifies(county, 5, "2020-01-05")
    assert allowances(county) == expected


def test_the_anniversary_of_a_leap_day_is_the_28th() -> None:
    assert anniversary(date(2024, 2, 29), 1) == date(2025, 2, 28)
    assert anniversary(date(2024, 2, 29), 4) == date(2028, 2, 29)
    assert anniversary(date(9999, 1, 1), 1) is None
