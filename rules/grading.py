"""From totals to grades, county-wide. Cards, a headcount and the committee's choice enter, grades leave.

Never more than the quota: people who are equal across the line are left out unless the committee chose among
them. Nothing is rounded here but the quota, downwards.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from fractions import Fraction
from typing import Any, TypeVar

from msgspec import Struct

from rules.appraisal import Card
from rules.policy import Edition

GOOD, FAIR, POOR = "好", "一般", "差"

C = TypeVar("C")
Rank = tuple[Any, ...]


class Quota(Struct, frozen=True):
    """How many may have the best grade, of how many people, and how many have it."""

    headcount: int
    most: int
    given: int


def grade_month(
    cards: Sequence[Card], headcount: int, chosen: Collection[str], law: Edition
) -> tuple[dict[str, str], Quota]:
    """Return the grade of each assessed person (好, 一般 or 差), and the quota.

    `chosen` are those whom the closing of the month names. Source: 实施意见 四(六)3(1).
    """
    most = quota_of(law.good_share, headcount)
    assessed = [each for each in cards if each.status == "assessed"]
    able = [each for each in assessed if may_be_good(each, law)]
    good = {each.person for each in pick_best(able, most, rank_of, lambda each: each.person in chosen)}
    grades = {each.person: _grade(each, good, law) for each in assessed}
    return grades, Quota(headcount, most, len(good))


def quota_of(share: Fraction, headcount: int) -> int:
    """Return how many people the share of the headcount allows, rounded down. Source: 比例不超过30%."""
    return int(share * headcount)


def pick_best(
    able: Sequence[C], most: int, rank: Callable[[C], Rank], is_chosen: Callable[[C], bool] = lambda _: False
) -> list[C]:
    """Return at most `most` of the able, best rank first (a smaller rank is better).

    Those of equal rank across the line are left out, but for the chosen among them; more chosen than there are
    places chooses nobody.
    """
    ordered = sorted(able, key=rank)
    if len(ordered) <= most:
        return ordered
    line = rank(ordered[most])
    above = [each for each in ordered if rank(each) < line]
    named = [each for each in ordered if rank(each) == line and is_chosen(each)]
    return above + named if len(above) + len(named) <= most else above


def may_be_good(card: Card, law: Edition) -> bool:
    """Return whether the card reaches the threshold of 好 and nothing bars it."""
    return card.status == "assessed" and card.total >= law.good_min_total and not card.barred


def rank_of(card: Card) -> Rank:
    """Return what people are ranked by, less is better: total, base, first section, bad ratings, ratings."""
    attendance = next((section.score for section in card.sections if section.number == 1), 0)
    scores = (_plain(-score) for score in (card.total, card.base, Fraction(attendance)))
    return *scores, card.bad_ratings, -card.ratings_given


def _plain(exact: Fraction) -> Fraction | int:
    """Return the same number, whole where it can be: whole ones are compared much sooner."""
    return exact.numerator if exact.denominator == 1 else exact


def _grade(card: Card, good: Collection[str], law: Edition) -> str:
    if card.person in good:
        return GOOD
    return POOR if card.total < law.poor_below_total else FAIR
