"""The tables of the centre's store, the same in SQLite and PostgreSQL. Holds no query and opens nothing."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects import postgresql

metadata = MetaData()

_whole = BigInteger().with_variant(Integer(), "sqlite")
# Order by text must be the same everywhere: bytes, not the collation of a machine's language.
_text = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
_bytes = LargeBinary().with_variant(postgresql.BYTEA(), "postgresql")

event = Table(
    "event",
    metadata,
    Column("position", _whole, primary_key=True, autoincrement=True),
    Column("origin", _text, nullable=False),
    Column("epoch", _text, nullable=False),
    Column("seq", _whole, nullable=False),
    Column("id", _text),
    Column("type", _text),
    Column("occurred_at", _text),
    Column("line", _bytes, nullable=False),
    Column("hash", _bytes, nullable=False),
    Column("received_at", _text, nullable=False),
    Column("quarantined", _text),
    UniqueConstraint("origin", "epoch", "seq"),
    Index("event_id", "id"),
    sqlite_strict=True,
    sqlite_autoincrement=True,
)
"""Every line ever received, as its exact bytes; `quarantined` is the reason why it counts for nothing, or NULL."""

head = Table(
    "head",
    metadata,
    Column("origin", _text, primary_key=True),
    Column("epoch", _text, primary_key=True),
    Column("seq", _whole, nullable=False),
    Column("hash", _bytes, nullable=False),
    Column("received_at", _text, nullable=False),
    Column("forked", Integer, nullable=False, default=0),
    sqlite_strict=True,
)
"""The last line of each (origin, epoch), committed together with its rows."""

store = Table(
    "store",
    metadata,
    Column("name", _text, primary_key=True),
    Column("value", _text, nullable=False),
    sqlite_strict=True,
)
"""What was drawn when the store was born: the centre's own epoch."""

terminal = Table(
    "terminal",
    metadata,
    Column("origin", _text, primary_key=True),
    Column("hall", _text, nullable=False),
    Column("public_key", _text, nullable=False),
    Column("alg", _text, nullable=False),
    Column("serial", _text, nullable=False),
    Column("enrolled_at", _text, nullable=False),
    Column("revoked_at", _text),
    Column("contact_at", _text),
    Column("health", _text),
    Column("reported_through", _text),
    sqlite_strict=True,
)

enrol_code = Table(
    "enrol_code",
    metadata,
    Column("hash", _text, primary_key=True),
    Column("origin", _text, nullable=False),
    Column("hall", _text, nullable=False),
    Column("expires_at", _text, nullable=False),
    Column("used_at", _text),
    sqlite_strict=True,
)

pin = Table(
    "pin",
    metadata,
    Column("person", _text, primary_key=True),
    Column("argon2id", _text, nullable=False),
    Column("changed_at", _text, nullable=False),
    sqlite_strict=True,
)

alarm = Table(
    "alarm",
    metadata,
    Column("number", _whole, primary_key=True, autoincrement=True),
    Column("raised_at", _text, nullable=False),
    Column("kind", _text, nullable=False),
    Column("origin", _text, nullable=False),
    Column("epoch", _text, nullable=False),
    Column("seq", _whole, nullable=False),
    Column("message", _text, nullable=False),
    sqlite_strict=True,
    sqlite_autoincrement=True,
)
"""What an operator has to see: a fork, a quarantined line."""
