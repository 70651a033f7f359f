"""Whether the law in force on a day holds together. Records enter; PolicyError, naming file and key, or nothing leaves.

Each check stands for something that would otherwise change nobody's points without a word: a name that the code
never asks for, a key that is missing where it does, a cap that turns deductions into bonuses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from rules.errors import PolicyError
from rules.policy_text import Bar, Clause, Section

FULL_MARKS = 100
BONUS_SECTION = 6
RATED_CLAUSE = "4.4"
COUNTED_VARIANTS: Mapping[str, frozenset[str]] = {
    "1.2": frozenset(),
    "1.4": frozenset({"personal_day", "unfiled"}),
}
"""The clauses that are counted from punches and leave alone, and the variants that are asked for."""

_LATE_CLAUSE, _LATE_VARIANTS = "1.1", frozenset({"late", "early"})
_EDUCATIONS = frozenset({"none", "bachelor", "above_bachelor"})
_SKILL_GRADES = range(1, 6)
_YEARS_OF_SERVICE = range(1, 61)
_LEAST_EXPONENT = -9
_CLAUSE_ID = re.compile(r"([1-6])\.[1-9][0-9]?")


def check_sections(sections: Sequence[Section], day: date, place: str) -> None:
    """Raise where the caps are not 100 together, a section that deducts has none, or the sixth has one.

    Source: 实施意见 四(六)3, 加分不设置上限.
    """
    for section in sections:
        if section.number == BONUS_SECTION and section.cap is not None:
            raise PolicyError(f"{place}: section {section.number} has a cap on {day}, and bonuses have none")
        if section.number != BONUS_SECTION and not section.cap:
            raise PolicyError(f"{place}: section {section.number} has no cap on {day}, and deductions need one")
    total = sum(section.cap or 0 for section in sections)
    if total != FULL_MARKS:
        raise PolicyError(f"{place}: section caps are {total} together on {day}, not {FULL_MARKS}")


def check_clauses(clauses: Iterable[Clause], sections: set[int], place: str) -> None:
    """Raise where a clause cannot be charged as it stands, or says of itself what the code does not know."""
    for clause in clauses:
        for reason in (_section_fault(clause, sections), _points_fault(clause), _counting_fault(clause)):
            if reason:
                raise PolicyError(f"{place}: clause {clause.id} {reason}")


def _section_fault(clause: Clause, sections: set[int]) -> str | None:
    named = _CLAUSE_ID.fullmatch(clause.id)
    if named is None:
        return "has an id that is not such as 3.4"
    if int(named[1]) != clause.section:
        return f"says section {clause.section}, and its id section {named[1]}"
    return None if clause.section in sections else f"is of section {clause.section}, which is not in force"


def _points_fault(clause: Clause) -> str | None:
    if clause.points is None and clause.range is None and not clause.variants:
        return "has neither points nor range nor variants"
    if clause.points is not None and clause.range is not None:
        return "has both points and a range: only the range would count"
    if clause.range and clause.range[0] > clause.range[1]:
        return "has a range that ends before it begins"
    return "requires a variant and names none" if clause.variant_required and not clause.variants else None


def _counting_fault(clause: Clause) -> str | None:
    if clause.bad_rating is not None and clause.id != RATED_CLAUSE:
        return f"has a bad_rating, and ratings count under {RATED_CLAUSE} alone"
    if clause.id == _LATE_CLAUSE and (missing := _LATE_VARIANTS - clause.variants.keys()):
        return f"has no variant {min(missing)}, which punches are counted by"
    wanted = COUNTED_VARIANTS.get(clause.id)
    if wanted is None:
        return "is automatic, and nothing counts it from punches or leave" if clause.automatic else None
    if not clause.automatic:
        return "is counted from punches and leave: say automatic = true"
    if clause.range is not None or (clause.points is not None) == bool(wanted) or clause.variants.keys() != wanted:
        return f"is counted by {', '.join(sorted(wanted)) or 'points'} and by nothing else"
    return None


def exact_value(value: Any, key: str, place: str) -> Any:  # noqa: ANN401 - one of the value types of policy_text
    """Return a value as an edition holds it: shares as fractions, tables by number, lists that nobody can change."""
    if isinstance(value, Decimal) or key.endswith("_share") or "_share_" in key:
        return _share(Decimal(value), key, place)
    if key == "pay.skill_yuan_by_grade":
        return _by_number(value, _SKILL_GRADES, key, place, whole=True)
    if key == "pay.seniority_yuan_by_years":
        return _by_number(value, _YEARS_OF_SERVICE, key, place)
    if key == "pay.education_yuan" and value.keys() != _EDUCATIONS:
        raise PolicyError(f"{place}: {key} names {_listed(value)}, not {_listed(_EDUCATIONS)}")
    if key == "pay.paid_on_probation":
        return frozenset(value)
    return tuple(value) if isinstance(value, list) else value


def _share(value: Decimal, key: str, place: str) -> Fraction:
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or not 0 <= value <= 1 or exponent < _LEAST_EXPONENT:
        raise PolicyError(f"{place}: {key} is {value!s:.20}, not a share between 0 and 1 of at most 9 decimals")
    return Fraction(value)


def _by_number(table: Mapping[str, int], known: range, key: str, place: str, *, whole: bool = False) -> dict[int, int]:
    names = {str(number): number for number in known}
    for name in table:
        if name not in names:
            raise PolicyError(f"{place}: {key} has the key {name[:20]!r}, not a number from {known[0]} to {known[-1]}")
    if whole and table.keys() != names.keys():
        raise PolicyError(f"{place}: {key} has no key {min(names.keys() - table.keys())}")
    return {names[name]: yuan for name, yuan in table.items()}


def check_bars(bars: Iterable[Bar], clauses: Mapping[str, Sequence[Clause]], key: str, place: str) -> None:
    """Raise where a bar names a clause or variant that no version of the policy has, or one that takes no finding.

    `clauses` are the versions of each clause by its id: a bar outlives the repeal of its clause.
    """
    for bar in bars:
        versions = clauses.get(bar.clause)
        if versions is None:
            raise PolicyError(f"{place}: {key} names clause {bar.clause}, which does not exist")
        if bar.variant is not None and not any(bar.variant in version.variants for version in versions):
            raise PolicyError(f"{place}: {key} names variant {bar.variant} of clause {bar.clause}, which has none such")
        if bar.clause in COUNTED_VARIANTS:
            raise PolicyError(f"{place}: {key} names clause {bar.clause}, of which there are no findings to count")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"
