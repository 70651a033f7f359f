"""Why this person is 好 and that one is not, in Chinese. A judged month enters, sentences leave; nothing is decided.

Source: 实施意见 四(六)3(1).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence

from msgspec import Struct

from rules.appraisal import Card
from rules.exact import number
from rules.grading import GOOD, may_be_good, rank_of
from rules.month import MonthResult, Result
from rules.policy import Edition

_RANKED_BY = ("总分", "基础分", "考勤纪律得分", "属实差评数", "评价数")


class Standing(Struct, frozen=True):
    """Where a person stands: `place` among those who may be 好 (equals share one), None for all others.

    `not_charged` says, a section each, what was deducted beyond the section's cap and not charged.
    """

    person: str
    place: int | None
    because: str
    not_charged: tuple[str, ...]


class _Ranking(Struct, frozen=True):
    """The able, best first; the place of each, how many share a place, and whom the committee named there."""

    able: list[Result]
    places: dict[str, int]
    sharing: Counter[int]
    named: Counter[int]


def standings(result: MonthResult, law: Edition, chosen: Collection[str] = ()) -> tuple[Standing, ...]:
    """Return everybody's standing, in order of their ids; `chosen` are whom the closing of the month names."""
    ranking = _ranking(result, law, chosen)
    return tuple(
        Standing(
            each.card.person,
            ranking.places.get(each.card.person),
            _because(each, ranking, result.quota.most, law),
            not_charged(each.card),
        )
        for each in result.people
    )


def _ranking(result: MonthResult, law: Edition, chosen: Collection[str]) -> _Ranking:
    able = sorted((each for each in result.people if may_be_good(each.card, law)), key=lambda each: rank_of(each.card))
    first_places: dict[tuple[object, ...], int] = {}
    places = {
        each.card.person: first_places.setdefault(rank_of(each.card), place) for place, each in enumerate(able, 1)
    }
    named = Counter(place for person, place in places.items() if person in chosen)
    return _Ranking(able, places, Counter(places.values()), named)


def quota_line(result: MonthResult, law: Edition) -> str:
    """Return how many may be 好, how many could be, and what happened at the line."""
    quota = result.quota
    able = sorted(rank_of(each.card) for each in result.people if may_be_good(each.card, law))
    head = f"全县 {quota.headcount} 人,按 {number(law.good_share * 100)}% 取整,好最多 {quota.most} 人"
    reached = f"总分达到 {law.good_min_total} 且无否决情形的 {len(able)} 人"
    if len(able) <= quota.most:
        return f"{head};{reached},都评为好"
    across = able.count(able[quota.most])
    if quota.most and able[quota.most] == able[quota.most - 1]:
        return f"{head};{reached};名次完全相同的 {across} 人跨过名额线,除评委会选定的外都不评;实际 {quota.given} 人"
    return f"{head};{reached};按名次取前 {quota.given} 人"


def not_charged(card: Card) -> tuple[str, ...]:
    """Return of each section that was used up what was not charged. Source: 单项得分扣完为止."""
    return tuple(
        f"{section.name}应扣 {number(section.deducted)} 分,扣完 {section.cap} 分为止,"
        f"{number(section.deducted - section.cap)} 分未扣"
        for section in card.sections
        if section.deducted > section.cap
    )


def _because(each: Result, ranking: _Ranking, most: int, law: Edition) -> str:
    card = each.card
    if card.person not in ranking.places:
        return _why_not_able(each, law)
    place = ranking.places[card.person]
    equals = ranking.sharing[place]
    stood = f"总分 {number(card.total)},在 {len(ranking.able)} 名可评好的人中列第 {place}"
    if equals > 1:
        stood += f"({equals} 人并列)"
    if place <= most < place + equals - 1:
        return f"{stood},并列跨过名额线 {most},{_choice(each, ranking.named[place], most - place + 1)},为{each.grade}"
    if each.grade == GOOD:
        return f"{stood},在名额 {most} 之内,为好"
    return f"{stood},超出名额 {most}{_what_decided(card, ranking.able)},为{each.grade}"


def _choice(each: Result, named: int, left: int) -> str:
    """Return what the committee did with the places that are left to those who are equal across the line."""
    if each.grade == GOOD:
        return "由评委会选定"
    if not named:
        return "评委会未选定任何人"
    return f"评委会选了 {named} 人,多于余下的 {left} 个名额,等于未选" if named > left else "评委会选定的是他人"


def _why_not_able(each: Result, law: Edition) -> str:
    card = each.card
    if card.status == "pending":
        return "立案调查尚未结案,暂停考核"
    if card.status == "not_assessed":
        return "在册不足当月工作日的规定份额,或整月请假,不考核"
    if card.total < law.poor_below_total:
        return f"总分 {number(card.total)},低于 {law.poor_below_total},为{each.grade}"
    if card.total < law.good_min_total:
        return f"总分 {number(card.total)},未达到 {law.good_min_total},为{each.grade}"
    bars = "、".join(bar.clause + ("(造成严重影响)" if bar.variant == "serious" else "") for bar in law.good_barred_by)
    return f"总分 {number(card.total)},但当月有不得评好的情形({bars} 之一),为{each.grade}"


def _what_decided(card: Card, able: Sequence[Result]) -> str:
    """Return by what somebody beyond the line is behind the last who is 好, where the totals do not say it."""
    last = next((each.card for each in reversed(able) if each.grade == GOOD), None)
    if last is None:
        return ""
    own, other = rank_of(card), rank_of(last)
    place = next((place for place, (a, b) in enumerate(zip(own, other, strict=True)) if a != b), 0)
    same = "、".join(_RANKED_BY[:place])
    return f"(与最后一名好的 {last.person} {same}相同,{_RANKED_BY[place]}不及)" if place else ""
