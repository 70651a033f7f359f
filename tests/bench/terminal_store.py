"""The terminal's store beside a raw SQLite commit, bytes written for an event, and bytes of an event on the wire.

Both stores take turns on the same disk: one event, one commit that is synced. Bytes written are those that the kernel
counts for the process (`/proc/self/io`), journal, checkpoints and sidecar files included.
"""

from __future__ import annotations

import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import zstandard

from kiosk.store import Ledger
from sync import chain, wire
from sync.clock import SystemClock
from sync.keys import SigningKey
from tests.bench.made_up_terminal import lines_of

_PRESSES = 1000
_LINES, _BATCHES = wire.MAX_LINES, 20
_GOAL_TIMES, _GOAL_BYTES, _GOAL_ON_WIRE = 1.5, 17_000, 60
_OTHER_LEVELS = (1, 6, 15, 19)
_PUNCH = {"person": "P0007", "hall": "gaogou", "method": "face", "score": 0.713}


def measure() -> Iterator[str]:
    """Yield the rows of the table: latency of a commit, bytes written, bytes on the wire."""
    with tempfile.TemporaryDirectory(prefix="lkb-bench-") as folder:
        raw_ms, ours_ms = _latencies(Path(folder))
        for name, taken in (("raw SQLite commit", raw_ms), ("press to committed", ours_ms)):
            yield f"  {name:20} p50 {_part(taken, 0.5):7.3f} ms   p99 {_part(taken, 0.99):7.3f} ms"
        times = [_part(ours_ms, part) / _part(raw_ms, part) for part in (0.5, 0.99)]
        yield f"  {'as a multiple':20} p50 {times[0]:7.2f} x    p99 {times[1]:7.2f} x    (goal {_GOAL_TIMES} x)"
    for name in ("raw", "ledger"):
        written = int(
            subprocess.run(
                [sys.executable, "-m", "tests.bench.terminal_store", name], capture_output=True, check=True
            ).stdout
        )
        goal = f"(goal {_GOAL_BYTES:,})" if name == "ledger" else ""
        yield f"  {name:20} {written / _PRESSES:10,.0f} bytes written an event {goal}"
    yield from _on_the_wire()


def _latencies(folder: Path) -> tuple[list[float], list[float]]:
    ledger, raw = Ledger(folder / "ledger.db", "gaogou-t01", SystemClock()), _raw(folder / "raw.db")
    lines = lines_of("gaogou-t01", "7f3a9c21", "gaogou", _PRESSES)
    raw_ms, ours_ms = [], []
    for line in lines:
        began_s = time.perf_counter()
        raw(line)
        between_s = time.perf_counter()
        ledger.record("punch", _PUNCH)
        ended_s = time.perf_counter()
        raw_ms.append((between_s - began_s) * 1000)
        ours_ms.append((ended_s - between_s) * 1000)
    ledger.close()
    return raw_ms, ours_ms


def _raw(path: Path) -> Callable[[bytes], None]:
    """Return what commits one line into a plain table, durably as the ledger does."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE line (number INTEGER PRIMARY KEY, line BLOB NOT NULL)")

    def commit(line: bytes) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO line (line) VALUES (?)", (line,))
        connection.execute("COMMIT")

    return commit


def _written_by(store: str) -> int:
    """Return how many bytes this process writes for so many presses, the store being open already."""
    with tempfile.TemporaryDirectory(prefix="lkb-bench-") as folder:
        if store == "raw":
            line, raw = lines_of("gaogou-t01", "7f3a9c21", "gaogou", 1)[0], _raw(Path(folder) / "raw.db")
            return _written_while(lambda: raw(line))
        with closing(Ledger(Path(folder) / "ledger.db", "gaogou-t01", SystemClock())) as ledger:
            return _written_while(lambda: ledger.record("punch", _PUNCH))


def _written_while(commit: Callable[[], object]) -> int:
    before = _bytes_written()
    for _ in range(_PRESSES):
        commit()
    return _bytes_written() - before


def _bytes_written() -> int:
    said = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(said["write_bytes"])


def _on_the_wire() -> Iterator[str]:
    key, lines = SigningKey.from_seed(bytes(32)), lines_of("gaogou-t01", "7f3a9c21", "gaogou", _LINES * _BATCHES)
    parts = [lines[first : first + _LINES] for first in range(0, len(lines), _LINES)]
    batches = [wire.seal_batch(key, "gaogou-t01", "7f3a9c21", 1, chain.GENESIS, part) for part in parts]
    sent = sum(len(batch.body) + sum(len(k) + len(v) + 4 for k, v in batch.headers().items()) for batch in batches)
    plain = sum(map(len, lines)) / len(lines)
    yield f"  {'on the wire':20} {sent / len(lines):10.1f} bytes an event, {_LINES} a batch (goal {_GOAL_ON_WIRE})"
    yield f"  {'uncompressed':20} {plain:10.1f} bytes an event"
    for level in _OTHER_LEVELS:
        began_s = time.perf_counter()
        size = sum(len(zstandard.ZstdCompressor(level=level).compress(b"\n".join(part) + b"\n")) for part in parts)
        took_ms = (time.perf_counter() - began_s) * 1000 / len(parts)
        yield f"  {'at zstd level ' + str(level):20} {size / len(lines):10.1f} bytes an event, {took_ms:.1f} ms a batch"


def _part(values: Sequence[float], part: float) -> float:
    return statistics.quantiles(values, n=100)[round(part * 100) - 1]


if __name__ == "__main__":
    if sys.argv[1:]:
        sys.stdout.write(str(_written_by(sys.argv[1])))
    else:
        for row in measure():
            sys.stdout.write(f"{row}\n")
            sys.stdout.flush()
