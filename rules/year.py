"""From twelve months to the year's grade. Facts, the law, a year and the day of judgement enter, results leave.

Source: 实施意见 四(六)3(2), 考核细则 1.6 and 5.5.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from fractions import Fraction

from msgspec import Struct

from rules.appraisal import Card
from rules.calendar import is_working
from rules.facts import Facts
from rules.grading import GOOD, POOR, Quota, pick_best, quota_of
from rules.month import MonthResult, judge_month
from rules.months import Month
from rules.policy import Edition, Policy
from rules.records import Person
from rules.reported import findings_between, is_barred

UNASSESSED, WAITING = "停", "待"
HOLD, UNGRADED = "HOLD", "不定等次"
EXCELLENT, QUALIFIED, BARELY, UNQUALIFIED = "优秀", "合格", "基本合格", "不合格"
RUN_BROKEN, INTENT_GAP = "run_broken_by_unassessed", "intent_gap"


class PersonYear(Struct, frozen=True):
    """A person's year: a sign for each month (好 一般 差 停 待), the grade, and what a reader must know of it."""

    person: str
    months: tuple[str, ...]
    grade: str
    flags: tuple[str, ...]


class YearResult(Struct, frozen=True):
    """The county's year; `people` in order of their ids."""

    year: int
    quota: Quota
    people: tuple[PersonYear, ...]


class _Record(Struct, frozen=True):
    person: Person
    months: tuple[str, ...]
    cards: tuple[Card, ...]


def judge_year(facts: Facts, policy: Policy, year: int, as_of: date) -> YearResult:
    """Return everybody's year, each month judged at the end of the day `as_of`."""
    return year_of(facts, policy, year, as_of, judge_months(facts, policy, year, as_of))


def judge_months(facts: Facts, policy: Policy, year: int, as_of: date) -> list[MonthResult]:
    """Return the months of the year that are finished by `as_of`, each judged at the end of that day."""
    finished = (month for month in _months(year) if month.last_on <= as_of)
    return [judge_month(facts, policy, month, as_of) for month in finished]


def year_of(facts: Facts, policy: Policy, year: int, as_of: date, months: Iterable[MonthResult]) -> YearResult:
    """Return everybody's year from its months as judged at the end of the day `as_of`."""
    law = policy.on(date(year, 1, 1))
    judged = {result.month: _by_person(result) for result in months}
    records = [_record(person, year, judged) for person in _people(facts, year)]
    headcount = sum(record.person.on_register(date(year, 12, 31)) for record in records)
    most = quota_of(law.excellent_share, headcount)
    able = [record for record in records if _may_be_excellent(record, facts, year, as_of, law)]
    excellent = {record.person.id for record in pick_best(able, most, _rank)}
    people = tuple(_person_year(record, law, excellent) for record in records)
    return YearResult(year, Quota(headcount, most, len(excellent)), people)


def grade_of(months: Sequence[str], law: Edition) -> tuple[str, tuple[str, ...]]:
    """Return the year's grade and its flags from the months alone; 优秀 is given out elsewhere.

    Any 待 holds it. Two adjacent 差, or three, are 不合格; a 停 between two 差 breaks the run and is flagged.
    """
    if WAITING in months:
        return HOLD, ()
    good, poor = months.count(GOOD), months.count(POOR)
    if set(months) <= {UNASSESSED}:
        return UNGRADED, ()
    broken = (RUN_BROKEN,) if _is_run_broken(months) else ()
    if poor >= law.unqualified_poor_months or _longest_run(months) >= law.unqualified_poor_run:
        return UNQUALIFIED, broken
    if poor:
        return BARELY, broken
    return (QUALIFIED, ()) if good >= law.qualified_good_months else (BARELY, (INTENT_GAP,))


def _months(year: int) -> Iterator[Month]:
    return (Month(year, number) for number in range(1, 13))


def _by_person(result: MonthResult) -> dict[str, tuple[str, Card]]:
    signs = {"assessed": "", "not_assessed": UNASSESSED, "pending": WAITING}
    return {each.card.person: (each.grade or signs[each.card.status], each.card) for each in result.people}


def _people(facts: Facts, year: int) -> Iterator[Person]:
    for id_ in sorted(facts.persons):
        if facts.persons[id_].was_on_register(date(year, 1, 1), date(year, 12, 31)):
            yield facts.persons[id_]


def _record(person: Person, year: int, judged: dict[Month, dict[str, tuple[str, Card]]]) -> _Record:
    signs, cards = [], []
    for month in _months(year):
        if not person.was_on_register(month.first_on, month.last_on):
            signs.append(UNASSESSED)
        elif month not in judged:
            signs.append(WAITING)
        else:
            sign, card = judged[month][person.id]
            signs.append(sign)
            if card.status == "assessed":
                cards.append(card)
    return _Record(person, tuple(signs), tuple(cards))


def _person_year(record: _Record, law: Edition, excellent: set[str]) -> PersonYear:
    grade, flags = grade_of(record.months, law)
    return PersonYear(record.person.id, record.months, EXCELLENT if record.person.id in excellent else grade, flags)


def _may_be_excellent(record: _Record, facts: Facts, year: int, as_of: date, law: Edition) -> bool:
    if WAITING in record.months or POOR in record.months:
        return False
    if record.months.count(GOOD) < law.excellent_good_months or not _served_all_year(facts, record.person, year):
        return False
    last_on = min(date(year, 12, 31), as_of)
    found = findings_between(facts.findings.get(record.person.id, ()), date(year, 1, 1), last_on)
    return not is_barred(law.excellent_barred_by, found)


def _served_all_year(facts: Facts, person: Person, year: int) -> bool:
    """Return whether the person was on the register from January's first working day to 31 December."""
    return person.on_register(_first_working_day(facts, person, year)) and person.on_register(date(year, 12, 31))


def _first_working_day(facts: Facts, person: Person, year: int) -> date:
    """Return January's first working day in the person's hall; its last day where it has none."""
    january = Month(year, 1)
    for on in january.days():
        hall = person.hall_on(on) or person.assignments[0].hall
        if is_working(facts, hall, on):
            return on
    return january.last_on


def _rank(record: _Record) -> tuple[int, Fraction, Fraction]:
    assessed = len(record.cards)
    total = sum((card.total for card in record.cards), Fraction(0))
    base = sum((card.base for card in record.cards), Fraction(0))
    return -record.months.count(GOOD), -total / assessed, -base / assessed


def _longest_run(months: Sequence[str]) -> int:
    longest = run = 0
    for sign in months:
        run = run + 1 if sign == POOR else 0
        longest = max(longest, run)
    return longest


def _is_run_broken(months: Sequence[str]) -> bool:
    return re.search(f"{POOR}{UNASSESSED}+{POOR}", "".join(months)) is not None
