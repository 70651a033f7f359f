"""What terminals are told of people, halls and calendars: the directory's own lines, kept in memory, by hall.

Reads the ledger from where it stopped last; its version is the ledger position of the newest such line.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import func, select

from scoring import tables
from scoring.store import Store
from sync.events import CENTRE, Event, parse_event

CREDENTIAL_CHANGED = "credential.changed"
ROSTER_TYPES = frozenset(
    {
        "hall.opened",
        "person.registered",
        "person.assigned",
        "person.left",
        "terminal.assigned",
        "terminal.retired",
    }
)
SCHEDULE_TYPES = frozenset({"shift.set", "calendar.day", "leave.granted", "leave.closed", "explanation.accepted"})
DIRECTORY_TYPES = ROSTER_TYPES | SCHEDULE_TYPES | {CREDENTIAL_CHANGED}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The directory at one ledger position: `events` in the order of the ledger."""

    version: int
    events: tuple[Event, ...]
    people_by_hall: dict[str, frozenset[str]]
    parents: dict[str, str]

    def roster_of(self, hall: str) -> list[Event]:
        """Return the lines by which a terminal of the hall knows who belongs to it."""
        people, halls = self.people_by_hall.get(hall, frozenset()), self._with_parents(hall)
        return [event for event in self.events if event.type in ROSTER_TYPES and _concerns(event, hall, people, halls)]

    def schedule_of(self, hall: str) -> list[Event]:
        """Return the lines by which a terminal of the hall can say 正常 or 迟到 by itself."""
        people = self.people_by_hall.get(hall, frozenset())
        leaves = {e.data["leave"] for e in self.events if e.type == "leave.granted" and e.data["person"] in people}
        return [
            event for event in self.events if event.type in SCHEDULE_TYPES and _schedules(event, hall, people, leaves)
        ]

    def registered(self) -> frozenset[str]:
        """Return everybody who was ever registered."""
        return frozenset(event.data["person"] for event in self.events if event.type == "person.registered")

    def _with_parents(self, hall: str) -> set[str]:
        found: set[str] = set()
        step: str | None = hall
        while step is not None and step not in found:
            found.add(step)
            step = self.parents.get(step)
        return found


def _concerns(event: Event, hall: str, people: frozenset[str], halls: set[str]) -> bool:
    if event.type == "hall.opened":
        return event.data["hall"] in halls
    if event.type == "terminal.assigned":
        return bool(event.data["hall"] == hall)
    return event.type == "terminal.retired" or event.data["person"] in people


def _schedules(event: Event, hall: str, people: frozenset[str], leaves: set[str]) -> bool:
    if event.type == "shift.set":
        return bool(event.data["hall"] == hall)
    if event.type == "calendar.day":
        return event.data.get("hall") in {None, hall}
    if event.type == "leave.closed":
        return event.data["leave"] in leaves
    return event.data["person"] in people


@dataclass(slots=True)
class Directory:
    """The directory of one store, brought up to date whenever it is asked for."""

    store: Store
    _scanned_to: int = 0
    _snapshot: Snapshot = field(default_factory=lambda: Snapshot(0, (), {}, {}))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def snapshot(self) -> Snapshot:
        """Return the directory as committed now."""
        with self._lock:
            fresh, version = self._fresh()
            if fresh:
                self._snapshot = _snapshot(version, (*self._snapshot.events, *fresh))
            return self._snapshot

    def _fresh(self) -> tuple[list[Event], int]:
        columns = tables.event.c
        query = select(columns.position, columns.line).where(
            columns.position > self._scanned_to,
            columns.origin == CENTRE,
            columns.type.in_(sorted(DIRECTORY_TYPES)),
            columns.quarantined.is_(None),
        )
        fresh: list[Event] = []
        version = self._snapshot.version
        with self.store.reading() as connection:
            for row in connection.execute(query.order_by(columns.position)):
                version = row.position
                fresh.append(parse_event(bytes(row.line)))
            self._scanned_to = connection.scalar(select(func.max(columns.position))) or 0
        return fresh, version


def _snapshot(version: int, events: Iterable[Event]) -> Snapshot:
    kept = tuple(events)
    by_hall: dict[str, set[str]] = {}
    parents: dict[str, str] = {}
    for event in kept:
        if event.type == "person.assigned":
            by_hall.setdefault(event.data["hall"], set()).add(event.data["person"])
        elif event.type == "hall.opened" and event.data.get("parent"):
            parents[event.data["hall"]] = event.data["parent"]
    return Snapshot(version, kept, {hall: frozenset(people) for hall, people in by_hall.items()}, parents)
