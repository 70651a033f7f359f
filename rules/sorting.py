"""Sets aside what cannot be believed. Events enter; the typed ones with an effect leave, and the refused.

An event that names a hall which does not exist is neither: it has no effect. What the events mean for anybody
is not asked here, nor whether a finding fits its clause.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, datetime
from typing import Any, NamedTuple

from rules.records import Assignment, hall_of
from sync.errors import SyncError
from sync.events import CENTRE, COUNTY_TIME, Event
from sync.schema import PAYLOADS, is_ignored, payload_of, terminal_may_emit

_EDGES_OF_TIME = (MINYEAR, MAXYEAR)


class Said(NamedTuple):
    """An event and its payload, the Struct of its type."""

    event: Event
    payload: Any


@dataclass(frozen=True)
class Sorted:
    """The events with an effect, by type, and the reason of each refused one by its id."""

    by_type: dict[str, list[Said]]
    refused: dict[str, str]

    def of(self, *types: str) -> list[Said]:
        """Return the events of these types, the one that wins last: by `occurred_at`, then by seq."""
        return sorted((said for type_ in types for said in self.by_type.get(type_, ())), key=_when_said)

    def unordered(self, type_: str) -> list[Said]:
        """Return the events of one type as they came, where order decides nothing."""
        return self.by_type.get(type_, [])

    def refuse(self, said: Said, reason: str) -> None:
        """Note that an event is not believed after all."""
        self.refused[said.event.id] = f"{said.event.type}: {reason}"


def sort_out(events: Iterable[Event]) -> Sorted:
    """Return the events by type, each id once, less the refused and those of halls that do not exist."""
    found = _typed(events)
    registered = {said.payload.person for said in found.unordered("person.registered")}
    _keep(found, "person", lambda said: _all_registered(found, said, (said.payload.person,), registered))
    _keep(found, "good", lambda said: _all_registered(found, said, said.payload.good or (), registered))
    opened = {said.payload.hall for said in found.unordered("hall.opened")}
    _keep(found, "hall", lambda said: said.payload.hall is None or said.payload.hall in opened)
    _refuse_other_halls(found)
    return found


def _typed(events: Iterable[Event]) -> Sorted:
    by_type: defaultdict[str, list[Said]] = defaultdict(list)
    found = Sorted(by_type, {})
    seen: set[str] = set()
    for event in events:
        if event.id in seen:
            continue
        seen.add(event.id)
        try:
            if _is_readable(event):
                said = Said(event, payload_of(event))
                by_type[event.type].append(said)
        except (SyncError, OverflowError) as error:
            found.refused[event.id] = str(error)
    return found


def _is_readable(event: Event) -> bool:
    """Return whether the event has a payload that a replay reads; raise where it may not be believed."""
    if event.origin != CENTRE and not terminal_may_emit(event.type):
        raise SyncError(f"a terminal may not say {event.type}")
    if event.occurred_at.year in _EDGES_OF_TIME:
        raise OverflowError(f"{event.type}: occurred_at is outside the calendar")
    return event.type in PAYLOADS or not is_ignored(event.type)


def _when_said(said: Said) -> tuple[datetime, int, str, str]:
    event = said.event
    return event.occurred_at, event.seq, event.epoch, event.id


def _keep(found: Sorted, field: str, wanted: Callable[[Said], bool]) -> None:
    for type_, said in found.by_type.items():
        if field in PAYLOADS[type_].__struct_fields__:
            found.by_type[type_] = [each for each in said if wanted(each)]


def _all_registered(found: Sorted, said: Said, persons: Iterable[str | None], registered: set[str]) -> bool:
    for person in persons:
        if person is not None and person not in registered:
            found.refuse(said, f"person {person} was never registered")
            return False
    return True


def terminal_assignments(found: Sorted) -> dict[str, tuple[Assignment, ...]]:
    """Return each terminal's halls, in order of the dates from which it serves them."""
    by_terminal: defaultdict[str, dict[Any, Assignment]] = defaultdict(dict)
    for _, said in found.of("terminal.assigned"):
        by_terminal[said.terminal][said.from_on] = Assignment(said.from_on, said.hall)
    return {terminal: tuple(by_day[on] for on in sorted(by_day)) for terminal, by_day in by_terminal.items()}


def _refuse_other_halls(found: Sorted) -> None:
    """Refuse what a terminal says of a hall it does not serve; one never assigned anywhere is believed."""
    assignments = terminal_assignments(found)
    hall_by_name = {("punch.withdrawn", each.event.id): each.payload.hall for each in found.unordered("punch")}
    for each in found.unordered("rating.requested"):
        hall_by_name["rating.lapsed", each.payload.visit] = each.payload.hall

    def is_own(said: Said) -> bool:
        own = assignments.get(said.event.origin, ())
        hall = _hall_spoken_of(said, hall_by_name)
        if hall is None or all(assignment.hall == hall for assignment in own):
            return True
        serves = hall_of(own, said.event.occurred_at.astimezone(COUNTY_TIME).date())
        if serves is None or serves == hall:
            return True
        found.refuse(said, f"terminal {said.event.origin} serves hall {serves}, not {hall}")
        return False

    for type_ in filter(terminal_may_emit, found.by_type):
        found.by_type[type_] = [each for each in found.by_type[type_] if is_own(each)]


def _hall_spoken_of(said: Said, hall_by_name: dict[tuple[str, str], str]) -> str | None:
    type_ = said.event.type
    if type_ == "punch.withdrawn":
        return hall_by_name.get((type_, said.payload.punch))
    if type_ == "rating.lapsed":
        return hall_by_name.get((type_, said.payload.visit))
    hall: str = said.payload.hall
    return hall
