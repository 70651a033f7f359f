"""What an overlay changes, and whether anybody ever asks for it. Dated versions enter, those never looked up leave.

A value that is succeeded before the judged months, or begins after them, changes nothing: whoever laid it over
means it to, and is told.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from msgspec import Struct

from rules.policy_text import PolicyText, Version

TABLES = ("attendance", "month", "pay", "year")
_LOOKED_UP = {"day": "on each day", "month": "on each month's first day", "year": "on 1 January"}


class Unheard(Struct, frozen=True):
    """A version of an overlay that is not in force whenever it is looked up.

    `succeeded_on` is the day on which a shipped version takes over; None for one that begins too late.
    """

    key: str
    from_on: date
    succeeded_on: date | None
    looked_up: str

    def __str__(self) -> str:
        begun = f"{self.key} in force from {self.from_on} changes nothing here: "
        if self.succeeded_on is not None:
            return f"{begun}the shipped one of {self.succeeded_on} succeeds it"
        return f"{begun}it is looked up {self.looked_up}, and begins later"


class Laid(Struct, frozen=True):
    """A key that an overlay names: the first day of each version in order, and whether it is the overlay's."""

    key: str
    versions: tuple[tuple[date, bool], ...]
    judges_from: date

    def unheard(self, first_on: date, last_on: date) -> Iterator[Unheard]:
        """Yield every version of the overlay if none is in force when the key is looked up from first to last day."""
        if any(self._is_heard(on) for on in self._lookups(first_on, last_on)):
            return
        looked_up = _LOOKED_UP[self._rhythm]
        for place, (from_on, is_laid) in enumerate(self.versions):
            if is_laid:
                successor = next((on for on, laid in self.versions[place + 1 :] if not laid and on <= last_on), None)
                yield Unheard(self.key, from_on, successor, looked_up)

    @property
    def _rhythm(self) -> str:
        head = self.key.partition(".")[0].partition(" ")[0]
        return "day" if head in {"clause", "attendance"} else "year" if head == "year" else "month"

    def _lookups(self, first_on: date, last_on: date) -> Iterator[date]:
        """Yield enough of the days on which the key is looked up: all, or one of each stretch without a change."""
        if self._rhythm == "year":
            yield date(first_on.year, 1, 1)
            return
        yield first_on
        if self._rhythm == "day":
            yield from (on for on, _ in self.versions if first_on <= on <= last_on)
            return
        year, number = first_on.year, first_on.month + 1
        while number <= 12 and date(year, number, 1) <= last_on:  # noqa: PLR2004 (the months of a year)
            yield date(year, number, 1)
            number += 1

    def _is_heard(self, on: date) -> bool:
        """Return whether the overlay decides the day; before the first version the first one does."""
        if self.key.startswith("clause") and self.versions[0][0] > max(on, self.judges_from):
            return False
        place = bisect_right(self.versions, on, key=lambda version: version[0])
        return self.versions[max(0, place - 1)][1]


def laid_by(above: PolicyText, groups: Mapping[str, Sequence[Version]], complete_on: date) -> tuple[Laid, ...]:
    """Return what the overlay `above` names; `groups` are all versions of each key in order, shipped and laid over.

    A key is month.good_min_total, section 3 or clause 3.4. On days before `complete_on` what the policy had by then
    judges, so that what was in force by then judges earlier days as well.
    """
    own = {(key, version.in_force_from) for key, version in _keyed(above)}
    named = dict.fromkeys(key for key, _ in _keyed(above))
    return tuple(
        Laid(key, tuple((each.in_force_from, (key, each.in_force_from) in own) for each in groups[key]), complete_on)
        for key in named
    )


def _keyed(text: PolicyText) -> Iterator[tuple[str, Version]]:
    for name in TABLES:
        table = getattr(text, name)
        yield from ((f"{name}.{key}", version) for key in table.__struct_fields__ for version in getattr(table, key))
    yield from ((f"section {section.number}", section) for section in text.section)
    yield from ((f"clause {clause.id}", clause) for clause in text.clause)
