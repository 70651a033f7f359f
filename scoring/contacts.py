"""When each terminal was last heard and how it was, kept in memory and written in groups: nobody's pay hangs on it.

Heartbeats enter; at most one write in some seconds leaves, whoever's heartbeat falls due. What a crash takes away,
the next heartbeat says again. What decides (`terminal.reported`) never comes this way.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from scoring import registry
from scoring.store import Store

WRITTEN_EVERY = timedelta(seconds=5)


@dataclass(slots=True)
class Contacts:
    """The newest words of the terminals of one store. Any thread may call."""

    store: Store
    _fresh: dict[str, tuple[datetime, Mapping[str, Any]]] = field(default_factory=dict)
    _written_at: datetime | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, origin: str, at: datetime, health: Mapping[str, Any]) -> None:
        """Note that a terminal was heard, and write all that is new where the last writing is 5 s ago."""
        with self._lock:
            self._fresh[origin] = (at, health)
            due = self._written_at is None or not timedelta(0) <= at - self._written_at < WRITTEN_EVERY
            if due:
                self._written_at = at
        if due:
            self.write()

    def write(self) -> None:
        """Write what is new in one transaction; what the store refuses is kept for the next time and raised."""
        with self._lock:
            taken, self._fresh = self._fresh, {}
        try:
            with self.store.writing() as connection:
                registry.note_contacts(connection, taken)
        except BaseException:
            with self._lock:
                self._fresh = {**taken, **self._fresh}
            raise

    def freshened(self, terminals: Iterable[registry.Terminal]) -> list[registry.Terminal]:
        """Return terminals as read from the store, with what was heard of them since."""
        with self._lock:
            fresh = dict(self._fresh)
        return [_freshened(terminal, fresh.get(terminal.origin)) for terminal in terminals]


def _freshened(terminal: registry.Terminal, heard: tuple[datetime, Mapping[str, Any]] | None) -> registry.Terminal:
    return replace(terminal, contact_at=heard[0], health=heard[1]) if heard is not None else terminal
