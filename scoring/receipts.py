"""A receipt: that one event stands in the ledger, with the proof that leads from it to a signed checkpoint. Only reads.

Of a rating the receipt shows no line, no time and no place: only its leaf, from which nothing can be read, and which
whoever holds the line can compute again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, select

from scoring import tables, tiles
from scoring.checkpoints import checkpoint_of
from scoring.errors import StoreAlteredError
from scoring.store import Store
from sync import chain, merkle
from sync.checkpoint import Checkpoint, line_leaf

_EVENT, _CHECKPOINT = tables.event.c, tables.checkpoint.c
_RATING = "rating."


@dataclass(frozen=True, slots=True)
class Receipt:
    """One event's receipt. `proof` leads from leaf `index` (from 0) to `checkpoint.log_root`, lowest first."""

    event_id: str
    is_rating: bool
    row: Row[Any]
    previous: bytes
    leaf: bytes
    index: int
    proof: tuple[bytes, ...]
    checkpoint: Checkpoint

    def as_json(self, server_key: str) -> dict[str, Any]:
        """Return the receipt as it is handed out; `server_key` is the centre's public key, for comparison only."""
        row = self.row
        shown = {
            "line": bytes(row.line).decode(),
            "previous": self.previous.hex(),
            "hash": bytes(row.hash).hex(),
            "origin": row.origin,
            "epoch": row.epoch,
            "seq": row.seq,
            "received_at": row.received_at,
            "counts": row.quarantined is None,
        }
        return {
            "v": 1,
            "event": self.event_id,
            **({"leaf": self.leaf.hex()} if self.is_rating else shown),
            "index": self.index,
            "proof": [step.hex() for step in self.proof],
            "checkpoint": self.checkpoint.as_json(),
            "server_key": server_key,
        }


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event that is in the ledger, but arrived after the newest checkpoint."""

    is_rating: bool


def receipt_of(store: Store, event_id: str) -> Receipt | Waiting | None:
    """Return an event's receipt under the first checkpoint that covers it, None where no line has this id.

    Of several lines with one id, the one that counts. StoreAlteredError where the line is no longer what was signed.
    """
    with store.reading() as connection:
        first = (_EVENT.quarantined.is_not(None), _EVENT.position)
        row = connection.execute(select(tables.event).where(_EVENT.id == event_id).order_by(*first).limit(1)).first()
        if row is None:
            return None
        is_rating = (row.type or "").startswith(_RATING)
        covering = _checkpoint_row(connection, row.position)
        return _proven(connection, row, covering, is_rating=is_rating) if covering is not None else Waiting(is_rating)


def _checkpoint_row(connection: Connection, position: int) -> Row[Any] | None:
    covers = select(tables.checkpoint).where(_CHECKPOINT.position >= position).order_by(_CHECKPOINT.number).limit(1)
    return connection.execute(covers).first()


def _proven(connection: Connection, row: Row[Any], covering: Row[Any], *, is_rating: bool) -> Receipt:
    found = checkpoint_of(covering)
    index = _index(connection, row.position, found.number - 1)
    counts = row.quarantined is None
    leaf = line_leaf(row.origin, row.epoch, row.seq, bytes(row.hash), row.received_at, counts=counts)
    proof = tuple(merkle.inclusion_proof(index, found.lines, tiles.stored_nodes(connection)))
    previous = _hash_before(connection, row)
    holds = merkle.verify_inclusion(leaf, index, found.lines, proof, bytes.fromhex(found.log_root))
    if not holds or chain.link(previous, bytes(row.line)) != bytes(row.hash):
        raise StoreAlteredError(f"{row.id} is no longer what checkpoint {found.number} covers: run verify")
    return Receipt(row.id, is_rating, row, previous, leaf, index, proof, found)


def _index(connection: Connection, position: int, number_before: int) -> int:
    """Return which leaf the line at a position is: as many stand before it as the checkpoint before and since."""
    columns = (_CHECKPOINT.lines, _CHECKPOINT.position)
    before = connection.execute(select(*columns).where(_CHECKPOINT.number == number_before)).first()
    lines, after = (before.lines, before.position) if before is not None else (0, 0)
    since = (_EVENT.position > after) & (_EVENT.position < position)
    return int(lines) + int(connection.scalar(select(func.count()).select_from(tables.event).where(since)) or 0)


def _hash_before(connection: Connection, row: Row[Any]) -> bytes:
    where = (_EVENT.origin == row.origin) & (_EVENT.epoch == row.epoch) & (_EVENT.seq == row.seq - 1)
    found = connection.scalar(select(_EVENT.hash).where(where))
    return bytes(found) if found is not None else chain.GENESIS
