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

import requests

from sync import feed
from sync.clock import SystemClock
from sync.errors import SignatureRejectedError
from sync.events import instant_text, parse_instant
from sync.keys import SigningKey
from sync.link import Link, UplinkError, pause_s, reason
from sync.outbox import Outbox
from sync.sender import Sender

_MOST_DOUBLINGS = 10
_BEAT_JITTER = 0.2

__all__ = ["Errand", "FeedHolder", "LinkState", "Uplink", "UplinkError"]


class FeedHolder(Protocol):
    """Where the terminal keeps the manifests it holds."""

    def held_version(self, kind: str) -> int:
        """Return the version of the manifest held of a kind, 0 for none."""

    def hold(self, manifest: feed.Manifest) -> None:
        """Keep a checked manifest durably in place of the one before."""


class Errand(Protocol):
    """Something else that goes the same way: lines that come back, attachments, templates, checkpoints."""

    def says(self) -> Mapping[str, Any]:
        """Return what joins the next heartbeat."""

    def run(self, link: Link, answer: Mapping[str, Any]) -> None:
        """Do what is due after a heartbeat and its answer. What it raises is shown, and it is run again at the next."""

    def centre_went_back(self) -> None:
        """Take note that the centre knows less than before: what it took earlier is to be offered again."""


@dataclass(frozen=True, slots=True)
class LinkState:
    """What the screens say of the link: when the centre last answered, why it does not, what the hub holds for it."""

    contact_at: datetime | None = None
    trouble: str | None = None
    relayed: bool = False


@dataclass(slots=True)
class Uplink:
    """The link of one terminal to its centre. `on_change` is called after each change of `state` or of the feed.

    `centre_url` is the centre's address or that of the hall's hub. `other_key` returns the key to try where the centre
    refuses the one in use, None where there is no other.
    """

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
    errands: Sequence[Errand] = ()
    other_key: Callable[[], SigningKey | None] = lambda: None
    link: Link = field(init=False)
    sender: Sender = field(init=False)
    _wake: threading.Event = field(default_factory=threading.Event)
    _stopping: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.link = Link(self.centre_url, self.outbox.origin, self.key, self.clock, self.other_key)
        self.sender = Sender(self.link, self.server_key, self.outbox, self._heard, self.on_change)

    def run(self) -> None:
        """Send, listen and wait until `stop`; failures wait a random time that grows with each."""
        failures = 0
        while not self._stopping.is_set():
            self._wake.clear()
            error = self._turn(again=failures > 0 or self.state.contact_at is None)
            if error is None:
                failures = 0
                self._wake.wait(self.heartbeat_s * random.uniform(1 - _BEAT_JITTER, 1 + _BEAT_JITTER))  # noqa: S311
                continue
            self._became(replace(self.state, trouble=reason(error), relayed=self.sender.relayed))
            patient = self._wake if _at_hub(error) else self._stopping  # a hub takes new lines at any time
            patient.wait(pause_s(error, failures))
            failures = min(failures + 1, _MOST_DOUBLINGS)
        self.link.http.close()

    def _turn(self, *, again: bool) -> Exception | None:
        """Do everything once; return the first failure. Only where a hub stands in is the rest done all the same."""
        first: Exception | None = None
        for step in (self.check_heads,) * again + (self.send_pending, self.beat):
            try:
                step()
            except Exception as error:  # noqa: BLE001 (whatever failed is shown and tried again: that is its duty)
                first = first or error
                if not _at_hub(error):
                    break
        return first

    def wake(self) -> None:
        """Say that a new line was committed."""
        self._wake.set()

    def stop(self) -> None:
        """End `run` after the request under way."""
        self._stopping.set()
        self._wake.set()

    def send_pending(self) -> None:
        """Send every line that the centre has not acknowledged, oldest epoch first, batch by batch."""
        self.sender.send_pending(self._stopping.is_set)
        if self.state.relayed != self.sender.relayed:
            self._became(replace(self.state, relayed=self.sender.relayed))

    def check_heads(self) -> None:
        """Ask how far the centre holds each epoch, and go back where it holds less than it once acknowledged.

        A centre that was restored from a backup heals so, even when nothing new is recorded here.
        """
        if self.sender.check_heads():
            for errand in self.errands:
                errand.centre_went_back()

    def beat(self) -> None:
        """Tell the centre how far everything is sent, fetch what it has newer than what is held here, run errands."""
        epoch, seq, at = self.outbox.reported()
        held = {kind: version for kind in feed.KINDS if (version := self.feeds.held_version(kind))}
        message: dict[str, Any] = {"epoch": epoch, "seq": seq, "at": instant_text(at), "health": dict(self.health())}
        for errand in self.errands:
            message |= errand.says()
        answer = self.link.tell("POST", self.link.path("heartbeat"), {**message, "held": held})
        self.heartbeat_s = float(answer["next_s"])
        self._heard(answer["server_time"])
        cursors = {kind: int(answer["cursors"].get(kind, 0)) for kind in feed.KINDS}
        if answer.get("lifted") or any(cursor < held.get(kind, 0) for kind, cursor in cursors.items()):
            self.check_heads()  # a centre that knows less than before was restored
        for kind, cursor in cursors.items():
            if cursor != held.get(kind, 0):
                self._follow(kind)
        self._run_errands(answer)

    def _run_errands(self, answer: Mapping[str, Any]) -> None:
        first: Exception | None = None
        for errand in self.errands:
            try:
                errand.run(self.link, answer)
            except Exception as error:  # noqa: BLE001 (one that fails keeps no other from its work; it is raised below)
                first = first or error
        if first is not None:
            raise first

    def _follow(self, kind: str) -> None:
        """Fetch a newer manifest; one that cannot be believed leaves the held one in force and is shown."""
        try:
            self._fetch(kind)
        except (feed.FeedError, SignatureRejectedError) as error:
            self._became(replace(self.state, trouble=str(error)))

    def _fetch(self, kind: str) -> None:
        held = self.feeds.held_version(kind)
        response = self.link.get(f"{self.link.path('feed', kind)}?cursor={held}")
        if response.status_code == requests.codes.not_modified:
            return
        self.link.refuse_failure(response)
        version, signature = int(response.headers["X-Version"]), response.headers["X-Signature"]
        manifest = feed.Manifest(self.outbox.origin, kind, version, response.content, signature)
        feed.check_manifest(manifest, self.server_key, held)
        self.feeds.hold(manifest)
        self.on_change()

    def _heard(self, server_time: str) -> None:
        self._became(LinkState(parse_instant(server_time), None, self.sender.relayed))

    def _became(self, state: LinkState) -> None:
        changed = state != self.state
        self.state = state
        if changed:
            self.on_change()


def _at_hub(error: Exception) -> bool:
    return isinstance(error, UplinkError) and error.at_hub
