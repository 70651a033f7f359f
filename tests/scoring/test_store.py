"""The store promises what the ledger needs, or does not open."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError

from scoring import tables
from scoring.centre import Centre, open_centre
from scoring.errors import DatabaseUrlError, StoreInUseError, StoreUnavailableError, StoreUnsafeError
from scoring.ledger import held_head
from scoring.store import Store, open_reader, open_store
from tests.scoring import postgres
from tests.scoring.fakes import FakeTerminal
from tests.scoring.obstacles import obstruct, unobstruct
from tests.scoring.test_batches import held, refused


def row(name: str) -> dict[str, str]:
    return {"name": name, "value": "x"}


def names(store: Store) -> list[str]:
    with store.reading() as connection:
        return [str(name) for name in connection.scalars(text("SELECT name FROM store ORDER BY name"))]


def test_the_writing_connection_of_sqlite_syncs_every_commit_to_a_write_ahead_log(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'c.db'}")
    with store.writing() as connection:
        said = [connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("journal_mode", "synchronous")]
    assert said == ["wal", 2]
    store.close()


def test_the_tables_of_sqlite_are_strict(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'c.db'}")
    with store.reading() as connection:
        made = {r.name: r.strict for r in connection.execute(text("SELECT name, strict FROM pragma_table_list"))}
    store.close()
    names = [name for name, table in tables.metadata.tables.items() if table.info.get("engine") != "postgresql"]
    assert {name: made[name] for name in names} == dict.fromkeys(names, 1)


def test_a_second_server_on_the_same_store_is_refused(database: str) -> None:
    first = open_store(database)
    with pytest.raises(StoreInUseError, match="another server already works on"):
        open_store(database)
    first.close()
    open_store(database).close()


def test_readers_cannot_write(database: str) -> None:
    store = open_store(database)
    with pytest.raises((StoreUnavailableError, DBAPIError)), store.reading() as connection:
        connection.execute(insert(tables.store).values(row("a")))
    assert names(store) == []
    store.close()


def test_what_raises_inside_a_transaction_leaves_nothing(database: str) -> None:
    store = open_store(database)
    with pytest.raises(KeyError):
        write_and_fail(store)
    assert names(store) == []
    with store.writing() as connection:
        connection.execute(insert(tables.store).values(row("b")))
    assert names(store) == ["b"]
    store.close()


def write_and_fail(store: Store) -> None:
    with store.writing() as connection:
        connection.execute(insert(tables.store).values(row("a")))
        raise KeyError


def test_a_reader_sees_one_state_throughout(database: str) -> None:
    store = open_store(database)
    with store.reading() as before:
        assert list(before.scalars(text("SELECT name FROM store"))) == []
        with store.writing() as connection:
            connection.execute(insert(tables.store).values(row("a")))
        assert list(before.scalars(text("SELECT name FROM store"))) == []
    assert names(store) == ["a"]
    store.close()


def test_a_store_opened_for_reading_refuses_to_write(database: str) -> None:
    open_store(database).close()
    store = open_reader(database)
    with pytest.raises(StoreUnavailableError), store.writing():
        pass
    assert names(store) == []
    store.close()


@pytest.mark.parametrize(
    "url", ["", "c.db", "mysql://x/y", "sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite:///file:x?mode=memory"]
)
def test_a_url_that_names_no_store_is_refused(url: str) -> None:
    with pytest.raises(DatabaseUrlError):
        open_store(url)


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("these are notes, and they are longer than one header of a database file would ever be" * 9)
    before = path.read_bytes()
    with pytest.raises(StoreUnavailableError, match=r"notes\.txt cannot be opened"):
        open_store(f"sqlite:///{path}")
    assert path.read_bytes() == before


def test_a_server_that_cannot_be_reached_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailableError, match="connection"):
        open_store(f"postgresql://lkb@/x?host={tmp_path}")


@pytest.mark.postgres
def test_a_server_that_acknowledges_before_it_syncs_is_refused(postgres_host: str) -> None:
    url = postgres.empty_database(postgres_host)
    with pytest.raises(StoreUnsafeError, match="synchronous_commit is off"):
        open_store(url + "&options=-c%20synchronous_commit%3Doff")


def test_a_name_with_signs_that_a_url_would_read_otherwise_works(tmp_path: Path) -> None:
    path = tmp_path / "涟水 100%?#.db"
    store = open_store(f"sqlite:///{path}")
    assert names(store) == []
    store.close()
    assert path.is_file()


def test_the_secrets_of_a_centre_are_for_its_owner_alone_and_stay(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'c.db'}"
    first = open_centre(url)
    first.store.close()
    assert {(tmp_path / name).stat().st_mode & 0o777 for name in ("centre.key", "admin.token", "c.db")} == {0o600}
    again = open_centre(url)
    again.store.close()
    assert (again.admin_token, again.key.public_text) == (first.admin_token, first.key.public_text)


def test_a_full_disk_is_answered_with_503_and_nothing_is_acknowledged(
    tmp_path: Path, terminal: FakeTerminal, centre: Centre, database: str
) -> None:
    """`max_page_count` lets SQLite report a full disk where the disk is not."""
    del tmp_path
    if not database.startswith("sqlite"):
        pytest.skip("PostgreSQL's disk cannot be limited here")
    for _ in range(300):
        terminal.add()
    with centre.store.writing() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 2}")
    answer = terminal.send()
    assert refused(answer, 503, "unavailable")["message"].startswith(
        "the store cannot be used (database or disk is full)"
    )
    assert int(answer.headers["Retry-After"]) > 0
    assert held(centre) == []
    assert terminal.send().get_json()["ack"] == 300  # the connection was opened anew, its limit is gone
    assert len(held(centre)) == 300


@pytest.mark.parametrize("table", ["head", "event"])
def test_head_and_rows_are_committed_together_or_not_at_all(terminal: FakeTerminal, centre: Centre, table: str) -> None:
    """A trigger lets the store refuse the head, or the last row, when everything else was written."""
    for _ in range(40):
        terminal.add()
    with centre.store.writing() as connection:
        obstruct(connection, f"INSERT ON {table}", "seq = 40")
    refused(terminal.send(), 503, "unavailable")
    assert held(centre) == []
    with centre.store.reading() as connection:
        assert held_head(connection, terminal.origin, terminal.epoch) is None
    with centre.store.writing() as connection:
        unobstruct(connection, table)
    assert terminal.send().get_json()["ack"] == 40
    assert [bytes(row.line) for row in held(centre)] == terminal.lines


def test_rows_of_the_wrong_form_are_refused_by_the_store_itself(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'c.db'}")
    store.close()
    connection = sqlite3.connect(tmp_path / "c.db")
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute("INSERT INTO head VALUES ('o', 'e', 'many', x'00', 'now', 0)")
    connection.close()
