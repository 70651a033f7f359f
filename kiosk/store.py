"""The terminal's ledger: facts enter, committed lines leave. One thread owns the only writing connection.

It never interprets an event, never rewrites a line, and answers only after COMMIT.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from kiosk.errors import LedgerUnavailableError
from kiosk.schema import open_for_reading
from kiosk.writer import Writer, unavailable
from sync import chain
from sync.clock import Reading, SystemClock
from sync.events import COUNTY_TIME, Event, encode_event, instant_text, new_event_id, parse_event
from sync.feed import Manifest
from sync.outbox import Progress, StoredLine

MAX_LINE_BYTES = 64 * 1024
"""Longer than any event; one that exceeded a batch could never be sent."""


class Ledger:
    """The store of one terminal. Safe to use from any thread; implements `sync.outbox.Outbox`."""

    def __init__(self, path: Path, origin: str, clock: SystemClock) -> None:
        self._path = path
        self._origin = origin
        self._clock = clock
        self._order = threading.Lock()
        self._readers = threading.local()
        self._listeners: list[Callable[[], None]] = []
        self._writer = Writer(path, self._adopt)

    @property
    def origin(self) -> str:
        """Return the terminal's id."""
        return self._origin

    @property
    def trouble(self) -> LedgerUnavailableError | None:
        """Return why the last write failed, None once one has succeeded again."""
        return self._writer.trouble

    def probe(self) -> None:
        """Find out whether a trouble is over, without waiting for the answer."""
        self._writer.probe()

    def on_record(self, listener: Callable[[], None]) -> None:
        """Have `listener` called after each commit of events, on the thread that recorded them."""
        self._listeners.append(listener)

    def record(self, type_: str, payload: Mapping[str, Any]) -> Event:
        """Return the event that now stands in the ledger, committed and synced to the disk.

        Its time is read here. Raises LedgerUnavailableError, and then nothing was recorded.
        """
        return self.record_all([(type_, payload)])[0]

    def record_all(self, facts: Sequence[tuple[str, Mapping[str, Any]]]) -> list[Event]:
        """Return the events of several facts, committed together or not at all."""
        with self._order:
            reading = self._clock.read()
            committed = self._writer.submit(lambda connection: self._append(connection, facts, reading))
        return self._told(committed.result())

    def _told(self, written: list[Event]) -> list[Event]:
        for listener in self._listeners:
            listener()
        return written

    def close(self) -> None:
        """Finish what was submitted, then close the store."""
        self._writer.close()

    # -- reading -----------------------------------------------------------------------------------------------

    def events(self) -> list[Event]:
        """Return every event, in the order written."""
        return [parse_event(line) for line in self.lines()]

    def count(self) -> int:
        """Return how many events stand here."""
        return int(self._read("SELECT count(*) FROM event", ())[0][0])

    def lines(self) -> list[bytes]:
        """Return every line, in the order written, byte for byte."""
        return [row[0] for row in self._read("SELECT line FROM event ORDER BY position", ())]

    def events_on(self, on: date) -> list[Event]:
        """Return the events whose county date is `on`, in the order written."""
        rows = self._read("SELECT line FROM event WHERE occurred_on = ? ORDER BY position", (on.isoformat(),))
        return [parse_event(row[0]) for row in rows]

    def events_of_types(self, prefixes: Sequence[str]) -> list[Event]:
        """Return the events whose type begins with one of `prefixes`, in the order written."""
        where = " OR ".join("type GLOB ?" for _ in prefixes)
        patterns = [f"{prefix}*" for prefix in prefixes]
        rows = self._read(f"SELECT line FROM event WHERE {where} ORDER BY position", patterns)  # noqa: S608 (no value in it)
        return [parse_event(row[0]) for row in rows]

    def latest(self, type_: str) -> Event | None:
        """Return the newest event of a type, None where there is none."""
        rows = self._read("SELECT line FROM event WHERE type = ? ORDER BY position DESC LIMIT 1", (type_,))
        return parse_event(rows[0][0]) if rows else None

    # -- sync.outbox.Outbox ------------------------------------------------------------------------------------

    def epochs(self) -> list[Progress]:
        """Return the epochs that are still sent, oldest first."""
        return self._progress(forked=False)

    def unsent(self) -> int:
        """Return how many events the centre has not acknowledged, those of a forked epoch among them."""
        every = [*self._progress(forked=False), *self._progress(forked=True)]
        return sum(progress.seq - progress.acknowledged for progress in every)

    def has_forked(self) -> bool:
        """Return whether the centre ever held another line than this store at one number."""
        return bool(self._progress(forked=True))

    def _progress(self, *, forked: bool) -> list[Progress]:
        rows = self._read(
            "SELECT name, (SELECT max(seq) FROM event WHERE event.epoch = name), acknowledged"
            " FROM epoch WHERE forked = ? ORDER BY number",
            (int(forked),),
        )
        return [Progress(name, seq or 0, acknowledged) for name, seq, acknowledged in rows]

    def lines_after(self, epoch: str, seq: int, limit: int) -> list[StoredLine]:
        """Return at most `limit` committed lines of an epoch after number `seq`."""
        rows = self._read(
            "SELECT seq, line, hash FROM event WHERE epoch = ? AND seq > ? ORDER BY seq LIMIT ?",
            (epoch, seq, limit),
        )
        return [StoredLine(*row) for row in rows]

    def hash_at(self, epoch: str, seq: int) -> bytes:
        """Return the hash after line `seq`, the genesis hash for 0; LookupError where there is no such line."""
        if seq == 0:
            return chain.GENESIS
        rows = self._read("SELECT hash FROM event WHERE epoch = ? AND seq = ?", (epoch, seq))
        if not rows:
            raise LookupError(f"this store has no line {seq} in epoch {epoch}")
        return bytes(rows[0][0])

    def acknowledge(self, epoch: str, seq: int, receipt: Mapping[str, Any]) -> None:
        """Keep the centre's receipt durably; the centre's word counts even where it is lower than before."""
        text = json.dumps(receipt, separators=(",", ":"))
        self._writer.submit(
            lambda connection: connection.execute(
                "UPDATE epoch SET acknowledged = ?, receipt = ? WHERE name = ?", (seq, text, epoch)
            )
        ).result()

    def fork(self, epoch: str) -> None:
        """Stop sending `epoch` and go on in a new one, whose first event names the last known head."""
        with self._order:
            reading = self._clock.read()
            begun = self._writer.submit(lambda connection: self._fork(connection, epoch, reading))
        self._told(begun.result())

    def reported(self) -> tuple[str, int, datetime]:
        """Return (epoch, seq, at): every event that occurred before `at` is numbered at most `seq`."""
        with self._order:
            at = self._clock.read().at
            head = self._writer.submit(self._head, writes=False)
        epoch, seq, _ = head.result()
        return epoch, seq, min([at, *self._kept_back()])

    def _kept_back(self) -> list[datetime]:
        """Return when the first line of each forked epoch occurred that the centre will not take."""
        rows = self._read(
            "SELECT line FROM event JOIN epoch ON epoch.name = event.epoch WHERE forked = 1 AND seq = acknowledged + 1",
            (),
        )
        return [parse_event(row[0]).occurred_at for row in rows]

    # -- sync.uplink.FeedHolder --------------------------------------------------------------------------------

    def held_version(self, kind: str) -> int:
        """Return the version of the manifest held of a kind, 0 for none."""
        rows = self._read("SELECT version FROM manifest WHERE kind = ?", (kind,))
        return int(rows[0][0]) if rows else 0

    def hold(self, manifest: Manifest) -> None:
        """Keep a manifest durably in place of the one before."""
        row = (manifest.kind, manifest.version, manifest.body, manifest.signature)
        self._writer.submit(
            lambda connection: connection.execute("INSERT OR REPLACE INTO manifest VALUES (?, ?, ?, ?)", row)
        ).result()

    def manifest(self, kind: str) -> dict[str, Any]:
        """Return the contents of the manifest held of a kind, empty for none."""
        rows = self._read("SELECT body FROM manifest WHERE kind = ?", (kind,))
        parsed: dict[str, Any] = json.loads(rows[0][0]) if rows else {}
        return parsed

    # -- templates: sealed boxes, opened only by kiosk.vault -----------------------------------------------------

    def enrol(self, person: str, version: str, sealed: bytes, facts: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        """Keep somebody's sealed template, in place of any before, together with the facts that say so."""

        def keep(connection: sqlite3.Connection, reading: Reading) -> list[Event]:
            connection.execute("INSERT OR REPLACE INTO template VALUES (?, ?, ?)", (person, version, sealed))
            return self._append(connection, facts, reading)

        with self._order:
            reading = self._clock.read()
            kept = self._writer.submit(lambda connection: keep(connection, reading))
        self._told(kept.result())

    def templates(self) -> list[tuple[str, str, bytes]]:
        """Return (person, version, sealed box) of everybody enrolled here."""
        return [(row[0], row[1], row[2]) for row in self._read("SELECT * FROM template ORDER BY person", ())]

    def _read(self, sql: str, parameters: Sequence[Any]) -> list[Any]:
        try:
            connection = getattr(self._readers, "connection", None)
            if connection is None:
                connection = self._readers.connection = open_for_reading(self._path)
            return list(connection.execute(sql, parameters))
        except sqlite3.Error as error:
            self._readers.connection = None
            raise unavailable(error) from error

    # -- on the writing thread, inside its transaction -----------------------------------------------------------

    def _adopt(self, connection: sqlite3.Connection) -> None:
        """Draw the first epoch's name where the store is new; refuse a store of another terminal."""
        owner = connection.execute("SELECT origin FROM epoch LIMIT 1").fetchone()
        if owner is None:
            self._begin_epoch(connection)
        elif owner[0] != self._origin:
            raise OSError(f"{self._path} belongs to terminal {owner[0]!r}: give {self._origin!r} a state of its own")

    def _begin_epoch(self, connection: sqlite3.Connection) -> str:
        name = secrets.token_hex(4)
        connection.execute(
            "INSERT INTO epoch (name, origin, born_at) VALUES (?, ?, ?)",
            (name, self._origin, instant_text(self._clock.read().at)),
        )
        return name

    @staticmethod
    def _head(connection: sqlite3.Connection) -> tuple[str, int, bytes]:
        (epoch,) = connection.execute("SELECT name FROM epoch ORDER BY number DESC LIMIT 1").fetchone()
        last = connection.execute(
            "SELECT seq, hash FROM event WHERE epoch = ? ORDER BY seq DESC LIMIT 1", (epoch,)
        ).fetchone()
        return (epoch, *last) if last else (epoch, 0, chain.GENESIS)

    def _append(
        self, connection: sqlite3.Connection, facts: Sequence[tuple[str, Mapping[str, Any]]], reading: Reading
    ) -> list[Event]:
        epoch, seq, previous = self._head(connection)
        written: list[Event] = []
        for type_, payload in facts:
            seq += 1
            line = encode_event(
                event_id=new_event_id(), origin=self._origin, epoch=epoch, seq=seq, type_=type_,
                occurred_at=reading.at, payload=payload, clock=reading.clock,
            )  # fmt: skip
            if len(line) > MAX_LINE_BYTES:
                raise ValueError(f"a {type_} event of {len(line)} bytes: at most {MAX_LINE_BYTES}")
            previous = chain.link(previous, line)
            event = parse_event(line)
            on = event.occurred_at.astimezone(COUNTY_TIME).date().isoformat()
            connection.execute(
                "INSERT INTO event (epoch, seq, id, type, occurred_on, line, hash) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (epoch, seq, event.id, type_, on, line, previous),
            )
            written.append(event)
        return written

    def _fork(self, connection: sqlite3.Connection, epoch: str, reading: Reading) -> list[Event]:
        current, seq, head = self._head(connection)
        connection.execute("UPDATE epoch SET forked = 1 WHERE name = ?", (epoch,))
        if current != epoch:
            return []
        self._begin_epoch(connection)
        because = {"because": "fork", "previous_epoch": epoch, "last_seq": seq, "last_hash": head.hex()}
        return self._append(connection, [("device.epoch_begun", because)], reading)


def exported_lines(path: Path) -> list[bytes]:
    """Return every line of a store that another program may be writing, in the order written, byte for byte."""
    if not path.exists():
        raise LedgerUnavailableError(f"{path}: there is no ledger yet; the terminal makes it at its first start", "io")
    connection = open_for_reading(path)
    try:
        return [row[0] for row in connection.execute("SELECT line FROM event ORDER BY position")]
    except sqlite3.Error as error:
        raise unavailable(error) from error
    finally:
        connection.close()
