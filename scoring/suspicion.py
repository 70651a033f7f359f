"""Which line was altered, where a checkpoint does not agree with the rows: a suspicion enters, a name leaves.

Two copies of what was signed lie in the database, the heads that moved and the leaves of all lines. Each counts only
where it still gives the signed root; with both gone, the lines between two checkpoints are named together. Only reads.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from scoring import tables
from scoring.checkpoints import MovedHead, unpack_heads
from scoring.errors import StoreAlteredError
from scoring.tiles import stored_leaves
from sync import chain, merkle
from sync.checkpoint import heads_root, line_leaf

Place = tuple[str, str]
"""An epoch: its origin and its name."""
Heads = Mapping[Place, tuple[int, bytes]]
"""The last line of each epoch: its number and the hash after it."""
_EVENT = tables.event.c
_ROWS_EACH = 1000


@dataclass(frozen=True, slots=True)
class Named:
    """A line that is not what was signed: its epoch, number, id (None where it is gone) and what is wrong with it."""

    place: Place
    seq: int
    id: str | None
    wrong: str
    position: int

    def __str__(self) -> str:
        """Return the line's place and id, and what is wrong."""
        named = f" ({self.id})" if self.id is not None else ""
        return f"{'/'.join(self.place)}/{self.seq}{named}: {self.wrong}"


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A checkpoint whose rows disagree with it: its row and packed heads, and what held true at the one before.

    `after` is the position up to which that one reached.
    """

    checkpoint: Row[Any]
    moved: bytes
    after: int
    heads: Heads
    tree: merkle.Growth


def first_altered(connection: Connection, suspicion: Suspicion) -> Named:
    """Return the first line, in the order of arrival, that is not what the checkpoint covers."""
    moved = _moved_heads(suspicion)
    leaves = _leaves(connection, suspicion)
    found: list[Named] = []
    if moved is not None:
        found = [
            named
            for place, seq, line_hash in ((head[:2], *head[2:]) for head in moved)
            if (named := _in_epoch(connection, suspicion, place, seq, line_hash, leaves)) is not None
        ]
    if not found:
        found = list(_by_arrival(connection, suspicion, moved, leaves))
    return min(found, key=lambda named: named.position) if found else _whole_segment(connection, suspicion)


def _moved_heads(suspicion: Suspicion) -> list[MovedHead] | None:
    """Return the heads that moved up to the checkpoint, None where they no longer give its root."""
    try:
        moved = unpack_heads(suspicion.moved)
    except StoreAlteredError:
        return None
    after = {**suspicion.heads, **{(o, e): (seq, said) for o, e, seq, said in moved}}
    _, root = heads_root((*place, *head) for place, head in after.items())
    return moved if root.hex() == suspicion.checkpoint.root else None


def _leaves(connection: Connection, suspicion: Suspicion) -> list[bytes] | None:
    """Return the leaves of the lines that the checkpoint added, None where they no longer give its root."""
    start, end = suspicion.tree.size, suspicion.checkpoint.lines
    kept = list(stored_leaves(connection, start, end))
    tree = suspicion.tree.copy()
    for leaf in kept:
        tree.add(leaf)
    return kept if (tree.size, tree.root().hex()) == (end, suspicion.checkpoint.log_root) else None


def _in_epoch(
    connection: Connection, suspicion: Suspicion, place: Place, last: int, line_hash: bytes, leaves: list[bytes] | None
) -> Named | None:
    """Return the first line of an epoch, up to number `last`, that is missing or differs; None where none is."""
    first, found_hash = suspicion.heads.get(place, (0, chain.GENESIS))
    signed = set(leaves) if leaves is not None else None
    expected, position = first + 1, suspicion.after
    where = (_EVENT.origin == place[0]) & (_EVENT.epoch == place[1]) & _EVENT.seq.between(first + 1, last)
    for row in _stream(connection, select(tables.event).where(where).order_by(_EVENT.seq)):
        if row.seq != expected:
            break
        found_hash, position = chain.link(found_hash, bytes(row.line)), row.position
        if signed is not None and _leaf(row, found_hash) not in signed:
            return Named(place, row.seq, row.id, _WRONG, position)
        expected += 1
    if expected <= last:
        return Named(place, expected, None, f"missing, the checkpoint covers this epoch up to {last}", position)
    if found_hash != line_hash:
        return Named(place, first + 1, None, f"this line or one up to {last} is not the one that was signed", position)
    return None


_WRONG = "its bytes, when it came or whether it counts is not what was signed"


def _by_arrival(
    connection: Connection, suspicion: Suspicion, moved: list[MovedHead] | None, leaves: list[bytes] | None
) -> Iterator[Named]:
    """Yield the first line of a kind that an epoch's own chain does not show: put in, or put elsewhere."""
    last = {(o, e): seq for o, e, seq, _ in moved} if moved is not None else None
    heads = dict(suspicion.heads)
    is_in_place = leaves is not None
    for index, row in enumerate(_stream(connection, _segment(suspicion))):
        place = (row.origin, row.epoch)
        _, before = heads.get(place, (0, chain.GENESIS))
        line_hash = chain.link(before, bytes(row.line))
        heads[place] = (row.seq, line_hash)
        if last is not None and row.seq > last.get(place, 0):
            yield Named(place, row.seq, row.id, "put in after the checkpoint that would cover it", row.position)
            return
        if is_in_place and leaves is not None and leaves[index : index + 1] != [_leaf(row, line_hash)]:
            wrong = "moved in the order of arrival" if moved is not None else "not the line that arrived here"
            yield Named(place, row.seq, row.id, wrong, row.position)
            return


def _whole_segment(connection: Connection, suspicion: Suspicion) -> Named:
    row = connection.execute(_segment(suspicion).limit(1)).first()
    count = suspicion.checkpoint.lines - suspicion.tree.size
    if row is None:
        return Named(("?", "?"), 0, None, f"{count} lines that the checkpoint covers are gone", suspicion.after)
    wrong = f"this line or one of the {count} that arrived with it is not what was signed"
    return Named((row.origin, row.epoch), row.seq, row.id, wrong, row.position)


def _segment(suspicion: Suspicion) -> Select[Any]:
    within = (_EVENT.position > suspicion.after) & (_EVENT.position <= suspicion.checkpoint.position)
    return select(tables.event).where(within).order_by(_EVENT.position)


def _stream(connection: Connection, query: Select[Any]) -> Iterator[Row[Any]]:
    yield from connection.execute(query, execution_options={"yield_per": _ROWS_EACH})


def _leaf(row: Row[Any], line_hash: bytes) -> bytes:
    counts = row.quarantined is None
    return line_leaf(row.origin, row.epoch, row.seq, line_hash, row.received_at, counts=counts)
