"""The terminal's ledger: facts enter, committed lines leave. One thread owns the only writing connection.

It never interprets an event, never rewrites a line, and answers only after COMMIT.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

from kiosk import heads, lines, retention
from kiosk.errors import LedgerUnavailableError
from kiosk.heads import Mark
from kiosk.holdings import Holdings
from kiosk.lines import Fact, Kept, Written, begun_because, position
from kiosk.opening import Place
from kiosk.reading import Reader
from kiosk.rows import keep_template
from kiosk.takeover import Nothing, Takeover
from kiosk.withheld import withheld_since
from kiosk.writer import Writer
from sync import chain
from sync.clock import Reading, SystemClock
from sync.events import Event
from sync.outbox import KnownHead, Progress, StoredLine
from sync.steps import Step, StepWatch

NEWEST_LINES = 5000
"""How far back the terminal looks for what was left open: days of a busy hall."""


class _Recorded(NamedTuple):
    """What one commit wrote: the steps of the clock that it begins with, and everything."""

    steps: list[Step]
    written: Written


class Ledger(Holdings):
    """The store of one terminal. Safe to use from any thread; implements `sync.outbox.Outbox`."""

    def __init__(self, path: Path, origin: str, clock: SystemClock, takeover: Takeover | None = None) -> None:
        """Open the ledger at `path`, or make it; a damaged one is moved aside, `takeover` says what is kept of it.

        Raises LedgerUnavailableError where the disk does not allow it or the ledger is another terminal's.
        """
        self._path = path
        self._origin = origin
        self._clock = clock
        self._order = threading.Lock()
        self._listeners: list[Callable[[], None]] = []
        self._watch = StepWatch()
        self._steps: list[Step] = []
        self._commits = 0
        self._mark = Mark(path.parent, origin)
        self.writer = Writer(Place(path, origin, clock, takeover or Nothing()), self._committed)
        self.reader = Reader(path, lambda: self.writer.replacements)
        super().__init__(self.writer, self.reader)
        self._recall_clock()

    @property
    def origin(self) -> str:
        """Return the terminal's id."""
        return self._origin

    @property
    def clock(self) -> SystemClock:
        """Return the clock that its events are dated by."""
        return self._clock

    @property
    def path(self) -> Path:
        """Return the ledger's file."""
        return self._path

    @property
    def trouble(self) -> LedgerUnavailableError | None:
        """Return why the last write failed, None once one has succeeded again."""
        return self.writer.trouble

    @property
    def revision(self) -> tuple[int, int]:
        """Return what changes whenever there may be other lines than before."""
        return self.writer.replacements, self._commits

    def probe(self) -> None:
        """Find out whether a trouble is over, without waiting for the answer."""
        self.writer.probe()

    def on_record(self, listener: Callable[[], None]) -> None:
        """Have `listener` called after each commit of events, on the thread that recorded them."""
        self._listeners.append(listener)

    def record(self, type_: str, payload: Mapping[str, Any]) -> Event:
        """Return the event that now stands in the ledger, committed and synced to the disk.

        Its time is read here. Raises LedgerUnavailableError, and then nothing was recorded.
        """
        return self.record_all([(type_, payload)])[0]

    def record_all(self, facts: Sequence[Fact]) -> list[Event]:
        """Return the events of several facts, committed together or not at all."""
        return self.write(lambda _: facts)

    def watch_clock(self) -> None:
        """Look whether the clock was set since the last reading, and record it if so, before any other event."""
        with self._order:
            step = self._watch.look(self._clock.read())
            if step:
                self._steps.append(step)
        if self._steps:
            self.record_all([])

    def write(self, work: Callable[[sqlite3.Connection], Sequence[Fact] | None]) -> list[Event]:
        """Return the events of the facts that `work` gives on the writing thread, in one commit with what it writes."""
        with self._order:
            reading = self._clock.read()
            step = self._watch.look(reading)
            if step:
                self._steps.append(step)
            steps = list(self._steps)
            committed = self.writer.submit(lambda connection: self._append(connection, work, steps, reading))
        recorded = committed.result()
        for listener in self._listeners:
            listener()
        return recorded.written.events[len(recorded.steps) :]

    def _append(
        self,
        connection: sqlite3.Connection,
        work: Callable[[sqlite3.Connection], Sequence[Fact] | None],
        steps: Sequence[Step],
        reading: Reading,
    ) -> _Recorded:
        """Write, inside the transaction, the steps of the clock that are not recorded yet and then the facts."""
        facts = work(connection)
        new_steps = [step for step in steps if step in self._steps] if facts is not None else []
        every = [*(step.as_fact() for step in new_steps), *(facts or ())]
        return _Recorded(new_steps, lines.append(connection, self._origin, every, reading))

    def _committed(self, result: object) -> None:
        """Take note of a commit, on the writing thread, before anybody is told of it."""
        match result:
            case _Recorded(steps, written):
                self._commits += 1
                self._mark.set(written.head)
                for step in steps:
                    self._steps.remove(step)
            case Kept():
                self._commits += 1

    def _recall_clock(self) -> None:
        """Go on from the last line's reading, so that a step while the program stood still is noticed, in one boot."""
        newest = self.reader.rows("SELECT line FROM event ORDER BY position DESC LIMIT 1")
        for event in self.reader.events(row[0] for row in newest):
            if event.clock:
                self._watch.look(Reading(event.occurred_at, event.clock))

    def remember_heads(self) -> None:
        """Write durably, beside the ledger, how far it has come."""
        heads.remember(self._path.parent, self._origin, self.writer.submit(lines.heads, writes=False).result())

    def close(self) -> None:
        """Finish what was submitted, then close the store."""
        with suppress(OSError):  # the next opening writes it again
            self.remember_heads()
        self.writer.close()
        self._mark.close()

    # -- reading -----------------------------------------------------------------------------------------------

    def events(self) -> list[Event]:
        """Return every event, in the order written."""
        return self.reader.events(self.lines())

    def lines(self) -> list[bytes]:
        """Return every line, in the order written, byte for byte; those that were fetched back come first."""
        return [row[0] for row in self.reader.rows("SELECT line FROM event ORDER BY position")]

    def events_on(self, on: date) -> list[Event]:
        """Return the events whose county date is `on`, in the order written."""
        rows = self.reader.rows(
            "SELECT line FROM event WHERE position >= (SELECT first FROM day WHERE occurred_on = :on)"
            " AND occurred_on = :on ORDER BY position",
            {"on": on.isoformat()},
        )
        return self.reader.events(row[0] for row in rows)

    def events_of_types(self, prefixes: Sequence[str]) -> list[Event]:
        """Return, of the newest lines, the events whose type begins with one of `prefixes`, in the order written."""
        rows = self.reader.rows("SELECT type, line FROM event ORDER BY position DESC LIMIT ?", (NEWEST_LINES,))
        return self.reader.events(line for type_, line in reversed(rows) if type_.startswith(tuple(prefixes)))

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
        rows = self.reader.rows(
            "SELECT name, coalesce((SELECT event.seq FROM event WHERE position > number << 32"
            " AND position < number + 1 << 32 ORDER BY position DESC LIMIT 1), pruned), acknowledged"
            " FROM epoch WHERE forked = ? AND fetched = 0 ORDER BY number",
            (int(forked),),
        )
        return [Progress(name, seq, acknowledged) for name, seq, acknowledged in rows]

    def lines_after(self, epoch: str, seq: int, limit: int) -> list[StoredLine]:
        """Return at most `limit` committed lines of an epoch after number `seq`, each found to follow the one before.

        Raises LookupError where they were pruned, LedgerUnavailableError where they are not what was written.
        """
        number, previous = self._number(epoch), self.hash_at(epoch, seq)
        rows = self.reader.rows(
            "SELECT seq, line, hash FROM event WHERE position > ? AND position < ? ORDER BY position LIMIT ?",
            (position(number, seq), position(number + 1, 0), limit),
        )
        for expected, (stands, line, hash_) in enumerate(rows, seq + 1):
            previous = chain.link(previous, line)
            if stands != expected or previous != hash_:
                raise self.reader.damaged(f"line {expected} of epoch {epoch}", "it does not follow the one before")
        return [StoredLine(*row) for row in rows]

    def hash_at(self, epoch: str, seq: int) -> bytes:
        """Return the hash after line `seq`, the genesis hash for 0; LookupError where there is no such line."""
        number = self._number(epoch)
        ((pruned, pruned_hash),) = self.reader.rows("SELECT pruned, pruned_hash FROM epoch WHERE number = ?", (number,))
        if seq < pruned:
            raise LookupError(
                f"line {seq + 1} of epoch {epoch} is asked for, but those up to {pruned} arrived long ago and were"
                " removed here: restore the centre from a later backup"
            )
        if seq == pruned:
            return bytes(pruned_hash)
        rows = self.reader.rows("SELECT hash FROM event WHERE position = ?", (position(number, seq),))
        if not rows:
            raise LookupError(f"this store has no line {seq} in epoch {epoch}")
        return bytes(rows[0][0])

    def _number(self, epoch: str) -> int:
        rows = self.reader.rows("SELECT number FROM epoch WHERE name = ?", (epoch,))
        if not rows:
            raise LookupError(f"this store has no epoch {epoch}")
        return int(rows[0][0])

    def acknowledge(self, epoch: str, seq: int, receipt: Mapping[str, Any]) -> None:
        """Keep the centre's receipt durably; the centre's word counts even where it is lower than before."""
        text = json.dumps(receipt, separators=(",", ":"))

        def keep(connection: sqlite3.Connection) -> None:
            kept = connection.execute(
                "UPDATE epoch SET acknowledged = ?, receipt = ? WHERE name = ? RETURNING number", (seq, text, epoch)
            ).fetchall()
            for (number,) in kept:
                retention.note_arrival(connection, number, seq, receipt)

        self.writer.submit(keep).result()

    def fork(self, epoch: str) -> None:
        """Stop sending `epoch` and go on in a new one, whose first event names the last known head."""

        def forked(connection: sqlite3.Connection) -> Sequence[Fact] | None:
            end = lines.tip(connection)
            connection.execute("UPDATE epoch SET forked = 1 WHERE name = ?", (epoch,))
            if end.epoch != epoch:
                return None
            lines.begin_epoch(connection, self._origin, self._clock.read())
            return [begun_because("fork", KnownHead(end.epoch, end.seq, end.hash))]

        self.write(forked)

    def reported(self) -> tuple[str, int, datetime]:
        """Return (epoch, seq, at): every event that occurred before `at` is numbered at most `seq`."""
        with self._order:
            at = self._clock.read().at
            head = self.writer.submit(lines.tip, writes=False)
        end = head.result()
        return end.epoch, end.seq, min([at, *withheld_since(self.reader, self._path.parent)])

    # -- templates ---------------------------------------------------------------------------------------------

    def enrol(self, person: str, version: str, sealed: bytes, facts: Sequence[Fact]) -> None:
        """Keep somebody's sealed template, in place of any before, together with the facts that say so."""

        def keep(connection: sqlite3.Connection) -> Sequence[Fact]:
            keep_template(connection, person, version, sealed)
            return facts

        self.write(keep)
        self._spare_now()
