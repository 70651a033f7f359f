"""PostgreSQL keeps the ledger in partitions by origin; both find what is quarantined by an index of its own."""

from __future__ import annotations

from alembic import op

revision, down_revision = "0002", "0001"

_PARTITIONS = 16
_COLUMNS = "position, origin, epoch, seq, id, type, occurred_at, line, hash, received_at, quarantined"
_PARTITIONED = """
    CREATE TABLE event (
        position bigint NOT NULL DEFAULT nextval('event_position_seq'),
        origin text COLLATE "C" NOT NULL,
        epoch text COLLATE "C" NOT NULL,
        seq bigint NOT NULL,
        id text COLLATE "C",
        type text COLLATE "C",
        occurred_at text COLLATE "C",
        line bytea NOT NULL,
        hash bytea NOT NULL,
        received_at text COLLATE "C" NOT NULL,
        quarantined text COLLATE "C",
        PRIMARY KEY (position, origin),
        UNIQUE (origin, epoch, seq)
    ) PARTITION BY HASH (origin)
"""


def upgrade() -> None:
    """Move the rows of PostgreSQL's ledger into its partitions, with their positions, and note every id."""
    if op.get_context().dialect.name == "postgresql":
        _part()
    op.execute("CREATE INDEX event_quarantined ON event (position) WHERE quarantined IS NOT NULL")


def _part() -> None:
    op.execute("ALTER TABLE event RENAME TO event_whole")
    op.execute("ALTER TABLE event_whole DROP CONSTRAINT event_pkey, DROP CONSTRAINT event_origin_epoch_seq_key")
    op.execute("DROP INDEX event_id")
    op.execute(_PARTITIONED)
    for number in range(_PARTITIONS):
        op.execute(
            f"CREATE TABLE event_of_{number:02} PARTITION OF event "
            f"FOR VALUES WITH (MODULUS {_PARTITIONS}, REMAINDER {number})"
        )
    op.execute(f"INSERT INTO event ({_COLUMNS}) SELECT {_COLUMNS} FROM event_whole ORDER BY position")  # noqa: S608
    op.execute("ALTER SEQUENCE event_position_seq OWNED BY event.position")
    op.execute("DROP TABLE event_whole")
    op.execute("CREATE INDEX event_id ON event (id)")
    op.execute('CREATE TABLE known_id (id text COLLATE "C" PRIMARY KEY)')
    op.execute("INSERT INTO known_id SELECT DISTINCT id FROM event WHERE id IS NOT NULL")
