"""The one thread that writes: jobs enter, what they return leaves after COMMIT. Knows no event and no table.

A second writing connection, or a second program, could lose what was committed: there is none. The same connection
checkpoints, between jobs and never while somebody waits for one.
"""

from __future__ import annotations

import errno
import fcntl
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import closing, suppress
from pathlib import Path
from typing import IO, Any, Protocol, TypeVar

from kiosk.errors import LedgerUnavailableError, StateRefusedError
from kiosk.schema import open_for_reading
from kiosk.soundness import is_damage

_T = TypeVar("_T")
_PROBE = "INSERT OR REPLACE INTO probe VALUES (1, zeroblob(16384))"
_CHECKPOINT_CHANGES = 400
"""Rows changed between two checkpoints: some hundred pages, a moment's work, and a short log to read at a start."""

_Work = Callable[[sqlite3.Connection], Any]


class DamagedError(Exception):
    """Raised inside a job where the file's contents are found wrong; the file is then replaced."""


class Opener(Protocol):
    """Opens the writing connection; each raises sqlite3.Error or OSError where the disk does not allow it."""

    @property
    def path(self) -> Path:
        """The file."""

    def open_first(self) -> sqlite3.Connection:
        """Return the connection at a start, the file checked."""

    def open_again(self) -> sqlite3.Connection:
        """Return a fresh connection after a failure."""

    def open_instead(self, fault: str) -> sqlite3.Connection:
        """Return a connection to a fresh file in place of a damaged one."""


