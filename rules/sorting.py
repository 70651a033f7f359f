"""Sets aside what cannot be believed. Events enter; the typed ones with an effect leave, and the refused.

An event that names a hall which does not exist is neither: it has no effect. What the events mean for anybody
is not asked here, nor whether a finding fits its clause.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import MAXYEAR, MINYEAR, datetime
from sys import intern
from typing import Any, NamedTuple

from msgspec import Struct

from rules.records import Assignment, Punch, hall_of
from sync.errors import SyncError
from sync.events import CENTRE, Event, payload_of
from sync.instants import COUNTY_TIME, in_county_time
from sync.schema import PAYLOADS
from sync.speakers import is_ignored, terminal_may_emit

_EDGES_OF_TIME = (MINYEAR, MAXYEAR)
_PUNCH = "punch"
_OF_TERMINALS = frozenset(filter(terminal_may_emit, PAYLOADS))


class Said(Struct, frozen=True, gc=False):
    """What an event says: of its envelope what a replay needs, and its payload, the Struct of its type."""

    id: str
    origin: str
    epoch: str
    seq: int
    type: str
    occurred_at: datetime
    payload: Any


@dataclass
class Sorted:
    """The events with an effect, by type, and the reason of each refused one by its id.

    Of the punches, by far the most, only the records are kept.
    """

    by_type: dict[str, list[Said]] = field(default_factory=lambda: defaultdict(list))
    refused: dict[str, str] = field(default_factory=dict)
    punches: list[Punch] = field(default_factory=list)

    def of(self, *types: str) -> list[Said]:
        """Return the events of these types, the one that wins last: by `occurred_at`, then by seq."""
        return sorted((said for type_ in types for said in self.by_type.get(type_, ())), key=_when_said)

    def payloads(self, type_: str) -> list[Any]:
        """Return what the events of one type say, the one that wins last."""
        return [said.payload for said in self.of(type_)]

    def unordered(self, type_: str) -> list[Said]:
        """Return the events of one type as they came, where order decides nothing."""
        return self.by_type.get(type_, [])

    def records(self) -> Iterator[Said | Punch]:
        """Yield every record, in no particular order."""
        yield from self.punches
        for said in self.by_type.values():
            yield from said

    def file(self, records: Iterable[Said | Punch]) -> None:
        """Take more records."""
        for record in records:
            if isinstance(record, Punch):
                self.punches.append(record)
            else:
                self.by_type[record.type].append(record)

    def refuse(self, id_: str, type_: str, reason: str) -> None:
        """Note that an event is not believed after all."""
        self.refused[id_] = f"{type_}: {reason}"


class World(NamedTuple):
    """What an event may name: people registered, halls opened, and which halls each terminal has served."""

    registered: set[str]
    opened: set[str]
    assignments: dict[str, tuple[Assignment, ...]]


def sort_out(events: Iterable[Event]) -> Sorted:
    """Return the events (each id once) by type, less the refused and those of halls that do not exist."""
    found = typed(events)
    return believed(found, world_of(found))


def typed(events: Iterable[Event]) -> Sorted:
    """Return the events by type, less those whose own words cannot be believed."""
    found = Sorted()
    by_type, punches = found.by_type, found.punches
    for event in events:
        payload = event.payload
        if (
            payload is None
            or event.occurred_at.year in _EDGES_OF_TIME
            or (event.origin != CENTRE and event.type not in _OF_TERMINALS)
        ):
            _note_fault(found, event)
        elif event.type == _PUNCH:
            punches.append(_punch(event, payload))
        else:
            by_type[event.type].append(_said(event, payload))
    return found


def world_of(found: Sorted) -> World:
    """Return what the events may name, as far as these events say it."""
    registered = {said.payload.person for said in found.unordered("person.registered")}
    opened = {said.payload.hall for said in found.unordered("hall.opened")}
    known = [said for said in found.unordered("terminal.assigned") if said.payload.hall in opened]
    return World(registered, opened, _terminal_assignments(known))


def believed(found: Sorted, world: World) -> Sorted:
    """Return the events, less those of people and halls that do not exist, and what a terminal says of other halls."""
    kept = Sorted(refused=dict(found.refused))
    registered, opened = {None, *world.registered}, {None, *world.opened}
    for type_, said in found.by_type.items():
        kept.by_type[type_] = _with_known_names(kept, type_, said, registered, opened)
    kept.punches = [
        punch
        for punch in found.punches
        if (punch.person in registered or _refuse_stranger(kept, punch.id, _PUNCH, punch.person))
        and punch.hall in opened
    ]
    _refuse_other_halls(kept, world.assignments)
    return kept


def _punch(event: Event, payload: Any) -> Punch:  # noqa: ANN401 (the Struct of its type)
    clock = event.clock
    return Punch(
        event.id,
        in_county_time(event.occurred_at),
        clock.uncertainty_ms if clock else 0,
        intern(payload.hall),
        payload.method,
        intern(event.origin),
        intern(payload.person),
    )


def _said(event: Event, payload: Struct) -> Said:
    return Said(event.id, event.origin, event.epoch, event.seq, event.type, event.occurred_at, payload)


def _note_fault(found: Sorted, event: Event) -> None:
    """Refuse an event that may not be believed; one of a known type that changes no replay passes in silence."""
    try:
        if _is_readable(event):
            payload_of(event)
    except (SyncError, OverflowError) as error:
        found.refused[event.id] = str(error)


def _is_readable(event: Event) -> bool:
    """Return whether the event has a payload that a replay reads; raise where it may not be believed."""
    if event.origin != CENTRE and not terminal_may_emit(event.type):
        raise SyncError(f"a terminal may not say {event.type}")
    if event.occurred_at.year in _EDGES_OF_TIME:
        raise OverflowError(f"{event.type}: occurred_at is outside the calendar")
    return event.type in PAYLOADS or not is_ignored(event.type)


def _when_said(said: Said) -> tuple[datetime, int, str, str]:
    return said.occurred_at, said.seq, said.epoch, said.id


def _with_known_names(
    found: Sorted, type_: str, said: list[Said], registered: AbstractSet[str | None], opened: AbstractSet[str | None]
) -> list[Said]:
    """Return the events of a type, less those of halls that do not exist; refuse those of unknown people."""
    fields = PAYLOADS[type_].__struct_fields__
    if "person" in fields:
        said = [
            each
            for each in said
            if each.payload.person in registered or _refuse_stranger(found, each.id, each.type, each.payload.person)
        ]
    if "good" in fields:
        said = [each for each in said if _chooses_known_people(found, each, registered)]
    if "hall" in fields:
        said = [each for each in said if each.payload.hall in opened]
    return said


def _refuse_stranger(found: Sorted, id_: str, type_: str, person: str) -> bool:
    """Refuse an event for a person of whom it speaks and who was never registered; return False."""
    found.refuse(id_, type_, f"person {person} was never registered")
    return False


def _chooses_known_people(found: Sorted, closed: Said, registered: AbstractSet[str | None]) -> bool:
    strangers = [person for person in closed.payload.good or () if person not in registered]
    return not strangers or _refuse_stranger(found, closed.id, closed.type, strangers[0])


def terminal_assignments(found: Sorted) -> dict[str, tuple[Assignment, ...]]:
    """Return each terminal's halls, in order of the dates from which it serves them."""
    return _terminal_assignments(found.unordered("terminal.assigned"))


