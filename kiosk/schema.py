"""How a terminal's SQLite file is laid out and opened: tables, pragmas that are read back, migrations.

A migration never loses a line; one is applied whole or not at all, together with the note that it was.
"""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import sqlite_utils
from sqlite_utils.migrations import Migrations

MIGRATIONS = Migrations("kiosk")
NUMBER_BITS = 32
"""A line's key is its epoch's number, shifted by so many bits, and its own number: one tree instead of four."""

_BUSY_TIMEOUT_MS = 5000
_LEAST_SQLITE = (3, 37, 0)  # the first with STRICT tables
_LARGEST_LOG_BYTES = 4 * 1024 * 1024
_WANTED = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "wal_autocheckpoint": 0}
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


@MIGRATIONS()
def lines_by_number(db: sqlite_utils.Database) -> None:
    """Key each line by epoch and number, and note each day's first line, so that a commit writes one page, not six.

    Room for what follows a loss (lines fetched back, heads that are missing) and for retention.
    """
    for statement in (
        """CREATE TABLE event_by_number (
            position INTEGER PRIMARY KEY, epoch INTEGER NOT NULL REFERENCES epoch (number),
            seq INTEGER NOT NULL GENERATED ALWAYS AS (position & 4294967295) VIRTUAL,
            type TEXT NOT NULL, occurred_on TEXT NOT NULL, line BLOB NOT NULL, hash BLOB NOT NULL,
            CHECK (epoch = position >> 32)) STRICT""",
        """INSERT INTO event_by_number SELECT number << 32 | seq, number, type, occurred_on, line, hash
            FROM event JOIN epoch ON epoch.name = event.epoch ORDER BY number, seq""",
        "DROP TABLE event",
        "ALTER TABLE event_by_number RENAME TO event",
        "CREATE TABLE day (occurred_on TEXT PRIMARY KEY, first INTEGER NOT NULL) STRICT, WITHOUT ROWID",
        "INSERT INTO day SELECT occurred_on, min(position) FROM event GROUP BY occurred_on",
        "ALTER TABLE epoch ADD COLUMN fetched INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE epoch ADD COLUMN pruned INTEGER NOT NULL DEFAULT 0",
        f"ALTER TABLE epoch ADD COLUMN pruned_hash BLOB NOT NULL DEFAULT X'{bytes(32).hex()}'",
        """CREATE TABLE arrived (
            epoch INTEGER NOT NULL REFERENCES epoch (number), received_on TEXT NOT NULL, seq INTEGER NOT NULL,
            PRIMARY KEY (epoch, received_on)) STRICT, WITHOUT ROWID""",
        """CREATE TABLE lost (
            number INTEGER PRIMARY KEY, epoch TEXT NOT NULL UNIQUE, seq INTEGER NOT NULL, hash BLOB NOT NULL,
            mentioned INTEGER NOT NULL DEFAULT 0, settled INTEGER NOT NULL DEFAULT 0,
            missing TEXT NOT NULL DEFAULT '[]') STRICT""",
        "CREATE TABLE probe (number INTEGER PRIMARY KEY, padding BLOB NOT NULL) STRICT",
        "DELETE FROM manifest WHERE kind = 'probe'",
        "ALTER TABLE manifest ADD COLUMN digest BLOB NOT NULL DEFAULT X''",
        "ALTER TABLE template ADD COLUMN digest BLOB NOT NULL DEFAULT X''",
        "UPDATE manifest SET digest = digest_of(kind, version, body, signature)",
        "UPDATE template SET digest = digest_of(person, version, sealed)",
    ):
        db.conn.execute(statement)


def digest_of(*fields: str | int | bytes) -> bytes:
    """Return the SHA-256 over a row's fields, by which a row that a disk has altered is known."""
    parts = [field if isinstance(field, bytes) else str(field).encode() for field in fields]
    return hashlib.sha256(b"".join(len(part).to_bytes(8, "big") + part for part in parts)).digest()


def add_functions(connection: sqlite3.Connection) -> None:
    """Give a connection the functions that the migrations call."""
    connection.create_function("digest_of", -1, digest_of, deterministic=True)


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Return the one connection that writes and checkpoints, migrated, its pragmas set and read back.

    It checkpoints only when told to, by its own thread (`kiosk.writer`); no other connection ever does: several
    versions of SQLite lose commits where one connection checkpoints while another writes.
    Raises sqlite3.Error or OSError where the file cannot be used or a pragma did not take.
    """
    if sqlite3.sqlite_version_info < _LEAST_SQLITE:
        raise OSError(f"SQLite {sqlite3.sqlite_version} is too old for the ledger: 3.37 is the least")
    connection = sqlite3.connect(path, isolation_level=None, timeout=_BUSY_TIMEOUT_MS / 1000)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        connection.execute(f"PRAGMA journal_size_limit = {_LARGEST_LOG_BYTES}")
        _check_pragmas(connection, path)
        add_functions(connection)
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
