"""The other side of the wire, by hand: a terminal with a key and lines, a clock that stands still, a centre to ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from scoring.centre import Centre
from sync import chain, wire
from sync.events import Clock, encode_event, instant_text
from sync.keys import SigningKey

NOON = datetime(2026, 10, 8, 4, 0, tzinfo=UTC)
"""Thursday 8 October 2026, 12:00 in the county."""
NONE: Mapping[str, str] = {}


@dataclass
class StillClock:
    """A clock that moves when it is told to."""

    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **by: float) -> None:
        self.at += timedelta(**by)


def event_id(number: int) -> str:
    return f"0192f1c2-0000-7000-8000-{number:012d}"


@dataclass
class FakeTerminal:
    """A terminal that signs what it is told to send; it keeps its lines so that they can be sent again."""

    client: FlaskClient
    clock: StillClock
    origin: str = "gaogou-t01"
    hall: str = "gaogou"
    epoch: str = "7f3a9c21"
    first_id: int = 0
    key: SigningKey = field(default_factory=lambda: SigningKey.from_seed(bytes(range(32))))
    lines: list[bytes] = field(default_factory=list)

    def add(self, type_: str = "punch", payload: Mapping[str, Any] | None = None, **envelope: Any) -> bytes:
        """Record one event as the terminal would, and return its line."""
        seq = len(self.lines) + 1
        fields: dict[str, Any] = {
            "event_id": event_id(self.first_id + seq),
            "origin": self.origin,
            "epoch": self.epoch,
            "seq": seq,
            "type_": type_,
            "occurred_at": self.clock.at,
            "payload": payload or {"person": "P0007", "hall": self.hall, "method": "face"},
            "clock": Clock("ntp", 12, "b1", 1),
        }
        line = encode_event(**{**fields, **envelope})
        self.lines.append(line)
        return line

    def add_raw(self, line: bytes) -> bytes:
        self.lines.append(line)
        return line

    def batch(self, start: int = 1, lines: Sequence[bytes] | None = None, prev: bytes | None = None) -> wire.Batch:
        """Return the signed batch of all lines from number `start` on."""
        sent = self.lines[start - 1 :] if lines is None else lines
        before = self.hash_at(start - 1) if prev is None else prev
        return wire.seal_batch(self.key, self.origin, self.epoch, start, before, sent)

    def hash_at(self, seq: int) -> bytes:
        return chain.links(chain.GENESIS, self.lines)[seq - 1] if seq else chain.GENESIS

    def send(self, start: int = 1, **options: Any) -> TestResponse:
        return self.post(self.batch(start, **options))

    def post(self, batch: wire.Batch, **headers: str) -> TestResponse:
        path = f"/v1/t/{self.origin}/e/{self.epoch}/batches"
        return self.client.post(path, data=batch.body, headers={**batch.headers(), **headers})

    def beat(self, **fields: Any) -> TestResponse:
        """Send a heartbeat; `fields` replace what the terminal would say."""
        message = {
            "epoch": self.epoch,
            "seq": len(self.lines),
            "at": instant_text(self.clock.at),
            "health": {"disk_free_mb": 900},
        }
        return self.ask("POST", f"/v1/t/{self.origin}/heartbeat", wire.compact_json({**message, **fields}))

    def head(self) -> TestResponse:
        return self.ask("GET", f"/v1/t/{self.origin}/e/{self.epoch}/head")

    def feed(self, kind: str, cursor: int | str = 0, headers: Mapping[str, str] = NONE) -> TestResponse:
        return self.ask("GET", f"/v1/t/{self.origin}/feed/{kind}?cursor={cursor}", headers=headers)

    def ask(
        self, method: str, path: str, body: bytes = b"", date: str | None = None, headers: Mapping[str, str] = NONE
    ) -> TestResponse:
        """Send a signed request; `headers` replace its own."""
        stated = date if date is not None else instant_text(self.clock.at)
        signed = {"X-Date": stated, "X-Signature": self.key.sign(wire.request_text(method, path, stated, body))}
        return self.client.open(path, method=method, data=body, headers={**signed, **headers})


@dataclass
class Office:
    """The administrator at his desk: acts of the centre, codes, PINs."""

    client: FlaskClient
    centre: Centre

    def post(self, path: str, message: Mapping[str, Any] | bytes, token: str | None = None) -> TestResponse:
        body = message if isinstance(message, bytes) else wire.compact_json(message)
        headers = {"Authorization": f"Bearer {self.centre.admin_token if token is None else token}"}
        return self.client.post(f"/v1/centre/{path}", data=body, headers=headers)

    def record(self, *events: tuple[str, Mapping[str, Any]], actor: str = "office") -> TestResponse:
        wanted = [{"type": type_, "data": payload} for type_, payload in events]
        return self.post("events", {"actor": actor, "events": wanted})

    def open_hall(self, hall: str = "gaogou", name: str = "高沟镇便民服务中心") -> None:
        answer = self.record(("hall.opened", {"hall": hall, "name": name, "level": "town"}))
        assert answer.status_code == 201, answer.text

    def employ(self, person: str = "P0007", hall: str = "gaogou", name: str = "张丽") -> None:
        registered = {
            "person": person,
            "name": name,
            "job_number": person[1:],
            "hired_on": "2025-03-01",
            "education": "bachelor",
        }
        assigned = {"person": person, "hall": hall, "window": "1", "from": "2025-03-01"}
        answer = self.record(("person.registered", registered), ("person.assigned", assigned))
        assert answer.status_code == 201, answer.text

    def code(self, origin: str = "gaogou-t01", hall: str = "gaogou", minutes: int = 60) -> str:
        answer = self.post("enrol-codes", {"origin": origin, "hall": hall, "minutes": minutes})
        assert answer.status_code == 201, answer.text
        return str(answer.get_json()["code"])

    def enrol(self, terminal: FakeTerminal) -> TestResponse:
        message = {
            "code": self.code(terminal.origin, terminal.hall),
            "public_key": terminal.key.public_text,
            "alg": "ed25519",
            "serial": "10000000abcdef01",
        }
        return self.client.post("/v1/enrol", data=wire.compact_json(message))
