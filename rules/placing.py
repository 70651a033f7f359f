"""Places among those who may have the best grade, and the words for them. Ranks enter, places and words leave.

The month and the year give out their best grade in the same way: a number of places, the best rank first, equals
across the line left out. Nothing is decided here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import Struct

from rules.grading import Rank


class Ranked(Struct, frozen=True):
    """Somebody who may have the best grade, and whether it was given; a smaller rank is better."""

    person: str
    rank: Rank
    given: bool


class Placing(Struct, frozen=True):
    """Everybody who may have the grade, best first, and the place of each; equals share one.

    `ranked_by` says in Chinese what each part of a rank is.
    """

    grade: str
    most: int
    ranked_by: Sequence[str]
    able: tuple[Ranked, ...]
    ranks: dict[str, Rank]
    places: dict[str, int]
    sharing: Counter[int]
    last: Ranked | None  # the last to whom it was given

    def stood(self, person: str) -> str:
        """Return the place of one who has a place, such as 在 4 名可评好的人中列第 1(4 人并列)."""
        place = self.places[person]
        equals = f"({self.sharing[place]} 人并列)" if self.sharing[place] > 1 else ""
        return f"在 {len(self.able)} 名可评{self.grade}的人中列第 {place}{equals}"

    def is_across(self, person: str) -> bool:
        """Return whether the line runs through those who share the person's place."""
        place = self.places[person]
        return place <= self.most < place + self.sharing[place] - 1

    def line(self, left_out: str) -> str:
        """Return what happened at the line; `left_out` says what becomes of those who are equal across it."""
        if not self.able:
            return f"无人评为{self.grade}"
        if len(self.able) <= self.most:
            return f"都评为{self.grade}"
        given = sum(each.given for each in self.able)
        if self.is_across(self.able[self.most].person):
            equals = self.sharing[self.places[self.able[self.most].person]]
            return f"名次完全相同的 {equals} 人跨过名额线,{left_out};实际 {given} 人"
        return f"按名次取前 {given} 人"

    def behind(self, person: str) -> str:
        """Return by what the person is behind the last who has the grade; nothing where the first part says it."""
        if self.last is None:
            return ""
        pairs = zip(self.ranks[person], self.last.rank, strict=True)
        place = next((place for place, (own, other) in enumerate(pairs) if own != other), 0)
        same = "、".join(self.ranked_by[:place])
        told = f"(与最后一名{self.grade}的 {self.last.person} {same}相同,{self.ranked_by[place]}不及)"
        return told if place else ""


def placing_of(ranked: Iterable[Ranked], grade: str, most: int, ranked_by: Sequence[str]) -> Placing:
    """Return the places of those who may have `grade`, of which there are at most `most`."""
    able = tuple(sorted(ranked, key=lambda each: each.rank))
    first: dict[Rank, int] = {}
    places = {each.person: first.setdefault(each.rank, place) for place, each in enumerate(able, 1)}
    last = next((each for each in reversed(able) if each.given), None)
    ranks = {each.person: each.rank for each in able}
    return Placing(grade, most, ranked_by, able, ranks, places, Counter(places.values()), last)
