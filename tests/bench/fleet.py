"""A fleet of simulated terminals that comes back after an outage, all at about the same moment, to one real centre.

`python -m tests.bench.fleet 400`: a server process on the loopback, each terminal a coroutine that speaks HTTP as the
uplink does: batches in order, each repeated until it is taken, then a heartbeat every `next_s`. Bounded in time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import insert

from scoring import tables
from scoring.store import open_reader, open_store
from sync import chain, wire
from sync.events import instant_text
from sync.keys import SigningKey
from tests.bench.made_up_terminal import lines_of

_EPOCH = "7f3a9c21"
_KEY = SigningKey.from_seed(bytes(range(32)))
_ANSWER_WITHIN_S = 120
_HEARTBEATS_AFTER = 2
_FEW, _FEW_LINES, _MANY_LINES = 1000, 500, 20
_BATCH = {True: 100, False: 10}
_ADDRESSES = 200


@dataclass(frozen=True)
class Request:
    """A request as it goes over the connection, and how many lines it carries."""

    head: str
    body: bytes
    lines: int


@dataclass
class Seen:
    """What the terminals saw: seconds of each taken batch and heartbeat, refusals by status, lines drained by time."""

    batch_s: list[float] = field(default_factory=list)
    heartbeat_s: list[float] = field(default_factory=list)
    refused: Counter[int] = field(default_factory=Counter)
    broken: int = 0
    drained: Counter[int] = field(default_factory=Counter)
    drained_at_s: list[float] = field(default_factory=list)
    shares: list[tuple[float, float, float]] = field(default_factory=list)


@dataclass
class Terminal:
    """One terminal of the fleet with what it has to send; `name` is its origin."""

    name: str
    number: int
    backlog: Sequence[Request]
    port: int
    seen: Seen
    chance: random.Random

    async def come_back(self, spread_s: float) -> None:
        """Wait a random part of `spread_s`, send the backlog, then live on for a few heartbeats."""
        await asyncio.sleep(self.chance.uniform(0, spread_s))
        for request in self.backlog:
            self.seen.batch_s.append(await self._until_taken(request))
            self.seen.drained[self.number] += request.lines
        self.seen.drained_at_s.append(time.monotonic())
        for _ in range(_HEARTBEATS_AFTER):
            self.seen.heartbeat_s.append(await self._until_taken(self._heartbeat()))
            await asyncio.sleep(self.chance.uniform(0, 4))

    async def _until_taken(self, request: Request) -> float:
        """Return how long the answer took that took the request; waits as each refusal asks, or at random."""
        for failures in range(1000):
            began_s = time.monotonic()
            try:
                status, wait_s = await asyncio.wait_for(self._send(request), _ANSWER_WITHIN_S)
            except (OSError, asyncio.IncompleteReadError, TimeoutError):
                self.seen.broken += 1
                await asyncio.sleep(self.chance.uniform(0, min(900, 2 * 2 ** min(failures, 9))))
                continue
            if status == 200:
                return time.monotonic() - began_s
            self.seen.refused[status] += 1
            if status not in {429, 503}:
                raise RuntimeError(f"{self.name}: answered {status}")
            await asyncio.sleep(wait_s * self.chance.uniform(1, 1.5))
        raise RuntimeError(f"{self.name}: never taken")

    async def _send(self, request: Request) -> tuple[int, float]:
        own = f"127.0.0.{2 + self.number % _ADDRESSES}"  # one address has too few ports for so many terminals
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, local_addr=(own, 0))
        try:
            writer.write(request.head.encode() + request.body)
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            status = int(head.split(" ", 2)[1])
            length = int(head.partition("content-length:")[2].split("\r\n", 1)[0])
            await reader.readexactly(length)
            return status, float(head.partition("retry-after:")[2].split("\r\n", 1)[0] or 1)
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    def _heartbeat(self) -> Request:
        now = instant_text(datetime.now(UTC))
        said = {"epoch": _EPOCH, "seq": sum(request.lines for request in self.backlog), "at": now, "health": {}}
        path, body = f"/v1/t/{self.name}/heartbeat", json.dumps(said).encode()
        signature = _KEY.sign(wire.request_text("POST", path, now, body))
        return _request(path, {"X-Date": now, "X-Signature": signature}, body, 0)


def _request(path: str, headers: dict[str, str], body: bytes, lines: int) -> Request:
    said = {"Host": "127.0.0.1", "Connection": "close", "Content-Length": str(len(body)), **headers}
    return Request(
        f"POST {path} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in said.items()) + "\r\n", body, lines
    )


def _backlog(name: str, lines: Sequence[bytes], each: int) -> list[Request]:
    before, made = chain.GENESIS, []
    for first in range(0, len(lines), each):
        sent = lines[first : first + each]
        batch = wire.seal_batch(_KEY, name, _EPOCH, first + 1, before, sent)
        made.append(_request(f"/v1/t/{name}/e/{_EPOCH}/batches", batch.headers(), batch.body, len(sent)))
        before = bytes.fromhex(batch.head)
    return made


def _prepare(folder: Path, names: Sequence[str]) -> str:
    """Return the URL of a store that knows every terminal of the fleet."""
    database = f"sqlite:///{folder / 'centre.db'}"
    store = open_store(database)
    row = {"public_key": _KEY.public_text, "alg": "ed25519", "serial": "1"}
    row["enrolled_at"] = instant_text(datetime.now(UTC))
    with store.writing() as connection:
        connection.execute(insert(tables.terminal), [{"origin": name, "hall": f"h{name}", **row} for name in names])
    store.close()
    return database


@contextmanager
def _serving(database: str, port: int) -> Iterator[subprocess.Popen[bytes]]:
    words = [sys.executable, "-m", "scoring", "serve", "--database", database, "--port", str(port)]
    server = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        if server.stdout is None or not server.stdout.readline():
            raise RuntimeError("the server did not start")
        yield server
    finally:
        server.terminate()
        server.wait()


async def _drain(terminals: Sequence[Terminal], seen: Seen, spread_s: float, at_most_s: float) -> None:
    watch = asyncio.create_task(_watch(terminals, seen))
    async with asyncio.timeout(at_most_s):
        await asyncio.gather(*(terminal.come_back(spread_s) for terminal in terminals))
    watch.cancel()


async def _watch(terminals: Sequence[Terminal], seen: Seen) -> None:
    """Note each second how far the first, the middle and the last terminal have come."""
    while True:
        await asyncio.sleep(1)
        shares = sorted(seen.drained[each.number] / sum(r.lines for r in each.backlog) for each in terminals)
        seen.shares.append((shares[0], shares[len(shares) // 2], shares[-1]))


def measure(count: int, spread_s: float, at_most_s: float = 900.0) -> Iterator[str]:
    """Yield what a fleet of `count` terminals saw when it came back, and what the centre held in the end."""
    few = count <= _FEW
    names = [f"t{number:05}" for number in range(count)]
    _allow_files(2 * count + 256)
    with tempfile.TemporaryDirectory(prefix="lkb-fleet-") as folder:
        database, port = _prepare(Path(folder), names), _free_port()
        seen = Seen()
        lines_each = _FEW_LINES if few else _MANY_LINES
        backlogs = [_backlog(name, lines_of(name, _EPOCH, f"h{name}", lines_each), _BATCH[few]) for name in names]
        terminals = [
            Terminal(name, number, backlog, port, seen, random.Random(number))
            for number, (name, backlog) in enumerate(zip(names, backlogs, strict=True))
        ]
        with _serving(database, port):
            began_s = time.monotonic()
            asyncio.run(_drain(terminals, seen, spread_s, at_most_s))
        yield from _report(seen, count, lines_each, max(seen.drained_at_s) - began_s, spread_s)
        reader = open_reader(database)
        with reader.reading() as connection:
            held = connection.exec_driver_sql("SELECT count(*) FROM event WHERE origin <> 'centre'").scalar_one()
        reader.close()
        yield f"    held {held:,} of {count * lines_each:,} lines, each once"


def _report(seen: Seen, count: int, lines_each: int, took_s: float, spread_s: float) -> Iterator[str]:
    total = count * lines_each
    yield f"  {count:,} terminals, {lines_each} lines each, back within {spread_s:g} s"
    yield f"    drained in {took_s:.1f} s: {total / took_s:,.0f} lines/s, {len(seen.batch_s) / took_s:,.0f} batches/s"
    for name, took in (("batch", seen.batch_s), ("heartbeat", seen.heartbeat_s)):
        yield f"    {name:10} p50 {_part(took, 0.5):7.3f} s   p99 {_part(took, 0.99):7.3f} s   most {max(took):7.3f} s"
    halfway = next((shares for shares in seen.shares if shares[1] >= 0.5), (0.0, 0.0, 0.0))
    yield f"    when half had half: least {halfway[0]:.0%}, middle {halfway[1]:.0%}, most {halfway[2]:.0%} drained"
    refusals = ", ".join(f"{status}: {times}" for status, times in sorted(seen.refused.items())) or "none"
    yield f"    refused {refusals}; connections broken {seen.broken}"


def _part(values: Sequence[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * part))]


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _allow_files(wanted: int) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, most) if most != resource.RLIM_INFINITY else wanted, most))


def main() -> None:
    """Measure the fleet that is asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.fleet")
    parser.add_argument("terminals", type=int, nargs="?", default=400)
    parser.add_argument("--spread-s", type=float, default=2.0, help="within how many seconds they come back (2)")
    parser.add_argument("--at-most-s", type=float, default=900.0, help="give up after so many seconds (900)")
    asked = parser.parse_args()
    for line in measure(asked.terminals, asked.spread_s, asked.at_most_s):
        print(line, flush=True)  # noqa: T201 (a bench prints)


if __name__ == "__main__":
    main()
