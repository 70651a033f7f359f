"""Why this person is 好 and that one is not, in Chinese. A judged month and its facts enter, sentences leave.

Nothing is decided here. Source: 实施意见 四(六)3(1).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date

from msgspec import Struct

from rules.appraisal import Card, is_hardly_on_register, register_days
from rules.exact import number
from rules.facts import Facts
from rules.grading import GOOD, may_be_good, rank_of
from rules.month import MonthResult, Result
from rules.placing import Placing, Ranked, placing_of
from rules.policy import Edition
from rules.reported import counted_against, findings_between
from rules.wording import named_clause

_RANKED_BY = ("总分", "基础分", "考勤纪律得分", "属实差评数", "评价数")


class Standing(Struct, frozen=True):
    """Where a person stands: `place` among those who may be 好 (equals share one), None for all others.

    `not_charged` says, a section each, what was deducted beyond the section's cap and not charged.
    """

    person: str
    place: int | None
    because: str
    not_charged: tuple[str, ...]


def standings(result: MonthResult, law: Edition, facts: Facts, as_of: date) -> tuple[Standing, ...]:
    """Return everybody's standing, in order of their ids; `result` was judged from `facts` at the end of `as_of`."""
    placing = _placing(result, law)
    chosen = facts.closings.get(str(result.month), frozenset())
    named = Counter(place for person, place in placing.places.items() if person in chosen)
    return tuple(
        Standing(
            each.card.person,
            placing.places.get(each.card.person),
            _because(each, placing, named) or _why_not_able(each, law, facts, as_of),
            not_charged(each.card),
        )
        for each in result.people
    )


def quota_line(result: MonthResult, law: Edition) -> str:
    """Return how many may be 好, how many could be, and what happened at the line."""
    placing, quota = _placing(result, law), result.quota
    head = f"全县 {quota.headcount} 人,按 {number(law.good_share * 100)}% 取整,好最多 {quota.most} 人"
    reached = f"总分达到 {law.good_min_total} 且无否决情形的 {len(placing.able)} 人"
    return f"{head};{reached};{placing.line('除评委会选定的外都不评')}"


def _placing(result: MonthResult, law: Edition) -> Placing:
    able = (
        Ranked(each.card.person, rank_of(each.card), each.grade == GOOD)
        for each in result.people
        if may_be_good(each.card, law)
    )
    return placing_of(able, GOOD, result.quota.most, _RANKED_BY)


def not_charged(card: Card) -> tuple[str, ...]:
    """Return of each section that was used up what was not charged. Source: 单项得分扣完为止."""
    return tuple(
        f"{section.name}应扣 {number(section.deducted)} 分,扣完 {section.cap} 分为止,"
        f"{number(section.deducted - section.cap)} 分未扣"
        for section in card.sections
        if section.deducted > section.cap
    )


def _because(each: Result, placing: Placing, named: Counter[int]) -> str | None:
    """Return how somebody stands who may be 好; None of all others."""
    person, most = each.card.person, placing.most
    if person not in placing.places:
        return None
    place = placing.places[person]
    stood = f"总分 {number(each.card.total)},{placing.stood(person)}"
    if placing.is_across(person):
        return f"{stood},并列跨过名额线 {most},{_choice(each, named[place], most - place + 1)},为{each.grade}"
    if each.grade == GOOD:
        return f"{stood},在名额 {most} 之内,为好"
    return f"{stood},超出名额 {most}{placing.behind(person)},为{each.grade}"


def _choice(each: Result, named: int, left: int) -> str:
    """Return what the committee did with the places that are left to those who are equal across the line."""
    if each.grade == GOOD:
        return "由评委会选定"
    if not named:
        return "评委会未选定任何人"
    return f"评委会选了 {named} 人,多于余下的 {left} 个名额,等于未选" if named > left else "评委会选定的是他人"


def _why_not_able(each: Result, law: Edition, facts: Facts, as_of: date) -> str:
    card = each.card
    if card.status == "pending":
        return "立案调查尚未结案,暂停考核"
    if card.status == "not_assessed":
        return f"{_why_not_assessed(card, law, facts, as_of)},不考核"
    if card.total < law.poor_below_total:
        return f"总分 {number(card.total)},低于 {law.poor_below_total},为{each.grade}"
    if card.total < law.good_min_total:
        return f"总分 {number(card.total)},未达到 {law.good_min_total},为{each.grade}"
    bars = "、".join(_bars_met(card, law, facts, as_of))
    return f"总分 {number(card.total)},但当月有不得评好的情形({bars}),为{each.grade}"


def _why_not_assessed(card: Card, law: Edition, facts: Facts, as_of: date) -> str:
    """Return which of the two reasons applies: too few days on the register, or leave from all that was due."""
    person, month = facts.persons[card.person], card.month
    if is_hardly_on_register(facts, person, month, law):
        days, of_days = register_days(facts, person, month)
        return f"当月 {of_days} 个工作日中在册 {days} 个,不足 {number(law.least_share_on_register * 100)}%"
    until = "" if as_of >= month.last_on else f"截至 {as_of.month} 月 {as_of.day} 日"
    return f"在册,{until or '当月'}应出勤的时段全部请假"


def _bars_met(card: Card, law: Edition, facts: Facts, as_of: date) -> Iterator[str]:
    """Yield what bars somebody from 好, of all that could, and how often it was found."""
    last_on = min(card.month.last_on, as_of)
    found = findings_between(facts.findings.get(card.person, ()), card.month.first_on, last_on)
    for bar in law.good_barred_by:
        if (times := counted_against(bar, found)) >= bar.at_least:
            yield f"{named_clause(bar.clause, bar.variant)} 查实 {times} 次"
