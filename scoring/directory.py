"""What terminals are told of people, halls and calendars: the directory's own lines, kept in memory, by hall.

Reads the ledger from where it stopped last. Each kind of feed has a version of its own, which every line that
concerns it raises: to the millisecond in which the centre took it in, or by one where that is not more. So a centre
that was restored from a backup does not count to a version again that it had given to something else.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from sqlalchemy import bindparam, select

from scoring import tables
from scoring.store import Store
from sync.events import CENTRE, Event, parse_event, parse_instant
from sync.notices import POLICY_TYPES, RELEASE_TYPES, TASK_TYPES, TEMPLATE_TYPES

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
NOTICE_TYPES = POLICY_TYPES | TASK_TYPES | RELEASE_TYPES
DIRECTORY_TYPES = ROSTER_TYPES | SCHEDULE_TYPES | NOTICE_TYPES | TEMPLATE_TYPES | {CREDENTIAL_CHANGED}

_KINDS_OF = {
    **dict.fromkeys(ROSTER_TYPES | {CREDENTIAL_CHANGED}, ("roster",)),
    **dict.fromkeys(SCHEDULE_TYPES, ("schedule",)),
    **dict.fromkeys(POLICY_TYPES, ("policy",)),
    **dict.fromkeys(TASK_TYPES, ("tasks",)),
    **dict.fromkeys(RELEASE_TYPES, ("release",)),
    "person.assigned": ("roster", "schedule"),  # whose leave a hall is told depends on who belongs to it
}

_HEADS = select(tables.head.c.epoch, tables.head.c.seq).where(tables.head.c.origin == CENTRE)
_SINCE = (
    select(tables.event.c.position, tables.event.c.line, tables.event.c.received_at)
    .where(
        tables.event.c.origin == CENTRE,
        tables.event.c.epoch == bindparam("epoch"),
        tables.event.c.seq > bindparam("seq"),
        tables.event.c.type.in_(sorted(DIRECTORY_TYPES)),
        tables.event.c.quarantined.is_(None),
    )
    .order_by(tables.event.c.seq)
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The directory at one ledger position: `events` in the order of the ledger, `versions` of each (kind, origin).

    The origin is empty for what concerns all terminals, and the recipient's for sealed templates.
    """

    versions: Mapping[tuple[str, str], int]
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

    def version_of(self, kind: str, origin: str) -> int:
        """Return the version of a kind for a terminal, 0 where the ledger says nothing of it yet."""
        return self.versions.get((kind, origin if kind == "templates" else ""), 0)

    def policy_of(self, hall: str) -> list[Event]:
        """Return the overlays, the last of each day, and the last word on each setting, the hall's own among them."""
        said = (event for event in self.events if event.type in POLICY_TYPES and event.data.get("hall") in {None, hall})
        return _newest(said, lambda event: (event.type, *(event.data.get(key) for key in ("from", "name", "hall"))))

    def tasks_of(self, hall: str) -> list[Event]:
        """Return the tasks of the hall that are still open."""
        closed = {event.data["task"] for event in self.events if event.type == "task.closed"}
        opened = [event for event in self.events if event.type == "task.opened" and event.data["hall"] == hall]
        return [event for event in opened if event.data["task"] not in closed]

    def releases(self) -> list[Event]:
        """Return the newest release of each ring."""
        return _newest((e for e in self.events if e.type in RELEASE_TYPES), lambda event: event.data["ring"])

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


def _newest(events: Iterable[Event], key_of: Callable[[Event], object]) -> list[Event]:
    """Return the last event of each key, in the order in which the keys first came."""
    return list({key_of(event): event for event in events}.values())


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
    """The directory of one store, brought up to date whenever it is asked for after an act of the centre."""

    store: Store
    _acts_seen: int = -1
    _scanned_to: dict[str, int] = field(default_factory=dict)
    _snapshot: Snapshot = field(default_factory=lambda: Snapshot({}, (), {}, {}))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def snapshot(self) -> Snapshot:
        """Return the directory as committed now."""
        with self._lock:
            acts_committed = self.store.acts_committed
            if acts_committed != self._acts_seen:
                fresh = self._fresh()
                if fresh:
                    self._snapshot = _grown(self._snapshot, fresh)
                self._acts_seen = acts_committed
            return self._snapshot

    def _fresh(self) -> list[_Line]:
        """Return the new lines in order. The centre's own are read by number, as its index has them."""
        fresh: list[_Line] = []
        with self.store.reading() as connection:
            for head in connection.execute(_HEADS).all():
                since = {"epoch": head.epoch, "seq": self._scanned_to.get(head.epoch, 0)}
                rows = connection.execute(_SINCE, since)
                fresh += [_Line(row.position, parse_event(bytes(row.line)), row.received_at) for row in rows]
                self._scanned_to[head.epoch] = head.seq
        return sorted(fresh, key=lambda each: each.position)


class _Line(NamedTuple):
    position: int
    event: Event
    received_at: str


def _grown(before: Snapshot, fresh: Iterable[_Line]) -> Snapshot:
    versions, kept = dict(before.versions), list(before.events)
    for line in fresh:
        received_ms = int(parse_instant(line.received_at).timestamp() * 1000)
        for key in _versions_raised(line.event):
            versions[key] = max(versions.get(key, 0) + 1, received_ms)
        if line.event.type not in TEMPLATE_TYPES:
            kept.append(line.event)
    by_hall: dict[str, set[str]] = {}
    parents: dict[str, str] = {}
    for event in kept:
        if event.type == "person.assigned":
            by_hall.setdefault(event.data["hall"], set()).add(event.data["person"])
        elif event.type == "hall.opened" and event.data.get("parent"):
            parents[event.data["hall"]] = event.data["parent"]
    return Snapshot(versions, tuple(kept), {hall: frozenset(people) for hall, people in by_hall.items()}, parents)


def _versions_raised(event: Event) -> list[tuple[str, str]]:
    if event.type in TEMPLATE_TYPES:
        return [("templates", event.data["recipient"])]
    return [(kind, "") for kind in _KINDS_OF[event.type]]
