"""What travels beside the ledger and can be erased: sealed bytes enter, named by their hash, and lie in a folder.

A row says of each file whose it is; the file is durable before the row, and the row says "erased" before the file goes.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update

from scoring import tables
from scoring.store import Store
from sync.events import instant_text
from sync.keys import sync_folder, write_secret

MAX_BYTES = 2 * 1024 * 1024
MAX_BYTES_EACH_TERMINAL = 512 * 1024 * 1024

_ROW = tables.attachment.c


class Kept(Enum):
    """What became of an attachment that a terminal sends."""

    NEW = "new"
    HELD = "held"
    ERASED = "erased"
    TOO_MANY = "too many"


@dataclass(frozen=True, slots=True)
class Attachments:
    """The erasable store of one centre: a table and a folder that nobody else may read."""

    store: Store
    folder: Path

    def keep(self, origin: str, digest: str, sealed: bytes, now: datetime) -> Kept:
        """Keep sealed bytes whose SHA-256 is `digest`, durably; an erased one stays erased."""
        with self.store.reading() as connection:
            known = _row(connection, digest)
            if known is None and _held_bytes(connection, origin) + len(sealed) > MAX_BYTES_EACH_TERMINAL:
                return Kept.TOO_MANY
        if known is not None and known.erased_at is not None:
            return Kept.ERASED
        if known is not None and self._path(digest).exists():
            return Kept.HELD
        write_secret(self._path(digest), sealed)
        row = {"origin": origin, "size": len(sealed), "received_at": instant_text(now)}
        with self.store.writing() as connection:
            known = _row(connection, digest)
            if known is None:
                connection.execute(insert(tables.attachment).values(sha256=digest, **row))
        if known is not None and known.erased_at is not None:  # erased meanwhile
            self._remove(digest)
            return Kept.ERASED
        return Kept.NEW

    def sealed(self, digest: str) -> tuple[str, bytes] | None:
        """Return (origin, sealed bytes) of an attachment, None where there is none or it was erased."""
        with self.store.reading() as connection:
            known = _row(connection, digest)
        if known is None or known.erased_at is not None or not self._path(digest).exists():
            return None
        return known.origin, self._path(digest).read_bytes()

    def mark_erased(self, connection: Connection, digest: str, now: datetime) -> str | None:
        """Note within the caller's transaction that an attachment is to go; return its origin, None for none."""
        known = _row(connection, digest)
        if known is None or known.erased_at is not None:
            return None
        where = _ROW.sha256 == digest
        connection.execute(update(tables.attachment).where(where).values(erased_at=instant_text(now)))
        return str(known.origin)

    def sweep(self) -> None:
        """Remove the files of what was erased: after an erasure, and at each start for what a crash left."""
        with self.store.reading() as connection:
            erased = connection.scalars(select(_ROW.sha256).where(_ROW.erased_at.is_not(None))).all()
        for digest in erased:
            self._remove(digest)

    def _path(self, digest: str) -> Path:
        return self.folder / digest[:2] / digest

    def _remove(self, digest: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._path(digest).unlink()
            sync_folder(self._path(digest).parent)


def _row(connection: Connection, digest: str) -> Row[Any] | None:
    return connection.execute(select(tables.attachment).where(_ROW.sha256 == digest)).first()


def _held_bytes(connection: Connection, origin: str) -> int:
    query = select(func.coalesce(func.sum(_ROW.size), 0)).where(_ROW.origin == origin, _ROW.erased_at.is_(None))
    return int(connection.scalar(query) or 0)
