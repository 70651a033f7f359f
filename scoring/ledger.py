"""The ledger at the centre: authentic batches and the centre's own acts are appended, nothing is ever changed.

Lines enter with their hashes; head and rows are committed in one transaction before anything is acknowledged.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from scoring import tables
from scoring.examine import Examined, Place, examine
from scoring.store import Store
from sync import chain
from sync.events import CENTRE, encode_event, instant_text, new_event_id, parse_event
from sync.intake import Append, Fork, Gap, Head, reconcile

_COLUMNS = ("origin", "epoch", "seq", "id", "type", "occurred_at", "line", "hash", "received_at", "quarantined")
_Row = tuple[str, str, int, str | None, str | None, str | None, bytes, bytes, str, str | None]
_HEAD = select(tables.head).where(tables.head.c.origin == bindparam("o"), tables.head.c.epoch == bindparam("e"))
_HASHES = select(tables.event.c.seq, tables.event.c.hash, tables.event.c.received_at).where(
    tables.event.c.origin == bindparam("o"),
    tables.event.c.epoch == bindparam("e"),
    tables.event.c.seq.between(bindparam("first"), bindparam("last")),
)
_HELD_IDS = select(tables.event.c.id).where(tables.event.c.id.in_(bindparam("ids", expanding=True)))


@dataclass(frozen=True, slots=True)
class Accepted:
    """What the receipt states: everything of the epoch up to `ack` is committed, its last new line at `received_at`."""

    ack: int
    ack_hash: str
    received_at: str


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody at the centre does: an event's type, data and time, before it has a number."""

    type: str
    payload: Mapping[str, Any]
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Lines:
    """A verified batch: `lines` are numbered from `start` and follow the hash `prev`; `hashes` stand after each."""

    start: int
    prev: bytes
    lines: Sequence[bytes]
    hashes: Sequence[bytes]

    @property
    def last(self) -> int:
        """Return the number of the last line."""
        return self.start + len(self.lines) - 1


def append_batch(store: Store, place: Place, batch: Lines, now: datetime) -> Accepted | Gap | Fork:
    """Return the answer to a verified batch, committed before this returns.

    A repeat changes nothing and is answered as it was the first time. A fork marks the epoch for good.
    """
    with store.writing() as connection:
        held = connection.execute(_HEAD, {"o": place.origin, "e": place.epoch}).first()
        if held is not None and held.forked:
            return Fork(held.seq)
        head = Head(held.seq, held.hash) if held is not None else Head()
        known = _known(connection, place, batch, head)
        verdict = reconcile(head, batch.start, batch.prev, batch.hashes, lambda seq: known[seq].hash)
        if isinstance(verdict, Fork):
            _mark_fork(connection, place, verdict, now)
        if not isinstance(verdict, Append):
            return verdict
        return _append(connection, place, batch, verdict.skip, known, now)


def _known(connection: Connection, place: Place, batch: Lines, head: Head) -> dict[int, Any]:
    first, last = max(1, batch.start - 1), min(head.seq, batch.last)
    if batch.start > head.seq + 1 or first > last:
        return {}
    where = {"o": place.origin, "e": place.epoch, "first": first, "last": last}
    return {row.seq: row for row in connection.execute(_HASHES, where)}


def _append(
    connection: Connection, place: Place, batch: Lines, skip: int, known: Mapping[int, Any], now: datetime
) -> Accepted:
    received_at = instant_text(now)
    fresh = [
        examine(line, batch.start + index, line_hash, place)
        for index, (line, line_hash) in enumerate(zip(batch.lines, batch.hashes, strict=True))
        if index >= skip
    ]
    if fresh:
        fresh = _without_held_ids(connection, fresh)
        _insert(connection, [_row(place, examined, received_at) for examined in fresh])
        _move_head(connection, place.origin, place.epoch, fresh[-1].seq, fresh[-1].hash, received_at)
        _alarm_quarantine(connection, place, fresh, received_at)
    else:
        received_at = known[batch.last].received_at
    return Accepted(batch.last, batch.hashes[-1].hex(), received_at)


def _without_held_ids(connection: Connection, fresh: Sequence[Examined]) -> list[Examined]:
    """Return the lines, those quarantined whose id is held already: a repeat keeps its number, so this is another."""
    ids = [examined.event.id for examined in fresh if examined.event is not None]
    taken = set(connection.scalars(_HELD_IDS, {"ids": ids})) if ids else set()
    kept: list[Examined] = []
    for examined in fresh:
        event_id = examined.event.id if examined.event is not None else None
        if event_id in taken and examined.reason is None:
            kept.append(examined.quarantined(f"repeated id: {event_id} is held already with other bytes"))
        else:
            kept.append(examined)
        if event_id is not None:
            taken.add(event_id)
    return kept


