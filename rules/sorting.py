"""Sets aside what cannot be believed. Events enter; the typed ones with an effect leave, and the refused.

An event that names a hall which does not exist is neither: it has no effect. What the events mean for anybody
is not asked here, nor whether a finding fits its clause.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR, datetime
from typing import Any

from msgspec import Struct

from rules.records import Assignment, hall_of
from sync.errors import SyncError
from sync.events import CENTRE, COUNTY_TIME, Event
from sync.schema import PAYLOADS, is_ignored, payload_of, terminal_may_emit

_EDGES_OF_TIME = (MINYEAR, MAXYEAR)


class Said(Struct, frozen=True, gc=False):
    """What an event says: of its envelope what a replay needs, and its payload, the Struct of its type."""

    id: str
    origin: str
    epoch: str
    seq: int
    type: str
    occurred_at: datetime
    uncertainty_ms: int
    payload: Any


@dataclass(frozen=True)
class Sorted:
    """The events with an effect, by type, and the reason of each refused one by its id."""

    by_type: dict[str, list[Said]]
    refused: dict[str, str]

    def of(self, *types: str) -> list[Said]:
        """Return the events of these types, the one that wins last: by `occurred_at`, then by seq."""
        return sorted((said for type_ in types for said in self.by_type.get(type_, ())), key=_when_said)

    def payloads(self, type_: str) -> list[Any]:
        """Return what the events of one type say, the one that wins last."""
        return [said.payload for said in self.of(type_)]

    def unordered(self, type_: str) -> list[Said]:
        """Return the events of one type as they came, where order decides nothing."""
        return self.by_type.get(type_, [])

    def refuse(self, said: Said, reason: str) -> None:
        """Note that an event is not believed after all."""
        self.refused[said.id] = f"{said.type}: {reason}"


def sort_out(events: Iterable[Event]) -> Sorted:
    """Return the events by type, each id once, less the refused and those of halls that do not exist."""
    found = _typed(events)
    registered = {said.payload.person for said in found.unordered("person.registered")}
    opened = {said.payload.hall for said in found.unordered("hall.opened")}
    for type_ in found.by_type:
        found.by_type[type_] = _with_known_names(found, type_, registered | {None}, opened | {None})
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
                said = _said(event)
                by_type[event.type].append(said)
        except (SyncError, OverflowError) as error:
            found.refused[event.id] = str(error)
    return found


def _said(event: Event) -> Said:
    return Said(
        event.id,
        event.origin,
        event.epoch,
        event.seq,
        event.type,
        event.occurred_at,
        event.clock.uncertainty_ms if event.clock else 0,
        payload_of(event),
    )


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
    found: Sorted, type_: str, registered: AbstractSet[str | None], opened: AbstractSet[str | None]
) -> list[Said]:
    """Return the events of a type, less those of halls that do not exist; refuse those of unknown people."""
    said, fields = found.by_type[type_], PAYLOADS[type_].__struct_fields__
    if "person" in fields:
        said = [each for each in said if each.payload.person in registered or _refuse_stranger(found, each, registered)]
    if "good" in fields:
        said = [
            each
            for each in said
            if registered >= set(each.payload.good or ()) or _refuse_stranger(found, each, registered)
        ]
    if "hall" in fields:
        said = [each for each in said if each.payload.hall in opened]
    return said


def _refuse_stranger(found: Sorted, said: Said, registered: AbstractSet[str | None]) -> bool:
    """Refuse an event for the first person of whom it speaks that was never registered; return False."""
    persons = said.payload.good if said.type == "month.closed" else [said.payload.person]
    stranger = next(person for person in persons if person not in registered)
    found.refuse(said, f"person {stranger} was never registered")
    return False


def terminal_assignments(found: Sorted) -> dict[str, tuple[Assignment, ...]]:
    """Return each terminal's halls, in order of the dates from which it serves them."""
    by_terminal: defaultdict[str, dict[Any, Assignment]] = defaultdict(dict)
    for said in found.payloads("terminal.assigned"):
        by_terminal[said.terminal][said.from_on] = Assignment(said.from_on, said.hall)
    return {terminal: tuple(by_day[on] for on in sorted(by_day)) for terminal, by_day in by_terminal.items()}


def _refuse_other_halls(found: Sorted) -> None:
    """Refuse what a terminal says of a hall it does not serve; one never assigned anywhere is believed."""
    assignments = terminal_assignments(found)
    only_halls = {(terminal, own[0].hall) for terminal, own in assignments.items() if len(own) == 1}
    hall_by_name = _halls_by_name(found)

    def is_own(said: Said) -> bool:
        own = assignments.get(said.origin, ())
        hall = _hall_spoken_of(said, hall_by_name)
        if hall is None or all(assignment.hall == hall for assignment in own):
            return True
        serves = hall_of(own, said.occurred_at.astimezone(COUNTY_TIME).date())
        if serves is None or serves == hall:
            return True
        found.refuse(said, f"terminal {said.origin} serves hall {serves}, not {hall}")
        return False

    for type_ in filter(terminal_may_emit, found.by_type):
        said = found.by_type[type_]
        if "hall" in PAYLOADS[type_].__struct_fields__:
            said = [each for each in said if (each.origin, each.payload.hall) in only_halls or is_own(each)]
        else:
            said = [each for each in said if is_own(each)]
        found.by_type[type_] = said


def _halls_by_name(found: Sorted) -> dict[tuple[str, str], str]:
    """Return the hall of each punch and visit that is taken back or lapsed."""
    withdrawn = {said.payload.punch for said in found.unordered("punch.withdrawn")}
    lapsed = {said.payload.visit for said in found.unordered("rating.lapsed")}
    halls: dict[tuple[str, str], str] = {}
    if withdrawn:
        punches = (said for said in found.unordered("punch") if said.id in withdrawn)
        halls.update((("punch.withdrawn", said.id), said.payload.hall) for said in punches)
    if lapsed:
        visits = (said for said in found.unordered("rating.requested") if said.payload.visit in lapsed)
        halls.update((("rating.lapsed", said.payload.visit), said.payload.hall) for said in visits)
    return halls


def _hall_spoken_of(said: Said, hall_by_name: dict[tuple[str, str], str]) -> str | None:
    if said.type == "punch.withdrawn":
        return hall_by_name.get((said.type, said.payload.punch))
    if said.type == "rating.lapsed":
        return hall_by_name.get((said.type, said.payload.visit))
    hall: str = said.payload.hall
    return hall
