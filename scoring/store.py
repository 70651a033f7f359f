"""Opens the centre's database: one writing connection behind a lock, reads beside it that cannot write.

SQLite before 3.51.3 can lose a commit when two connections write and checkpoint together, so exactly one does both.
A URL enters, transactions leave. Knows no event.
"""

from __future__ import annotations

import fcntl
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, create_engine, event, select
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import NullPool, StaticPool

from scoring import migrations, tables
from scoring.errors import (
    DatabaseUrlError,
    ScoringError,
    StoreBusyError,
    StoreInUseError,
    StoreUnavailableError,
    StoreUnfinishedError,
    StoreUnsafeError,
)

_BUSY_S = 5.0
_ACTED = "acted"
UNFINISHED = "unfinished_move"
"""The row of the table `store` that stands in a copy until every chain in it was checked."""
_ADVISORY_LOCK = 0x6C6B6231  # any constant: two servers of this project on one database must meet
_LET_GO_WITHIN_MS, _LOCK_NOT_AVAILABLE = 1500, "55P03"
_PRAGMAS = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
_SQLITE_WITH_STRICT = (3, 37)


class Store:
    """A database with its one writer. Every method may be called from any thread.

    `acts_committed` counts the transactions that said `note_act`: whoever read up to one count need not read again.
    """

    def __init__(self, writer: Engine, reader: Engine, lock_file: IO[bytes] | None) -> None:
        self._writer = writer
        self._reader = reader
        self._lock_file = lock_file
        self._lock = threading.Lock()
        self.acts_committed = 0

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Yield the writing connection inside a transaction, committed at the end, rolled back if anything raises.

        StoreBusyError where the writer stayed taken, StoreUnavailableError where the engine could not commit; after
        the latter the connection is opened anew, since a second fsync may succeed falsely.
        """
        if not self._lock.acquire(timeout=_BUSY_S):
            raise StoreBusyError(f"the store was busy for {_BUSY_S:g} s: try again")
        try:
            with self._writer.begin() as connection:
                connection.info.pop(_ACTED, None)
                yield connection
                acted = connection.info.pop(_ACTED, False)
            self.acts_committed += bool(acted)
        except _errors_of(self._writer) as error:
            self._writer.dispose()
            self.acts_committed += 1  # whether it was committed is not known: better read once too often
            raise _unavailable(error) from error
        finally:
            self._lock.release()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection that sees one state of the store throughout and cannot change it."""
        try:
            with self._reader.begin() as connection:
                yield connection
        except DBAPIError as error:
            raise _unavailable(error) from error

    def close(self) -> None:
        """Close every connection and give the store free for another server."""
        self._reader.dispose()
        self._writer.dispose()
        if self._lock_file is not None:
            self._lock_file.close()


def note_act(connection: Connection) -> None:
    """Say that the transaction of a writing connection adds to what the centre itself has said."""
    connection.info[_ACTED] = True


def _errors_of(engine: Engine) -> tuple[type[Exception], ...]:
    """Return what an engine raises, and what its driver does where it is used by itself, as COPY is."""
    driver: Any = engine.dialect.dbapi
    return DBAPIError, driver.Error


def _unavailable(error: Exception) -> ScoringError:
    said = str(error.orig if isinstance(error, DBAPIError) else error)
    if "locked" in said or "busy" in said:
        return StoreBusyError(f"the store is busy ({said}): try again")
    return StoreUnavailableError(
        f"the store cannot be used ({said}): nothing was recorded, free its disk or restart it"
    )


def open_store(url: str, *, unfinished: bool = False) -> Store:
    """Return the store of a `--database` URL at the newest revision, made where missing, held against a second server.

    A store that a move left unfinished is opened only where `unfinished` says so.
    DatabaseUrlError, StoreInUseError, StoreUnsafeError, StoreTooNewError, StoreStrangeError or StoreUnfinishedError,
    each with what to do.
    """
    path = sqlite_path(url)
    store = _open_sqlite(path) if path is not None else _open_postgresql(url)
    try:
        with store.writing() as connection:
            migrations.upgrade(connection)
            if not unfinished:
                _refuse_unfinished(connection)
    except BaseException:
        store.close()
        raise
    return store


def open_reader(url: str) -> Store:
    """Return a store of an existing database that only reads; its `writing` refuses.

    DatabaseUrlError, StoreTooNewError, StoreTooOldError or StoreUnfinishedError, each with what to do.
    """
    path = sqlite_path(url)
    if path is not None and not path.is_file():
        raise DatabaseUrlError(f"{path} does not exist: name the file that the server writes")
    reader = _sqlite_reader(path) if path is not None else _postgresql_reader(url)
    store = Store(_refusing_engine(), reader, None)
    try:
        with store.reading() as connection:
            migrations.require_newest(connection)
            _refuse_unfinished(connection)
    except BaseException:
        store.close()
        raise
    return store


