"""Each clause, variant and boundary of the policy has a case in tests/rules/cases, and no case shows what is none.

The case that a clause or variant names in the policy is there, and judges it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from rules.policy import Edition, load_policy
from rules.policy_text import Bar, Clause
from tests.rules.cases import read_cases

SIDES = ("before", "at", "after")
NEW_CLAUSE = """
[[clause]]
id = "5.6"
section = 5
points = 5
variants = { grave = 15 }
case = "5.6 一次,扣5分"
variant_cases = { grave = "5.6 情节严重,扣15分" }
in_force_from = 2026-01-01
source = { document = "文", clause = "5.6", quotation = "字", checked_on = 2026-11-23 }
"""
NUMBERS = (
    "attendance.grace_minutes",
    "attendance.in_window_before_minutes",
    "attendance.out_window_after_minutes",
    "attendance.least_apart_minutes",
    "month.good_share",
    "month.good_min_total",
    "month.poor_below_total",
    "month.least_share_on_register",
    "year.excellent_share",
    "year.excellent_good_months",
    "year.qualified_good_months",
    "year.unqualified_poor_run",
    "year.unqualified_poor_months",
)
"""Values with a boundary: a case before it, at it and after it."""

BY_KEY = ("pay.skill_yuan_by_grade", "pay.seniority_yuan_by_years")
OTHERS = {"month.good_barred_by", "year.excellent_barred_by", "pay.education_yuan", "pay.paid_on_probation"}
WITHOUT_VALUE = {"year full:before", "year full:at", "year full:after", "in time", "repeal"}


def edition(overlay: Path | None = None) -> Edition:
    return load_policy(overlay).on(date(2026, 11, 1))


def demanded_of(clause: Clause) -> Iterator[str]:
    """Yield what cases have to show of a clause: its plain points, each variant, both ends of a range, its limits."""
    if clause.points is not None:
        yield clause.id
    yield from (f"{clause.id}/{variant}" for variant in clause.variants)
    if clause.range:
        least, most = clause.range
        yield from (f"{clause.id}={points}" for points in (least - 1, least, most, most + 1))
        yield f"{clause.id} without points"
    if clause.variant_required:
        yield f"{clause.id} without variant"
    if clause.automatic:
        yield f"{clause.id} by hand"
    if clause.once_per:
        yield f"{clause.id} once per {clause.once_per}"
    if clause.bad_rating:
        yield from (f"{clause.id} rating {grade}" for grade in clause.bad_rating.grades)
        yield f"{clause.id} rating {max(clause.bad_rating.grades) + 1}"


def name_of(bar: Bar) -> str:
    return bar.clause + (f"/{bar.variant}" if bar.variant else "")


def demanded(law: Edition) -> set[str]:
    """Return what there must be a case for."""
    wanted = {each for clause in law.clauses.values() for each in demanded_of(clause)}
    wanted |= {f"section {section.number} cap:{side}" for section in law.sections if section.cap for side in SIDES}
    wanted |= {f"{key}:{side}" for key in NUMBERS for side in SIDES}
    for key in BY_KEY:
        wanted |= {f"{key} {each}:{side}" for each in law.versions[key].value for side in SIDES}
    wanted |= {"pay.bonus_base_yuan", "pay.seniority_yuan_by_years"}
    wanted |= {f"pay.education_yuan {each}" for each in law.education_yuan}
    wanted |= {f"pay.paid_on_probation {what}:{side}" for what in ("bonus", "allowances") for side in SIDES}
    wanted |= {f"month.good_barred_by {name_of(bar)}" for bar in law.good_barred_by}
    wanted |= {f"year.excellent_barred_by {name_of(bar)}:{side}" for bar in law.excellent_barred_by for side in SIDES}
    return wanted | WITHOUT_VALUE


def shown() -> set[str]:
    return {each for case in read_cases() for each in case.shows}


def test_every_clause_variant_and_boundary_has_a_case() -> None:
    assert not demanded(edition()) - shown(), "write a case for these in tests/rules/cases"


def named() -> dict[str, str]:
    """Return the worked case that the policy names for each clause and variant."""
    clauses = edition().clauses.values()
    plain = {clause.id: clause.case for clause in clauses if clause.case}
    return plain | {
        f"{clause.id}/{variant}": name for clause in clauses for variant, name in clause.variant_cases.items()
    }


def test_every_case_that_the_policy_names_exists() -> None:
    assert not set(named().values()) - {case.name for case in read_cases()}


def test_a_worked_case_judges_the_clause_and_variant_that_names_it() -> None:
    by_name = {case.name: case for case in read_cases()}
    for key, name in named().items():
        case, clause_id = by_name[name], key.partition("/")[0]
        borne_out = {re.split(r"=| rating ", shows)[0] for shows in case.shows}
        assert key in borne_out, f"{name} does not show {key}"
        assert case.policy is None, f"{name} is judged by another policy"
        charged = {line.split()[0] for line in case.expect.lines or ()}
        assert charged == {clause_id}, f"{name} expects no line of {clause_id}, or of another clause as well"


def test_no_worked_case_serves_two() -> None:
    assert len(set(named().values())) == len(named())


def test_no_case_shows_what_the_policy_does_not_have() -> None:
    assert not shown() - demanded(edition()), "a case is marked with what is no clause, variant or boundary"


def test_every_value_of_the_policy_is_one_of_those_that_have_cases() -> None:
    assert set(edition().versions) == {*NUMBERS, *BY_KEY, *OTHERS, "pay.bonus_base_yuan"}


def test_a_clause_that_is_added_needs_its_case(tmp_path: Path) -> None:
    path = tmp_path / "overlay.toml"
    path.write_text(NEW_CLAUSE, encoding="utf-8")
    assert demanded(edition(path)) - shown() == {"5.6", "5.6/grave"}
