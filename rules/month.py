"""The county's month: who is on the register, each card, each grade, each pay. Facts enter, results leave.

Everything is recomputed as of a day; freezing a closed month is not done here.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from fractions import Fraction

from msgspec import Struct

from rules.appraisal import Card, card
from rules.facts import Facts
from rules.grading import Quota, grade_month
from rules.months import Month
from rules.pay import Allowances, allowances_of, bonus_pay_of
from rules.policy import Policy


class Result(Struct, frozen=True):
    """A person's month: the card, the grade (None where there is none), the bonus in exact yuan, allowances."""

    card: Card
    grade: str | None
    bonus_pay: Fraction | None
    allowances: Allowances


class MonthResult(Struct, frozen=True):
    """The county's month; `people` in order of their ids."""

    month: Month
    policy: str
    quota: Quota
    people: tuple[Result, ...]


def judge_month(
    facts: Facts,
    policy: Policy,
    month: Month,
    as_of: date,
    *,
    known: MonthResult | None = None,
    changed: Collection[str] = (),
) -> MonthResult:
    """Return everybody's month, judged at the end of the day `as_of`. Source: 考核细则, 实施意见 四(六)3(1).

    `known` is the same month as it was judged before, on the same day of judgement: the cards of all but the
    `changed` are taken from it, and only ranking, grades and pay are done anew.
    """
    law = policy.on(month.first_on)
    everybody = (facts.persons[id_] for id_ in sorted(facts.persons))
    people = [person for person in everybody if person.was_on_register(month.first_on, month.last_on)]
    before = {each.card.person: each for each in known.people if each.card.person not in changed} if known else {}
    cards = [
        before[person.id].card if person.id in before else card(facts, policy, person.id, month, as_of)
        for person in people
    ]
    headcount = sum(person.on_register(month.last_on) for person in people)
    grades, quota = grade_month(cards, headcount, facts.closings.get(str(month), frozenset()), law)
    results = []
    for person, each in zip(people, cards, strict=True):
        grade, same = grades.get(person.id), before.get(person.id)
        if same is not None and same.grade == grade:
            results.append(same)
            continue
        bonus = bonus_pay_of(person, each.total, grade, month, law)
        results.append(Result(each, grade, bonus, allowances_of(person, month, law)))
    return MonthResult(month, policy.name, quota, tuple(results))
