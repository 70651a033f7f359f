"""What the writing thread does with lines, inside its transaction: facts enter, chained lines stand in the tables.

Knows no thread and no file. A line that stands is never changed.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kiosk.schema import NUMBER_BITS
from sync import chain
from sync.clock import Reading
from sync.events import COUNTY_TIME, Event, encode_event, instant_text, new_event_id, parse_event
from sync.outbox import KnownHead

MAX_LINE_BYTES = 64 * 1024
"""Longer than any event; one that exceeded a batch could never be sent."""

Fact = tuple[str, Mapping[str, Any]]
"""An event's type and its `data`."""

_INSERT = "INSERT INTO event (position, epoch, type, occurred_on, line, hash) VALUES (?, ?, ?, ?, ?, ?)"
_NOTE_DAY = (
    "INSERT INTO day VALUES (?, ?) ON CONFLICT DO UPDATE SET first = excluded.first WHERE excluded.first < first"
)


@dataclass(frozen=True, slots=True)
class Tip:
    """Where the next line goes: the newest epoch's number and name, its last line's number and hash."""

    number: int
    epoch: str
    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Written:
    """What a job wrote: its events, in order, and the head after them."""

    events: list[Event]
    head: KnownHead


@dataclass(frozen=True, slots=True)
class Kept:
    """A job kept lines that were fetched back."""


def position(number: int, seq: int) -> int:
    """Return the key of line `seq` of the epoch with a number (one that was fetched back has one below 1)."""
    return number << NUMBER_BITS | seq


def last_of(connection: sqlite3.Connection, number: int) -> tuple[int, bytes]:
    """Return number and hash of an epoch's last line; what was pruned counts as if it still stood."""
    last = connection.execute(
        "SELECT seq, hash FROM event WHERE position > ? AND position < ? ORDER BY position DESC LIMIT 1",
        (position(number, 0), position(number + 1, 0)),
    ).fetchone()
    if last:
        return last[0], bytes(last[1])
    pruned = connection.execute("SELECT pruned, pruned_hash FROM epoch WHERE number = ?", (number,)).fetchone()
    return pruned[0], bytes(pruned[1])


def tip(connection: sqlite3.Connection) -> Tip:
    """Return where the next line goes."""
    number, name = connection.execute("SELECT number, name FROM epoch ORDER BY number DESC LIMIT 1").fetchone()
    return Tip(number, name, *last_of(connection, number))


def heads(connection: sqlite3.Connection) -> list[KnownHead]:
    """Return the head of every epoch that this store knows of, those of lost stores first, its newest last."""
    lost = connection.execute("SELECT epoch, seq, hash FROM lost ORDER BY number").fetchall()
    known = {epoch: KnownHead(epoch, seq, bytes(hash_)) for epoch, seq, hash_ in lost}
    for number, name in connection.execute("SELECT number, name FROM epoch ORDER BY number").fetchall():
        seq, hash_ = last_of(connection, number)
        if name not in known or known[name].seq < seq:
            known.pop(name, None)
            known[name] = KnownHead(name, seq, hash_)
    return list(known.values())


def begin_epoch(connection: sqlite3.Connection, origin: str, reading: Reading) -> str:
    """Return the name, drawn at random, of an epoch that now stands at the end."""
    name = secrets.token_hex(4)
    connection.execute(
        "INSERT INTO epoch (name, origin, born_at) VALUES (?, ?, ?)", (name, origin, instant_text(reading.at))
    )
    return name


def insert(connection: sqlite3.Connection, number: int, seq: int, event: Event, hash_: bytes) -> None:
    """Put one line into its place."""
    on = event.occurred_at.astimezone(COUNTY_TIME).date().isoformat()
    at = position(number, seq)
    connection.execute(_INSERT, (at, number, event.type, on, event.line, hash_))
    connection.execute(_NOTE_DAY, (on, at))


def append(connection: sqlite3.Connection, origin: str, facts: Sequence[Fact], reading: Reading) -> Written:
    """Return the events of `facts`, which now stand behind the newest epoch's last line.

    Raises ValueError for a fact that is too long to be sent.
    """
    end = tip(connection)
    seq, previous = end.seq, end.hash
    written: list[Event] = []
    for type_, payload in facts:
        seq += 1
        line = encode_event(
            event_id=new_event_id(), origin=origin, epoch=end.epoch, seq=seq, type_=type_,
            occurred_at=reading.at, payload=payload, clock=reading.clock,
        )  # fmt: skip
        if len(line) > MAX_LINE_BYTES:
            raise ValueError(f"a {type_} event of {len(line)} bytes: at most {MAX_LINE_BYTES}")
        previous = chain.link(previous, line)
        event = parse_event(line)
        insert(connection, end.number, seq, event, previous)
        written.append(event)
    return Written(written, KnownHead(end.epoch, seq, previous))


def begun_because(why: str, known: KnownHead | None) -> Fact:
    """Return the first fact of an epoch that follows another: why (`fork`, `corrupt`, `lost`), and its known head."""
    said: dict[str, Any] = {"because": why}
    if known is not None:
        said |= {"previous_epoch": known.epoch, "last_seq": known.seq, "last_hash": known.hash.hex()}
    return "device.epoch_begun", said
