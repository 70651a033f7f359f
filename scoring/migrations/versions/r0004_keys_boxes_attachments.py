"""What terminals say of their keys, sealed templates on their way, lifted feeds after a restore, attachments."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, Integer, LargeBinary, Text
from sqlalchemy.dialects import postgresql

revision, down_revision = "0004", "0003"

_whole = BigInteger().with_variant(Integer(), "sqlite")
_text = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
_bytes = LargeBinary().with_variant(postgresql.BYTEA(), "postgresql")


def upgrade() -> None:
    """Make the tables, empty."""
    op.create_table("former_key", _key("origin"), _key("public_key"), _must("retired_at"), sqlite_strict=True)
    op.create_table("sealing_key", _key("origin"), _must("public_key"), _must("changed_at"), sqlite_strict=True)
    op.create_table(
        "sealed_template",
        _key("recipient"),
        _key("person"),
        _must("sender"),
        Column("box", _bytes, nullable=False),
        _must("relayed_at"),
        sqlite_strict=True,
    )
    op.create_table(
        "feed_lift", _key("origin"), _key("kind"), Column("lifted_by", _whole, nullable=False), sqlite_strict=True
    )
    op.create_table(
        "attachment",
        _key("sha256"),
        _must("origin"),
        Column("size", _whole, nullable=False),
        _must("received_at"),
        Column("erased_at", _text),
        sqlite_strict=True,
    )
    op.create_index("attachment_by_origin", "attachment", ["origin"])


def _key(name: str) -> Column[str]:
    return Column(name, _text, primary_key=True)


def _must(name: str) -> Column[str]:
    return Column(name, _text, nullable=False)
