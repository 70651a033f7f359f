"""The hash chain over one store's lines: lines enter, hashes leave. Knows no signature and no store."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

GENESIS = bytes(32)
"""The hash before the first line of an epoch."""


def link(previous: bytes, line: bytes) -> bytes:
    """Return the 32-byte hash of a line (without its line end) that follows the one hashed `previous`."""
    return hashlib.sha256(b"evt1" + previous + line).digest()


def links(previous: bytes, lines: Iterable[bytes]) -> list[bytes]:
    """Return the hash after each line, in order, beginning after `previous`."""
    made: list[bytes] = []
    for line in lines:
        previous = link(previous, line)
        made.append(previous)
    return made
