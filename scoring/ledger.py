"""The ledger at the centre: authentic batches and the centre's own acts are appended, nothing is ever changed.

Lines enter with their hashes; head and rows are committed in one transaction before anything is acknowledged.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, text, update

from scoring import tables
from scoring.bulk import EventRow, claim_ids, put_events
from scoring.examine import Examined, Place, examine
from scoring.store import Store, note_act
from sync import chain
from sync.events import CENTRE, encode_event, instant_text, new_event_id, parse_event
from sync.intake import Append, Fork, Gap, Head, reconcile

_HEAD = select(tables.head).where(tables.head.c.origin == bindparam("o"), tables.head.c.epoch == bindparam("e"))
_HASHES = select(tables.event.c.seq, tables.event.c.hash, tables.event.c.received_at).where(
    tables.event.c.origin == bindparam("o"),
    tables.event.c.epoch == bindparam("e"),
    tables.event.c.seq.between(bindparam("first"), bindparam("last")),
)
_MOVE_HEAD = text("""
    INSERT INTO head (origin, epoch, seq, hash, received_at, forked)
    VALUES (:origin, :epoch, :seq, :hash, :received_at, 0)
    ON CONFLICT (origin, epoch)
    DO UPDATE SET seq = excluded.seq, hash = excluded.hash, received_at = excluded.received_at
""")


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
    examined = examine(batch.lines, batch.hashes, batch.start, place)  # before anybody has to wait for the writer
    with store.writing() as connection:
        held = held_head(connection, place.origin, place.epoch)
        if held is not None and held.forked:
            return Fork(held.seq)
        head = Head(held.seq, held.hash) if held is not None else Head()
        known = _known(connection, place, batch, held)
        verdict = reconcile(head, batch.start, batch.prev, batch.hashes, lambda seq: known[seq].hash)
        if isinstance(verdict, Fork):
            _mark_fork(connection, place, verdict, now)
        if not isinstance(verdict, Append):
            return verdict
        return _append(connection, place, batch, examined[verdict.skip :], known, now)


def _known(connection: Connection, place: Place, batch: Lines, head: Row[Any] | None) -> dict[int, Any]:
    """Return rows with `hash` and `received_at` of the held lines that a batch repeats, and of the one before it."""
    if head is None or batch.start > head.seq + 1:
        return {}
    if batch.start == head.seq + 1:
        return {head.seq: head}
    where = {"o": place.origin, "e": place.epoch, "first": batch.start - 1, "last": batch.last}
    return {row.seq: row for row in connection.execute(_HASHES, where)}


def _append(
    connection: Connection,
    place: Place,
    batch: Lines,
    fresh: Sequence[Examined],
    known: Mapping[int, Any],
    now: datetime,
) -> Accepted:
    received_at = instant_text(now)
    if fresh:
        fresh = _without_held_ids(connection, fresh)
        put_events(connection, _rows(place, fresh, received_at))
        _move_head(connection, place.origin, place.epoch, fresh[-1].seq, fresh[-1].hash, received_at)
        _alarm_quarantine(connection, place, fresh, received_at)
    else:
        received_at = known[batch.last].received_at
    return Accepted(batch.last, batch.hashes[-1].hex(), received_at)


def _without_held_ids(connection: Connection, fresh: Sequence[Examined]) -> list[Examined]:
    """Return the lines, those quarantined whose id is held already: a repeat keeps its number, so this is another."""
    ids = [examined.event.id for examined in fresh if examined.event is not None]
    new = claim_ids(connection, ids)
    if len(new) == len(ids):
        return list(fresh)
    kept: list[Examined] = []
    for examined in fresh:
        event = examined.event
        if event is None or event.id in new:
            new.discard(event.id if event is not None else "")
            kept.append(examined)
        else:
            repeated = f"repeated id: {event.id} is held already with other bytes"
            kept.append(examined.quarantined(examined.reason or repeated))
    return kept


def _rows(place: Place, fresh: Sequence[Examined], received_at: str) -> list[EventRow]:
    origin, epoch = place.origin, place.epoch
    return [
        (
            origin,
            epoch,
            each.seq,
            event.id,
            event.type,
            each.occurred_at,
            each.line,
            each.hash,
            received_at,
            each.reason,
        )
        if (event := each.event) is not None
        else (origin, epoch, each.seq, None, None, None, each.line, each.hash, received_at, each.reason)
        for each in fresh
    ]


def _move_head(connection: Connection, origin: str, epoch: str, seq: int, line_hash: bytes, received_at: str) -> None:
    moved = {"origin": origin, "epoch": epoch, "seq": seq, "hash": line_hash, "received_at": received_at}
    connection.execute(_MOVE_HEAD, moved)


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
    fresh: list[Examined] = []
    written: list[tuple[str, int]] = []
    place, received_at = Place(CENTRE, epoch, ""), instant_text(now)
    for act in acts:
        seq += 1
        line = _encode(act, epoch, seq, actor)
        line_hash = chain.link(line_hash, line)
        event = parse_event(line)
        fresh.append(Examined(seq, line, line_hash, event, event.occurred_at.isoformat(), None))
        written.append((event.id, seq))
    note_act(connection)
    claim_ids(connection, [event_id for event_id, _ in written])
    put_events(connection, _rows(place, fresh, received_at))
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
