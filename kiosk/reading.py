"""Reads a ledger beside its writer: questions enter, rows leave. One read-only connection for each thread.

A connection to a file that was replaced meanwhile is given up. What looks damaged is told to whoever checks the file.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kiosk.errors import LedgerUnavailableError
from kiosk.schema import open_for_reading
from kiosk.writer import unavailable
from sync.errors import EnvelopeError
from sync.events import Event, parse_event


class Reader:
    """Reads from any thread. `replacements` counts how often the file was replaced by a fresh one."""

    def __init__(self, path: Path, replacements: Callable[[], int]) -> None:
        self._path = path
        self._replacements = replacements
        self._mine = threading.local()
        self._suspicion: Callable[[str], None] = lambda _: None

    @property
    def folder(self) -> Path:
        """Return the folder of the file."""
        return self._path.parent

    def on_suspicion(self, listener: Callable[[str], None]) -> None:
        """Have `listener` told of what looks damaged, on the thread that read it."""
        self._suspicion = listener

    def rows(self, sql: str, parameters: Sequence[Any] | Mapping[str, Any] = ()) -> list[Any]:
        """Return the rows of a query; LedgerUnavailableError where the file cannot be read."""
        try:
            return list(self._connection().execute(sql, parameters))
        except (sqlite3.Error, UnicodeDecodeError) as error:
            self._mine.connection = None
            told = unavailable(error)
            if told.reason == "corrupt":
                self._suspicion(str(error))
            raise told from error

    def events(self, lines: Iterable[bytes]) -> list[Event]:
        """Return the events of stored lines; LedgerUnavailableError where one can no longer be read."""
        try:
            return [parse_event(line) for line in lines]
        except EnvelopeError as error:
            raise self.damaged("a line of the ledger", error) from error

    def damaged(self, what: str, why: object) -> LedgerUnavailableError:
        """Return the error for something that is not what was written, after telling whoever checks the file."""
        self._suspicion(f"{what}: {why}")
        return LedgerUnavailableError(f"{what} was damaged ({why})", "corrupt")

    def _connection(self) -> sqlite3.Connection:
        replacements = self._replacements()
        connection = getattr(self._mine, "connection", None)
        if connection is None or self._mine.replacements != replacements:
            self._mine.replacements = replacements
            connection = self._mine.connection = open_for_reading(self._path)
        found: sqlite3.Connection = connection
        return found
