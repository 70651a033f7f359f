"""The tables of the centre's store, the same in SQLite and PostgreSQL. Holds no query and opens nothing.

They are made and altered by `scoring.migrations` alone; a test compares what those make with what stands here.
"""

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
    text,
)
from sqlalchemy.dialects import postgresql

metadata = MetaData()

_whole = BigInteger().with_variant(Integer(), "sqlite")
# Order by text must be the same everywhere: bytes, not the collation of a machine's language.
_text = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
_bytes = LargeBinary().with_variant(postgresql.BYTEA(), "postgresql")

_KEPT_APART = text("quarantined IS NOT NULL")

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
    Index("event_quarantined", "position", sqlite_where=_KEPT_APART, postgresql_where=_KEPT_APART),
    sqlite_strict=True,
    sqlite_autoincrement=True,
)
"""Every line ever received, as its exact bytes; `quarantined` is the reason why it counts for nothing, or NULL.

PostgreSQL keeps it in 16 partitions by the hash of `origin`, which its primary key therefore contains.
"""

known_id = Table("known_id", metadata, Column("id", _text, primary_key=True), info={"engine": "postgresql"})
"""Every id that a line has ever had, in PostgreSQL alone: no index reaches over the partitions of `event`."""

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

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("number", _whole, primary_key=True, autoincrement=False),
    Column("at", _text, nullable=False),
    Column("heads", _whole, nullable=False),
    Column("root", _text, nullable=False),
    Column("lines", _whole, nullable=False),
    Column("log_root", _text, nullable=False),
    Column("previous", _text, nullable=False),
    Column("signature", _text, nullable=False),
    Column("position", _whole, nullable=False),
    Column("moved_heads", _bytes, nullable=False),
    sqlite_strict=True,
)
"""What the centre signed: `position` is that of the last line covered, `moved_heads` the heads moved since the one
before (zstd)."""

log_tile = Table(
    "log_tile",
    metadata,
    Column("level", Integer, primary_key=True, autoincrement=False),
    Column("number", _whole, primary_key=True, autoincrement=False),
    Column("hashes", _bytes, nullable=False),
    sqlite_strict=True,
)
"""The tree over all lines, 256 hashes of 32 bytes a tile: leaves on level 0, roots of whole tiles above."""

former_key = Table(
    "former_key",
    metadata,
    Column("origin", _text, primary_key=True),
    Column("public_key", _text, primary_key=True),
    Column("retired_at", _text, nullable=False),
    sqlite_strict=True,
)
"""Keys that terminals gave up: valid for nothing, known so that a copied card is recognised by what it signs."""

sealing_key = Table(
    "sealing_key",
    metadata,
    Column("origin", _text, primary_key=True),
    Column("public_key", _text, nullable=False),
    Column("changed_at", _text, nullable=False),
    sqlite_strict=True,
)
"""To which key other terminals seal what is for this one."""

sealed_template = Table(
    "sealed_template",
    metadata,
    Column("recipient", _text, primary_key=True),
    Column("person", _text, primary_key=True),
    Column("sender", _text, nullable=False),
    Column("box", _bytes, nullable=False),
    Column("relayed_at", _text, nullable=False),
    sqlite_strict=True,
)
"""Face templates on their way from one terminal to another, sealed to the other: the centre cannot open them."""

feed_lift = Table(
    "feed_lift",
    metadata,
    Column("origin", _text, primary_key=True),
    Column("kind", _text, primary_key=True),
    Column("lifted_by", _whole, nullable=False),
    sqlite_strict=True,
)
"""By how much the versions that one terminal is told stand above the ledger's own, after a restore from a backup."""

attachment = Table(
    "attachment",
    metadata,
    Column("sha256", _text, primary_key=True),
    Column("origin", _text, nullable=False),
    Column("size", _whole, nullable=False),
    Column("received_at", _text, nullable=False),
    Column("erased_at", _text),
    Index("attachment_by_origin", "origin"),
    sqlite_strict=True,
)
"""The files beside the ledger, by the hash of their sealed bytes; the bytes themselves lie in a folder."""
