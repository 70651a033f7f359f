"""A person's month as a scorecard. Facts, the law, a month and the day of judgement enter, a `Card` leaves.

The card of somebody whose month is pending or not assessed is computed all the same. Grades and pay compare
people with one another and are made elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import Literal

from msgspec import Struct

from rules.calendar import is_working
from rules.errors import UnknownPersonError
from rules.facts import Facts
from rules.lines import Line, Pending, joined
from rules.months import Month
from rules.policy import Edition, Policy
from rules.records import Person
from rules.reported import count_findings, count_ratings, findings_between, is_barred
from rules.timekeeping import filing_faults, keep_time

Status = Literal["assessed", "not_assessed", "pending"]
_NOUGHT = Fraction(0)


class SectionScore(Struct, frozen=True):
    """One section: `deducted` is the plain sum of its lines and may exceed `cap`; `score` is never negative."""

    number: int
    name: str
    cap: int
    deducted: Fraction
    score: Fraction


class Card(Struct, frozen=True):
    """A person's month: every point with its reason, exact sums, and what ranks people with equal totals.

    `total` is base plus bonus. Source: 考核细则, 合计; 加分列入合计总分.
    """

    person: str
    hall: str
    month: Month
    status: Status
    lines: tuple[Line, ...]
    pending: tuple[Pending, ...]
    sections: tuple[SectionScore, ...]
    base: Fraction
    bonus: Fraction
    total: Fraction
    bad_ratings: int
    ratings_given: int
    barred: bool


def card(facts: Facts, policy: Policy, person: str, month: Month, as_of: date) -> Card:
    """Return the person's scorecard of the month as judged at the end of the day `as_of`.

    No line is dated after `as_of`. Raises UnknownPersonError for somebody who was never registered.
    Source: 考核细则.
    """
    known = facts.persons.get(person)
    if known is None:
        raise UnknownPersonError(f"person {person} was never registered")
    law = policy.on(month.first_on)
    last_on = min(month.last_on, as_of)
    found = findings_between(facts.findings.get(person, ()), month.first_on, last_on)
    kept = keep_time(facts, policy, known, month.first_on, last_on)
    faults = filing_faults(facts, policy, known, month, as_of)
    rated = count_ratings(facts.ratings.get(person, ()), policy, month.first_on, last_on)
    tally = joined((kept.tally, count_findings(found, policy), rated.tally))
    lines = tuple(sorted((*tally.lines, *faults), key=lambda line: line.order))
    sections = _sections(lines, policy, law)
    base = sum((section.score for section in sections), _NOUGHT)
    bonus = sum((line.points for line in lines if line.points > 0), _NOUGHT)
    return Card(
        person=person,
        hall=known.hall_on(month.last_on) or "",
        month=month,
        status=_status(facts, known, month, as_of, law, leave_took_all=kept.leave_took_all),
        lines=lines,
        pending=tuple(sorted(tally.pending, key=lambda item: item.order)),
        sections=sections,
        base=base,
        bonus=bonus,
        total=base + bonus,
        bad_ratings=rated.bad,
        ratings_given=rated.given,
        barred=is_barred(law.good_barred_by, found),
    )


def _sections(lines: Sequence[Line], policy: Policy, law: Edition) -> tuple[SectionScore, ...]:
    deducted: dict[int, Fraction] = {}
    for line in lines:
        number = policy.on(line.on).clauses[line.clause].section
        deducted[number] = deducted.get(number, _NOUGHT) - line.points
    scores = []
    for section in law.sections:
        if section.cap is not None:
            taken = deducted.get(section.number, _NOUGHT)
            score = max(_NOUGHT, section.cap - taken)
            scores.append(SectionScore(section.number, section.name, section.cap, taken, score))
    return tuple(scores)


def _status(facts: Facts, person: Person, month: Month, as_of: date, law: Edition, *, leave_took_all: bool) -> Status:
    if _is_investigated(person, month, as_of):
        return "pending"
    if leave_took_all or is_hardly_on_register(facts, person, month, law):
        return "not_assessed"
    return "assessed"


def _is_investigated(person: Person, month: Month, as_of: date) -> bool:
    """Return whether a 立案 of the month or before is still open. Source: 实施意见 四(六)3(1)."""
    begun_by = min(month.last_on, as_of)
    return any(
        case.opened_on <= begun_by and (case.closed_on is None or case.closed_on > as_of)
        for case in person.investigations
    )


def is_hardly_on_register(facts: Facts, person: Person, month: Month, law: Edition) -> bool:
    """Return whether the person was on the register for less than half of the hall's working days."""
    if person.on_register(month.first_on) and person.on_register(month.last_on):
        return False
    if person.hall_on(month.last_on) is None:
        return True
    days, of_days = register_days(facts, person, month)
    return days < law.least_share_on_register * of_days


def register_days(facts: Facts, person: Person, month: Month) -> tuple[int, int]:
    """Return on how many of the month's working days the person was on the register, and how many those are.

    The working days are those of the hall last assigned in the month; none where there was no hall.
    """
    hall = person.hall_on(month.last_on)
    working = [on for on in month.days() if hall is not None and is_working(facts, hall, on)]
    return sum(person.on_register(on) for on in working), len(working)
