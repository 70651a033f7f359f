"""Row 2: SIGKILL at the n-th system call that changes a file, migrations included. What was promised is there."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.faults import compare
from tests.faults.fault import Outcome
from tests.faults.traced import injected, module, moments, traced

Promises = Sequence[Mapping[str, Any]]
_ROUNDS = {"recorder": 5, "receiver": 6}


def terminal(folder: Path, wanted: int) -> Iterator[Outcome]:
    """Yield one kill after another of a terminal's ledger, each at another call."""
    return _kills("recorder", folder, wanted, _ledger)


def centre(folder: Path, wanted: int) -> Iterator[Outcome]:
    """Yield one kill after another of a centre, each at another call."""
    return _kills("receiver", folder, wanted, _centre)


def _kills(program: str, folder: Path, wanted: int, compared: Callable[[Path, Promises], Outcome]) -> Iterator[Outcome]:
    folder.mkdir(parents=True, exist_ok=True)
    log, rounds = folder / "strace.log", str(_ROUNDS[program])
    whole = module(f"tests.faults.{program}", str(folder / "whole"), rounds, prefix=traced(log))
    assert whole.returncode == 0, whole.stderr.decode()
    for number, (call, n) in enumerate(_plan(moments(log), wanted)):
        state = folder / f"{number}"
        prefix = traced(log, f"{call}:signal=KILL:when={n}")
        killed = module(f"tests.faults.{program}", str(state), rounds, prefix=prefix)
        promises = [json.loads(line) for line in killed.stdout.splitlines() if line.endswith(b"}")]
        outcome = Outcome(injected(log) > 0 and killed.returncode != 0)
        again = module(f"tests.faults.{program}", str(state), "1")
        if again.returncode:
            said = again.stderr.decode().strip().splitlines()[-1:]
            outcome += Outcome(True, broken=f"killed at {call} {n}, it did not go on: {said}")
        else:
            outcome += compared(state, promises)
        yield outcome
        shutil.rmtree(state)


def _plan(every: Sequence[tuple[str, int]], wanted: int) -> list[tuple[str, int]]:
    """Return the moments to kill at: the rare calls first, then writes at random, until all were tried."""
    rare = [moment for moment in every if moment[0] != "pwrite64"]
    writes = [moment for moment in every if moment[0] == "pwrite64"]
    random.shuffle(rare)
    random.shuffle(writes)
    half = wanted // 2
    return [*rare[:half], *writes, *rare[half:]]


def _ledger(state: Path, promises: Promises) -> Outcome:
    lines, hashes = _held(state / "ledger.db", "SELECT line, hash FROM event ORDER BY position")
    outcome = _lines_kept(promises, lines) + compare.numbered(lines) + _chains(lines, hashes)
    outcome += _kept(state / "ledger.db", promises)
    if any((state / "quarantine").glob("*/ledger.db")):
        outcome += Outcome(True, broken="a sound ledger was moved aside")
    return outcome


def _kept(path: Path, promises: Promises) -> Outcome:
    """Compare what was kept beside the lines: the manifest, the template, what the centre acknowledged."""
    last = {said["kind"]: said for said in promises}
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        lost = 0
        if "held" in last:
            rows = connection.execute("SELECT version FROM manifest WHERE kind = 'roster'").fetchall()
            lost += (rows[0][0] if rows else 0) < last["held"]["version"]
        if "template" in last:
            rows = connection.execute("SELECT version FROM template").fetchall()
            lost += (int(rows[0][0][1:]) if rows else 0) < int(last["template"]["version"][1:])
        for said in promises:
            if said["kind"] == "acknowledged":
                found = connection.execute(
                    "SELECT acknowledged FROM epoch WHERE name = ? AND acknowledged >= ?", (said["epoch"], said["seq"])
                ).fetchone()
                lost += found is None
    connection.close()
    return Outcome(True, lost=lost)


def _centre(state: Path, promises: Promises) -> Outcome:
    lines, hashes = _held(state / "centre.db", "SELECT line, hash FROM event ORDER BY origin, epoch, seq")
    outcome = _lines_kept(promises, lines) + compare.numbered(lines) + _chains(lines, hashes)
    acts = [said["id"] for said in promises if said["kind"] == "act"]
    return outcome + Outcome(True, lost=len(set(acts) - {json.loads(line)["id"] for line in lines}))


def _held(path: Path, query: str) -> tuple[list[bytes], list[str]]:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    rows = connection.execute(query).fetchall()
    connection.close()
    return [bytes(line) for line, _ in rows], [bytes(hash_).hex() for _, hash_ in rows]


def _lines_kept(promises: Promises, lines: Sequence[bytes]) -> Outcome:
    promised = [said["line"].encode() for said in promises if said["kind"] == "line"]
    ids = [json.loads(line)["id"] for line in lines]
    return compare.extends(promised, lines) + Outcome(True, doubled=len(ids) - len(set(ids)))


def _chains(lines: Sequence[bytes], hashes: Sequence[str]) -> Outcome:
    """Return how many lines do not hash to what is stored beside them, epoch by epoch."""
    epochs: dict[tuple[str, str], list[tuple[bytes, str]]] = {}
    for line, stored in zip(lines, hashes, strict=True):
        event = json.loads(line)
        epochs.setdefault((event["origin"], event["epoch"]), []).append((line, stored))
    altered = 0
    for rows in epochs.values():
        made = compare.chained([line for line, _ in rows])
        altered += sum(1 for (_, stored), hash_ in zip(rows, made, strict=True) if stored != hash_)
    return Outcome(True, altered=altered)
