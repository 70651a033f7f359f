"""What a terminal that lost its store asks back: its epochs, and its own lines as they were received. Only reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from scoring import tables
from sync import chain
from sync.wire import MAX_BYTES, MAX_LINES


@dataclass(frozen=True, slots=True)
class Returned:
    """Lines in order, the hash before the first and the one after the last."""

    prev: bytes
    head: bytes
    lines: Sequence[bytes]


def epochs_of(connection: Connection, origin: str) -> list[dict[str, Any]]:
    """Return `{epoch, seq, hash, forked}` of each epoch held of an origin, by name; hashes in lower-case hex."""
    query = select(tables.head).where(tables.head.c.origin == origin).order_by(tables.head.c.epoch)
    return [
        {"epoch": row.epoch, "seq": row.seq, "hash": bytes(row.hash).hex(), "forked": bool(row.forked)}
        for row in connection.execute(query)
    ]


def lines_after(connection: Connection, origin: str, epoch: str, seq: int) -> Returned | None:
    """Return as many lines after number `seq` as fit into one batch, None where there is none after it."""
    columns = tables.event.c
    where = (columns.origin == origin) & (columns.epoch == epoch)
    query = select(columns.line, columns.hash).where(where, columns.seq > seq).order_by(columns.seq).limit(MAX_LINES)
    taken: list[bytes] = []
    size, head = 0, b""
    for row in connection.execute(query):
        size += len(row.line) + 1
        if taken and size > MAX_BYTES:
            break
        taken.append(bytes(row.line))
        head = bytes(row.hash)
    if not taken:
        return None
    before = connection.scalar(select(columns.hash).where(where, columns.seq == seq))
    return Returned(bytes(before) if before is not None else chain.GENESIS, head, taken)
