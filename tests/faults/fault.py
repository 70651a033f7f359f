"""What a fault is and how it is counted: a fault's runs enter, a tally leaves. Only runs in which it fired count."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Outcome:
    """One run: whether the fault demonstrably fired, and what was lost, doubled or altered of what was promised.

    `broken` names any other promise that was not kept, `note` something worth a line in the report.
    """

    fired: bool
    lost: int = 0
    doubled: int = 0
    altered: int = 0
    broken: str = ""
    note: str = ""

    @property
    def kept(self) -> bool:
        """Return whether nothing was lost, doubled, altered or broken otherwise."""
        return not (self.lost or self.doubled or self.altered or self.broken)

    def __add__(self, other: Outcome) -> Outcome:
        return Outcome(
            self.fired and other.fired,
            self.lost + other.lost,
            self.doubled + other.doubled,
            self.altered + other.altered,
            "; ".join(filter(None, (self.broken, other.broken))),
            "; ".join(filter(None, (self.note, other.note))),
        )


Runs = Callable[[Path, int], Iterator[Outcome]]
"""Yields the outcome of one run after another, in a folder of its own, for as many counted runs as are wanted."""


def _possible() -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Fault:
    """One row of the table. `short` and `long` are counted runs wanted; `needs` says why it is impossible here.

    `mutants` names the ways (tests/faults/mutants.py) of breaking the promise that this row must catch.
    """

    key: str
    name: str
    promise: str
    short: int
    long: int
    runs: Runs
    mutants: tuple[str, ...] = ()
    needs: Callable[[], str] = _possible
    long_s: float = 900.0

    @property
    def row(self) -> int:
        """Return the number of the row in docs/reliability.md that this is a part of."""
        return int("".join(filter(str.isdigit, self.key)))


@dataclass(slots=True)
class Tally:
    """How a fault went: `tried` runs, `fired` of them counted, and the sums over those."""

    fault: Fault
    wanted: int
    tried: int = 0
    fired: int = 0
    lost: int = 0
    doubled: int = 0
    altered: int = 0
    took_s: float = 0.0
    broken: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def held(self) -> bool:
        """Return whether the promise held in as many counted runs as were wanted."""
        return self.fired >= self.wanted and self.kept

    @property
    def kept(self) -> bool:
        """Return whether no counted run broke the promise."""
        return not (self.lost or self.doubled or self.altered or self.broken)

    def take(self, outcome: Outcome) -> None:
        """Count a run; one in which the fault did not fire says nothing."""
        self.tried += 1
        if not outcome.fired:
            return
        self.fired += 1
        self.lost += outcome.lost
        self.doubled += outcome.doubled
        self.altered += outcome.altered
        self.broken += [outcome.broken] if outcome.broken else []
        self.notes += [outcome.note] if outcome.note else []


def run(
    fault: Fault,
    wanted: int,
    folder: Path,
    deadline_s: float,
    say: Callable[[Tally, Outcome], None] = lambda *_: None,
    *,
    until_broken: bool = False,
) -> Tally:
    """Return the tally of a fault after `wanted` counted runs, or of fewer where its runs or the time ended before."""
    tally = Tally(fault, wanted)
    began_s = time.monotonic()
    with closing(_iterator(fault, folder, wanted)) as outcomes:
        for outcome in outcomes:
            tally.take(outcome)
            say(tally, outcome)
            is_late = time.monotonic() - began_s > deadline_s
            if tally.fired >= wanted or tally.tried >= 3 * wanted + 3 or is_late or (until_broken and not tally.kept):
                break
    tally.took_s = time.monotonic() - began_s
    return tally


def _iterator(fault: Fault, folder: Path, wanted: int) -> _Closing:
    return _Closing(fault.runs(folder, wanted))


class _Closing(Iterator[Outcome]):
    """An iterator that can be closed whether or not it is a generator, so that processes and mounts always end."""

    def __init__(self, outcomes: Iterator[Outcome]) -> None:
        self._outcomes = outcomes

    def __next__(self) -> Outcome:
        return next(self._outcomes)

    def close(self) -> None:
        close = getattr(self._outcomes, "close", None)
        if close is not None:
            close()
