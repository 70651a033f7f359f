"""Whether a ledger is laid out as one of this program's migrations left it. A connection enters, words leave.

The statements are compared with those of the migrations, whose text must therefore never change.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from functools import cache
from itertools import islice

import sqlite_utils

from kiosk.errors import StateRefusedError
from kiosk.schema import MIGRATIONS, add_functions

_Statements = frozenset[tuple[str, str, str, str]]
_NAMES = tuple(migration.name for migration in MIGRATIONS.pending(sqlite_utils.Database(memory=True)))

_SMALL_TABLES = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT IN ('event', 'sqlite_sequence')"
"""Their indexes are compared with them at each start; that of the lines takes long and is compared later."""


def layout_fault(connection: sqlite3.Connection) -> str | None:
    """Return what is wrong with the layout, None where it is one that the migrations lead on from.

    Raises StateRefusedError for a file of a newer program, which is left as it is; sqlite3.Error where it cannot be
    read.
    """
    for (table,) in connection.execute(_SMALL_TABLES).fetchall():
        (said,) = connection.execute(f"PRAGMA integrity_check({table})").fetchone()
        if said != "ok":
            return str(said)
    applied = _applied(connection)
    if tuple(islice(applied, len(_NAMES))) != _NAMES[: len(applied)]:
        return f"the note of what was laid out is damaged: {', '.join(applied)}"
    if len(applied) > len(_NAMES):
        raise StateRefusedError(
            f"the ledger was written by a newer program ({applied[-1]}): install that program again, or a later one"
        )
    if statements(connection) != laid_out(len(applied)):
        return "the tables are not those that were laid out"
    return None


def _applied(connection: sqlite3.Connection) -> list[str]:
    """Return the names of the migrations noted, in order; the set's name is read as well, so that damage shows."""
    noted = connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (MIGRATIONS.migrations_table,)).fetchone()
    if not noted:
        return []
    rows = connection.execute("SELECT migration_set, name, applied_at FROM _sqlite_migrations ORDER BY id").fetchall()
    return [name if set_ == MIGRATIONS.name else f"{set_}: {name}" for set_, name, _ in rows]


def statements(connection: sqlite3.Connection) -> _Statements:
    """Return what made each table and index, without the quotes and spaces that versions of SQLite may write apart."""
    rows = connection.execute(
        "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master WHERE tbl_name NOT GLOB '*sqlite_*'"
    )
    return frozenset((type_, name, table, "".join(sql.replace('"', "").split())) for type_, name, table, sql in rows)


@cache
def laid_out(applied: int) -> _Statements:
    """Return the statements after the first so many migrations."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        add_functions(connection)
        later = _NAMES[applied] if applied < len(_NAMES) else None
        MIGRATIONS.apply(sqlite_utils.Database(connection), stop_before=later)
        return statements(connection)
