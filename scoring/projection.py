"""The ledger as facts, kept up to date in memory: lines that count enter once, `Facts` leave. Judges nothing.

A projection only: thrown away at every start, and made again from the lines.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from rules.facts import Facts
from rules.increments import GrowingFacts
from scoring import tables
from scoring.directory import CREDENTIAL_CHANGED
from scoring.store import Store
from sync.events import parse_events

_ROWS_AT_A_TIME = 1000


@dataclass(slots=True)
class Projection:
    """The facts of one store. `current` reads what was committed since it was asked last."""

    store: Store
    _growing: GrowingFacts | None = None
    _scanned_to: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def current(self) -> Facts:
        """Return the facts of every committed line that is not quarantined."""
        with self._lock, self.store.reading() as connection:
            fresh = parse_events(self._new_lines(connection))
            if self._growing is None:
                self._growing = GrowingFacts(fresh)
            elif news := list(fresh):
                self._growing.add_all(news)
            return self._growing.facts

    def _new_lines(self, connection: Connection) -> Iterator[bytes]:
        columns = tables.event.c
        query = select(columns.position, columns.type, columns.line).where(
            columns.position > self._scanned_to, columns.quarantined.is_(None)
        )
        rows = connection.execution_options(yield_per=_ROWS_AT_A_TIME).execute(query.order_by(columns.position))
        for row in rows:
            self._scanned_to = row.position
            if row.type != CREDENTIAL_CHANGED:  # moves the rosters' version; nobody's score
                yield bytes(row.line)
