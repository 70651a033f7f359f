"""What a hub holds for the other terminals of its hall: batches exactly as they came, and the centre's answers to them.

One SQLite file of its own, one connection, every method safe from any thread; a batch is on the disk before it is
said to be held. Knows no signature and no event.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sync.errors import SyncError
from sync.wire import sha256

_WANTED = {"journal_mode": "wal", "synchronous": 2}
_LAYOUT = (
    """CREATE TABLE IF NOT EXISTS batch (
        number INTEGER PRIMARY KEY AUTOINCREMENT, origin TEXT NOT NULL, path TEXT NOT NULL, headers TEXT NOT NULL,
        digest TEXT NOT NULL, body BLOB NOT NULL, UNIQUE (origin, digest)) STRICT""",
    """CREATE TABLE IF NOT EXISTS answer (
        origin TEXT NOT NULL, digest TEXT NOT NULL, status INTEGER NOT NULL, headers TEXT NOT NULL,
        body BLOB NOT NULL, at_s REAL NOT NULL, PRIMARY KEY (origin, digest)) STRICT""",
)


class SpoolError(SyncError, OSError):
    """A spool that cannot be used: nothing was held, the leaf keeps its lines."""


@dataclass(frozen=True, slots=True)
class Request:
    """A leaf's request as it came: what it asks for, the headers that matter, the body."""

    origin: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def digest(self) -> str:
        """Return what tells this request from every other one."""
        stated = json.dumps([self.path, sorted(self.headers.items())]).encode()
        return sha256(stated + b"\n" + self.body)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer of the centre; `at_s` is when it came, by the hub's wall clock."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    at_s: float


class Spool:
    """The batches that wait, in the order in which they came, and the answers that nobody has asked for yet."""

    def __init__(self, path: Path, most_bytes: int) -> None:
        self._path = path
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        self._connection: sqlite3.Connection | None = None
        with self._using():
            pass

    def hold(self, request: Request) -> bool:
        """Keep a batch durably, once; return False where there is no more room."""
        row = (request.origin, request.path, json.dumps(dict(request.headers)), request.digest, request.body)
        with self._writing() as connection:
            (held_bytes,) = connection.execute("SELECT coalesce(sum(length(body)), 0) FROM batch").fetchone()
            fits = held_bytes + len(request.body) <= self._most_bytes
            if fits:
                connection.execute(
                    "INSERT INTO batch (origin, path, headers, digest, body) VALUES (?, ?, ?, ?, ?)"
                    " ON CONFLICT (origin, digest) DO NOTHING",
                    row,
                )
        return bool(fits)

    def oldest(self, origin: str) -> tuple[int, Request] | None:
        """Return a terminal's batch that is to be forwarded next, with its number; None where none waits."""
        query = "SELECT number, origin, path, headers, body FROM batch WHERE origin = ? ORDER BY number LIMIT 1"
        with self._using() as connection:
            row = connection.execute(query, (origin,)).fetchone()
        return (row[0], Request(row[1], row[2], json.loads(row[3]), row[4])) if row is not None else None

    def answered(self, number: int, request: Request, reply: Reply) -> None:
        """Put the centre's answer in the place of a batch."""
        row = (request.origin, request.digest, reply.status, json.dumps(dict(reply.headers)), reply.body, reply.at_s)
        with self._writing() as connection:
            connection.execute("DELETE FROM batch WHERE number = ?", (number,))
            connection.execute("INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?, ?, ?)", row)

    def take_answer(self, request: Request) -> Reply | None:
        """Return the centre's answer to exactly this request and forget it: asked again, the centre is asked again.

        An answer told twice could be older than what the centre knows by then.
        """
        key = (request.origin, request.digest)
        with self._writing() as connection:
            row = connection.execute(
                "DELETE FROM answer WHERE origin = ? AND digest = ? RETURNING status, headers, body, at_s", key
            ).fetchone()
        return Reply(row[0], json.loads(row[1]), row[2], row[3]) if row is not None else None

    def forget_answers(self, origin: str) -> None:
        """Forget what nobody will ask for: the terminal has moved on."""
        with self._writing() as connection:
            connection.execute("DELETE FROM answer WHERE origin = ?", (origin,))

    def origins(self) -> list[str]:
        """Return whose batches wait, the one that waits longest first."""
        with self._using() as connection:
            rows = connection.execute("SELECT origin FROM batch GROUP BY origin ORDER BY min(number)").fetchall()
        return [origin for (origin,) in rows]

    def waiting(self, origin: str | None = None) -> int:
        """Return how many batches wait for the centre."""
        with self._using() as connection:
            query = "SELECT count(*) FROM batch WHERE ? IS NULL OR origin = ?"
            return int(connection.execute(query, (origin, origin)).fetchone()[0])

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    @contextmanager
    def _using(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection; after a failure it is opened anew, since a second sync may succeed falsely."""
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = _opened(self._path)
                yield self._connection
            except (sqlite3.Error, OSError) as error:
                self._drop()
                raise SpoolError(f"{self._path} cannot be used: {error}") from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._using() as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    for pragma, value in _WANTED.items():
        connection.execute(f"PRAGMA {pragma} = {value}")
        (found,) = connection.execute(f"PRAGMA {pragma}").fetchone()
        if found != value:
            connection.close()
            raise OSError(f"{pragma} is {found!r}, not {value!r}: use a local file system")
    for statement in _LAYOUT:
        connection.execute(statement)
    return connection
