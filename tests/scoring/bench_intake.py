"""Intake beside the raw store: events a second through the centre's wire, and of the same rows by executemany.

Both run on the same disk in the same run, both commit every 500 rows; the intake verifies the signature, the chain
and the schema of each line as a terminal's batch is verified.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from scoring import tables
from scoring.app import create_app
from scoring.centre import Centre, open_centre
from sync import chain, wire
from sync.events import Clock, encode_event, instant_text, new_event_id
from sync.keys import SigningKey

ORIGIN, EPOCH, LINES_EACH = "gaogou-t01", "7f3a9c21", 500
KEY = SigningKey.from_seed(bytes(range(32)))
_STARTED_AT = datetime(2026, 10, 8, 0, 20, tzinfo=UTC)
_INSERT = (
    "INSERT INTO event (origin, epoch, seq, id, type, occurred_at, line, hash, received_at) VALUES (?,?,?,?,?,?,?,?,?)"
)


@dataclass(frozen=True)
class Row:
    """One measurement: what, how much, in which unit, and how it compares."""

    name: str
    value: float
    unit: str
    note: str = ""


def measure(batches: int = 20) -> list[Row]:
    """Return events a second of the raw store and of the intake, and the one as a share of the other."""
    sealed = _sealed(batches)
    with tempfile.TemporaryDirectory(prefix="lkb-bench-") as folder:
        raw = _raw_rate(Path(folder) / "raw.db", sealed)
        intake = _intake_rate(Path(folder) / "intake.db", sealed)
    return [
        Row("raw SQLite executemany", round(raw), "events/s", "same rows, same indexes, 500 a commit"),
        Row("intake", round(intake), "events/s", "signature, chain and schema verified, 500 a batch"),
        Row("intake / raw", round(intake / raw * 100, 1), "%"),
    ]


def _sealed(batches: int) -> list[tuple[wire.Batch, list[bytes], list[bytes]]]:
    before, made = chain.GENESIS, []
    for number in range(batches):
        start = number * LINES_EACH + 1
        lines = [_line(seq) for seq in range(start, start + LINES_EACH)]
        hashes = chain.links(before, lines)
        made.append((wire.seal_batch(KEY, ORIGIN, EPOCH, start, before, lines), lines, hashes))
        before = hashes[-1]
    return made


def _line(seq: int) -> bytes:
    return encode_event(
        event_id=new_event_id(),
        origin=ORIGIN,
        epoch=EPOCH,
        seq=seq,
        type_="punch",
        occurred_at=_STARTED_AT + timedelta(milliseconds=seq),
        payload={"person": f"P{seq % 3000:04}", "hall": "gaogou", "method": "face", "score": 0.71},
        clock=Clock("ntp", 12, "5f0c1a52-7f3a-4c21-9a1b-3f6f2b7f1d10", 812345678901 + seq),
    )


def _intake_rate(path: Path, sealed: Sequence[tuple[wire.Batch, list[bytes], list[bytes]]]) -> float:
    centre = open_centre(f"sqlite:///{path}")
    _enrol(centre)
    client = create_app(centre).test_client()
    address = f"/v1/t/{ORIGIN}/e/{EPOCH}/batches"
    started_s = time.perf_counter()
    for batch, _, _ in sealed:
        answer = client.post(address, data=batch.body, headers=batch.headers())
        if answer.status_code != 200:
            raise RuntimeError(answer.text)
    took_s = time.perf_counter() - started_s
    centre.store.close()
    return len(sealed) * LINES_EACH / took_s


def _enrol(centre: Centre) -> None:
    row: dict[str, Any] = {"origin": ORIGIN, "hall": "gaogou", "public_key": KEY.public_text, "alg": "ed25519"}
    with centre.store.writing() as connection:
        enrolled = {**row, "serial": "1", "enrolled_at": instant_text(_STARTED_AT)}
        connection.execute(insert(tables.terminal).values(enrolled))


def _raw_rate(path: Path, sealed: Sequence[tuple[wire.Batch, list[bytes], list[bytes]]]) -> float:
    open_centre(f"sqlite:///{path}").store.close()
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA synchronous=FULL")
    prepared = [_rows(batch.start, lines, hashes) for batch, lines, hashes in sealed]
    started_s = time.perf_counter()
    for rows in prepared:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(_INSERT, rows)
        connection.execute("COMMIT")
    took_s = time.perf_counter() - started_s
    connection.close()
    return len(sealed) * LINES_EACH / took_s


def _rows(start: int, lines: Sequence[bytes], hashes: Sequence[bytes]) -> list[tuple[object, ...]]:
    at = instant_text(_STARTED_AT)
    return [
        (ORIGIN, EPOCH, start + index, line[13:49].decode(), "punch", at, line, line_hash, at)
        for index, (line, line_hash) in enumerate(zip(lines, hashes, strict=True))
    ]


if __name__ == "__main__":
    for row in measure():
        sys.stdout.write(f"{row.name:<28}{row.value:>12,} {row.unit}  {row.note}\n")