def _insert(connection: Connection, rows: Sequence[_Row]) -> None:
    """Hand rows to the driver as they are: building a statement's parameters would cost more than storing them."""
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    marks = ", ".join([mark] * len(_COLUMNS))
    statement = f"INSERT INTO event ({', '.join(_COLUMNS)}) VALUES ({marks})"  # noqa: S608 (names and marks of our own)
    connection.exec_driver_sql(statement, list(rows))


def _row(place: Place, examined: Examined, received_at: str) -> _Row:
    event, place_of = examined.event, (place.origin, place.epoch, examined.seq)
    said = (event.id, event.type, event.occurred_at.isoformat()) if event else (None, None, None)
    return (*place_of, *said, examined.line, examined.hash, received_at, examined.reason)


def _move_head(connection: Connection, origin: str, epoch: str, seq: int, line_hash: bytes, received_at: str) -> None:
    moved = {"seq": seq, "hash": line_hash, "received_at": received_at}
    where = (tables.head.c.origin == origin) & (tables.head.c.epoch == epoch)
    if connection.execute(update(tables.head).where(where).values(moved)).rowcount == 0:
        connection.execute(insert(tables.head).values(origin=origin, epoch=epoch, forked=0, **moved))


def _mark_fork(connection: Connection, place: Place, fork: Fork, now: datetime) -> None:
    where = (tables.head.c.origin == place.origin) & (tables.head.c.epoch == place.epoch)
    connection.execute(update(tables.head).where(where).values(forked=1))
    message = f"two stores have used this identity: line {fork.seq} came with another hash than the one held"
    _raise_alarm(connection, instant_text(now), "fork", place, fork.seq, message)


def _alarm_quarantine(connection: Connection, place: Place, fresh: Sequence[Examined], raised_at: str) -> None:
    for examined in fresh:
        if examined.reason is not None:
            _raise_alarm(connection, raised_at, "quarantine", place, examined.seq, examined.reason)


def _raise_alarm(connection: Connection, raised_at: str, kind: str, place: Place, seq: int, message: str) -> None:
    row = {"raised_at": raised_at, "kind": kind, "origin": place.origin, "epoch": place.epoch}
    connection.execute(insert(tables.alarm).values(**row, seq=seq, message=message))


def held_head(connection: Connection, origin: str, epoch: str) -> Row[Any] | None:
    """Return the head row (`seq, hash, forked`) held of one epoch, None before its first line."""
    return connection.execute(_HEAD, {"o": origin, "e": epoch}).first()


def centre_epoch(connection: Connection) -> str:
    """Return the epoch of the centre's own events, drawn when the store is first asked for it."""
    where = tables.store.c.name == "centre_epoch"
    epoch = connection.scalar(select(tables.store.c.value).where(where))
    if epoch is None:
        epoch = secrets.token_hex(4)
        connection.execute(insert(tables.store).values(name="centre_epoch", value=epoch))
    return str(epoch)


def append_acts(connection: Connection, acts: Sequence[Act], actor: str, now: datetime) -> list[tuple[str, int]]:
    """Return (id, seq) of the centre's own new events, appended within the caller's transaction."""
    epoch = centre_epoch(connection)
    held = held_head(connection, CENTRE, epoch)
    seq, line_hash = (held.seq, held.hash) if held is not None else (0, chain.GENESIS)
    rows: list[_Row] = []
    written: list[tuple[str, int]] = []
    place, received_at = Place(CENTRE, epoch, ""), instant_text(now)
    for act in acts:
        seq += 1
        line = _encode(act, epoch, seq, actor)
        line_hash = chain.link(line_hash, line)
        event = parse_event(line)
        rows.append(_row(place, Examined(seq, line, line_hash, event, None), received_at))
        written.append((event.id, seq))
    _insert(connection, rows)
    _move_head(connection, CENTRE, epoch, seq, line_hash, received_at)
    return written


def _encode(act: Act, epoch: str, seq: int, actor: str) -> bytes:
    return encode_event(
        event_id=new_event_id(),
        origin=CENTRE,
        epoch=epoch,
        seq=seq,
        type_=act.type,
        occurred_at=act.occurred_at,
        payload=act.payload,
        actor=actor,
    )


def exported(store: Store) -> Iterator[bytes]:
    """Yield every line ever received, quarantined ones included, by (origin, epoch, seq), without line ends."""
    columns = tables.event.c
    query = select(columns.line).order_by(columns.origin, columns.epoch, columns.seq)
    with store.reading() as connection:
        for line in connection.execution_options(yield_per=1000).scalars(query):
            yield bytes(line)
