"""The lines of a scorecard. Values enter, immutable lines stay; nothing is decided here."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from fractions import Fraction

from msgspec import Struct


class Line(Struct, frozen=True):
    """Points with their reason: `points` is exact, negative where deducted; `evidence` are event ids, sorted."""

    clause: str
    points: Fraction
    on: date
    session: str | None
    note: str
    evidence: tuple[str, ...] = ()

    @property
    def order(self) -> tuple[date, str, str, tuple[str, ...], Fraction, str]:
        """Return what lines are sorted by: day, clause, session (none comes first), evidence."""
        return self.on, self.clause, self.session or "", self.evidence, self.points, self.note


class Pending(Struct, frozen=True):
    """What may yet become a line, and what it waits for; `detail` says it to a clerk."""

    clause: str
    on: date
    session: str | None
    why: str
    evidence: tuple[str, ...] = ()
    detail: str = ""

    @property
    def order(self) -> tuple[date, str, str, tuple[str, ...], str]:
        """Return what pending items are sorted by."""
        return self.on, self.clause, self.session or "", self.evidence, self.detail


class Tally(Struct, frozen=True):
    """Lines and pending items of one kind of source."""

    lines: tuple[Line, ...] = ()
    pending: tuple[Pending, ...] = ()


def joined(tallies: Iterable[Tally]) -> Tally:
    """Return one tally of all, in the order of the parts."""
    parts = list(tallies)
    lines = tuple(line for tally in parts for line in tally.lines)
    return Tally(lines, tuple(item for tally in parts for item in tally.pending))
