"""Clauses that follow from punches and leave. Facts and days that have come enter; lines and pending ones leave.

Findings are not counted here, except that a confirmed one may stand in for what would be counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction

from msgspec import Struct

from rules import wording
from rules.attendance import (
    Day,
    PlainDay,
    SessionDay,
    day_of,
    leaves_on,
    planned_sessions,
    touches,
)
from rules.calendar import Sessions, is_working, shift_days
from rules.facts import Facts
from rules.lines import Line, Pending, Tally, joined
from rules.months import Month, days_between
from rules.policy import Edition, Policy
from rules.records import Finding, Leave, Person, Punch, Terminal

_LATE, _MISSING, _OFF_POST, _LEAVE = "1.1", "1.2", "1.3", "1.4"
_NONE: Mapping[date, tuple[Punch, ...]] = {}


class Kept(Struct, frozen=True):
    """What attendance came to; `leave_took_all` says that sessions were planned and leave took every one."""

    tally: Tally
    leave_took_all: bool


class _Stands(Struct, frozen=True):
    """What findings have taken out of the machine's hands: whole sessions, and uncertain punches."""

    replaced: frozenset[tuple[date, str]]
    settled: frozenset[tuple[date, str | None, str | None]]


def replaced_sessions(findings: Iterable[Finding]) -> frozenset[tuple[date, str]]:
    """Return (day, session) of confirmed 1.3 findings: they replace every 1.1 and 1.2 there."""
    return frozenset(
        (found.on, found.session)
        for found in findings
        if found.confirmed and found.clause == _OFF_POST and found.session is not None
    )


def keep_time(facts: Facts, policy: Policy, person: Person, first_on: date, last_on: date) -> Kept:
    """Return the automatic 1.1 and 1.2 and the 事假 of 1.4 of these days. Source: 考核细则 1.1, 1.2, 1.4."""
    stands = _stands(facts.findings.get(person.id, ()))
    punches, leaves = facts.punches.get(person.id, _NONE), facts.leaves.get(person.id, ())
    tallies: list[Tally] = []
    planned = remaining = 0
    plain = PlainDay()
    for on, sessions in _expected(facts, person, first_on, last_on):
        law = policy.on(on)
        planned += len(sessions)
        if not (leaves and leaves_on(facts, person.id, on)) and plain.is_punctual(sessions, punches.get(on, ()), law):
            remaining += len(sessions)
            continue
        day = day_of(facts, person.id, on, policy)
        remaining += len(day.sessions)
        tallies += _day_tallies(facts, person, day, law, stands)
    return Kept(joined(tallies), leave_took_all=planned > 0 and remaining == 0)


def _expected(facts: Facts, person: Person, first_on: date, last_on: date) -> Iterable[tuple[date, Sessions]]:
    """Return the days on which sessions are planned for the person, with them; leave has not yet been cut out."""
    hall = person.hall_on(first_on)
    steady = hall is not None and not any(first_on < each.from_on <= last_on for each in person.assignments)
    if hall is not None and steady and person.hired_on <= first_on and person.on_register(last_on):
        return shift_days(facts, hall, first_on, last_on)
    days = ((on, planned_sessions(facts, person.id, on)[1]) for on in days_between(first_on, last_on))
    return ((on, sessions) for on, sessions in days if sessions)


def filing_faults(facts: Facts, policy: Policy, person: Person, month: Month, as_of: date) -> list[Line]:
    """Return a line of 1.4 for each leave that was not filed, or not reported back from in time.

    The day is that of the leave's beginning, or the first working day after its end, once that day has come.
    Source: 考核细则 1.4, 请销假未备案.
    """
    lines = []
    for leave in facts.leaves.get(person.id, ()):
        if leave.from_at.date() > month.last_on:
            continue
        on = _fault_on(facts, person, leave, as_of)
        points = policy.on(on).points_of(_LEAVE, "unfiled") if on else 0
        if on and points and Month.of(on) == month:
            note = wording.unclosed(leave) if leave.filed else wording.unfiled(leave)
            lines.append(Line(_LEAVE, Fraction(-points), on, None, note, (leave.event,)))
    return lines


def _stands(findings: Sequence[Finding]) -> _Stands:
    settled = ((found.on, found.session, found.variant) for found in findings if found.confirmed)
    return _Stands(replaced_sessions(findings), frozenset(settled))


