"""The one thread that writes: jobs enter, what they return leaves after COMMIT. Knows no event and no table.

A second writing connection, or a second program, could lose what was committed: there is none.
"""

from __future__ import annotations

import fcntl
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import IO, Any, TypeVar

from kiosk.errors import LedgerUnavailableError
from kiosk.schema import open_for_writing

_T = TypeVar("_T")
_PROBE = "INSERT OR REPLACE INTO manifest VALUES ('probe', 0, zeroblob(16384), '')"
_Work = Callable[[sqlite3.Connection], Any]


class Writer:
    """Owns the writing connection of one file. Jobs are done in the order submitted, each in a transaction."""

    def __init__(self, path: Path, adopt: _Work) -> None:
        """Open the file and do `adopt` on it before any job.

        Raises LedgerUnavailableError where the file cannot be used or another program has it.
        """
        self._path = path
        self._jobs: queue.SimpleQueue[tuple[_Work, Future[Any], bool] | None] = queue.SimpleQueue()
        self._trouble: LedgerUnavailableError | None = None
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)  # it holds the hashes of PINs; what SQLite lays beside it is read by as few
        path.chmod(0o600)
        self._held = _hold_alone(path)
        born: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, args=(adopt, born), name="ledger", daemon=True)
        self._thread.start()
        born.result()

    @property
    def trouble(self) -> LedgerUnavailableError | None:
        """Return why the last job failed, None once one has succeeded again."""
        return self._trouble

    def submit(self, work: Callable[[sqlite3.Connection], _T], *, writes: bool = True) -> Future[_T]:
        """Return the future of what `work` returns; it is done only after COMMIT.

        It raises LedgerUnavailableError where nothing was committed, or what `work` itself raised. Only work that
        `writes` can show that a trouble is over.
        """
        outcome: Future[_T] = Future()
        self._jobs.put((work, outcome, writes))
        return outcome

    def probe(self) -> None:
        """Try to write as much as an event needs, without waiting for it: so a trouble that is over is noticed."""
        self.submit(lambda connection: connection.execute(_PROBE))

    def close(self) -> None:
        """Finish what was submitted, then close the file."""
        self._jobs.put(None)
        self._thread.join()
        self._held.close()

    def _run(self, adopt: _Work, born: Future[None]) -> None:
        try:
            connection = open_for_writing(self._path)
            connection.execute("BEGIN IMMEDIATE")
            adopt(connection)
            connection.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            self._held.close()
            born.set_exception(unavailable(error))
            return
        born.set_result(None)
        while (job := self._jobs.get()) is not None:
            work, outcome, writes = job
            connection = self._attempt(connection, work, outcome, writes=writes)
        connection.close()

    def _attempt(
        self, connection: sqlite3.Connection, work: _Work, outcome: Future[Any], *, writes: bool
    ) -> sqlite3.Connection:
        """Do one job; return the connection to go on with, which after a failure is a fresh one."""
        try:
            connection.execute("BEGIN IMMEDIATE")
            result = work(connection)
            connection.execute("COMMIT")
        except (sqlite3.Error, OSError) as error:
            self._trouble = unavailable(error)
            connection = self._reopened(connection)
            outcome.set_exception(self._trouble)
        except Exception as error:  # noqa: BLE001 (the submitter gets it, the thread lives on)
            connection.execute("ROLLBACK")
            outcome.set_exception(error)
        else:
            self._trouble = None if writes else self._trouble
            outcome.set_result(result)
        return connection

    def _reopened(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        """Return a fresh connection: after a failed sync a retry on the old one may falsely succeed."""
        try:
            fresh = open_for_writing(self._path)
        except (sqlite3.Error, OSError):
            if connection.in_transaction:
                connection.rollback()
            return connection
        connection.close()
        return fresh


def unavailable(error: Exception) -> LedgerUnavailableError:
    """Return the error that tells people what SQLite or the system refused."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    reasons = {
        sqlite3.SQLITE_FULL: ("full", "the disk is full: nothing was recorded; free some space"),
        sqlite3.SQLITE_READONLY: ("read_only", "the disk is read-only: nothing was recorded; check the card"),
        sqlite3.SQLITE_CORRUPT: ("corrupt", "the ledger file is damaged: nothing was recorded; keep it for repair"),
        sqlite3.SQLITE_NOTADB: ("corrupt", "the ledger file is no database: nothing was recorded; keep it for repair"),
    }
    reason, message = reasons.get(code, ("io", "the ledger cannot be written: nothing was recorded"))
    return LedgerUnavailableError(f"{message} ({error})", reason)


def _hold_alone(path: Path) -> IO[str]:
    held = path.resolve().with_suffix(".lock").open("w")  # one file under two names is one file
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        held.close()
        message = f"{path} is in use by another program: stop the running terminal first"
        raise LedgerUnavailableError(message, "io") from error
    return held
