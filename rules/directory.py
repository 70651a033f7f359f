"""Who and what there is: people, halls, shifts, days, terminals. Sorted events enter, records leave.

Where two events set the same thing, the later one wins. Punches and points are not known here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from typing import TypeVar

from rules.records import (
    Assignment,
    CalendarDay,
    Certificate,
    Hall,
    Investigation,
    Person,
    Session,
    Shift,
    Terminal,
    since_midnight_us,
)
from rules.sorting import Said, Sorted, terminal_assignments
from sync.schema import ShiftSession, ShiftSet

R = TypeVar("R")


def persons(found: Sorted) -> dict[str, Person]:
    """Return everybody ever registered, by id."""
    registered = {said.person: said for said in found.payloads("person.registered")}
    assignments = _assignments(found)
    left_on = {said.person: said.on for said in found.payloads("person.left")}
    certificates = _certificates(found)
    investigations = _investigations(found)
    return {
        id_: Person(
            id=id_,
            name=said.name,
            job_number=str(said.job_number),
            hired_on=said.hired_on,
            education=said.education,
            probation_until=said.probation_until,
            filed_on=said.filed_on,
            assignments=assignments.get(id_, ()),
            left_on=left_on.get(id_),
            certificates=certificates.get(id_, ()),
            investigations=investigations.get(id_, ()),
        )
        for id_, said in registered.items()
    }


def halls(found: Sorted) -> dict[str, Hall]:
    """Return every hall ever opened, by id."""
    return {said.hall: Hall(said.hall, said.name, said.level, said.parent) for said in found.payloads("hall.opened")}


def shifts(found: Sorted) -> dict[str, tuple[Shift, ...]]:
    """Return each hall's shifts, in order of the dates from which they are in force."""
    by_hall: defaultdict[str, dict[date, Shift]] = defaultdict(dict)
    for said in found.payloads("shift.set"):
        by_hall[said.hall][said.from_on] = Shift(said.from_on, frozenset(said.weekdays), _sessions(said))
    return _in_order(by_hall)


def calendar_days(found: Sorted) -> dict[tuple[str | None, date], CalendarDay]:
    """Return what the county decided about days, by hall (None is every hall) and day."""
    return {(said.hall, said.on): CalendarDay(said.working, said.name) for said in found.payloads("calendar.day")}


def terminals_by_hall(found: Sorted) -> dict[str, tuple[Terminal, ...]]:
    """Return the terminals that ever served a hall, by that hall, in order of their ids."""
    retired_on = {said.terminal: said.on for said in found.payloads("terminal.retired")}
    reported: dict[str, datetime] = {}
    for said in found.payloads("terminal.reported"):
        reported[said.terminal] = max(said.through, reported.get(said.terminal, said.through))
    by_hall: defaultdict[str, list[Terminal]] = defaultdict(list)
    for id_, assigned in sorted(terminal_assignments(found).items()):
        terminal = Terminal(id_, assigned, retired_on.get(id_), reported.get(id_))
        for hall in {assignment.hall for assignment in assigned}:
            by_hall[hall].append(terminal)
    return {hall: tuple(group) for hall, group in by_hall.items()}


def _sessions(said: ShiftSet) -> tuple[Session, ...]:
    sessions = (_session(each) for each in said.sessions)
    return tuple(sorted(sessions, key=lambda session: (session.start_us, session.end_us)))


def _session(said: ShiftSession) -> Session:
    starts_at, ends_at = time.fromisoformat(said.start), time.fromisoformat(said.end)
    return Session(said.name, starts_at, ends_at, since_midnight_us(starts_at), since_midnight_us(ends_at))


def _assignments(found: Sorted) -> dict[str, tuple[Assignment, ...]]:
    by_person: defaultdict[str, dict[date, Assignment]] = defaultdict(dict)
    for said in found.payloads("person.assigned"):
        window = None if said.window is None else str(said.window)
        by_person[said.person][said.from_on] = Assignment(said.from_on, said.hall, window)
    return _in_order(by_person)


def _certificates(found: Sorted) -> dict[str, tuple[Certificate, ...]]:
    """Return everybody's certificates; one recorded again with another date is a renewal, and both count."""
    by_person: defaultdict[str, set[tuple[date, int]]] = defaultdict(set)
    for said in found.payloads("certificate.recorded"):
        by_person[said.person].add((said.issued_on, said.grade))
    return {
        person: tuple(Certificate(grade, issued_on) for issued_on, grade in sorted(held))
        for person, held in by_person.items()
    }


def _investigations(found: Sorted) -> dict[str, tuple[Investigation, ...]]:
    by_person: defaultdict[str, list[Said]] = defaultdict(list)
    for each in found.of("investigation.opened", "investigation.closed"):
        by_person[each.payload.person].append(each)
    return {person: _one_at_a_time(group) for person, group in by_person.items()}


def _one_at_a_time(said: Iterable[Said]) -> tuple[Investigation, ...]:
    """Return the investigations in order; what is open is not opened again, nor closed what is not."""
    opened_on: date | None = None
    done: list[Investigation] = []
    for each in sorted(said, key=lambda each: each.payload.on):
        if each.type == "investigation.opened":
            opened_on = opened_on or each.payload.on
        elif opened_on is not None:
            done.append(Investigation(opened_on, each.payload.on))
            opened_on = None
    return (*done, Investigation(opened_on, None)) if opened_on else tuple(done)


def _in_order(groups: Mapping[str, Mapping[date, R]]) -> dict[str, tuple[R, ...]]:
    return {key: tuple(group[on] for on in sorted(group)) for key, group in groups.items()}
