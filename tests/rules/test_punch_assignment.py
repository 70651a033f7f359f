"""Every possible reading of a day's punches is enumerated; the product must choose the best by the same order."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rules.assignment import Due, Pair, Stamp, Windows, read_punches

WINDOWS = Windows(before=90, after=180, apart=30, grace=0)
Slots = tuple[int | None, ...]


def all_readings(slots: int, punches: int, first: int = 0) -> Iterator[Slots]:
    """Yield every way to give later slots later punches, each at most once."""
    if slots == 0:
        yield ()
        return
    for rest in all_readings(slots - 1, punches, first):
        yield (None, *rest)
    for punch in range(first, punches):
        for rest in all_readings(slots - 1, punches, punch + 1):
            yield (punch, *rest)


def is_allowed(slots: Slots, dues: list[Due], stamps: list[Stamp]) -> bool:
    for place, due in enumerate(dues):
        entry, leaving = (None if at is None else stamps[at].at for at in slots[2 * place : 2 * place + 2])
        if entry is not None and not due.start - 90 <= entry <= due.end:
            return False
        if leaving is not None and not due.start <= leaving <= due.end + 180:
            return False
        if entry is not None and leaving is not None and leaving - entry < min(30, due.end - due.start):
            return False
    return True


def key_of(slots: Slots, dues: list[Due], stamps: list[Stamp], grace: int) -> tuple[object, ...]:
    """Return the order in which readings are preferred, written down word by word; within the grace is not late."""
    missing, faults, minutes, distance = 0, 0, 0, 0
    gaps, ids = [], []
    for place, due in enumerate(dues):
        entry, leaving = slots[2 * place : 2 * place + 2]
        if entry is None or leaving is None:
            missing += 1
            gaps.append(1)
            continue
        gaps.append(0)
        late, early = stamps[entry].at - due.start, due.end - stamps[leaving].at
        faults += (late > grace) + (early > 0)
        minutes += (late if late > grace else 0) + max(0, early)
        distance += abs(late) + abs(early)
        ids += [stamps[entry].id, stamps[leaving].id]
    return missing, faults, minutes, distance, gaps, ids


@st.composite
def days(draw: st.DrawFn) -> tuple[list[Due], list[Stamp]]:
    edges = draw(
        st.lists(st.integers(400, 1100), min_size=2, max_size=6, unique=True).filter(lambda e: len(e) % 2 == 0)
    )
    dues = [Due(*pair) for pair in list(pairwise(sorted(edges)))[::2]]
    near = st.sampled_from([edge + off for edge in edges for off in (-91, -90, -31, -30, -1, 0, 1, 29, 30, 180, 181)])
    minutes = draw(st.lists(near | st.integers(300, 1300), max_size=6))
    ids = draw(st.permutations([f"p{number}" for number in range(len(minutes))]))
    return dues, sorted(Stamp(minute, id_) for minute, id_ in zip(minutes, ids, strict=True))


@given(days(), st.sampled_from([0, 1, 5]))
@example(day=([Due(510, 720)], [Stamp(490, "a"), Stamp(515, "b"), Stamp(720, "c")]), grace=5)  # as good, and nearer
@settings(max_examples=600, deadline=None)
def test_the_reading_is_the_best_of_all_possible_ones(day: tuple[list[Due], list[Stamp]], grace: int) -> None:
    dues, stamps = day
    readings = [slots for slots in all_readings(2 * len(dues), len(stamps)) if is_allowed(slots, dues, stamps)]
    best = min(readings, key=lambda slots: key_of(slots, dues, stamps, grace))
    pairs = read_punches(dues, stamps, WINDOWS._replace(grace=grace))
    chosen = tuple(place for pair in pairs for place in pair)
    assert is_allowed(chosen, dues, stamps)
    assert key_of(chosen, dues, stamps, grace) == key_of(best, dues, stamps, grace)
    used = [place for place in chosen if place is not None]
    assert used == sorted(set(used)), "later slots have later punches"


@given(days())
@settings(max_examples=300, deadline=None)
def test_as_many_spare_punches_as_fit_are_shown(day: tuple[list[Due], list[Stamp]]) -> None:
    dues, stamps = day
    pairs = read_punches(dues, stamps, WINDOWS)
    complete = {place: pair for place, pair in enumerate(pairs) if None not in pair}

    def keeps_complete(slots: Slots) -> bool:
        return all(
            Pair(*slots[2 * place : 2 * place + 2]) == complete[place]
            if place in complete
            else None in slots[2 * place : 2 * place + 2]
            for place in range(len(dues))
        )

    readings = all_readings(2 * len(dues), len(stamps))
    possible = [slots for slots in readings if keeps_complete(slots) and is_allowed(slots, dues, stamps)]
    shown = sum(place is not None for pair in pairs for place in pair)
    assert shown == max(len(slots) - slots.count(None) for slots in possible)


def stamps_at(*minutes: int) -> list[Stamp]:
    return [Stamp(minute, f"p{place}") for place, minute in enumerate(minutes)]


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        ((), [(None, None)]),
        ((420, 720), [(0, 1)]),  # 90 minutes before 08:30
        ((419, 720), [(None, 1)]),
        ((510, 900), [(0, 1)]),  # 180 minutes after 12:00
        ((510, 901), [(0, None)]),
        ((690, 720), [(0, 1)]),  # 30 minutes apart, though 180 late
        ((691, 720), [(None, 1)]),  # 29 apart: one only, and it fits best as the out
        ((510, 511, 720, 721), [(0, 2)]),  # nearest to the due times
        ((505, 515, 715, 725), [(0, 3)]),  # punctual rather than near
        ((515, 520, 722), [(0, 2)]),  # late at least
    ],
)
def test_a_morning_is_read(minutes: tuple[int, ...], expected: list[Pair]) -> None:
    assert list(read_punches([Due(510, 720)], stamps_at(*minutes), WINDOWS)) == expected


def test_a_short_remainder_needs_only_its_own_length_between_in_and_out() -> None:
    assert read_punches([Due(700, 720)], stamps_at(700, 720), WINDOWS) == (Pair(0, 1),)
    assert read_punches([Due(700, 720)], stamps_at(701, 720), WINDOWS) != (Pair(0, 1),)


def test_one_complete_session_is_the_earlier_where_all_else_is_equal() -> None:
    dues = [Due(600, 630), Due(640, 670)]
    stamps = stamps_at(610, 660)  # 10 late and in time (30 far), or in time (30 far) and 10 early
    assert read_punches(dues, stamps, WINDOWS) == (Pair(0, 1), Pair(None, None))


def test_of_equal_punches_the_lower_ids_are_taken() -> None:
    stamps = [Stamp(510, "a"), Stamp(510, "b"), Stamp(720, "c"), Stamp(720, "d")]
    assert read_punches([Due(510, 720)], stamps, WINDOWS) == (Pair(0, 2),)


def test_a_day_of_a_thousand_punches_is_read() -> None:
    stamps = [Stamp(300 + place, f"{place:04}") for place in range(1000)]
    pairs = read_punches([Due(510, 720), Due(810, 1050)], stamps, WINDOWS)
    assert pairs == (Pair(210, 420), Pair(510, 750))
