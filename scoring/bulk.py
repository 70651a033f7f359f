"""Many rows at once, the way each engine takes them soonest: SQLite by executemany, PostgreSQL by COPY.

Rows and ids enter within the caller's transaction; the ids that were new leave. Decides nothing about a line.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

EventRow = tuple[str, str, int, str | None, str | None, str | None, bytes, bytes, str, str | None]
"""A row of `event` in the order of EVENT_COLUMNS."""
EVENT_COLUMNS = ("origin", "epoch", "seq", "id", "type", "occurred_at", "line", "hash", "received_at", "quarantined")
EVENT_TYPES = ("text", "text", "int8", "text", "text", "text", "bytea", "bytea", "text", "text")

_HELD_IN_SQLITE = "SELECT id FROM event WHERE id IN (SELECT value FROM json_each(?))"
_HELD_IN_POSTGRESQL = "SELECT id FROM known_id WHERE id = ANY (string_to_array(%s, E'\n'))"
_NOTE_IN_POSTGRESQL = "INSERT INTO known_id SELECT unnest(string_to_array(%s, E'\n'))"


def claim_ids(connection: Connection, ids: Collection[str]) -> set[str]:
    """Return which of the ids no line had before; the caller's lines have them from now on.

    SQLite asks the lines themselves. In PostgreSQL they lie in partitions, and `known_id` speaks for all of them.
    """
    if not ids:
        return set()
    if connection.dialect.name == "sqlite":
        held = connection.exec_driver_sql(_HELD_IN_SQLITE, (json.dumps(list(ids)),))
        return set(ids).difference(held.scalars())
    try:
        with connection.begin_nested():
            _note_ids(connection, ids)
        return set(ids)
    except IntegrityError:  # one of them is held, or stands twice here: then it is worth asking which
        held = connection.exec_driver_sql(_HELD_IN_POSTGRESQL, ("\n".join(ids),))
        fresh = set(ids).difference(held.scalars())
        _note_ids(connection, sorted(fresh))
        return fresh


def _note_ids(connection: Connection, ids: Collection[str]) -> None:
    """Add ids as one text, for none holds a line end, and a list would be written element by element."""
    if ids:
        connection.exec_driver_sql(_NOTE_IN_POSTGRESQL, ("\n".join(ids),))


def put_events(connection: Connection, rows: Sequence[EventRow]) -> None:
    """Add rows to the ledger, numbered on in their order."""
    put_rows(connection, "event", EVENT_COLUMNS, EVENT_TYPES, rows)


def put_rows(
    connection: Connection,
    table: str,
    columns: Sequence[str],
    types: Sequence[str],
    rows: Sequence[Sequence[Any]],
) -> None:
    """Add rows to a table; `types` are PostgreSQL's names of the columns' types, since binary COPY converts nothing."""
    names = ", ".join(columns)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        statement = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 (names of our own)
        connection.exec_driver_sql(statement, list(rows))
        return
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN (FORMAT BINARY)") as copy:
        copy.set_types(types)
        for row in rows:
            copy.write_row(row)
