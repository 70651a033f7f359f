"""A person's day. Facts, a person, a date and the law enter; what was due and which punch met it leaves.

Terminal and centre say 正常 or 迟到 by this one function. Points are not known here, no clock is read, and
whether the day has come is for the caller to know.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from rules.assignment import Due, Pair, Stamp, Windows, read_punches
from rules.calendar import hall_day
from rules.facts import Facts
from rules.policy import Edition, Policy
from rules.records import MINUTE_US, Leave, Punch, Session, since_midnight_us
from sync.events import COUNTY_TIME

_DAY_US = 24 * 60 * MINUTE_US
_MOST_ERROR_MS = 2 * 24 * 60 * 60 * 1000  # a greater one leaves nothing else open in a day


@dataclass(frozen=True, slots=True)
class SessionDay:
    """One session that was due: `in_due_at` and `out_due_at` are what leave has left of it, in county time.

    `late_minutes` and `early_minutes` are 0 where the punch is in time or missing. Where the clock's error could
    make the punch punctual, the two `uncertain` say so.
    """

    name: str
    in_due_at: datetime
    out_due_at: datetime
    in_punch: Punch | None
    out_punch: Punch | None
    late_minutes: int = 0
    early_minutes: int = 0
    late_uncertain: bool = False
    early_uncertain: bool = False

    @property
    def is_complete(self) -> bool:
        """Return whether neither the in nor the out is missing."""
        return self.in_punch is not None and self.out_punch is not None

    @property
    def is_punctual(self) -> bool:
        """Return whether the session is complete, neither late nor early."""
        return self.is_complete and not self.late_minutes and not self.early_minutes


@dataclass(frozen=True, slots=True)
class Day:
    """A person's day: `planned` is the shift before leave, `sessions` what remained due, `unused` idle punches."""

    on: date
    working: bool
    sessions: tuple[SessionDay, ...]
    unused: tuple[Punch, ...]
    planned: tuple[Session, ...] = ()


def day_of(facts: Facts, person: str, on: date, policy: Policy) -> Day:
    """Return how the person's punches of that day read. Source: 考核细则 1.1, 1.2.

    Nothing is due on a day that is not a working day of the person's hall, before the first assignment or the
    hiring, after the last day of service, or where leave took the whole session.
    """
    working, planned = planned_sessions(facts, person, on)
    punches = facts.punches_on(person, on)
    leaves = leaves_on(facts, person, on)
    due = [(session.name, rest) for session in planned if (rest := _less_leave(session, leaves, on))]
    if not due:
        return Day(on, working, (), punches, planned)
    law = policy.on(on)
    stamped = sorted((Stamp(punch.minute_us, punch.id), punch) for punch in punches)
    stamps, punches = [stamp for stamp, _ in stamped], tuple(punch for _, punch in stamped)
    pairs = read_punches([rest for _, rest in due], stamps, _windows(law))
    midnight_at = datetime.combine(on, time(), COUNTY_TIME)
    sessions = tuple(
        _session_day(name, rest, midnight_at, _punches_of(pair, punches), law)
        for (name, rest), pair in zip(due, pairs, strict=True)
    )
    return Day(on, working, sessions, _unused(punches, pairs), planned)


def planned_sessions(facts: Facts, person: str, on: date) -> tuple[bool, tuple[Session, ...]]:
    """Return whether it is a working day of the person's hall, and the sessions that leave has not yet cut."""
    known = facts.persons.get(person)
    hall = known.hall_on(on) if known else None
    if known is None or hall is None:
        return False, ()
    working, shift = hall_day(facts, hall, on)
    if not working or shift is None or on < known.hired_on or not known.on_register(on):
        return working, ()
    return True, shift.sessions


class PlainDay:
    """Tells of one day after another whether nothing is wrong with it, remembering the bounds of the last shift."""

    __slots__ = ("_bounds", "_law", "_planned")

    def __init__(self) -> None:
        self._planned: Sequence[Session] | None = None
        self._law: Edition | None = None
        self._bounds: list[_Bounds] = []

    def is_punctual(self, planned: Sequence[Session], punches: Sequence[Punch], law: Edition) -> bool:
        """Return whether these are, one by one and in order, the punches due without leave, none late or early.

        It says only sooner what `day_of` would say: no other reading can be better, and it leaves nothing to charge.
        """
        if len(punches) != 2 * len(planned):
            return False
        if planned is not self._planned or law is not self._law:
            self._planned, self._law, self._bounds = planned, law, [_bounds(session, law) for session in planned]
        minutes = [punch.at.hour * 60 + punch.at.minute for punch in punches]
        minutes.sort()
        place = 0
        for earliest, due_in, due_out, latest, apart in self._bounds:
            entry, leaving = minutes[place], minutes[place + 1]
            if not (earliest <= entry <= due_in and due_out <= leaving <= latest and leaving - entry >= apart):
                return False
            place += 2
        return True


