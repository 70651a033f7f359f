"""Intake beside the raw store: events a second through the centre, and of the same rows by executemany or COPY.

Both take turns on the same disk, batch by batch, and both commit each batch with fsync; the raw store adds the same
rows to the same tables with the same indexes and does nothing else. The intake verifies signature, chain and schema
of each line.
"""

from __future__ import annotations

import gc
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from flask import Flask
from sqlalchemy import insert
from werkzeug.test import EnvironBuilder, run_wsgi_app

from scoring import tables
from scoring.app import create_app
from scoring.bulk import EVENT_COLUMNS, EVENT_TYPES
from scoring.centre import Centre, open_centre
from scoring.store import open_store
from sync import chain, wire
from sync.events import instant_text
from sync.keys import SigningKey
from tests.bench.made_up_terminal import lines_of
from tests.scoring import postgres

SIZES = {1: 400, 100: 100, 500: 60, 1000: 30}
"""How many lines a batch has, and how many batches are measured; 1,000 lines travel as two batches of 500."""
_TERMINALS = 10
_EPOCH = "7f3a9c21"
_KEY = SigningKey.from_seed(bytes(range(32)))
_AT = instant_text(datetime(2026, 10, 8, 0, 20, tzinfo=UTC))

Environ = dict[str, Any]
RawRows = list[tuple[object, ...]]
Write = Callable[[RawRows], None]


@dataclass(frozen=True)
class Part:
    """What is handed over at a time: as requests of one terminal, and as rows."""

    requests: list[Environ]
    rows: RawRows


def measure() -> Iterator[str]:
    """Yield the rows of the table, for each engine that is here and each size of a batch."""
    yield f"  {'engine':12} {'lines a batch':>13} {'raw store':>12} {'intake':>12} {'share':>7}"
    with tempfile.TemporaryDirectory(prefix="lkb-bench-") as folder:
        for size, count in SIZES.items():
            yield _row("SQLite", size, _sqlite(Path(folder), size, count))
    programs = postgres.binaries()
    if programs is None:
        yield "  PostgreSQL   skipped: no server is installed"
        return
    with postgres.server(programs, durable=True) as host, tempfile.TemporaryDirectory(prefix="lkb-bench-") as folder:
        for size, count in SIZES.items():
            yield _row("PostgreSQL", size, _postgresql(host, Path(folder), size, count))


def _row(engine: str, size: int, rates: tuple[float, float]) -> str:
    raw, intake = rates
    return f"  {engine:12} {size:13,} {raw:10,.0f}/s {intake:10,.0f}/s {intake / raw:7.0%}"


def _sqlite(folder: Path, size: int, count: int) -> tuple[float, float]:
    with ExitStack() as stack:
        write = stack.enter_context(_raw_sqlite(folder / f"raw-{size}.db"))
        app = stack.enter_context(_intake(f"sqlite:///{folder / f'intake-{size}.db'}", folder / "state"))
        return _in_turns(write, app, _parts(size, count))


def _postgresql(host: str, folder: Path, size: int, count: int) -> tuple[float, float]:
    with ExitStack() as stack:
        write = stack.enter_context(_raw_postgresql(postgres.second_database(host)))
        app = stack.enter_context(_intake(postgres.empty_database(host), folder / "state"))
        return _in_turns(write, app, _parts(size, count))


def _in_turns(write: Write, app: Flask, parts: Sequence[Part]) -> tuple[float, float]:
    """Return the events a second of the raw store and of the intake, the first tenth left out as a warm-up."""
    raw_s = intake_s = 0.0
    measured = parts[len(parts) // 10 :]
    gc.freeze()  # as the server does: the many rows made beforehand are not looked through again and again
    for part in parts:
        if part is measured[0]:
            raw_s = intake_s = 0.0
        began_s = time.perf_counter()
        write(part.rows)
        between_s = time.perf_counter()
        for request in part.requests:
            _post(app, request)
        raw_s, intake_s = raw_s + between_s - began_s, intake_s + time.perf_counter() - between_s
    lines = sum(len(part.rows) for part in measured)
    return lines / raw_s, lines / intake_s


def _post(app: Flask, request: Environ) -> None:
    answer, status, _ = run_wsgi_app(app, request)
    if status != "200 OK":
        raise RuntimeError(f"{status} {b''.join(answer).decode()}")


def _parts(size: int, count: int) -> list[Part]:
    """Return `count` parts of `size` lines, the terminals in turn, each terminal's lines one chain."""
    each = -(-count // _TERMINALS)
    by_terminal = [_parts_of(f"t{number:02}", size, each) for number in range(_TERMINALS)]
    return [part for together in zip(*by_terminal, strict=True) for part in together][:count]


def _parts_of(origin: str, size: int, count: int) -> list[Part]:
    lines = lines_of(origin, _EPOCH, "gaogou", size * count)
    hashes = chain.links(chain.GENESIS, lines)
    return [_part(origin, lines, hashes, range(first, first + size)) for first in range(0, len(lines), size)]


def _part(origin: str, lines: Sequence[bytes], hashes: Sequence[bytes], places: range) -> Part:
    requests = []
    for first in places[:: wire.MAX_LINES]:
        sent = lines[first : min(first + wire.MAX_LINES, places.stop)]
        before = hashes[first - 1] if first else chain.GENESIS
        batch = wire.seal_batch(_KEY, origin, _EPOCH, first + 1, before, sent)
        path = f"/v1/t/{origin}/e/{_EPOCH}/batches"
        requests.append(
            EnvironBuilder(path, method="POST", data=batch.body, headers=[*batch.headers().items()]).get_environ()
        )
    rows: RawRows = [
        (origin, _EPOCH, place + 1, lines[place][13:49].decode(), "punch", _AT, lines[place], hashes[place], _AT, None)
        for place in places
    ]
    return Part(requests, rows)


@contextmanager
def _intake(database: str, state: Path) -> Iterator[Flask]:
    centre = open_centre(database, state)
    try:
        _enrol(centre)
        yield create_app(centre)
    finally:
        centre.store.close()


def _enrol(centre: Centre) -> None:
    row = {"hall": "gaogou", "public_key": _KEY.public_text, "alg": "ed25519", "serial": "1", "enrolled_at": _AT}
    with centre.store.writing() as connection:
        for number in range(_TERMINALS):
            connection.execute(insert(tables.terminal).values(origin=f"t{number:02}", **row))


@contextmanager
def _raw_sqlite(path: Path) -> Iterator[Write]:
    open_store(f"sqlite:///{path}").close()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous=FULL")
    marks = ",".join("?" * len(EVENT_COLUMNS))
    statement = f"INSERT INTO event ({','.join(EVENT_COLUMNS)}) VALUES ({marks})"  # noqa: S608 (names of our own)

    def write(rows: RawRows) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(statement, rows)
        connection.execute("COMMIT")

    yield write
    connection.close()


@contextmanager
def _raw_postgresql(database: str) -> Iterator[Write]:
    open_store(database).close()
    with psycopg.connect(database) as connection:

        def write(rows: RawRows) -> None:
            statement = f"COPY event ({','.join(EVENT_COLUMNS)}) FROM STDIN (FORMAT BINARY)"
            with connection.cursor() as cursor, cursor.copy(statement) as copy:
                copy.set_types(EVENT_TYPES)
                for row in rows:
                    copy.write_row(row)
            with connection.cursor() as cursor, cursor.copy("COPY known_id FROM STDIN") as copy:
                copy.write("\n".join(str(row[3]) for row in rows))
            connection.commit()

        yield write


if __name__ == "__main__":
    for line in measure():
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
