"""Opens a terminal's ledger: a sound file as it is, a damaged or lost one by moving it aside and beginning anew.

A path enters, the writing connection leaves. Whatever is found wrong, recording can go on afterwards, in a new epoch
whose first event names the last known head.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from kiosk import heads, lines, quarantine
from kiosk.errors import StateRefusedError
from kiosk.heads import Remembered
from kiosk.schema import open_for_writing
from kiosk.soundness import is_damage, lost_fault, page_fault, tail_fault
from kiosk.takeover import Nothing, Takeover, take_over
from sync.clock import SystemClock


@dataclass(frozen=True, slots=True)
class Place:
    """Where a ledger lies, whose it is, and what a fresh one may take over from a damaged one."""

    path: Path
    origin: str
    clock: SystemClock
    takeover: Takeover = field(default_factory=Nothing)

    @property
    def folder(self) -> Path:
        """Return the folder of the ledger and of what is remembered beside it."""
        return self.path.parent

    def open_first(self) -> sqlite3.Connection:
        """Return the writing connection at a start, after the quick check and a look at the newest lines.

        Raises sqlite3.Error or OSError where the disk does not allow it, or the ledger is another terminal's.
        """
        known = heads.recall(self.folder)
        self._refuse_another(known.origin if known else self.origin)
        if not self._stands():
            if known is None and not self._leftovers():
                return self._born()
            return self._replaced("lost", "the ledger is not there", known)
        fault = page_fault(self.path)
        if fault:
            return self._replaced("corrupt", fault, known)
        return self._sound(known)

    def open_again(self) -> sqlite3.Connection:
        """Return a fresh writing connection after a failed write: what the disk holds is looked at anew."""
        return self._sound(heads.recall(self.folder)) if self._stands() else self.open_first()

    def open_instead(self, fault: str) -> sqlite3.Connection:
        """Return the writing connection of a fresh ledger in place of one that was found damaged while it was used."""
        return self._replaced("corrupt", fault, heads.recall(self.folder))

    def _stands(self) -> bool:
        return self.path.exists() and self.path.stat().st_size > 0

    def _leftovers(self) -> bool:
        log = self.path.with_name(self.path.name + "-wal")
        return log.exists() and log.stat().st_size > 0

    def _refuse_another(self, owner: str) -> None:
        if owner != self.origin:
            raise StateRefusedError(
                f"{self.path} belongs to terminal {owner!r}: give {self.origin!r} a state of its own"
            )

    def _open(self) -> sqlite3.Connection:
        self.path.touch(mode=0o600)  # it holds the hashes of PINs; what SQLite lays beside it is read by as few
        self.path.chmod(0o600)
        return open_for_writing(self.path)

    def _born(self) -> sqlite3.Connection:
        connection = self._open()
        try:
            connection.execute("BEGIN IMMEDIATE")
            if connection.execute("SELECT 1 FROM epoch").fetchone() is None:
                lines.begin_epoch(connection, self.origin, self.clock.read())
            connection.execute("COMMIT")
            self._remember(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _sound(self, known: Remembered | None) -> sqlite3.Connection:
        """Return the connection to a file whose newest lines are as they were written, else to a fresh one."""
        try:
            connection = self._open()
        except (sqlite3.Error, UnicodeDecodeError) as error:
            if not is_damage(error):
                raise
            return self._replaced("corrupt", str(error), known)
        try:
            if known is None:
                owner = connection.execute("SELECT origin FROM epoch LIMIT 1").fetchone()
                if owner is None:  # the power went between the tables and the first epoch
                    connection.close()
                    return self._born()
                self._refuse_another(owner[0])
            because, fault = "corrupt", tail_fault(connection, self.origin)
            if fault is None:
                because, fault = "lost", lost_fault(connection, known)
            if fault is None:
                self._remember(connection)
                return connection
        except BaseException:
            connection.close()
            raise
        connection.close()
        return self._replaced(because, fault, known)

    def _replaced(self, because: str, fault: str, known: Remembered | None) -> sqlite3.Connection:
        """Move the old file aside and begin a new epoch, in one transaction with the event that names the old head."""
        reading = self.clock.read()
        folder = quarantine.move_aside(self.path, reading.at, fault)
        connection = self._open()
        try:
            connection.execute("BEGIN IMMEDIATE")
            for head in known.heads if known else ():
                connection.execute(
                    "INSERT OR REPLACE INTO lost (epoch, seq, hash) VALUES (?, ?, ?)", (head.epoch, head.seq, head.hash)
                )
            lines.begin_epoch(connection, self.origin, reading)
            begun = lines.begun_because(because, known.newest if known else None)
            lines.append(connection, self.origin, [begun], reading)
            take_over(connection, folder, self.origin, self.takeover)
            connection.execute("COMMIT")
            self._remember(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _remember(self, connection: sqlite3.Connection) -> None:
        """Write down the heads beside the file; on a disk that takes no writes the next opening does it."""
        with suppress(OSError):
            heads.remember(self.folder, self.origin, lines.heads(connection))
