"""When the events of one boot truly happened: statements enter, intervals leave. Pure; nothing is decided here.

A boot's events know how many nanoseconds lie between them, whatever was done to the clock. So each statement about
one of them (its own clock's, the centre's receipt, a comparison with the centre) bounds all others, widened by what a
crystal may drift between them. Source: `sync.clock.DRIFT_PPM`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sync.clock import DRIFT_PPM

_MILLION = 1_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Statement:
    """At `boottime_ns` after boot it was not before `earliest_at` and not after `latest_at`; None bounds nothing."""

    boottime_ns: int
    earliest_at: datetime | None = None
    latest_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Interval:
    """The truth lies between the two; `is_doubtful` where the boot's statements contradict each other.

    Then it spans all that any of them allows. None: nothing bounds that side.
    """

    earliest_at: datetime | None
    latest_at: datetime | None
    is_doubtful: bool = False


def of_event(
    boottime_ns: int, occurred_at: datetime, uncertainty_ms: int, received_at: datetime | None = None
) -> Statement:
    """Return what an event's own clock says of it, and that it happened before the centre received it."""
    error = timedelta(milliseconds=uncertainty_ms)
    latest_at = occurred_at + error
    if received_at is not None:
        latest_at = min(latest_at, received_at)
    return Statement(boottime_ns, occurred_at - error, latest_at)


def of_comparison(boottime_ns: int, centre_at: datetime, round_trip_ms: int) -> Statement:
    """Return what the centre's answer says, which came at `boottime_ns`: it was written at most a round trip before."""
    return Statement(boottime_ns, centre_at, centre_at + timedelta(milliseconds=round_trip_ms))


def intervals(statements: Sequence[Statement]) -> list[Interval]:
    """Return, for each statement of one boot in the order given, when that moment truly was.

    The intersection of what all statements say of it; where they contradict each other, what any of them allows.
    """
    order = sorted(range(len(statements)), key=lambda index: statements[index].boottime_ns)
    passed_ns = [statements[index].boottime_ns for index in order]
    low = [_us(statements[index].earliest_at) for index in order]
    high = [_us(statements[index].latest_at) for index in order]
    earliest = _carried(low, passed_ns, up=True, strongest=True)
    latest = _carried(high, passed_ns, up=False, strongest=True)
    doubtful = any(
        first is not None and last is not None and first > last for first, last in zip(earliest, latest, strict=True)
    )
    if doubtful:
        earliest = _carried(low, passed_ns, up=True, strongest=False)
        latest = _carried(high, passed_ns, up=False, strongest=False)
    found: list[Interval] = [Interval(None, None)] * len(statements)
    for place, index in enumerate(order):
        found[index] = Interval(_at(earliest[place]), _at(latest[place]), doubtful)
    return found


def _carried(bounds: list[int | None], passed_ns: list[int], *, up: bool, strongest: bool) -> list[int | None]:
    """Return each moment's strongest or weakest bound: its own, or another's carried there. `up`: from below.

    Carried once forwards and once backwards: a neighbour's bound already holds all that lie beyond it.
    """
    choose = max if up is strongest else min
    ways = []
    for places, beside in ((range(1, len(bounds)), -1), (range(len(bounds) - 2, -1, -1), 1)):
        found = list(bounds)
        for place in places:
            known, own = found[place + beside], found[place]
            if known is not None:
                moved = known + _moved_us(passed_ns[place] - passed_ns[place + beside], up=up)
                found[place] = moved if own is None else choose(own, moved)
        ways.append(found)
    pairs = zip(*ways, strict=True)
    return [
        choose(first, last) if first is not None and last is not None else _either(first, last) for first, last in pairs
    ]


def _either(first: int | None, last: int | None) -> int | None:
    return last if first is None else first


def _moved_us(passed_ns: int, *, up: bool) -> int:
    """Return by how much a bound moves over a time that a drifting crystal measured, in microseconds."""
    drift = -abs(passed_ns) * DRIFT_PPM if up else abs(passed_ns) * DRIFT_PPM
    exact = passed_ns * _MILLION + drift
    return exact // (1000 * _MILLION) if up else -(-exact // (1000 * _MILLION))


def _us(at: datetime | None) -> int | None:
    return None if at is None else (at - _EPOCH) // timedelta(microseconds=1)


def _at(us: int | None) -> datetime | None:
    return None if us is None else _EPOCH + timedelta(microseconds=us)
