"""Lifts a terminal's feed above what it holds already, after the centre was restored from an older backup.

What a terminal says that it holds enters, versions leave. Each terminal is lifted for itself: one that lies harms
nobody else.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import insert, select, update

from scoring import tables
from scoring.store import Store

_LIFT = tables.feed_lift.c


@dataclass(slots=True)
class Lifts:
    """By how much the versions of each terminal stand above the ledger's; kept in the store, read once."""

    store: Store
    _by: dict[tuple[str, str], int] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, origin: str, kind: str) -> int:
        """Return by how much a kind's version is lifted for a terminal, 0 as a rule."""
        with self._lock:
            return self._known().get((origin, kind), 0)

    def lift(self, origin: str, natural: Mapping[str, int], held: Mapping[str, int]) -> list[str]:
        """Return the kinds of which the terminal holds more than it would be told, now lifted above it for good.

        `natural` are the ledger's own versions, `held` those that the terminal states.
        """
        with self._lock:
            known = self._known()
            behind = {
                kind: version + 1 - natural[kind]
                for kind, version in held.items()
                if kind in natural and version > natural[kind] + known.get((origin, kind), 0)
            }
            for kind, lifted_by in behind.items():
                self._keep(origin, kind, lifted_by)
                known[origin, kind] = lifted_by
        return sorted(behind)

    def _keep(self, origin: str, kind: str, lifted_by: int) -> None:
        where = (_LIFT.origin == origin) & (_LIFT.kind == kind)
        with self.store.writing() as connection:
            done = connection.execute(update(tables.feed_lift).where(where).values(lifted_by=lifted_by))
            if done.rowcount == 0:
                connection.execute(insert(tables.feed_lift).values(origin=origin, kind=kind, lifted_by=lifted_by))

    def _known(self) -> dict[tuple[str, str], int]:
        if self._by is None:
            with self.store.reading() as connection:
                rows = connection.execute(select(tables.feed_lift)).all()
            self._by = {(row.origin, row.kind): row.lifted_by for row in rows}
        return self._by
