"""From twelve months to the year's grade. Facts, the law, a year and the day of judgement enter, results leave.

Source: 实施意见 四(六)3(2), 考核细则 1.6 and 5.5.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction

from msgspec import Struct, structs

from rules.appraisal import Card
from rules.calendar import is_working
from rules.facts import Facts
from rules.grading import GOOD, POOR, Quota, Rank, pick_best, quota_of
from rules.month import MonthResult, judge_month
from rules.months import Month
from rules.policy import Edition, Policy
from rules.policy_text import Bar
from rules.records import Person
from rules.reported import counted_against, findings_between

UNASSESSED, WAITING = "停", "待"
HOLD, UNGRADED = "HOLD", "不定等次"
EXCELLENT, QUALIFIED, BARELY, UNQUALIFIED = "优秀", "合格", "基本合格", "不合格"
RUN_BROKEN, INTENT_GAP = "run_broken_by_unassessed", "intent_gap"

_ByPerson = dict[str, tuple[str, Card]]


class PersonYear(Struct, frozen=True):
    """A person's year: a sign for each month (好 一般 差 停 待), the grade, and what a reader must know of it.

    What the grade was found from stands beside it: the exact means over the assessed months (None without any),
    whether the person was on the register all year, and how many findings each bar of 优秀 counts.
    """

    person: str
    months: tuple[str, ...]
    grade: str
    flags: tuple[str, ...]
    mean_total: Fraction | None
    mean_base: Fraction | None
    served_all_year: bool
    counted: tuple[tuple[Bar, int], ...]

    @property
    def good(self) -> int:
        """Return how many months are 好."""
        return self.months.count(GOOD)

    @property
    def poor(self) -> int:
        """Return how many months are 差."""
        return self.months.count(POOR)


class YearResult(Struct, frozen=True):
    """The county's year as judged at the end of the day `as_of`; `people` in order of their ids."""

    year: int
    as_of: date
    quota: Quota
    people: tuple[PersonYear, ...]


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
    registered = list(_people(facts, year))
    headcount = sum(person.on_register(date(year, 12, 31)) for person in registered)
    most = quota_of(law.excellent_share, headcount)
    people = [_person_year(facts, person, year, as_of, judged, law) for person in registered]
    able = [each for each in people if may_be_excellent(each, law)]
    best = {each.person for each in pick_best(able, most, rank_of_year)}
    graded = (structs.replace(each, grade=EXCELLENT) if each.person in best else each for each in people)
    return YearResult(year, as_of, Quota(headcount, most, len(best)), tuple(graded))


def may_be_excellent(year: PersonYear, law: Edition) -> bool:
    """Return whether 优秀 is open to the person: the months, the whole year on the register, and no bar."""
    if WAITING in year.months or POOR in year.months or year.good < law.excellent_good_months:
        return False
    return year.served_all_year and all(times < bar.at_least for bar, times in year.counted)


def rank_of_year(year: PersonYear) -> Rank:
    """Return what people are ranked by, less is better: months of 好, mean total, mean base."""
    return -year.good, -(year.mean_total or 0), -(year.mean_base or 0)


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
    if poor >= law.unqualified_poor_months or longest_run(months) >= law.unqualified_poor_run:
        return UNQUALIFIED, broken
    if poor:
        return BARELY, broken
    return (QUALIFIED, ()) if good >= law.qualified_good_months else (BARELY, (INTENT_GAP,))


def _months(year: int) -> Iterator[Month]:
    return (Month(year, number) for number in range(1, 13))


def _by_person(result: MonthResult) -> _ByPerson:
    signs = {"assessed": "", "not_assessed": UNASSESSED, "pending": WAITING}
    return {each.card.person: (each.grade or signs[each.card.status], each.card) for each in result.people}


def _people(facts: Facts, year: int) -> Iterator[Person]:
    for id_ in sorted(facts.persons):
        if facts.persons[id_].was_on_register(date(year, 1, 1), date(year, 12, 31)):
            yield facts.persons[id_]


def _record(person: Person, year: int, judged: Mapping[Month, _ByPerson]) -> tuple[tuple[str, ...], list[Card]]:
    """Return the sign of each month, and the cards of those that are assessed."""
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
    return tuple(signs), cards


def _person_year(
    facts: Facts, person: Person, year: int, as_of: date, judged: Mapping[Month, _ByPerson], law: Edition
) -> PersonYear:
    months, cards = _record(person, year, judged)
    grade, flags = grade_of(months, law)
    last_on = min(date(year, 12, 31), as_of)
    found = findings_between(facts.findings.get(person.id, ()), date(year, 1, 1), last_on)
    return PersonYear(
        person.id,
        months,
        grade,
        flags,
        mean_total=_mean([card.total for card in cards]),
        mean_base=_mean([card.base for card in cards]),
        served_all_year=_served_all_year(facts, person, year),
        counted=tuple((bar, counted_against(bar, found)) for bar in law.excellent_barred_by),
    )


def _mean(numbers: Sequence[Fraction]) -> Fraction | None:
    return sum(numbers, Fraction(0)) / len(numbers) if numbers else None


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


def longest_run(months: Sequence[str]) -> int:
    """Return how many 差 stand side by side at most."""
    longest = run = 0
    for sign in months:
        run = run + 1 if sign == POOR else 0
        longest = max(longest, run)
    return longest


def _is_run_broken(months: Sequence[str]) -> bool:
    return re.search(f"{POOR}{UNASSESSED}+{POOR}", "".join(months)) is not None
