"""How a terminal's SQLite file is laid out and opened: tables, pragmas that are read back, migrations.

Migrations only add; one is applied whole or not at all, together with the note that it was.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

import sqlite_utils
from sqlite_utils.migrations import Migrations

MIGRATIONS = Migrations("kiosk")

_BUSY_TIMEOUT_MS = 5000
_WANTED = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
"""`synchronous` 2 is FULL: with less, a power cut loses what a screen has already called recorded."""


@MIGRATIONS()
def ledger(db: sqlite_utils.Database) -> None:
    """Lay out the ledger, the feed and the templates."""
    for statement in (
        """CREATE TABLE epoch (
            number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, origin TEXT NOT NULL,
            born_at TEXT NOT NULL, forked INTEGER NOT NULL DEFAULT 0,
            acknowledged INTEGER NOT NULL DEFAULT 0, receipt TEXT NOT NULL DEFAULT '{}') STRICT""",
        """CREATE TABLE event (
            position INTEGER PRIMARY KEY AUTOINCREMENT, epoch TEXT NOT NULL REFERENCES epoch (name),
            seq INTEGER NOT NULL, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL, occurred_on TEXT NOT NULL,
            line BLOB NOT NULL, hash BLOB NOT NULL, UNIQUE (epoch, seq)) STRICT""",
        "CREATE INDEX event_by_day ON event (occurred_on)",
        "CREATE INDEX event_by_type ON event (type)",
        """CREATE TABLE manifest (
            kind TEXT PRIMARY KEY, version INTEGER NOT NULL, body BLOB NOT NULL, signature TEXT NOT NULL) STRICT""",
        "CREATE TABLE template (person TEXT PRIMARY KEY, version TEXT NOT NULL, sealed BLOB NOT NULL) STRICT",
    ):
        db.conn.execute(statement)


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Return the one connection that writes and checkpoints, migrated, its pragmas set and read back.

    Raises sqlite3.Error or OSError where the file cannot be used or a pragma did not take.
    """
    connection = sqlite3.connect(path, isolation_level=None, timeout=_BUSY_TIMEOUT_MS / 1000)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        _check_pragmas(connection, path)
        MIGRATIONS.apply(sqlite_utils.Database(connection))
    except BaseException:
        connection.close()
        raise
    return connection


def _check_pragmas(connection: sqlite3.Connection, path: Path) -> None:
    for pragma, wanted in _WANTED.items():
        (found,) = connection.execute(f"PRAGMA {pragma}").fetchone()
        if found != wanted:
            raise OSError(f"{path}: {pragma} is {found!r}, not {wanted!r}: this file system cannot hold a ledger")


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Return a connection that can only read (and so never checkpoints)."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_BUSY_TIMEOUT_MS / 1000)
    connection.execute("PRAGMA query_only = ON")
    return connection
