"""A store is brought to the newest revision whole or not at all, whatever made it and whatever cuts it short."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from scoring import migrations, tables
from scoring.errors import StoreStrangeError, StoreTooNewError, StoreTooOldError, StoreUnavailableError
from scoring.examine import Place
from scoring.ledger import Lines, append_batch, exported
from scoring.store import Store, open_reader, open_store
from sync import chain
from sync.events import encode_event
from tests.scoring import first_store, postgres
from tests.scoring.fakes import NOON


def compared(name: str | None, kind: str, engine: str) -> bool:
    """Return whether a name is one that both sides have: partitions and Alembic's own table stand in no metadata."""
    if kind != "table" or name is None:
        return True
    own = tables.metadata.tables.get(name)
    return not name.startswith("event_of_") and (own is None or own.info.get("engine", engine) == engine)


def differences(connection: Connection) -> list[object]:
    engine = connection.dialect.name
    options = {
        "include_name": lambda name, kind, _: compared(name, kind, engine),
        "include_object": lambda _, name, kind, *__: compared(name, kind, engine),
        "compare_type": True,
    }
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), tables.metadata))


def rows_of(store: Store) -> list[tuple[object, ...]]:
    query = "SELECT position, seq, id, line, hash, received_at, quarantined FROM event WHERE origin = :o ORDER BY seq"
    with store.reading() as connection:
        found = connection.execute(text(query), {"o": first_store.ORIGIN})
        return [(r.position, r.seq, r.id, bytes(r.line), bytes(r.hash), r.received_at, r.quarantined) for r in found]


def rows_as_born() -> list[tuple[object, ...]]:
    said = zip(
        first_store.POSITIONS, range(1, 41), first_store.ids(), first_store.LINES, first_store.HASHES, strict=True
    )
    return [(*row, first_store.AT, "repeated id" if row[1] == 40 else None) for row in said]


def revision(store: Store) -> str | None:
    with store.reading() as connection:
        return migrations.revision_of(connection)


def test_the_tables_that_the_revisions_make_are_those_that_the_code_names(database: str) -> None:
    engine = first_store._engine(database)
    with engine.begin() as connection:
        migrations.upgrade(connection)
        assert differences(connection) == []
        assert migrations.revision_of(connection) == migrations.newest()
    engine.dispose()


def test_a_store_from_before_revisions_keeps_every_row_and_goes_on(database: str) -> None:
    first_store.make(database)
    store = open_store(database)
    assert revision(store) == migrations.newest()
    assert rows_of(store) == rows_as_born()
    with store.reading() as connection:
        assert differences(connection) == []
    answer = append_batch(store, Place(first_store.ORIGIN, first_store.EPOCH, "gaogou"), next_batch(), NOON)
    assert getattr(answer, "ack", None) == 42
    assert rows_of(store)[:40] == rows_as_born()
    fresh = rows_of(store)[40:]
    assert [row[0] for row in fresh] == [first_store.POSITIONS[-1] + 1, first_store.POSITIONS[-1] + 2]
    assert [str(row[6]).partition(":")[0] for row in fresh] == ["None", "repeated id"]
    store.close()


def next_batch() -> Lines:
    """Return two lines after the first store's: a new one, and one that bears the id of an old one."""
    lines = [
        encode_event(
            event_id=event_id,
            origin=first_store.ORIGIN,
            epoch=first_store.EPOCH,
            seq=seq,
            type_="punch",
            occurred_at=NOON,
            payload={"person": "P0007", "hall": "gaogou", "method": "face"},
        )
        for seq, event_id in ((41, "id-41"), (42, "id-7"))
    ]
    return Lines(41, first_store.HASHES[-1], lines, chain.links(first_store.HASHES[-1], lines))


def test_the_ledger_of_postgresql_lies_in_partitions_by_origin(database: str) -> None:
    if database.startswith("sqlite"):
        pytest.skip("SQLite has no partitions")
    store = open_store(database)
    with store.reading() as connection:
        parts = set(
            connection.scalars(text("SELECT relid::regclass::text FROM pg_partition_tree('event') WHERE isleaf"))
        )
        key = connection.scalar(text("SELECT pg_get_partkeydef('event'::regclass)"))
    store.close()
    assert (len(parts), key) == (16, "HASH (origin)")


