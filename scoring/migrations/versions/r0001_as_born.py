"""The tables of the first centres, before stores knew their revision."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, Text, UniqueConstraint
from sqlalchemy.dialects import postgresql

revision, down_revision = "0001", None

_whole = BigInteger().with_variant(Integer(), "sqlite")
_text = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
_bytes = LargeBinary().with_variant(postgresql.BYTEA(), "postgresql")


def upgrade() -> None:
    """Make the ledger, its heads, and what is known of terminals and staff."""
    _make_ledger()
    op.create_table("store", _key("name"), _must("value"), sqlite_strict=True)
    op.create_table(
        "terminal",
        _key("origin"),
        *(_must(name) for name in ("hall", "public_key", "alg", "serial", "enrolled_at")),
        *(Column(name, _text) for name in ("revoked_at", "contact_at", "health", "reported_through")),
        sqlite_strict=True,
    )
    op.create_table(
        "enrol_code",
        _key("hash"),
        *(_must(name) for name in ("origin", "hall", "expires_at")),
        Column("used_at", _text),
        sqlite_strict=True,
    )
    op.create_table("pin", _key("person"), _must("argon2id"), _must("changed_at"), sqlite_strict=True)
    op.create_table(
        "alarm",
        Column("number", _whole, primary_key=True, autoincrement=True),
        *(_must(name) for name in ("raised_at", "kind", "origin", "epoch")),
        Column("seq", _whole, nullable=False),
        _must("message"),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )


def _make_ledger() -> None:
    op.create_table(
        "event",
        Column("position", _whole, primary_key=True, autoincrement=True),
        _must("origin"),
        _must("epoch"),
        Column("seq", _whole, nullable=False),
        *(Column(name, _text) for name in ("id", "type", "occurred_at")),
        Column("line", _bytes, nullable=False),
        Column("hash", _bytes, nullable=False),
        _must("received_at"),
        Column("quarantined", _text),
        UniqueConstraint("origin", "epoch", "seq"),
        sqlite_strict=True,
        sqlite_autoincrement=True,
    )
    op.create_index("event_id", "event", ["id"])
    op.create_table(
        "head",
        _key("origin"),
        _key("epoch"),
        Column("seq", _whole, nullable=False),
        Column("hash", _bytes, nullable=False),
        _must("received_at"),
        Column("forked", Integer, nullable=False),
        sqlite_strict=True,
    )


def _key(name: str) -> Column[str]:
    return Column(name, _text, primary_key=True)


def _must(name: str) -> Column[str]:
    return Column(name, _text, nullable=False)
