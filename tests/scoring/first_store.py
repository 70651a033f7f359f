"""A store as the first centres made it, before stores knew their revision: the tables to the letter, a few rows."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.pool import NullPool

from sync import chain
from sync.keys import SigningKey

_SQLITE = """
CREATE TABLE event (
    position INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, origin TEXT NOT NULL, epoch TEXT NOT NULL,
    seq INTEGER NOT NULL, id TEXT, type TEXT, occurred_at TEXT, line BLOB NOT NULL, hash BLOB NOT NULL,
    received_at TEXT NOT NULL, quarantined TEXT, UNIQUE (origin, epoch, seq)) STRICT;
CREATE INDEX event_id ON event (id);
CREATE TABLE head (
    origin TEXT NOT NULL, epoch TEXT NOT NULL, seq INTEGER NOT NULL, hash BLOB NOT NULL,
    received_at TEXT NOT NULL, forked INTEGER NOT NULL, PRIMARY KEY (origin, epoch)) STRICT;
CREATE TABLE store (name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (name)) STRICT;
CREATE TABLE terminal (
    origin TEXT NOT NULL, hall TEXT NOT NULL, public_key TEXT NOT NULL, alg TEXT NOT NULL, serial TEXT NOT NULL,
    enrolled_at TEXT NOT NULL, revoked_at TEXT, contact_at TEXT, health TEXT, reported_through TEXT,
    PRIMARY KEY (origin)) STRICT;
CREATE TABLE enrol_code (
    hash TEXT NOT NULL, origin TEXT NOT NULL, hall TEXT NOT NULL, expires_at TEXT NOT NULL, used_at TEXT,
    PRIMARY KEY (hash)) STRICT;
CREATE TABLE pin (
    person TEXT NOT NULL, argon2id TEXT NOT NULL, changed_at TEXT NOT NULL, PRIMARY KEY (person)) STRICT;
CREATE TABLE alarm (
    number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, raised_at TEXT NOT NULL, kind TEXT NOT NULL,
    origin TEXT NOT NULL, epoch TEXT NOT NULL, seq INTEGER NOT NULL, message TEXT NOT NULL) STRICT;
"""
_POSTGRESQL = (
    _SQLITE.replace(") STRICT;", ");")
    .replace("INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT", "BIGSERIAL PRIMARY KEY")
    .replace("forked INTEGER", "forked int")
    .replace("INTEGER", "BIGINT")
    .replace("TEXT", 'TEXT COLLATE "C"')
    .replace("BLOB", "BYTEA")
)

ORIGIN, EPOCH = "gaogou-t01", "7f3a9c21"
KEY = SigningKey.from_seed(bytes(range(32)))
AT = "2026-10-08T12:00:00.000+08:00"
LINES = [b'{"v":1,"line":%d}' % number for number in range(1, 41)]
HASHES = chain.links(chain.GENESIS, LINES)
POSITIONS = [number * 3 for number in range(1, 41)]
"""Numbers with gaps, as a rolled-back transaction leaves them in PostgreSQL."""


def ids() -> list[str]:
    """Return the ids of the lines; the last repeats the first, and is quarantined for it."""
    return [*(f"id-{number}" for number in range(1, 40)), "id-1"]


def make(database: str) -> None:
    """Make the tables in an empty database, and fill them as one terminal would have."""
    engine = _engine(database)
    with engine.begin() as connection:
        for statement in (_SQLITE if engine.dialect.name == "sqlite" else _POSTGRESQL).split(";")[:-1]:
            connection.exec_driver_sql(statement)
        _fill(connection)
    engine.dispose()


def _engine(database: str) -> Engine:
    if database.startswith("postgresql"):
        return create_engine(database.replace("postgresql:", "postgresql+psycopg:", 1), poolclass=NullPool)
    engine = create_engine(database, poolclass=NullPool, connect_args={"isolation_level": None})
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def _fill(connection: Connection) -> None:
    for position, event_id, seq in zip(POSITIONS, ids(), range(1, 41), strict=True):
        row = {"p": position, "o": ORIGIN, "e": EPOCH, "s": seq, "i": event_id, "l": LINES[seq - 1], "a": AT}
        row |= {"h": HASHES[seq - 1], "q": "repeated id" if seq == 40 else None}
        connection.execute(text("INSERT INTO event VALUES (:p, :o, :e, :s, :i, 'punch', :a, :l, :h, :a, :q)"), row)
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT setval('event_position_seq', :p)"), {"p": POSITIONS[-1]})
    head = {"o": ORIGIN, "e": EPOCH, "s": 40, "h": HASHES[-1], "a": AT}
    connection.execute(text("INSERT INTO head VALUES (:o, :e, :s, :h, :a, 0)"), head)
    terminal = {"o": ORIGIN, "k": KEY.public_text, "a": AT}
    connection.execute(
        text("INSERT INTO terminal VALUES (:o, 'gaogou', :k, 'ed25519', '1', :a, NULL, NULL, NULL, NULL)"), terminal
    )
    connection.execute(text("INSERT INTO store VALUES ('centre_epoch', 'abcd1234')"))
