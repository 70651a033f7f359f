"""Simulated terminals that send batches to a real centre over HTTP and believe nothing but its signed receipts."""

from __future__ import annotations

import contextlib
import random
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import requests

from deploy.demo.centre import call, wait_for
from deploy.demo.county import Run
from sync import chain, wire
from sync.events import Clock, encode_event, instant_text, new_event_id
from sync.keys import SigningKey, verify
from tests.faults import compare
from tests.faults.fault import Outcome

_EPOCH = "7f3a9c21"
_TIMEOUT_S = 10
_MOST_LINES = 40


@dataclass(frozen=True, slots=True)
class Promise:
    """What a centre had acknowledged of one origin at an instant: these lines, byte for byte."""

    origin: str
    lines: Sequence[bytes]

    def compared(self, held: Sequence[bytes]) -> Outcome:
        """Return what of it is missing from a centre's lines, or altered there."""
        return compare.arrived(self.lines, compare.of_origin(held, self.origin))


@dataclass
class Sender:
    """One terminal. `acknowledged` counts the lines for which a valid receipt came."""

    run: Run
    origin: str
    server_key: str
    key: SigningKey
    lines: list[bytes] = field(default_factory=list)
    hashes: list[bytes] = field(default_factory=list)
    acknowledged: int = 0
    receipts: int = 0
    broken: str = ""
    _home: threading.Event = field(default_factory=threading.Event)
    _session: requests.Session = field(default_factory=requests.Session)

    @classmethod
    def enrolled(cls, run: Run, origin: str) -> Sender:
        """Return a terminal that the running centre knows."""
        key = SigningKey.from_seed(random.randbytes(32))
        code = call(run, "/v1/centre/enrol-codes", {"origin": origin, "hall": "yanshi"})["code"]
        offered = {"code": code, "public_key": key.public_text, "alg": "ed25519", "serial": "simulated"}
        answer = requests.post(f"{run.centre_url}/v1/enrol", json=offered, timeout=_TIMEOUT_S).json()
        return cls(run, origin, answer["server_key"], key)

    @staticmethod
    def wait_for(people: Sequence[Sender], more: int) -> None:
        """Wait until `more` batches of all of them together were acknowledged."""
        before = sum(sender.receipts for sender in people)
        wait_for("receipts", lambda: sum(sender.receipts for sender in people) >= before + more)

    def promise(self) -> Promise:
        """Return what has been acknowledged so far."""
        return Promise(self.origin, self.lines[: self.acknowledged])

    def record(self, count: int) -> None:
        """Write down `count` more events."""
        for _ in range(count):
            now = datetime.now(UTC)
            line = encode_event(
                event_id=new_event_id(), origin=self.origin, epoch=_EPOCH, seq=len(self.lines) + 1, type_="punch",
                occurred_at=now, payload={"person": "P1001", "hall": "yanshi", "method": "pin"},
                clock=Clock("ntp", 12, "b1", 1),
            )  # fmt: skip
            self.hashes.append(chain.link(self.hash_at(len(self.lines)), line))
            self.lines.append(line)

    def hash_at(self, seq: int) -> bytes:
        """Return the hash after line `seq`."""
        return self.hashes[seq - 1] if seq else chain.GENESIS

    def send(self, start: int) -> int | None:
        """Send a batch from line `start` on; return what the receipt acknowledges, None where none came."""
        lines = self.lines[start - 1 : start - 1 + _MOST_LINES]
        batch = wire.seal_batch(self.key, self.origin, _EPOCH, start, self.hash_at(start - 1), lines)
        url = f"{self.run.centre_url}/v1/t/{self.origin}/e/{_EPOCH}/batches"
        try:
            answer = self._session.post(url, data=batch.body, headers=batch.headers(), timeout=_TIMEOUT_S)
        except requests.RequestException:
            return None
        if answer.status_code == requests.codes.conflict:
            self.broken = f"{self.origin}: {answer.json()}"
        if answer.status_code != requests.codes.ok:
            return None
        receipt = answer.json()["receipt"]
        verify(self.server_key, receipt["signature"], wire.receipt_text(receipt))
        if receipt["ack_hash"] != self.hash_at(receipt["ack"]).hex():
            self.broken = f"{self.origin}: the receipt of line {receipt['ack']} names another hash"
        return int(receipt["ack"])

    def work(self) -> None:
        """Record and send until sent home; now and then an old batch goes again."""
        while not self._home.is_set():
            self.record(random.randint(1, _MOST_LINES))
            again = self.acknowledged and random.random() < 0.2
            start = random.randint(1, self.acknowledged) if again else self.acknowledged + 1
            acknowledged = self.send(start)
            if acknowledged is None:
                self._home.wait(0.02)
            else:
                self.acknowledged = max(self.acknowledged, acknowledged)
                self.receipts += 1

    def held(self) -> int:
        """Return the number of the last line that the centre holds."""
        path = f"/v1/t/{self.origin}/e/{_EPOCH}/head"
        date = instant_text(datetime.now(UTC))
        signed = self.key.sign(wire.request_text("GET", path, date, b""))
        headers = {"X-Date": date, "X-Signature": signed}
        answer = requests.get(self.run.centre_url + path, headers=headers, timeout=_TIMEOUT_S).json()
        return int(answer["seq"])

    def finished(self) -> Outcome:
        """Send what the centre does not hold, from its own head on; return what was broken on the way."""
        self.acknowledged = min(self.acknowledged, self.held())
        while self.acknowledged < len(self.lines):
            acknowledged = self.send(self.acknowledged + 1)
            if acknowledged is None:
                return Outcome(True, broken=self.broken or f"{self.origin}: the centre takes no more")
            self.acknowledged = acknowledged
        return Outcome(True, broken=self.broken)

    def go_home(self) -> None:
        """End `work` after the batch under way."""
        self._home.set()

    def start(self) -> threading.Thread:
        """Return the thread that works."""
        self._home.clear()
        thread = threading.Thread(target=self.work)
        thread.start()
        return thread


@contextlib.contextmanager
def senders(people: Sequence[Sender]) -> Iterator[None]:
    """Have everybody send for as long as this lasts."""
    threads = [sender.start() for sender in people]
    try:
        yield
    finally:
        for sender in people:
            sender.go_home()
        for thread in threads:
            thread.join()