class Writer:
    """Owns the writing connection of one file. Jobs are done in the order submitted, each in a transaction."""

    def __init__(self, opener: Opener, committed: Callable[[object], None] = lambda _: None) -> None:
        """Open the file; `committed` gets each job's result on the writing thread after COMMIT, before anybody else.

        Raises LedgerUnavailableError where the file cannot be used or another program has it.
        """
        self._opener = opener
        self._committed = committed
        self._jobs: queue.SimpleQueue[tuple[_Work, Future[Any], bool] | None] = queue.SimpleQueue()
        self._trouble: LedgerUnavailableError | None = None
        self._connection: sqlite3.Connection | None = None
        self._closed = threading.Event()
        self._fault = ""
        self._checkpointed_at = 0
        self.replacements = 0
        try:
            opener.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._held = _hold_alone(opener.path)
        except OSError as error:
            raise unavailable(error) from error
        born: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, args=(born,), name="ledger", daemon=True)
        self._thread.start()
        born.result()

    @property
    def trouble(self) -> LedgerUnavailableError | None:
        """Return why the last job failed, None once one has succeeded again."""
        return self._trouble

    def submit(self, work: Callable[[sqlite3.Connection], _T], *, writes: bool = True) -> Future[_T]:
        """Return the future of what `work` returns; it is done only after COMMIT.

        It raises LedgerUnavailableError where nothing was committed, or what `work` itself raised. Only work that
        `writes` can show that a trouble is over; the rest reads, behind everything that was submitted before it.
        """
        outcome: Future[_T] = Future()
        self._jobs.put((work, outcome, writes))
        if self._closed.is_set():
            self._refuse_the_rest()
        return outcome

    def probe(self) -> None:
        """Try to write as much as an event needs, without waiting for it: so a trouble that is over is noticed."""
        self.submit(lambda connection: connection.execute(_PROBE))

    def condemn(self, fault: str, replacements: int) -> None:
        """Have the file replaced for what was found wrong in it, unless it was replaced since `replacements`."""

        def condemned(_: sqlite3.Connection) -> None:
            if replacements == self.replacements:
                raise DamagedError(fault)

        self.submit(condemned)

    def close(self) -> None:
        """Finish what was submitted, then close the file."""
        self._jobs.put(None)
        self._thread.join()
        self._held.close()

    def _refuse_the_rest(self) -> None:
        """Let nobody wait for what comes after the end."""
        with suppress(queue.Empty):
            while True:
                if job := self._jobs.get_nowait():
                    job[1].set_exception(LedgerUnavailableError("the ledger is closed: nothing was recorded", "io"))

    def _run(self, born: Future[None]) -> None:
        try:
            self._connection = self._opener.open_first()
        except Exception as error:  # noqa: BLE001 (whoever opens the ledger gets it)
            self._held.close()
            refused = isinstance(error, (sqlite3.Error, OSError)) or is_damage(error)
            born.set_exception(unavailable(error) if refused else error)
            return
        born.set_result(None)
        while (job := self._jobs.get()) is not None:
            work, outcome, writes = job
            if writes:
                self._attempt(work, outcome)
                self._checkpoint()
            else:
                self._look(work, outcome)
        self._finish()
        self._closed.set()
        self._refuse_the_rest()

    def _attempt(self, work: _Work, outcome: Future[Any]) -> None:
        """Do one job in a transaction; after a failure the next one gets a fresh connection."""
        try:
            connection = self._connection = self._usable()
            connection.execute("BEGIN IMMEDIATE")
            result = work(connection)
            connection.execute("COMMIT")
        except (sqlite3.Error, OSError, DamagedError, UnicodeDecodeError) as error:
            outcome.set_exception(self._failed(error))
        except Exception as error:  # noqa: BLE001 (the submitter gets it, the thread lives on)
            if self._connection is not None:
                self._connection.execute("ROLLBACK")
            outcome.set_exception(error)
        else:
            self._trouble = None
            self._committed(result)
            outcome.set_result(result)

    def _look(self, work: _Work, outcome: Future[Any]) -> None:
        """Do one job that only reads, whatever trouble there is with writing."""
        try:
            with closing(open_for_reading(self._opener.path)) as connection:
                outcome.set_result(work(connection))
        except (sqlite3.Error, OSError) as error:
            outcome.set_exception(unavailable(error))
        except Exception as error:  # noqa: BLE001 (as above)
            outcome.set_exception(error)

    def _usable(self) -> sqlite3.Connection:
        """Return the connection, opened anew after a failure: on the old one a second sync may falsely succeed."""
        if self._connection is not None:
            return self._connection
        was = _identity(self._opener.path)
        opened = self._opener.open_instead(self._fault) if self._fault else self._opener.open_again()
        self._fault = ""
        self._checkpointed_at = 0
        if _identity(self._opener.path) != was:
            self.replacements += 1
        return opened

    def _failed(self, error: Exception) -> LedgerUnavailableError:
        """Return what to tell of a failure, the connection closed.

        A damaged file is replaced at once, so that the next job finds a fresh one.
        """
        refused = self._trouble = unavailable(error)
        self._give_up_connection()
        if refused.reason != "corrupt":
            return refused
        self._fault = str(error)
        try:
            self._connection = self._usable()
        except (sqlite3.Error, OSError, UnicodeDecodeError) as failure:
            self._trouble = unavailable(failure)
            return refused
        self._trouble = None
        return refused

    def _checkpoint(self) -> None:
        """Copy the log into the file once enough was written; readers may keep a part of it for the next time."""
        connection = self._connection
        if connection is None or connection.total_changes - self._checkpointed_at < _CHECKPOINT_CHANGES:
            return
        try:
            connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        except (sqlite3.Error, OSError) as error:
            self._failed(error)
        else:
            self._checkpointed_at = connection.total_changes

    def _finish(self) -> None:
        """Leave a file that needs no log, though readers may still have it open."""
        if self._connection is not None:
            with suppress(sqlite3.Error):
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        self._give_up_connection()

    def _give_up_connection(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()


def unavailable(error: Exception) -> LedgerUnavailableError:
    """Return the error that tells people what SQLite or the system refused."""
    if isinstance(error, LedgerUnavailableError):
        return error
    if isinstance(error, DamagedError) or is_damage(error):
        return LedgerUnavailableError(f"the ledger file was damaged: nothing was recorded ({error})", "corrupt")
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL or getattr(error, "errno", None) in {errno.ENOSPC, errno.EDQUOT}:
        return LedgerUnavailableError(f"the disk is full: nothing was recorded; free some space ({error})", "full")
    if code == sqlite3.SQLITE_READONLY or getattr(error, "errno", None) == errno.EROFS:
        message = f"the disk is read-only: nothing was recorded; check the card ({error})"
        return LedgerUnavailableError(message, "read_only")
    return LedgerUnavailableError(f"the ledger cannot be written: nothing was recorded ({error})", "io")


def _identity(path: Path) -> int:
    return path.stat().st_ino if path.exists() else 0


def _hold_alone(path: Path) -> IO[str]:
    held = path.resolve().with_suffix(".lock").open("w")  # one file under two names is one file
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        held.close()
        raise StateRefusedError(f"{path} is in use by another program: stop the running terminal first") from error
    return held
