"""Follows the centre's checkpoints: what a heartbeat is told enters, what is held grows, an echo leaves. Opens nothing.

A checkpoint is kept only with the centre's signature. One that contradicts what is held is kept as well, and called
a contradiction: two signatures of one centre under two histories prove that somebody rewrote one of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sync.checkpoint import Checkpoint, CheckpointError, check_follows, read_checkpoint


class CheckpointHolder(Protocol):
    """Where a terminal keeps checkpoints for good."""

    def held(self) -> Checkpoint | None:
        """Return the checkpoint kept last that the centre signed, None where there is none."""

    def hold(self, checkpoint: Checkpoint, conflict: str | None) -> None:
        """Keep a signed checkpoint durably behind those before it, with what contradicts them where something does."""


class Asking(Protocol):
    """The one thing that following needs of `sync.link.Link`."""

    def tell(self, method: str, path: str, message: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the JSON object that answers a request."""


@dataclass(frozen=True, slots=True)
class CheckpointErrand:
    """Goes with each heartbeat; implements `sync.uplink.Errand`."""

    holder: CheckpointHolder
    server_key: str

    def says(self) -> dict[str, Any]:
        """Return the echo of the checkpoint held: `{checkpoint: {number, root, hash}}`, empty for none."""
        held = self.holder.held()
        return {} if held is None else {"checkpoint": {"number": held.number, "root": held.root, "hash": held.hash}}

    def run(self, link: Asking, answer: Mapping[str, Any]) -> None:
        """Fetch and keep the newest checkpoint where the centre says that it has another than the one held.

        Raises CheckpointError or SignatureRejectedError for what cannot be believed, and then nothing was kept.
        """
        held, told = self.holder.held(), answer.get("checkpoint")
        if not isinstance(told, int) or told in {0, held.number if held is not None else 0}:
            return
        fetched = link.tell("GET", "/v1/checkpoints/latest" + (f"?from={held.number}" if held is not None else ""))
        newer = read_checkpoint(fetched)
        newer.check(self.server_key)
        if held is None or newer != held:
            conflict = _contradiction(newer, held, fetched.get("consistency")) if held is not None else None
            self.holder.hold(newer, conflict)

    def centre_went_back(self) -> None:
        """Do nothing: what is held stays held, and is echoed until the centre tells of another."""


def _contradiction(newer: Checkpoint, held: Checkpoint, proof: object) -> str | None:
    if not isinstance(proof, list):
        return f"the centre cannot show that checkpoint {newer.number} covers {held.number}"
    try:
        check_follows(newer, held, proof)
    except CheckpointError as error:
        return str(error)
    return None