def _terminal_assignments(found: Iterable[Said]) -> dict[str, tuple[Assignment, ...]]:
    by_terminal: defaultdict[str, dict[Any, Assignment]] = defaultdict(dict)
    for said in sorted(found, key=_when_said):
        assigned = said.payload
        by_terminal[assigned.terminal][assigned.from_on] = Assignment(assigned.from_on, assigned.hall)
    return {terminal: tuple(by_day[on] for on in sorted(by_day)) for terminal, by_day in by_terminal.items()}


def _refuse_other_halls(found: Sorted, assignments: Mapping[str, tuple[Assignment, ...]]) -> None:
    """Refuse what a terminal says of a hall it does not serve; one never assigned anywhere is believed."""
    only_halls = {(terminal, own[0].hall) for terminal, own in assignments.items() if len(own) == 1}
    hall_by_name = _halls_by_name(found)

    def is_own(id_: str, type_: str, origin: str, hall: str | None, at: datetime) -> bool:
        own = assignments.get(origin, ())
        if hall is None or all(assignment.hall == hall for assignment in own):
            return True
        serves = hall_of(own, at.astimezone(COUNTY_TIME).date())
        if serves is None or serves == hall:
            return True
        found.refuse(id_, type_, f"terminal {origin} serves hall {serves}, not {hall}")
        return False

    found.punches = [
        punch
        for punch in found.punches
        if (punch.origin, punch.hall) in only_halls or is_own(punch.id, _PUNCH, punch.origin, punch.hall, punch.at)
    ]
    for type_ in _OF_TERMINALS & found.by_type.keys():
        names_halls = "hall" in PAYLOADS[type_].__struct_fields__
        found.by_type[type_] = [
            said
            for said in found.by_type[type_]
            if (names_halls and (said.origin, said.payload.hall) in only_halls)
            or is_own(said.id, said.type, said.origin, _hall_spoken_of(said, hall_by_name), said.occurred_at)
        ]


def _halls_by_name(found: Sorted) -> dict[tuple[str, str], str]:
    """Return the hall of each punch and visit that is taken back or lapsed; of a visit asked for twice, the first."""
    withdrawn = {said.payload.punch for said in found.unordered("punch.withdrawn")}
    lapsed = {said.payload.visit for said in found.unordered("rating.lapsed")}
    halls: dict[tuple[str, str], str] = {}
    if withdrawn:
        halls.update((("punch.withdrawn", punch.id), punch.hall) for punch in found.punches if punch.id in withdrawn)
    if lapsed:
        visits = [said for said in found.unordered("rating.requested") if said.payload.visit in lapsed]
        for said in sorted(visits, key=_when_said):
            halls.setdefault(("rating.lapsed", said.payload.visit), said.payload.hall)
    return halls


def _hall_spoken_of(said: Said, hall_by_name: dict[tuple[str, str], str]) -> str | None:
    if said.type == "punch.withdrawn":
        return hall_by_name.get((said.type, said.payload.punch))
    if said.type == "rating.lapsed":
        return hall_by_name.get((said.type, said.payload.visit))
    hall: str = said.payload.hall
    return hall
