"""Signed checkpoints of the ledger, and the tree over all its lines."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, Text
from sqlalchemy.dialects import postgresql

revision, down_revision = "0003", "0002"

_whole = BigInteger().with_variant(Integer(), "sqlite")
_text = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
_bytes = LargeBinary().with_variant(postgresql.BYTEA(), "postgresql")


def upgrade() -> None:
    """Make the tables of checkpoints and of the tree's tiles, empty: they are filled from the ledger."""
    op.create_table(
        "checkpoint",
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
    op.create_table(
        "log_tile",
        Column("level", Integer, primary_key=True, autoincrement=False),
        Column("number", _whole, primary_key=True, autoincrement=False),
        Column("hashes", _bytes, nullable=False),
        sqlite_strict=True,
    )
