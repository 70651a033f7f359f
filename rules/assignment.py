"""Which punch is which. The due times of a day and its punches enter, the reading best for the person leaves.

Times are whole microseconds since the day's midnight. In and out follow from the order of the punches and are
never stated by anybody. Exact over every possible reading, in time proportional to punches x sessions.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Due(NamedTuple):
    """A session: an in is due at `start`, an out at `end`."""

    start: int
    end: int


class Stamp(NamedTuple):
    """A punch: its minute, and its id to decide between equals."""

    at: int
    id: str


class Windows(NamedTuple):
    """How far around a session a punch belongs to it, how far in and out lie apart, how late is not late."""

    before: int
    after: int
    apart: int
    grace: int


class Pair(NamedTuple):
    """The places (in the list of punches) of one session's in and out; None where there is none."""

    entry: int | None = None
    leaving: int | None = None


class _Reading(NamedTuple):
    """A reading of the sessions so far. Of two, the one that compares as less is better for the person."""

    missing: int = 0
    faults: int = 0
    fault_length: int = 0
    distance: int = 0
    gaps: tuple[int, ...] = ()
    ids: tuple[str, ...] = ()
    pairs: tuple[Pair, ...] = ()


_States = dict[int, _Reading]  # by the place of the last punch used
_START: _States = {-1: _Reading()}


def read_punches(dues: Sequence[Due], stamps: Sequence[Stamp], windows: Windows) -> tuple[Pair, ...]:
    """Return the in and out of each session; sessions and punches come in order (punches by minute, then id).

    Best is: fewest sessions with a punch missing; then, over the complete ones, fewest late ins and early outs,
    fewest minutes late and early, least distance to the due times; then the earlier sessions complete, then the
    lower ids. A punch that completes nothing goes to the session and side that it fits best.
    Source: 考核细则 1.1 and 1.2, read in favour of the person.
    """
    if not stamps:
        return (Pair(),) * len(dues)
    plain = _one_to_one(dues, stamps, windows)
    if plain is not None:
        return plain
    states = _START
    for due in dues:
        states = _with_session(states, due, stamps, windows)
    pairs = min(states.values()).pairs
    if len(stamps) == 2 * sum(pair.entry is not None for pair in pairs):
        return pairs
    return _with_single_punches(dues, stamps, windows, pairs)


def _one_to_one(dues: Sequence[Due], stamps: Sequence[Stamp], windows: Windows) -> tuple[Pair, ...] | None:
    """Return the reading of a day with exactly the punches due, if in this order each fits: no other is complete."""
    if len(stamps) != 2 * len(dues):
        return None
    for place, due in enumerate(dues):
        entry_at, leaving_at = stamps[2 * place].at, stamps[2 * place + 1].at
        if not (_is_entry(due, entry_at, windows) and _is_leaving(due, leaving_at, windows)):
            return None
        if leaving_at - entry_at < _apart(due, windows):
            return None
    return tuple(Pair(2 * place, 2 * place + 1) for place in range(len(dues)))


def _with_session(states: _States, due: Due, stamps: Sequence[Stamp], windows: Windows) -> _States:
    """Return the best readings with one more session, incomplete or complete, by the last punch used."""
    after = {last: _left_incomplete(reading) for last, reading in states.items()}
    entries = _with_entry(states, due, stamps, windows)
    apart, best, place = _apart(due, windows), None, 0
    for last, stamp in enumerate(stamps):
        while place < len(stamps) and stamps[place].at <= stamp.at - apart:
            entered = entries.get(place)
            if entered is not None and (best is None or entered < best):
                best = entered
            place += 1
        if best is not None and _is_leaving(due, stamp.at, windows):
            done = _left(best, due, last, stamp)
            if last not in after or done < after[last]:
                after[last] = done
    return after


def _with_entry(states: _States, due: Due, stamps: Sequence[Stamp], windows: Windows) -> _States:
    """Return, by the place of the in, the best reading that has the session's in there and no out yet."""
    entries: _States = {}
    best = states.get(-1)
    for place, stamp in enumerate(stamps):
        if best is not None and _is_entry(due, stamp.at, windows):
            entries[place] = _entered(best, due, place, stamp, windows)
        before = states.get(place)
        if before is not None and (best is None or before < best):
            best = before
    return entries


def _left_incomplete(reading: _Reading) -> _Reading:
    gaps, pairs = (*reading.gaps, 1), (*reading.pairs, Pair())
    return reading._replace(missing=reading.missing + 1, gaps=gaps, pairs=pairs)


def _entered(reading: _Reading, due: Due, place: int, stamp: Stamp, windows: Windows) -> _Reading:
    late = stamp.at - due.start if stamp.at > due.start + windows.grace else 0
    return _Reading(
        reading.missing,
        reading.faults + (late > 0),
        reading.fault_length + late,
        reading.distance + abs(stamp.at - due.start),
        (*reading.gaps, 0),
        (*reading.ids, stamp.id),
        (*reading.pairs, Pair(place)),
    )


def _left(reading: _Reading, due: Due, place: int, stamp: Stamp) -> _Reading:
    early = max(0, due.end - stamp.at)
    return reading._replace(
        faults=reading.faults + (early > 0),
        fault_length=reading.fault_length + early,
        distance=reading.distance + abs(stamp.at - due.end),
        ids=(*reading.ids, stamp.id),
        pairs=(*reading.pairs[:-1], Pair(reading.pairs[-1].entry, place)),
    )


def _with_single_punches(
    dues: Sequence[Due], stamps: Sequence[Stamp], windows: Windows, pairs: Sequence[Pair]
) -> tuple[Pair, ...]:
    """Return the reading with spare punches shown where they fit, between the complete sessions."""
    states = _START
    for due, pair in zip(dues, pairs, strict=True):
        if pair.entry is not None and pair.leaving is not None:
            before = [reading for last, reading in states.items() if last < pair.entry]
            states = {pair.leaving: min(before)._replace(pairs=(*min(before).pairs, pair))}
        else:
            states = _with_one_punch(states, due, stamps, windows)
    return min(states.values()).pairs


def _with_one_punch(states: _States, due: Due, stamps: Sequence[Stamp], windows: Windows) -> _States:
    after = {last: _left_incomplete(reading) for last, reading in states.items()}
    best = states.get(-1)
    for place, stamp in enumerate(stamps):
        for reading in _single(best, due, place, stamp, windows):
            if place not in after or reading[:-1] < after[place][:-1]:  # a tie between in and out is an in
                after[place] = reading
        before = states.get(place)
        if before is not None and (best is None or before < best):
            best = before
    return after


def _single(best: _Reading | None, due: Due, place: int, stamp: Stamp, windows: Windows) -> list[_Reading]:
    if best is None:
        return []
    readings = []
    if _is_entry(due, stamp.at, windows):
        readings.append(_entered(best, due, place, stamp, windows))
    if _is_leaving(due, stamp.at, windows):
        opened = best._replace(gaps=(*best.gaps, 0), pairs=(*best.pairs, Pair()))
        readings.append(_left(opened, due, place, stamp))
    return readings


def _is_entry(due: Due, at: int, windows: Windows) -> bool:
    return due.start - windows.before <= at <= due.end


def _is_leaving(due: Due, at: int, windows: Windows) -> bool:
    return due.start <= at <= due.end + windows.after


def _apart(due: Due, windows: Windows) -> int:
    return min(windows.apart, due.end - due.start)
