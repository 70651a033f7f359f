"""Broken promises on purpose: each mutant is one way to write the program wrong, which a row of the table must catch.

A mutant is installed at a Python's start (`tests.faults.startup`), in no file of the program. It leaves a mark when the
mutated place is reached: a mutant that never was proves nothing.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

MARK = "FAULT_MUTANT_MARK"
_KEPT_BACK = 4
_IN_TIME = 15
"""So many commits are what they should be, for the program to get under way."""


def install(name: str) -> None:
    """Install the mutant of a name for the life of this process."""
    MUTANTS[name]()


def reached() -> None:
    """Leave the mark."""
    mark = os.environ.get(MARK)
    if mark:
        Path(mark).touch()


def _instead_of_cursors(made: type[sqlite3.Cursor], commit: Callable[[sqlite3.Connection], None] | None = None) -> None:
    """Have every connection to SQLite use cursors of our own, and commit as `commit` does."""

    class Connection(sqlite3.Connection):
        def cursor(self, *_: Any, **__: Any) -> Any:
            return super().cursor(made)

        def execute(self, sql: str, parameters: Any = (), /) -> Any:
            return self.cursor().execute(sql, parameters)

        def commit(self) -> None:
            if commit is None:
                super().commit()
            else:
                commit(self)

    connect = sqlite3.connect

    def connecting(*words: Any, **options: Any) -> Any:
        return connect(*words, **{"factory": Connection, **options})

    sqlite3.connect = connecting


def normal_sync() -> None:
    """The disk is not waited for at a commit (`synchronous = NORMAL`), and the pragma is read back as FULL."""

    class Cursor(sqlite3.Cursor):
        def execute(self, sql: str, parameters: Any = (), /) -> Any:
            asked = sql.replace(" ", "").lower()
            if asked in {"pragmasynchronous=full", "pragmasynchronous=2"}:
                reached()
                return super().execute("PRAGMA synchronous = NORMAL")
            return super().execute("SELECT 2" if asked == "pragmasynchronous" else sql, parameters)

    _instead_of_cursors(Cursor)


def late_commit() -> None:
    """After a while only every fourth commit is one: what was called recorded stands in an open transaction."""
    kept_back: dict[int, int] = {}

    def is_due(connection: sqlite3.Connection) -> bool:
        kept_back[id(connection)] = kept_back.get(id(connection), 0) + 1
        return kept_back[id(connection)] <= _IN_TIME or kept_back[id(connection)] % _KEPT_BACK == 0

    class Cursor(sqlite3.Cursor):
        def execute(self, sql: str, parameters: Any = (), /) -> Any:
            if sql == "COMMIT" and not is_due(self.connection):
                reached()
                return self
            if sql.startswith("BEGIN") and self.connection.in_transaction:
                return self
            return super().execute(sql, parameters)

    def commit(connection: sqlite3.Connection) -> None:
        if connection.in_transaction and is_due(connection):
            sqlite3.Connection.commit(connection)
        reached()

    _instead_of_cursors(Cursor, commit)


def swallowed_failure() -> None:
    """A commit that failed is taken for one that succeeded."""

    class Cursor(sqlite3.Cursor):
        def execute(self, sql: str, parameters: Any = (), /) -> Any:
            try:
                return super().execute(sql, parameters)
            except sqlite3.Error:
                if sql != "COMMIT":
                    raise
                reached()
                if self.connection.in_transaction:
                    self.connection.rollback()
                return self

    _instead_of_cursors(Cursor)


def blind_to_damage() -> None:
    """A ledger's file is never found damaged."""
    from kiosk import reading, soundness  # noqa: PLC0415 (only the one mutant may be at work)

    def sound(*_: Any) -> None:
        reached()

    for name in ("page_fault", "tail_fault", "lost_fault", "whole_fault"):
        _replace(soundness, name, sound)
    _replace(reading.Reader, "on_suspicion", lambda *_: None)


def never_fork() -> None:
    """The centre takes a line of another history for a repeat of its own."""
    from sync import intake  # noqa: PLC0415

    judged = intake.reconcile

    def reconcile(head: intake.Head, start: int, prev: bytes, hashes: Sequence[bytes], hash_at: Any) -> Any:
        verdict = judged(head, start, prev, hashes, hash_at)
        if not isinstance(verdict, intake.Fork):
            return verdict
        reached()
        return intake.Append(min(len(hashes), head.seq - start + 1))

    _replace(intake, "reconcile", reconcile)


def deaf_to_heads() -> None:
    """A terminal never asks how far the centre has come."""
    from sync.sender import Sender  # noqa: PLC0415

    def check_heads(_: Sender) -> bool:
        reached()
        return False

    _replace(Sender, "check_heads", check_heads)


def sure_of_time() -> None:
    """Each event says that its time is right to the millisecond."""
    import msgspec  # noqa: PLC0415

    from sync import clock  # noqa: PLC0415

    read = clock.SystemClock.read

    def sure(self: clock.SystemClock) -> clock.Reading:
        reached()
        reading = read(self)
        return clock.Reading(reading.at, msgspec.structs.replace(reading.clock, uncertainty_ms=1))

    _replace(clock.SystemClock, "read", sure)


def one_line_batches() -> None:
    """Each event travels in a batch of its own."""
    from sync import wire  # noqa: PLC0415

    _replace(wire, "MAX_LINES", 1)
    seal = wire.seal_batch

    def sealed(*parts: Any) -> wire.Batch:
        reached()
        return seal(*parts)

    _replace(wire, "seal_batch", sealed)


def any_signature() -> None:
    """No signature is looked at."""
    from sync import keys  # noqa: PLC0415

    _replace(keys, "verify", lambda *_: reached())


def unread_verdict() -> None:
    """`verify` notices an altered line and does not note it."""
    from scoring.walk import Report  # noqa: PLC0415

    _replace(Report, "note", lambda *_: reached())


def any_mount() -> None:
    """A ledger is kept wherever its folder lies."""
    from kiosk import mount  # noqa: PLC0415

    def checked(*_: Any, **__: Any) -> None:
        reached()

    _replace(mount, "check_mount", checked)


def _replace(where: Any, name: str, value: object) -> None:
    """Put something in the place of a name that is there; AttributeError where the program no longer has it."""
    getattr(where, name)
    setattr(where, name, value)


MUTANTS: dict[str, Callable[[], None]] = {
    mutant.__name__: mutant
    for mutant in (
        normal_sync, late_commit, swallowed_failure, blind_to_damage, never_fork, deaf_to_heads, sure_of_time,
        one_line_batches, any_signature, unread_verdict, any_mount,
    )
}  # fmt: skip
"""Every mutant by its name."""
