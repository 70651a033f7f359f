"""The ledger as facts, kept up to date in memory: lines that count enter once, `Facts` leave. Judges nothing.

A projection only: thrown away at every start, and made again from the lines.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from sqlalchemy import select

from rules.facts import Facts, gather
from scoring import tables
from scoring.directory import CREDENTIAL_CHANGED
from scoring.store import Store
from sync.events import Event, parse_event


@dataclass(slots=True)
class Projection:
    """The facts of one store. `current` reads what was committed since it was asked last."""

    store: Store
    _events: list[Event] = field(default_factory=list)
    _scanned_to: int = 0
    _facts: Facts | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def current(self) -> Facts:
        """Return the facts of every committed line that is not quarantined."""
        with self._lock:
            if self._read_on() or self._facts is None:
                self._facts = gather(self._events)
            return self._facts

    def _read_on(self) -> bool:
        columns = tables.event.c
        query = select(columns.position, columns.type, columns.line).where(
            columns.position > self._scanned_to, columns.quarantined.is_(None)
        )
        before = len(self._events)
        with self.store.reading() as connection:
            for row in connection.execute(query.order_by(columns.position)):
                self._scanned_to = row.position
                if row.type != CREDENTIAL_CHANGED:  # moves the rosters' version; nobody's score
                    self._events.append(parse_event(bytes(row.line)))
        return len(self._events) > before
