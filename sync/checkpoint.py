"""A checkpoint: what the centre signs over everything that it holds. Heads and lines enter, signed roots leave. Pure.

Two trees are signed together: one over the last line of every epoch, sorted, and one over every line in the order
in which it arrived, which only grows. Each checkpoint also names the one before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from sync import merkle
from sync.errors import EnvelopeError, SyncError
from sync.events import parse_instant
from sync.keys import SigningKey, verify

NO_CHECKPOINT = "0" * 64
"""What the first checkpoint names as the one before."""

_HEX_DIGITS = frozenset("0123456789abcdef")
_MOST = 2**53


class CheckpointError(SyncError, ValueError):
    """A checkpoint that cannot be read, or that does not follow from the one held."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One checkpoint. Roots and hashes are lower-case hex, `at` is the instant's text, `signature` base64."""

    number: int
    at: str
    heads: int
    root: str
    lines: int
    log_root: str
    previous: str
    signature: str = ""

    def signed_text(self) -> bytes:
        """Return what the centre signs."""
        fields = (self.number, self.at, self.heads, self.root, self.lines, self.log_root, self.previous)
        return "\n".join(["evt1-checkpoint", *map(str, fields)]).encode()

    @property
    def hash(self) -> str:
        """Return the hash of the signed text, which the next checkpoint names and a terminal echoes."""
        return hashlib.sha256(self.signed_text()).hexdigest()

    def signed(self, key: SigningKey) -> Self:
        """Return the same checkpoint with the centre's signature."""
        return type(self)(**{**self.as_json(), "signature": key.sign(self.signed_text())})

    def check(self, server_key: str) -> None:
        """Return if the centre signed this; else raise SignatureRejectedError."""
        verify(server_key, self.signature, self.signed_text())

    def as_json(self) -> dict[str, Any]:
        """Return the checkpoint as it travels and is kept."""
        return {name: getattr(self, name) for name in self.__slots__}

    @property
    def instant(self) -> datetime:
        """Return when it was made."""
        return parse_instant(self.at)


def read_checkpoint(fields: object) -> Checkpoint:
    """Return the checkpoint that a JSON object states, keys that it does not know passed over.

    CheckpointError naming the field that is missing or wrong; the signature is not looked at.
    """
    if not isinstance(fields, Mapping):
        raise CheckpointError("a checkpoint is a JSON object")
    at = fields.get("at")
    try:
        parse_instant(at)
    except EnvelopeError as error:
        raise CheckpointError(f"at: {error}") from error
    signature = fields.get("signature")
    if not isinstance(signature, str):
        raise CheckpointError("signature is missing")
    return Checkpoint(
        number=whole(fields, "number", least=1),
        at=str(at),
        heads=whole(fields, "heads"),
        root=hex_hash(fields, "root"),
        lines=whole(fields, "lines"),
        log_root=hex_hash(fields, "log_root"),
        previous=hex_hash(fields, "previous"),
        signature=signature,
    )


def whole(fields: Mapping[str, object], name: str, least: int = 0) -> int:
    """Return a whole number of a message; CheckpointError where it is none, or below `least`."""
    value = fields.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= _MOST:
        raise CheckpointError(f"{name} is {value!r}, not a whole number from {least}")
    return value


def hex_hash(fields: Mapping[str, object], name: str) -> str:
    """Return a SHA-256 of a message; CheckpointError where it is not 64 lower-case hex digits."""
    value = fields.get(name)
    if not isinstance(value, str) or len(value) != len(NO_CHECKPOINT) or set(value) - _HEX_DIGITS:
        raise CheckpointError(f"{name} is not a lower-case hex SHA-256")
    return value


def head_leaf(origin: str, epoch: str, seq: int, line_hash: bytes) -> bytes:
    """Return the hash of the leaf that one epoch's last line has among the heads."""
    return merkle.leaf_hash(f"{origin}\n{epoch}\n{seq}\n{line_hash.hex()}".encode())


def heads_root(heads: Iterable[tuple[str, str, int, bytes]]) -> tuple[int, bytes]:
    """Return (count, root) over `(origin, epoch, seq, hash)` of every epoch, in whatever order they come."""
    in_order = sorted(heads, key=lambda head: (head[0].encode(), head[1].encode()))
    return len(in_order), merkle.root_of(head_leaf(*head) for head in in_order)


def line_leaf(origin: str, epoch: str, seq: int, line_hash: bytes, received_at: str, *, counts: bool) -> bytes:
    """Return the hash of the leaf that one line has among all lines: its place, and what the centre says of it.

    When it came and whether it counts stand in no line and in no chain, and yet decide: so they are signed here.
    """
    said = "counts" if counts else "quarantined"
    return merkle.leaf_hash(f"{origin}\n{epoch}\n{seq}\n{line_hash.hex()}\n{received_at}\n{said}".encode())


def check_follows(newer: Checkpoint, held: Checkpoint, proof: Iterable[str]) -> None:
    """Return if everything that `held` covers stands unchanged under `newer`; CheckpointError where it does not.

    `proof` is the consistency proof between both logs, lower-case hex.
    """
    try:
        steps = [bytes.fromhex(step) for step in proof]
        roots = bytes.fromhex(held.log_root), bytes.fromhex(newer.log_root)
    except (TypeError, ValueError) as error:
        raise CheckpointError(f"the proof between checkpoints cannot be read: {error}") from error
    if newer.number == held.number and newer.hash != held.hash:
        raise CheckpointError(f"the centre signed two different checkpoints {held.number}")
    if newer.number < held.number:
        raise CheckpointError(f"the centre went back from checkpoint {held.number} to {newer.number}")
    if not merkle.verify_consistency(held.lines, newer.lines, *roots, steps):
        raise CheckpointError(f"what checkpoint {held.number} covers was changed before checkpoint {newer.number}")