def _refuse_unfinished(connection: Connection) -> None:
    source = connection.scalar(select(tables.store.c.value).where(tables.store.c.name == UNFINISHED))
    if source is not None:
        raise StoreUnfinishedError(
            f"moving {source} here was begun and not finished: run migrate-store with --again, or name another store"
        )


def sqlite_path(url: str) -> Path | None:
    """Return the file of a `sqlite:///FILE` URL, None for a PostgreSQL one; DatabaseUrlError for anything else."""
    if url.startswith("sqlite:///") and len(url) > len("sqlite:///"):
        name = url.removeprefix("sqlite:///")
        if name == ":memory:" or name.startswith("file:"):
            raise DatabaseUrlError(f"{url}: the ledger lives in a file, such as sqlite:///centre.db")
        return Path(name)
    if url.startswith(("postgresql://", "postgres://")):
        return None
    raise DatabaseUrlError(f"{url!r} is neither sqlite:///FILE nor postgresql://USER@HOST/NAME")


def _open_sqlite(path: Path) -> Store:
    if sqlite3.sqlite_version_info < _SQLITE_WITH_STRICT:
        raise StoreUnsafeError(f"SQLite {sqlite3.sqlite_version} knows no STRICT tables: 3.37 or newer is needed")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)  # it holds the hashes of PINs
        real = path.resolve()  # one file under two names is one file
        lock_file = _locked(real.with_name(real.name + ".lock"))
    except StoreInUseError:
        raise
    except OSError as error:
        raise StoreUnavailableError(f"{path} cannot be opened: {error.strerror}") from error
    return Store(_sqlite_writer(path), _sqlite_reader(path), lock_file)


def _locked(path: Path) -> IO[bytes]:
    lock_file = path.open("ab")
    try:
        fcntl.flock(lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock_file.close()
        raise StoreInUseError(
            f"another server already works on {path.with_suffix('')}: stop it, or give this one another --database"
        ) from None
    return lock_file


def _sqlite_writer(path: Path) -> Engine:
    def connect() -> sqlite3.Connection:
        try:
            connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
            _promise(connection, path)
        except sqlite3.Error as error:
            raise StoreUnavailableError(f"{path} cannot be opened as a SQLite database: {error}") from error
        return connection

    engine = create_engine("sqlite://", creator=connect, poolclass=StaticPool)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def _promise(connection: sqlite3.Connection, path: Path) -> None:
    for name, wanted in _PRAGMAS.items():
        connection.execute(f"PRAGMA {name}={wanted}")
    for name, wanted in _PRAGMAS.items():
        found = connection.execute(f"PRAGMA {name}").fetchone()[0]
        if found != wanted:
            connection.close()
            raise StoreUnsafeError(f"{path}: {name} is {found!r}, not {wanted!r}: use a local file system that can WAL")


def _sqlite_reader(path: Path) -> Engine:
    def connect() -> sqlite3.Connection:
        address = f"file:{quote(str(path))}?mode=ro"
        return sqlite3.connect(address, uri=True, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)

    engine = create_engine("sqlite+pysqlite:///reader", creator=connect, pool_size=8, max_overflow=24)
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def _refusing_engine() -> Engine:
    def connect() -> sqlite3.Connection:
        raise StoreUnavailableError("this store was opened to be read only")

    return create_engine("sqlite://", creator=connect, poolclass=NullPool)


def _open_postgresql(url: str) -> Store:
    engine = _postgresql_engine(url, pool_size=1, max_overflow=0)
    event.listen(engine, "connect", _claim_database)
    return Store(engine, _postgresql_reader(url), None)


def _postgresql_reader(url: str) -> Engine:
    engine = _postgresql_engine(url, pool_size=8, max_overflow=24)
    return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


def _postgresql_engine(url: str, pool_size: int, max_overflow: int) -> Engine:
    try:
        address = make_url(url).set(drivername="postgresql+psycopg")
        return create_engine(address, pool_size=pool_size, max_overflow=max_overflow)
    except ArgumentError as error:
        raise DatabaseUrlError(f"{url!r} cannot be read: {error}") from error
    except ModuleNotFoundError as error:
        raise DatabaseUrlError("PostgreSQL needs the extra `postgres` (psycopg): install it first") from error


def _claim_database(connection: DBAPIConnection, _record: object) -> None:
    """Take the database for this server alone; one that has just ended, or was killed, may need a moment to let go."""
    cursor = connection.cursor()
    try:
        cursor.execute(f"SET LOCAL lock_timeout = {_LET_GO_WITHIN_MS}")
        cursor.execute("SELECT pg_advisory_lock(%s), current_setting('synchronous_commit')", (_ADVISORY_LOCK,))
    except Exception as error:
        if getattr(error, "sqlstate", None) != _LOCK_NOT_AVAILABLE:
            raise
        raise StoreInUseError(
            "another server already works on this database: stop it, or name another --database"
        ) from error
    _, synchronous_commit = cursor.fetchone() or (None, "off")
    cursor.close()
    connection.commit()
    if synchronous_commit == "off":
        raise StoreUnsafeError("synchronous_commit is off: a power cut would lose what was acknowledged; switch it on")
