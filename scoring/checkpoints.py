"""Makes the centre's checkpoints and finds them again: committed lines enter, signed roots leave. Changes no line.

The lines that arrived since the last one are read once, in the order of their positions; nothing that was covered
before is looked at again, so that an altered line cannot slip under a new signature.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import zstandard
from sqlalchemy import Connection, Row, func, insert, select

from scoring import tables, tiles
from scoring.errors import ScoringError, StoreAlteredError
from scoring.store import Store
from sync.checkpoint import NO_CHECKPOINT, Checkpoint, heads_root, line_leaf
from sync.events import instant_text
from sync.keys import SigningKey

AT_LATEST = timedelta(hours=1)
"""A checkpoint is made this long after the one before even where nothing arrived. Source: contract, section 3."""
WHEN_CHANGED = timedelta(minutes=15)
"""A checkpoint is made this long after the one before where lines arrived."""
_LOOKED_AFTER_S = 20.0
_ROWS_EACH = 2000
_ROWS_A_FLUSH = 50_000

_EVENT, _CHECKPOINT = tables.event.c, tables.checkpoint.c
MovedHead = tuple[str, str, int, bytes]
"""An epoch's origin and name, the number of its last line, and the hash after it."""


@dataclass(slots=True)
class Checkpoints:
    """The checkpoints of one store. Any thread may call; one at a time makes them."""

    store: Store
    key: SigningKey
    trouble: str | None = None
    _latest: Checkpoint | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def latest(self) -> Checkpoint | None:
        """Return the newest checkpoint, None before the first."""
        if self._latest is None:
            with self.store.reading() as connection:
                row = latest_row(connection)
            self._latest = checkpoint_of(row) if row is not None else None
        return self._latest

    def at(self, number: int) -> Checkpoint | None:
        """Return the checkpoint of a number, None where there is none."""
        newest = self.latest()
        if newest is not None and newest.number == number:
            return newest
        with self.store.reading() as connection:
            row = connection.execute(select(tables.checkpoint).where(_CHECKPOINT.number == number)).first()
        return checkpoint_of(row) if row is not None else None

    def tick(self, now: datetime) -> Checkpoint | None:
        """Return the checkpoint made because it was due, None where none is."""
        with self.store.reading() as connection:
            last = latest_row(connection)
            position = connection.scalar(select(func.max(_EVENT.position))) or 0
        if not is_due(checkpoint_of(last) if last is not None else None, now, changed=_covers_less(last, position)):
            return None
        return self.make(now)

    def make(self, now: datetime) -> Checkpoint:
        """Return a new checkpoint over every line committed by now, itself committed before this returns."""
        with self._lock, self.store.reading() as connection:
            last = latest_row(connection)
            builder = tiles.Builder(connection, last.lines if last is not None else 0)
            position, moved = self._take_in(connection, builder, last.position if last is not None else 0)
            count, root = heads_root(_heads(connection))
            made = Checkpoint(
                number=last.number + 1 if last is not None else 1,
                at=instant_text(now),
                heads=count,
                root=root.hex(),
                lines=builder.tree.size,
                log_root=builder.tree.root().hex(),
                previous=checkpoint_of(last).hash if last is not None else NO_CHECKPOINT,
            ).signed(self.key)
            self._keep(made, builder, position, moved)
            self._latest = made
            return made

    def keep_making(self, stopping: threading.Event, now: Callable[[], datetime]) -> None:
        """Make each checkpoint that falls due until `stopping`; what the store refuses is tried again and shown."""
        while not stopping.wait(_LOOKED_AFTER_S):
            try:
                self.tick(now())
            except ScoringError as error:
                self.trouble = str(error)
            else:
                self.trouble = None

    def _take_in(self, connection: Connection, builder: tiles.Builder, after: int) -> tuple[int, list[MovedHead]]:
        """Return the last position covered and the heads that moved; whole tiles are written on the way."""
        columns = (_EVENT.position, _EVENT.origin, _EVENT.epoch, _EVENT.seq, _EVENT.hash, _EVENT.received_at)
        verdict = _EVENT.quarantined.is_(None).label("counts")
        query = select(*columns, verdict).where(_EVENT.position > after).order_by(_EVENT.position)
        position = after
        moved: dict[tuple[str, str], tuple[int, bytes]] = {}
        for count, row in enumerate(connection.execute(query, execution_options={"yield_per": _ROWS_EACH}), 1):
            position, line_hash = row.position, bytes(row.hash)
            moved[row.origin, row.epoch] = (row.seq, line_hash)
            leaf = line_leaf(row.origin, row.epoch, row.seq, line_hash, row.received_at, counts=bool(row.counts))
            builder.add(leaf)
            if count % _ROWS_A_FLUSH == 0:
                with self.store.writing() as writing:
                    tiles.write_tiles(writing, builder.whole())
        return position, [(*place, *head) for place, head in sorted(moved.items())]

    def _keep(self, made: Checkpoint, builder: tiles.Builder, position: int, moved: list[MovedHead]) -> None:
        with self.store.writing() as connection:
            last = connection.scalar(select(func.max(_CHECKPOINT.number))) or 0
            if last != made.number - 1:
                raise StoreAlteredError(f"checkpoint {last} appeared while {made.number} was made: run verify")
            tiles.write_tiles(connection, [*builder.whole(), *builder.open()])
            row = {**made.as_json(), "position": position, "moved_heads": pack_heads(moved)}
            connection.execute(insert(tables.checkpoint).values(row))


def is_due(last: Checkpoint | None, now: datetime, *, changed: bool) -> bool:
    """Return whether a checkpoint is to be made; a clock that was set back does not put it off."""
    if last is None:
        return changed
    since = now - last.instant
    return since >= AT_LATEST or (changed and (since >= WHEN_CHANGED or since < timedelta(0)))


def _covers_less(last: Row[tuple[object, ...]] | None, position: int) -> bool:
    return position > (last.position if last is not None else 0)


def latest_row(connection: Connection) -> Row[tuple[object, ...]] | None:
    """Return the row of the newest checkpoint, None before the first."""
    return connection.execute(select(tables.checkpoint).order_by(_CHECKPOINT.number.desc()).limit(1)).first()


def checkpoint_of(row: Row[tuple[object, ...]]) -> Checkpoint:
    """Return the checkpoint that a row holds."""
    return Checkpoint(**{name: getattr(row, name) for name in Checkpoint.__slots__})


def _heads(connection: Connection) -> Iterable[MovedHead]:
    columns = tables.head.c
    for row in connection.execute(select(columns.origin, columns.epoch, columns.seq, columns.hash)):
        yield row.origin, row.epoch, row.seq, bytes(row.hash)


def pack_heads(heads: Iterable[MovedHead]) -> bytes:
    """Return heads as compressed NDJSON, one array `[origin, epoch, seq, hash]` a line."""
    listed = [json.dumps([*head[:3], head[3].hex()], ensure_ascii=False) for head in heads]
    return zstandard.ZstdCompressor().compress("\n".join(listed).encode())


def unpack_heads(packed: bytes) -> list[MovedHead]:
    """Return the heads of `pack_heads`; StoreAlteredError where the bytes are nothing of the kind."""
    try:
        listed = zstandard.ZstdDecompressor().decompress(packed).decode().split("\n")
        arrays = [json.loads(line) for line in listed if line]
        return [(str(o), str(e), int(seq), bytes.fromhex(said)) for o, e, seq, said in arrays]
    except (zstandard.ZstdError, ValueError, TypeError) as error:
        raise StoreAlteredError(f"the heads kept with a checkpoint cannot be read: {error}") from error
