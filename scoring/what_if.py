"""What past months would have come to under other rules. A ledger and another policy enter, the differences leave.

For a committee that has to decide what the text leaves open. Nothing is changed by it: both sides are replays of
the same ledger, judged on the same day.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

from rules.answer import number, yuan
from rules.facts import Facts, gather_under
from rules.grading import FAIR, GOOD, POOR
from rules.month import MonthResult, Result
from rules.policy import Policy, load_policy
from rules.policy_overlay import Unheard
from rules.year import YearResult, judge_months, year_of
from scoring.asked import answered, day_named, told, year_named
from scoring.replay import collector_resting, opened, read_ledger
from scoring.what_if_table import table_of
from sync.events import Event

Json = dict[str, Any]
Years = tuple[list[MonthResult], YearResult]


def compare(events: Iterable[Event], year: int, other: Policy, as_of: date | None = None) -> Json:
    """Return the year's finished months under the shipped rules and under `other`, judged at the end of `as_of`.

    `{year, policies, warnings, months, people, years, spending}`: in each pair the shipped rules come first. `people`
    are those whose grade or pay of a month changes, `years` those whose year's grade does, `spending` is in yuan;
    `warnings` are what `other` lays over and none of these months looks up, since it is succeeded or begins too late.
    """
    policies = (load_policy(), other)
    until = as_of or date(year, 12, 31)
    facts = gather_under(events, policies)
    shipped, changed = (_years(each, policy, year, until) for each, policy in zip(facts, policies, strict=True))
    last_on = shipped[0][-1].month.last_on if shipped[0] else date(year, 12, 31)
    months = list(zip(shipped[0], changed[0], strict=True))
    return {
        "year": year,
        "as_of": until.isoformat(),
        "policies": _told_apart(*(policy.name for policy in policies)),
        "warnings": [_warning(each) for each in other.unheard(date(year, 1, 1), last_on)],
        "months": [_month(*pair) for pair in months],
        "people": [person for pair in months for person in _people(*pair, facts[0])],
        "years": list(_years_changed(shipped[1], changed[1], facts[0])),
        "spending": _spending([_spent(side) for side in (shipped[0], changed[0])]),
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command (the arguments after `what-if`) and return its exit code: 0, or 2 where it was refused."""
    asked = build_parser().parse_args(arguments)
    return answered(asked.ledger, lambda: _answer(asked) + "\n")


def _answer(asked: argparse.Namespace) -> str:
    other = load_policy(asked.policy)
    with collector_resting(), opened(asked.ledger) as lines:
        answer = compare(read_ledger(lines), asked.year, other, asked.as_of)
    told(warning["message"] for warning in answer["warnings"])
    return table_of(answer) if asked.table else json.dumps(answer, ensure_ascii=False, allow_nan=False)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    parser = argparse.ArgumentParser(
        prog="python -m scoring what-if", description="Replay a year's months under the shipped and under other rules."
    )
    parser.add_argument("ledger", metavar="LEDGER", help="NDJSON file, one event a line; - is standard input")
    parser.add_argument("--year", type=year_named, required=True, help="the year to compare, such as 2025")
    parser.add_argument(
        "--policy", type=Path, required=True, help="the other rules: a TOML file laid over the county's"
    )
    parser.add_argument("--as-of", type=day_named, help="the day at whose end both are judged: 31 December")
    parser.add_argument("--table", action="store_true", help="print a table to read instead of JSON")
    return parser


def _years(facts: Facts, policy: Policy, year: int, as_of: date) -> Years:
    months = judge_months(facts, policy, year, as_of)
    return months, year_of(facts, policy, year, as_of, months)


def _told_apart(shipped: str, other: str) -> list[str]:
    return [shipped, f"{other}(改)" if other == shipped else other]


def _warning(unheard: Unheard) -> Json:
    succeeded_on = unheard.succeeded_on
    return {
        "key": unheard.key,
        "in_force_from": unheard.from_on.isoformat(),
        "succeeded_on": None if succeeded_on is None else succeeded_on.isoformat(),
        "message": str(unheard),
    }


def _month(shipped: MonthResult, other: MonthResult) -> Json:
    sides = (shipped, other)
    counts = [
        {grade: sum(each.grade == grade for each in side.people) for grade in (GOOD, FAIR, POOR)} for side in sides
    ]
    return {
        "month": str(shipped.month),
        "good_max": [side.quota.most for side in sides],
        "grades": counts,
        "bonus_pay": [yuan(_spent([side])[0]) for side in sides],
    }


def _people(shipped: MonthResult, other: MonthResult, facts: Facts) -> Iterator[Json]:
    for before, after in zip(shipped.people, other.people, strict=True):
        if _shown(before) != _shown(after):
            yield {
                "month": str(shipped.month),
                "person": before.card.person,
                "name": facts.persons[before.card.person].name,
                "hall": before.card.hall,
                "total": [number(before.card.total), number(after.card.total)],
                "grade": [before.grade, after.grade],
                "bonus_pay": [_paid(before), _paid(after)],
                "allowances": [_allowed(before), _allowed(after)],
            }


def _shown(result: Result) -> tuple[str | None, str | None, int]:
    return result.grade, _paid(result), _allowed(result)


def _paid(result: Result) -> str | None:
    return None if result.bonus_pay is None else yuan(result.bonus_pay)


def _allowed(result: Result) -> int:
    return result.allowances.skill + result.allowances.seniority + result.allowances.education


def _years_changed(shipped: YearResult, other: YearResult, facts: Facts) -> Iterator[Json]:
    for before, after in zip(shipped.people, other.people, strict=True):
        if before.grade != after.grade:
            name = facts.persons[before.person].name
            yield {"person": before.person, "name": name, "grade": [before.grade, after.grade]}


def _spent(months: Iterable[MonthResult]) -> tuple[Fraction, int]:
    """Return the bonuses, each rounded to the fen as it is paid out, and the allowances."""
    results = [each for month in months for each in month.people]
    bonuses = sum((Fraction(paid) for each in results if (paid := _paid(each)) is not None), Fraction(0))
    return bonuses, sum(_allowed(each) for each in results)


def _spending(sides: Sequence[tuple[Fraction, int]]) -> Json:
    totals = [bonuses + allowances for bonuses, allowances in sides]
    return {
        "bonus_pay": [yuan(bonuses) for bonuses, _ in sides],
        "allowances": [allowances for _, allowances in sides],
        "total": [yuan(total) for total in totals],
        "difference": yuan(totals[1] - totals[0]),
    }