def test_a_store_of_a_newer_program_is_refused_and_left_alone(database: str) -> None:
    store = open_store(database)
    with store.writing() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    store.close()
    for opened in (open_store, open_reader):
        with pytest.raises(StoreTooNewError, match="revision 9999"):
            opened(database)
    with pytest.raises(StoreTooNewError):
        open_store(database)


def test_a_reader_of_an_older_store_says_how_to_bring_it_up_to_date(database: str) -> None:
    first_store.make(database)
    with pytest.raises(StoreTooOldError, match="start the server on it once"):
        open_reader(database)
    open_store(database).close()
    reader = open_reader(database)
    assert list(exported(reader)) == first_store.LINES
    reader.close()


def test_a_database_of_something_else_is_refused_and_left_alone(database: str) -> None:
    engine = first_store._engine(database)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE notes (text TEXT)")
    with pytest.raises(StoreStrangeError, match=r"not the centre's \(notes\)"):
        open_store(database)
    with engine.connect() as connection:
        assert inspect(connection).get_table_names() == ["notes"]
    engine.dispose()


def test_an_upgrade_that_fails_at_its_last_step_leaves_the_old_store(database: str) -> None:
    first_store.make(database)
    engine = first_store._engine(database)
    in_the_way = "CREATE INDEX event_quarantined ON pin (person)"  # the name that the second revision gives last
    with engine.begin() as connection:
        connection.exec_driver_sql(in_the_way)
        before = shape(connection)
    with pytest.raises(StoreUnavailableError, match="event_quarantined"):
        open_store(database)
    with engine.begin() as connection:
        assert shape(connection) == before
        connection.exec_driver_sql("DROP INDEX event_quarantined")
    engine.dispose()
    store = open_store(database)
    assert rows_of(store) == rows_as_born()
    store.close()


def shape(connection: Connection) -> dict[str, list[str]]:
    found = inspect(connection)
    return {name: [column["name"] for column in found.get_columns(name)] for name in found.get_table_names()}


def strace() -> str:
    found = shutil.which("strace")
    if found is None:
        message = "no strace here: apt-get install -y strace"
        pytest.fail(message) if os.environ.get("CI") == "true" else pytest.skip(message)
    return str(found)


def open_killed_at(database: str, call: str, number: int) -> bool:
    """Open the store in a process of its own, killed at the n-th system call; return whether it was."""
    opener = "import sys; from scoring.store import open_store; open_store(sys.argv[1]).close()"
    words = [strace(), "-f", "-qq", "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={number}"]
    done = subprocess.run(
        [*words, "-o", "/dev/null", sys.executable, "-c", opener, database], capture_output=True, check=False
    )
    assert done.returncode in {0, -9, 137}, done.stderr.decode()
    return done.returncode != 0


@pytest.mark.parametrize(
    ("engine", "call", "steps"),
    [
        ("sqlite", "pwrite64", range(2, 60, 10)),
        ("sqlite", "fdatasync", range(1, 6)),
        pytest.param("postgresql", "sendto", range(8, 130, 24), marks=pytest.mark.postgres),
    ],
)
def test_an_upgrade_killed_at_any_step_leaves_the_old_store_or_the_new(
    engine: str, call: str, steps: range, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    left: set[str | None] = set()
    for number in steps:
        database = emptied(engine, tmp_path / f"{number}.db", request)
        first_store.make(database)
        if not open_killed_at(database, call, number):
            break
        left.add(revision_left(database))
        store = open_store(database)
        assert rows_of(store) == rows_as_born(), number
        assert revision(store) == migrations.newest()
        store.close()
    assert left <= {None, migrations.newest()}
    assert None in left  # at least one kill fell before the commit, or nothing was shown


def emptied(engine: str, path: Path, request: pytest.FixtureRequest) -> str:
    if engine == "sqlite":
        return f"sqlite:///{path}"
    return postgres.empty_database(request.getfixturevalue("postgres_host"))


def revision_left(database: str) -> str | None:
    """Return what a killed upgrade left, read past our own opening of stores."""
    if database.startswith("postgresql"):
        postgres.send_away(database)
    engine = first_store._engine(database)
    with engine.begin() as connection:
        found = migrations.revision_of(connection)
        if found is None:
            assert set(shape(connection)) == {"event", "head", "store", "terminal", "enrol_code", "pin", "alarm"}
    engine.dispose()
    return found