def _day_tallies(facts: Facts, person: Person, day: Day, law: Edition, stands: _Stands) -> Iterator[Tally]:
    if person.id in facts.leaves:
        yield Tally(lines=tuple(_personal_leave(facts, person.id, day, law)))
    for session in day.sessions:
        if session.is_punctual:
            continue
        if (day.on, session.name) in stands.replaced or (person.id, day.on, session.name) in facts.explained:
            continue
        if session.is_complete:
            yield _late(day.on, session, law, stands)
            yield _early(day.on, session, law, stands)
        else:
            yield _missing(facts, person, day.on, session, law)


def _missing(facts: Facts, person: Person, on: date, session: SessionDay, law: Edition) -> Tally:
    awaited = _awaited_terminals(facts, person, on, session, law)
    points = law.points_of(_MISSING)
    if awaited and points:
        why, detail = wording.TERMINAL_AWAITED, wording.awaited(awaited)
        return Tally(pending=(Pending(_MISSING, on, session.name, why, detail=detail),))
    return _charged(Line(_MISSING, Fraction(-points), on, session.name, wording.missing(session)))


def _awaited_terminals(
    facts: Facts, person: Person, on: date, session: SessionDay, law: Edition
) -> tuple[Terminal, ...]:
    """Return the hall's terminals that have not yet reported up to the last moment of the session's out."""
    until_at = session.out_due_at + timedelta(minutes=law.out_window_after_minutes)
    terminals = facts.terminals_at(person.hall_on(on) or "", on)
    return tuple(
        terminal
        for terminal in terminals
        if terminal.reported_through_at is None or terminal.reported_through_at < until_at
    )


def _late(on: date, session: SessionDay, law: Edition, stands: _Stands) -> Tally:
    if not session.late_minutes or session.in_punch is None:
        return Tally()
    evidence = (session.in_punch.id,)
    if session.late_uncertain:
        settled = (on, session.name, "late") in stands.settled
        return Tally() if settled else _clock_open(on, session, wording.late(session), evidence)
    points = law.points_of(_LATE, "late")
    return _charged(Line(_LATE, Fraction(-points), on, session.name, wording.late(session), evidence))


def _early(on: date, session: SessionDay, law: Edition, stands: _Stands) -> Tally:
    if not session.early_minutes or session.out_punch is None:
        return Tally()
    evidence = (session.out_punch.id,)
    if session.early_uncertain:
        settled = (on, session.name, "early") in stands.settled
        return Tally() if settled else _clock_open(on, session, wording.early(session), evidence)
    points = law.points_of(_LATE, "early")
    return _charged(Line(_LATE, Fraction(-points), on, session.name, wording.early(session), evidence))


def _clock_open(on: date, session: SessionDay, detail: str, evidence: tuple[str, ...]) -> Tally:
    return Tally(pending=(Pending(_LATE, on, session.name, wording.CLOCK_OPEN, evidence, detail),))


def _charged(line: Line) -> Tally:
    return Tally(lines=(line,)) if line.points else Tally()


def _personal_leave(facts: Facts, person: str, day: Day, law: Edition) -> Iterator[Line]:
    leaves = [leave for leave in leaves_on(facts, person, day.on) if leave.kind == "personal"]
    points = Fraction(-law.points_of(_LEAVE, "personal_day"), len(day.planned)) if day.planned else 0
    if not leaves or not points:
        return
    for session in day.planned:
        evidence = tuple(sorted(leave.event for leave in leaves if touches(leave, session, day.on)))
        if evidence:
            note = wording.personal_leave(session.name)
            yield Line(_LEAVE, Fraction(points), day.on, session.name, note, evidence)


def _fault_on(facts: Facts, person: Person, leave: Leave, as_of: date) -> date | None:
    on: date | None = leave.from_at.date()
    if leave.filed:
        on = _first_working_day_after(facts, person, leave, as_of)
        if on is None or any(closed_on <= on for closed_on in leave.closed_on):
            return None
    has_left = person.left_on is not None and on is not None and on > person.left_on
    return None if on is None or on > as_of or has_left else on


def _first_working_day_after(facts: Facts, person: Person, leave: Leave, as_of: date) -> date | None:
    """Return the first working day after the leave's last instant, None if it has not come by then."""
    if not person.assignments:
        return None
    first_on = max(leave.last_on, person.assignments[0].from_on)
    for on in days_between(first_on, min(as_of, person.left_on or as_of)):
        hall = person.hall_on(on)
        if on > leave.last_on and hall is not None and is_working(facts, hall, on):
            return on
    return None