class _Bounds(NamedTuple):
    """Of one session, in minutes since midnight: an in from `earliest` to `due_in`, an out from `due_out` on."""

    earliest: int
    due_in: int
    due_out: int
    latest: int
    apart: int


def _bounds(session: Session, law: Edition) -> _Bounds:
    start, end = session.start_us // MINUTE_US, session.end_us // MINUTE_US
    return _Bounds(
        start - law.in_window_before_minutes,
        start + law.grace_minutes,
        end,
        end + law.out_window_after_minutes,
        min(law.least_apart_minutes, end - start),
    )


def leaves_on(facts: Facts, person: str, on: date) -> tuple[Leave, ...]:
    """Return the person's leave that touches the day, in order of its beginning."""
    leaves = facts.leaves.get(person, ())
    return tuple(leave for leave in leaves if leave.from_at.date() <= on and _ends_after_midnight(leave, on))


def touches(leave: Leave, session: Session, on: date) -> bool:
    """Return whether the leave and the session of that day have any time in common."""
    return _clamped(leave.from_at, on) < session.end_us and session.start_us < _clamped(leave.to_at, on)


def _ends_after_midnight(leave: Leave, on: date) -> bool:
    return leave.to_at > datetime.combine(on, time(), COUNTY_TIME)


def _unused(punches: Sequence[Punch], pairs: Sequence[Pair]) -> tuple[Punch, ...]:
    used = {place for pair in pairs for place in pair}
    return tuple(punch for place, punch in enumerate(punches) if place not in used)


def _less_leave(session: Session, leaves: Sequence[Leave], on: date) -> Due | None:
    """Return from the start of the first remaining piece to the end of the last; None if nothing remains."""
    start, end = session.start_us, session.end_us
    if not leaves:
        return Due(start, end)
    spans = [(_clamped(leave.from_at, on), _clamped(leave.to_at, on)) for leave in leaves]
    for from_, to in sorted(spans):
        if from_ <= start < to:
            start = to
    if start >= end:
        return None
    for from_, to in sorted(spans, key=lambda span: -span[1]):
        if from_ < end <= to:
            end = from_
    return Due(start, end)


def _session_day(
    name: str, due: Due, midnight_at: datetime, punched: tuple[Punch | None, Punch | None], law: Edition
) -> SessionDay:
    in_due_at, out_due_at = (midnight_at + timedelta(microseconds=at) for at in due)
    in_punch, out_punch = punched
    late = max(0, in_punch.minute_us - due.start) if in_punch else 0
    early = max(0, due.end - out_punch.minute_us) if out_punch else 0
    if late <= law.grace_minutes * MINUTE_US:
        late = 0
    return SessionDay(
        name,
        in_due_at,
        out_due_at,
        in_punch,
        out_punch,
        late_minutes=_whole_minutes(late),
        early_minutes=_whole_minutes(early),
        late_uncertain=bool(in_punch and late and _may_be_punctual(in_punch, in_due_at, law)),
        early_uncertain=bool(out_punch and early and out_punch.at + _error(out_punch) >= out_due_at),
    )


def _may_be_punctual(punch: Punch, due_at: datetime, law: Edition) -> bool:
    earliest_at = (punch.at - _error(punch)).replace(second=0, microsecond=0)
    return earliest_at <= due_at + timedelta(minutes=law.grace_minutes)


def _error(punch: Punch) -> timedelta:
    return timedelta(milliseconds=min(punch.uncertainty_ms, _MOST_ERROR_MS))


def _whole_minutes(length: int) -> int:
    return -(-length // MINUTE_US)


def _punches_of(pair: Pair, punches: Sequence[Punch]) -> tuple[Punch | None, Punch | None]:
    entry, leaving = (None if place is None else punches[place] for place in pair)
    return entry, leaving


@functools.cache
def _windows(law: Edition) -> Windows:
    return Windows(
        before=law.in_window_before_minutes * MINUTE_US,
        after=law.out_window_after_minutes * MINUTE_US,
        apart=law.least_apart_minutes * MINUTE_US,
        grace=law.grace_minutes * MINUTE_US,
    )


def _clamped(at: datetime, on: date) -> int:
    if at.date() == on:
        return since_midnight_us(at)
    return 0 if at.date() < on else _DAY_US
