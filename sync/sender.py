"""Sends a terminal's lines in batches until the centre's receipt for them is here. Nothing is dropped or re-serialised.

Only a receipt that the centre signed acknowledges a line. A hub's 202 says that it keeps a copy: the next batch is
sent, the lines stay unacknowledged, and the hub is asked again later what the centre said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import requests

from sync import wire
from sync.keys import verify
from sync.link import HELD_BY_HUB, Link, UplinkError
from sync.outbox import Outbox, Progress, StoredLine


@dataclass(frozen=True, slots=True)
class _Held:
    """A batch that a hub holds: the lines from number `after` + 1 to `last`, sent again byte for byte."""

    after: int
    last: int


@dataclass(slots=True)
class Sender:
    """Sends one terminal's lines. `on_contact` is called with the centre's time of each receipt."""

    link: Link
    server_key: str
    outbox: Outbox
    on_contact: Callable[[str], None]
    on_fork: Callable[[], None]
    max_lines: int = wire.MAX_LINES
    _held: dict[str, _Held] = field(default_factory=dict)

    @property
    def relayed(self) -> bool:
        """Return whether a hub holds lines of which the centre has not said anything yet."""
        return bool(self._held)

    def send_pending(self, stopping: Callable[[], bool]) -> None:
        """Send every line that the centre has not acknowledged, oldest epoch first, batch by batch."""
        for progress in self.outbox.epochs():
            self._send_epoch(progress, stopping)

    def check_heads(self) -> bool:
        """Ask how far the centre holds each epoch; return whether it holds less than it once acknowledged.

        Then those lines are sent again: a centre that was restored from a backup heals so.
        """
        went_back = False
        for progress in self.outbox.epochs():
            held = int(self.link.tell("GET", self.link.path("e", progress.epoch, "head"))["seq"])
            if held < progress.acknowledged:
                self.outbox.acknowledge(progress.epoch, held, {})
                self._held.pop(progress.epoch, None)
                went_back = True
        return went_back

    def _send_epoch(self, progress: Progress, stopping: Callable[[], bool]) -> None:
        epoch, position = progress.epoch, progress.acknowledged
        lowest_gap: int | None = None
        asked_again = self._held.pop(epoch, None)
        if asked_again is not None and asked_again.after < position:
            asked_again = None
        while not stopping():
            if asked_again is not None:
                after, limit = asked_again.after, asked_again.last - asked_again.after
            else:
                after, limit = position, self.max_lines
            lines = _fitting(self.outbox.lines_after(epoch, after, limit))
            if not lines:
                return
            asked_again = None
            reached = self._send(epoch, after, lines)
            if reached is None:
                return
            if reached < after:
                if lowest_gap is not None and reached >= lowest_gap:
                    raise UplinkError(f"the centre asks for line {reached + 1} of {epoch} again and again")
                lowest_gap = reached
            position = reached

    def _send(self, epoch: str, after: int, lines: Sequence[StoredLine]) -> int | None:
        """Return the number to go on after, or None where the epoch is no longer sent."""
        prev, sent = self.outbox.hash_at(epoch, after), [stored.line for stored in lines]
        batch = wire.seal_batch(self.link.key, self.outbox.origin, epoch, after + 1, prev, sent)
        response = self.link.post_batch(batch)
        if response.status_code == requests.codes.conflict:
            return self._conflict(epoch, after, response)
        if response.status_code == requests.codes.request_entity_too_large and len(lines) > 1:
            self.max_lines = max(1, len(lines) // 2)
            return after
        if response.status_code == requests.codes.accepted and HELD_BY_HUB in response.headers:
            self._held[epoch] = _Held(after, lines[-1].seq)
            return lines[-1].seq
        answer = self.link.told(response)
        acknowledged = self._acknowledge(epoch, answer["receipt"])
        self.max_lines = min(wire.MAX_LINES, self.max_lines * 2)
        self.on_contact(answer["server_time"])
        return acknowledged

    def _acknowledge(self, epoch: str, receipt: Mapping[str, Any]) -> int:
        verify(self.server_key, receipt["signature"], wire.receipt_text(receipt))
        if (receipt["origin"], receipt["epoch"]) != (self.outbox.origin, epoch):
            raise UplinkError("the centre's receipt is for another terminal")
        if self.outbox.hash_at(epoch, receipt["ack"]).hex() != receipt["ack_hash"]:
            raise UplinkError(f"the centre's receipt names another line {receipt['ack']} than the one held here")
        self.outbox.acknowledge(epoch, receipt["ack"], receipt)
        return int(receipt["ack"])

    def _conflict(self, epoch: str, after: int, response: requests.Response) -> int | None:
        answer = response.json()
        told = answer if isinstance(answer, dict) else {}
        if told.get("error") == "gap":
            return self._rewound(epoch, after, int(told["expected"]))
        if told.get("error") != "fork":
            raise UplinkError(f"the centre answered 409 with neither a gap nor a fork: {answer!r}"[:200])
        self.outbox.fork(epoch)
        self.on_fork()
        return None

    def _rewound(self, epoch: str, after: int, expected: int) -> int:
        """Go back to what the centre expects. It may lower what was acknowledged, but nothing unsigned raises it."""
        if not 1 <= expected <= after:
            raise UplinkError(f"the centre asks for line {expected}, but was sent what follows line {after}")
        acknowledged = next((each.acknowledged for each in self.outbox.epochs() if each.epoch == epoch), 0)
        if expected - 1 < acknowledged:
            self.outbox.acknowledge(epoch, expected - 1, {})
        return expected - 1


def _fitting(lines: Sequence[StoredLine]) -> list[StoredLine]:
    taken: list[StoredLine] = []
    size = 0
    for stored in lines:
        size += len(stored.line) + 1
        if taken and size > wire.MAX_BYTES:
            break
        taken.append(stored)
    return taken
