"""Reads a ledger's file from another program, while its terminal runs or not. A path enters, lines leave."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from kiosk import retention
from kiosk.errors import LedgerUnavailableError
from kiosk.lines import position
from kiosk.schema import open_for_reading
from kiosk.writer import unavailable


def exported_lines(path: Path) -> Iterator[bytes]:
    """Return every line of a store that another program may be writing, by (epoch, seq), byte for byte.

    That is the order of the centre's own export. Raises LedgerUnavailableError where there is no ledger.
    """
    if not path.exists():
        raise LedgerUnavailableError(f"{path}: there is no ledger yet; the terminal makes it at its first start", "io")
    return _export(path)


def _export(path: Path) -> Iterator[bytes]:
    try:
        with closing(open_for_reading(path)) as connection:
            connection.execute("BEGIN")
            if not _is_by_number(connection):  # the terminal has not run since it was brought up to date
                yield from (row[0] for row in connection.execute("SELECT line FROM event ORDER BY epoch, seq"))
                return
            for (number,) in connection.execute("SELECT number FROM epoch ORDER BY name").fetchall():
                within = (position(number, 0), position(number + 1, 0))
                query = "SELECT line FROM event WHERE position > ? AND position < ? ORDER BY position"
                yield from (row[0] for row in connection.execute(query, within))
    except sqlite3.Error as error:
        raise unavailable(error) from error


def _is_by_number(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("SELECT 1 FROM pragma_table_info('epoch') WHERE name = 'pruned'").fetchone())


def removed_before(path: Path) -> list[tuple[str, int]]:
    """Return (epoch, number of the first line that is still kept) where older ones were removed after retention."""
    with closing(open_for_reading(path)) as connection:
        return retention.beginnings(connection) if _is_by_number(connection) else []
