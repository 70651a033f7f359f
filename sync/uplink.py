"""Carries a terminal's lines to the centre and brings its feed back. Bytes enter from an outbox and leave over HTTP.

One thread runs `Uplink.run`. Whatever fails is tried again later; nothing is ever dropped or re-serialised.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import quote

import requests

from sync import feed, wire
from sync.clock import SystemClock
from sync.errors import SignatureRejectedError, SyncError
from sync.events import instant_text, parse_instant
from sync.keys import SigningKey, verify
from sync.outbox import Outbox, StoredLine

_TIMEOUT_S = (3.05, 20)
_MAX_BACKOFF_S = 900
_MOST_DOUBLINGS = 10
_TAKEN = range(200, 300)
_TOLERATED_OFFSET_S = 300


class UplinkError(SyncError, ConnectionError):
    """The centre did not take what was sent; `wait_s` is how long it asked to be left alone, where it did."""

    def __init__(self, message: str, wait_s: float | None = None) -> None:
        super().__init__(message)
        self.wait_s = wait_s


class FeedHolder(Protocol):
    """Where the terminal keeps the manifests it holds."""

    def held_version(self, kind: str) -> int:
        """Return the version of the manifest held of a kind, 0 for none."""

    def hold(self, manifest: feed.Manifest) -> None:
        """Keep a checked manifest durably in place of the one before."""


@dataclass(frozen=True, slots=True)
class LinkState:
    """What the screens say of the link: when the centre last answered, and why it does not."""

    contact_at: datetime | None = None
    trouble: str | None = None


@dataclass(slots=True)
class Uplink:
    """The link of one terminal to its centre. `on_change` is called after each change of `state` or of the feed."""

    centre_url: str
    server_key: str
    key: SigningKey
    outbox: Outbox
    feeds: FeedHolder
    clock: SystemClock
    health: Callable[[], Mapping[str, Any]]
    on_change: Callable[[], None] = lambda: None
    heartbeat_s: float = 30.0
    state: LinkState = LinkState()
    max_lines: int = wire.MAX_LINES
    _wake: threading.Event = field(default_factory=threading.Event)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _http: requests.Session = field(default_factory=requests.Session)

    def run(self) -> None:
        """Send, listen and wait until `stop`; failures wait a random time that grows with each."""
        failures = 0
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                if failures or not self.state.contact_at:
                    self.check_heads()
                self.send_pending()
                self.beat()
            except Exception as error:  # noqa: BLE001 (whatever failed is shown and tried again: that is its duty)
                self._became(replace(self.state, trouble=_reason(error)))
                self._stopping.wait(_pause_s(error, failures))
                failures = min(failures + 1, _MOST_DOUBLINGS)
            else:
                failures = 0
                self._wake.wait(self.heartbeat_s)
        self._http.close()

    def wake(self) -> None:
        """Say that a new line was committed."""
        self._wake.set()

    def stop(self) -> None:
        """End `run` after the request under way."""
        self._stopping.set()
        self._wake.set()

    def send_pending(self) -> None:
        """Send every line that the centre has not acknowledged, oldest epoch first, batch by batch."""
        for progress in self.outbox.epochs():
            acknowledged = progress.acknowledged
            while not self._stopping.is_set():
                lines = _fitting(self.outbox.lines_after(progress.epoch, acknowledged, self.max_lines))
                if not lines:
                    break
                answer = self._send(progress.epoch, acknowledged, lines)
                if answer is None:
                    break
                acknowledged = answer

    def _send(self, epoch: str, acknowledged: int, lines: list[StoredLine]) -> int | None:
        """Return the number acknowledged after this batch, or None where the epoch is no longer sent."""
        prev = self.outbox.hash_at(epoch, acknowledged)
        start = acknowledged + 1
        batch = wire.seal_batch(self.key, self.outbox.origin, epoch, start, prev, [stored.line for stored in lines])
        path = f"/v1/t/{quote(self.outbox.origin)}/e/{quote(epoch)}/batches"
        asked_s = self.clock.boottime_s()
        response = self._http.post(
            self.centre_url + path, data=batch.body, headers=batch.headers(), timeout=_TIMEOUT_S, allow_redirects=False
        )
        if response.status_code == requests.codes.conflict:
            return self._conflict(epoch, acknowledged, response.json())
        if response.status_code == requests.codes.request_entity_too_large and len(lines) > 1:
            self.max_lines = max(1, len(lines) // 2)
            return acknowledged
        answer = self._accepted(response, asked_s)
        receipt = answer["receipt"]
        verify(self.server_key, receipt["signature"], wire.receipt_text(receipt))
        self._check_receipt(epoch, receipt)
        self.outbox.acknowledge(epoch, receipt["ack"], receipt)
        self.max_lines = min(wire.MAX_LINES, self.max_lines * 2)
        self._became(replace(self.state, trouble=None, contact_at=parse_instant(answer["server_time"])))
        return int(receipt["ack"])

    def _check_receipt(self, epoch: str, receipt: Mapping[str, Any]) -> None:
        if (receipt["origin"], receipt["epoch"]) != (self.outbox.origin, epoch):
            raise UplinkError("the centre's receipt is for another terminal")
        if self.outbox.hash_at(epoch, receipt["ack"]).hex() != receipt["ack_hash"]:
            raise UplinkError(f"the centre's receipt names another line {receipt['ack']} than the one held here")

    def _conflict(self, epoch: str, acknowledged: int, answer: object) -> int | None:
        told = answer if isinstance(answer, dict) else {}
        if told.get("error") == "gap":
            expected = int(told["expected"])
            if not 1 <= expected <= acknowledged:
                raise UplinkError(f"the centre asks for line {expected}, but has acknowledged {acknowledged}")
            self.outbox.acknowledge(epoch, expected - 1, {})
            return expected - 1
        if told.get("error") != "fork":
            raise UplinkError(f"the centre answered 409 with neither a gap nor a fork: {answer!r}"[:200])
        self.outbox.fork(epoch)
        self.on_change()
        return None

    def check_heads(self) -> None:
        """Ask how far the centre holds each epoch, and go back where it holds less than it once acknowledged.

        A centre that was restored from a backup heals so, even when nothing new is recorded here.
        """
        for progress in self.outbox.epochs():
            path = f"/v1/t/{quote(self.outbox.origin)}/e/{quote(progress.epoch)}/head"
            held = int(self._request("GET", path, None)["seq"])
            if held < progress.acknowledged:
                self.outbox.acknowledge(progress.epoch, held, {})

    def beat(self) -> None:
        """Tell the centre how far everything is sent, and fetch what it has newer than what is held here."""
        epoch, seq, at = self.outbox.reported()
        message = {"epoch": epoch, "seq": seq, "at": instant_text(at), "health": dict(self.health())}
        answer = self._request("POST", f"/v1/t/{quote(self.outbox.origin)}/heartbeat", message)
        self.heartbeat_s = float(answer["next_s"])
        self._became(replace(self.state, trouble=None, contact_at=parse_instant(answer["server_time"])))
        cursors = {kind: int(answer["cursors"].get(kind, 0)) for kind in feed.KINDS}
        if any(cursor < self.feeds.held_version(kind) for kind, cursor in cursors.items()):
            self.check_heads()  # a centre that knows less than before was restored
        for kind, cursor in cursors.items():
            if cursor != self.feeds.held_version(kind):
                self._follow(kind)

    def _follow(self, kind: str) -> None:
        """Fetch a newer manifest; one that cannot be believed leaves the held one in force and is shown."""
        try:
            self._fetch(kind)
        except (feed.FeedError, SignatureRejectedError) as error:
            self._became(replace(self.state, trouble=str(error)))

    def _fetch(self, kind: str) -> None:
        held = self.feeds.held_version(kind)
        path = f"/v1/t/{quote(self.outbox.origin)}/feed/{kind}?cursor={held}"
        response = self._http.get(
            self.centre_url + path, headers=self._signed("GET", path, b""), timeout=_TIMEOUT_S, allow_redirects=False
        )
        if response.status_code == requests.codes.not_modified:
            return
        self._refuse_failure(response)
        version, signature = int(response.headers["X-Version"]), response.headers["X-Signature"]
        manifest = feed.Manifest(self.outbox.origin, kind, version, response.content, signature)
        feed.check_manifest(manifest, self.server_key, held)
        self.feeds.hold(manifest)
        self.on_change()

    def _request(self, method: str, path: str, message: Mapping[str, Any] | None) -> dict[str, Any]:
        body = wire.compact_json(message) if message is not None else b""
        asked_s = self.clock.boottime_s()
        response = self._http.request(
            method,
            self.centre_url + path,
            data=body,
            headers=self._signed(method, path, body),
            timeout=_TIMEOUT_S,
        )
        return self._accepted(response, asked_s)

    def _signed(self, method: str, path: str, body: bytes) -> dict[str, str]:
        date = instant_text(self.clock.read().at)
        offset_s = self.clock.offset_from_centre_s()
        if offset_s is not None and abs(offset_s) > _TOLERATED_OFFSET_S:
            date = instant_text(self.clock.centre_time())
        signature = self.key.sign(wire.request_text(method, path, date, body))
        return {"X-Date": date, "X-Signature": signature, "Content-Type": "application/json"}

    def _accepted(self, response: requests.Response, asked_s: float) -> dict[str, Any]:
        self._note_time(response, asked_s)
        self._refuse_failure(response)
        answer = response.json()
        if not isinstance(answer, dict):
            raise UplinkError(f"what answers at {self.centre_url} is not the centre")
        return answer

    def _note_time(self, response: requests.Response, asked_s: float) -> None:
        if "json" in response.headers.get("Content-Type", ""):
            answer = response.json()
            if isinstance(answer, dict) and "server_time" in answer:
                self.clock.compare(parse_instant(answer["server_time"]), asked_s)

    @staticmethod
    def _refuse_failure(response: requests.Response) -> None:
        if response.status_code in _TAKEN:
            return
        waits = response.headers.get("Retry-After", "")
        raise UplinkError(_refusal(response), float(waits) if waits.isdigit() else None)

    def _became(self, state: LinkState) -> None:
        changed = state != self.state
        self.state = state
        if changed:
            self.on_change()


def _fitting(lines: Sequence[StoredLine]) -> list[StoredLine]:
    taken: list[StoredLine] = []
    size = 0
    for stored in lines:
        size += len(stored.line) + 1
        if taken and size > wire.MAX_BYTES:
            break
        taken.append(stored)
    return taken


def _refusal(response: requests.Response) -> str:
    try:
        message = response.json().get("message", "")
    except (ValueError, AttributeError):
        message = ""
    return f"the centre answered {response.status_code} {message or response.reason}"


def _pause_s(error: Exception, failures: int) -> float:
    """Return how long to leave the centre alone: what it asked for, or a random time that grows with each failure."""
    if isinstance(error, UplinkError) and error.wait_s is not None:
        return error.wait_s
    return random.uniform(0, min(_MAX_BACKOFF_S, 2 * 2**failures))  # noqa: S311 (spread, not secrecy)


def _reason(error: Exception) -> str:
    if isinstance(error, requests.ConnectionError):
        return "the centre cannot be reached"
    if isinstance(error, requests.Timeout):
        return "the centre does not answer in time"
    return str(error)
