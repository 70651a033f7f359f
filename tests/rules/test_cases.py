"""Every case of tests/rules/cases/*.toml comes out as it says."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from rules.months import Month
from scoring.replay import replay_month, replay_year
from tests.rules.cases import Case, read_cases
from tests.rules.county import MONDAY, PERSON

CASES = read_cases()


def said_of(line: dict[str, Any]) -> str:
    on = None if line["on"] == MONDAY else line["on"]
    points = f"{line['points']:+}" if "points" in line else line["why"]
    return " ".join(part for part in (line["clause"], points, line.get("session"), on) if part)


def of_person(case: Case, answer: dict[str, Any]) -> dict[str, Any]:
    """Return what the case expects, as it came out."""
    person = next((each for each in answer["people"] if each["person"] == PERSON), None)
    if person is None:
        return {}
    allowances = {kind: person["allowances"][kind] for kind in ("skill", "seniority", "education")}
    return (
        allowances
        | {
            "lines": [said_of(line) for line in person["lines"]],
            "pending": [said_of(item) for item in person["pending"]],
            "section": {number: person["sections"][number]["score"] for number in case.expect.section},
            "pay": person["bonus_pay"],
        }
        | {key: person[key] for key in ("total", "base", "bonus", "status", "grade")}
    )


def of_county(answer: dict[str, Any]) -> dict[str, Any]:
    return {
        "good": [each["person"] for each in answer["people"] if each["grade"] == "好"],
        "good_max": answer["quota"]["good_max"],
        "headcount": answer["quota"]["headcount"],
        "set_aside": bool(answer["quarantined"]),
    }


def of_year(answer: dict[str, Any]) -> dict[str, Any]:
    person = next(each for each in answer["people"] if each["person"] == PERSON)
    return {
        "year": person["grade"],
        "flags": person["flags"],
        "excellent": [each["person"] for each in answer["people"] if each["grade"] == "优秀"],
        "excellent_max": answer["quota"]["excellent_max"],
        "headcount": answer["quota"]["headcount"],
    }


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_case_comes_out_as_it_says(case: Case, tmp_path: Path) -> None:
    county, policy, expect = case.county(), case.policy_at(tmp_path), case.expect
    if expect.year is not None or expect.excellent is not None:
        answer = replay_year(county.lines, 2026, policy, case.judged_on)
        found = of_year(answer)
        if case.months:
            signs = next(each for each in answer["people"] if each["person"] == PERSON)["months"]
            assert "".join(sign[0] for sign in signs) == case.months, "the case brings about other months than it says"
    else:
        settled = case.nothing_due or case.month != MONDAY[:7]
        judged_on = case.judged_on or (None if settled else date.fromisoformat(MONDAY))
        answer = replay_month(county.lines, Month.parse(case.month), policy, judged_on)
        found = of_person(case, answer) | of_county(answer)
    assert {key: found.get(key) for key in wanted_of(case)} == wanted_of(case)


def wanted_of(case: Case) -> dict[str, Any]:
    expect = case.expect
    wanted = {key: value for key in expect.__struct_fields__ if (value := getattr(expect, key)) not in (None, {})}
    if wanted.pop("no_pay"):
        wanted["pay"] = None
    if "year" in wanted or "excellent" in wanted:
        wanted.pop("set_aside")
    return wanted


def test_no_two_cases_have_the_same_name() -> None:
    assert len({case.name for case in CASES}) == len(CASES)
