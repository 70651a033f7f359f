"""The sender's side of a terminal's store, as the uplink sees it. The kiosk's ledger is one; tests have another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class StoredLine:
    """A committed line with its number and the hash after it."""

    seq: int
    line: bytes
    hash: bytes


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one epoch has come: the last number committed here, and the last that the centre acknowledged."""

    epoch: str
    seq: int
    acknowledged: int


@dataclass(frozen=True, slots=True)
class KnownHead:
    """The last line known of one epoch: its number (0 before the first) and the hash after it."""

    epoch: str
    seq: int
    hash: bytes


class Outbox(Protocol):
    """What the uplink needs of a store. Each method is safe to call from the uplink's own thread."""

    @property
    def origin(self) -> str:
        """The terminal's id."""

    def epochs(self) -> Sequence[Progress]:
        """Return the epochs that are still sent, oldest first; the last one is being written."""

    def lines_after(self, epoch: str, seq: int, limit: int) -> Sequence[StoredLine]:
        """Return at most `limit` committed lines after number `seq`, in order."""

    def hash_at(self, epoch: str, seq: int) -> bytes:
        """Return the hash after line `seq` (the genesis hash for 0)."""

    def acknowledge(self, epoch: str, seq: int, receipt: Mapping[str, Any]) -> None:
        """Keep the centre's receipt: everything up to `seq` has arrived. A lower number than before is believed."""

    def fork(self, epoch: str) -> None:
        """Stop sending `epoch`, which the centre holds otherwise, and go on recording in a new one."""

    def reported(self) -> tuple[str, int, datetime]:
        """Return (epoch, seq, at): every event that occurred before `at` is numbered at most `seq`."""
