"""Brings back from the centre the lines of a terminal that lost its store. Signed lines enter, checked ones leave.

Believes only what the centre signed and what hangs together by its hashes; what cannot be had is left to be listed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import requests

from sync import wire
from sync.errors import EnvelopeError, SyncError
from sync.events import parse_event
from sync.link import Link
from sync.outbox import KnownHead, StoredLine

BATCHES_A_TIME = 8
"""After so many the uplink sends what is new before it fetches more."""


class RefetchError(SyncError, ConnectionError):
    """The centre did not give back what was asked for, or something that is not this terminal's."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An epoch of which the centre holds more: what is held here is its line `held`, with that hash."""

    epoch: str
    held: int
    hash: bytes


class RefetchHolder(Protocol):
    """The terminal's store, as far as lines come back to it. Each method is safe on the uplink's thread."""

    @property
    def origin(self) -> str:
        """The terminal's id."""

    def refetch_due(self) -> bool:
        """Return whether the centre is to be asked what it holds: at a start, and after the store was replaced."""

    def learn(self, held_there: Sequence[KnownHead]) -> None:
        """Take note of how far the centre holds each epoch of this terminal."""

    def wanted(self) -> Sequence[Wanted]:
        """Return the epochs of which more is to be fetched, the newest first."""

    def keep(self, epoch: str, lines: Sequence[StoredLine]) -> None:
        """Keep checked lines that follow those held; they are never sent again."""

    def settle(self) -> None:
        """Say, in the ledger, what came back and what did not; nothing more is to be had."""


class Refetch:
    """Asks the centre for what it holds of this terminal; implements `sync.uplink.Errand`."""

    def __init__(self, server_key: str, holder: RefetchHolder) -> None:
        self._server_key = server_key
        self._holder = holder
        self._refused: set[str] = set()

    def says(self) -> Mapping[str, Any]:
        """Return nothing: what came back is told by an event."""
        return {}

    def centre_went_back(self) -> None:
        """Take note that the centre was restored: what it holds is asked again when the store lacks lines."""
        self._refused.clear()

    def run(self, link: Link, answer: Mapping[str, Any]) -> None:  # noqa: ARG002 (the Errand's)
        """Fetch a few batches where the store lacks lines; when nothing more is to be had, have it said.

        Raises RefetchError, SignatureRejectedError, ChainBrokenError or requests' own errors; what was kept stays.
        """
        if not self._holder.refetch_due():
            return
        held_there = self._epochs(link)
        if held_there is None:
            return
        self._holder.learn(held_there)
        for _ in range(BATCHES_A_TIME):
            wanted = [each for each in self._holder.wanted() if each.epoch not in self._refused]
            if not wanted:
                self._holder.settle()
                return
            self._fetch(link, wanted[0])

    def _epochs(self, link: Link) -> list[KnownHead] | None:
        """Return how far the centre holds each epoch; None from a centre that cannot give lines back."""
        response = link.get(link.path("epochs"))
        if response.status_code == requests.codes.not_found:
            return None
        try:
            answer = link.told(response)["epochs"]
            return [KnownHead(str(one["epoch"]), int(one["seq"]), bytes.fromhex(one["hash"])) for one in answer]
        except (KeyError, TypeError, ValueError) as error:
            raise RefetchError(f"the centre's list of epochs cannot be read: {error!r}") from error

    def _fetch(self, link: Link, wanted: Wanted) -> None:
        response = link.get(f"{link.path('e', wanted.epoch, 'lines')}?after={wanted.held}")
        link.refuse_failure(response)
        if response.status_code == requests.codes.no_content:
            self._refused.add(wanted.epoch)
            return
        batch = wire.read_batch(self._holder.origin, wanted.epoch, response.headers, response.content)
        lines, hashes = wire.open_lines(batch, self._server_key)
        if (batch.start, batch.prev) != (wanted.held + 1, wanted.hash.hex()):
            raise RefetchError(f"the lines that came back of epoch {wanted.epoch} do not follow line {wanted.held}")
        own: list[StoredLine] = []
        for seq, (line, hash_) in enumerate(zip(lines, hashes, strict=True), batch.start):
            if not self._is_own(line, wanted.epoch, seq):
                self._refused.add(wanted.epoch)  # what this terminal never wrote ends what can be had of the epoch
                break
            own.append(StoredLine(seq, line, hash_))
        if own:
            self._holder.keep(wanted.epoch, own)

    def _is_own(self, line: bytes, epoch: str, seq: int) -> bool:
        try:
            event = parse_event(line)
        except EnvelopeError:
            return False
        return (event.origin, event.epoch, event.seq) == (self._holder.origin, epoch, seq)
