"""What is signed and sent between a terminal and the centre, to the byte. Lines enter, a batch leaves, and back.

Opens no connection and no store.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import zstandard

from sync import chain
from sync.errors import ChainBrokenError, SignatureRejectedError, SyncError
from sync.keys import SigningKey, verify

MAX_LINES = 500
MAX_BYTES = 256 * 1024
"""A batch's limits, before compression."""
_MAX_WINDOW = 8 * 1024 * 1024
_SHA256_HEX_DIGITS = 64
_MAX_DIGITS = 15


class BatchTooLargeError(SyncError, ValueError):
    """A batch over the limits: the sender halves it."""


class BatchMalformedError(SyncError, ValueError):
    """A batch whose headers or body cannot be read."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Lines as they travel: `body` is their zstd-compressed NDJSON, hashes are lower-case hex, `signature` base64."""

    origin: str
    epoch: str
    start: int
    count: int
    prev: str
    head: str
    body: bytes
    signature: str

    def headers(self) -> dict[str, str]:
        """Return the HTTP headers that go with the body."""
        return {
            "X-Start": str(self.start),
            "X-Count": str(self.count),
            "X-Prev": self.prev,
            "X-Head": self.head,
            "X-Signature": self.signature,
        }

    def signed_text(self) -> bytes:
        """Return what the terminal signs: all headers and the hash of the body as sent."""
        return _domain("evt1-batch", _stated(self))


def _stated(batch: Batch) -> list[str]:
    """Return everything that a batch says of itself, and the hash of its body as sent."""
    numbers = [str(batch.start), str(batch.count)]
    return [batch.origin, batch.epoch, *numbers, batch.prev, batch.head, sha256(batch.body)]


def sha256(content: bytes) -> str:
    """Return the lower-case hex SHA-256 of some bytes."""
    return hashlib.sha256(content).hexdigest()


def _domain(name: str, parts: Sequence[str]) -> bytes:
    return "\n".join([name, *parts]).encode()


def request_text(method: str, path_with_query: str, date: str, body: bytes) -> bytes:
    """Return what a terminal signs for every request that is not a batch."""
    return _domain("evt1-request", [method, path_with_query, date, sha256(body)])


def receipt_text(receipt: Mapping[str, Any]) -> bytes:
    """Return what the centre signs for a receipt `{origin, epoch, ack, ack_hash, received_at}`."""
    return _domain(
        "evt1-receipt",
        [str(receipt[name]) for name in ("origin", "epoch", "ack", "ack_hash", "received_at")],
    )


def refetch_text(lines: Batch) -> bytes:
    """Return what the centre signs for lines that it gives back to the terminal that wrote them."""
    return _domain("evt1-lines", _stated(lines))


def key_text(origin: str, public_key: str) -> bytes:
    """Return what a terminal's new key signs to prove that the terminal has it."""
    return _domain("evt1-key", [origin, public_key])


def feed_text(origin: str, kind: str, version: int, body: bytes) -> bytes:
    """Return what the centre signs for one manifest of a terminal's feed."""
    return _domain("evt1-feed", [origin, kind, str(version), sha256(body)])


def seal_batch(key: SigningKey, origin: str, epoch: str, start: int, prev: bytes, lines: Sequence[bytes]) -> Batch:
    """Return the signed batch of `lines` (without line ends), the first being number `start` after hash `prev`."""
    ndjson = b"".join(line + b"\n" for line in lines)
    if len(lines) > MAX_LINES or len(ndjson) > MAX_BYTES:
        raise BatchTooLargeError(f"{len(lines)} lines of {len(ndjson)} bytes: at most {MAX_LINES} and {MAX_BYTES}")
    unsigned = _unsigned(origin, epoch, start, prev, chain.links(prev, lines)[-1], lines)
    return replace(unsigned, signature=key.sign(unsigned.signed_text()))


def seal_lines(
    key: SigningKey, origin: str, epoch: str, start: int, prev: bytes, head: bytes, lines: Sequence[bytes]
) -> Batch:
    """Return held lines as the centre gives them back: number `start` follows `prev`, the last leads to `head`.

    They are sent as they are held; the receiver checks that they lead from the one hash to the other.
    """
    unsigned = _unsigned(origin, epoch, start, prev, head, lines)
    return replace(unsigned, signature=key.sign(refetch_text(unsigned)))


def _unsigned(origin: str, epoch: str, start: int, prev: bytes, head: bytes, lines: Sequence[bytes]) -> Batch:
    body = zstandard.ZstdCompressor(level=3).compress(b"".join(line + b"\n" for line in lines))
    return Batch(origin, epoch, start, len(lines), prev.hex(), head.hex(), body, "")


def read_batch(origin: str, epoch: str, headers: Mapping[str, str], body: bytes) -> Batch:
    """Return the batch that a request carries; BatchMalformedError naming the header that is missing or wrong."""
    return Batch(
        origin=origin,
        epoch=epoch,
        start=_whole(headers, "X-Start"),
        count=_whole(headers, "X-Count"),
        prev=_hash(headers, "X-Prev"),
        head=_hash(headers, "X-Head"),
        body=body,
        signature=headers.get("X-Signature", ""),
    )


def open_batch(batch: Batch, public_text: str) -> tuple[list[bytes], list[bytes]]:
    """Return the lines of an authentic batch and the hash after each.

    Raises SignatureRejectedError, BatchTooLargeError, BatchMalformedError, or ChainBrokenError where the lines do
    not lead from `prev` to `head`.
    """
    return _opened(batch, public_text, batch.signed_text())


def open_lines(batch: Batch, server_key: str) -> tuple[list[bytes], list[bytes]]:
    """Return the lines that the centre gave back and the hash after each; raises as `open_batch` does."""
    return _opened(batch, server_key, refetch_text(batch))


def _opened(batch: Batch, public_text: str, signed: bytes) -> tuple[list[bytes], list[bytes]]:
    if not batch.signature:
        raise SignatureRejectedError("the batch carries no X-Signature")
    verify(public_text, batch.signature, signed)
    lines = _lines(batch)
    hashes = chain.links(bytes.fromhex(batch.prev), lines)
    if hashes[-1].hex() != batch.head:
        raise ChainBrokenError(f"the lines lead to {hashes[-1].hex()}, X-Head says {batch.head}")
    return lines, hashes


def _lines(batch: Batch) -> list[bytes]:
    if batch.count > MAX_LINES:
        raise BatchTooLargeError(f"{batch.count} lines: at most {MAX_LINES}")
    try:
        ndjson = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW).stream_reader(batch.body).read(MAX_BYTES + 1)
    except zstandard.ZstdError as error:
        raise BatchMalformedError(f"the body is not zstd: {error}") from error
    if len(ndjson) > MAX_BYTES:
        raise BatchTooLargeError(f"more than {MAX_BYTES} bytes before compression")
    lines = ndjson.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    if len(lines) != batch.count:
        raise BatchMalformedError(f"the body holds {len(lines)} lines, X-Count says {batch.count}")
    return lines


def _whole(headers: Mapping[str, str], name: str) -> int:
    text = headers.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS and not text.startswith("0")):
        raise BatchMalformedError(f"{name} is {text!r}, not a whole number from 1")
    return int(text)


def _hash(headers: Mapping[str, str], name: str) -> str:
    text = headers.get(name, "")
    if len(text) != _SHA256_HEX_DIGITS or set(text) - set("0123456789abcdef"):
        raise BatchMalformedError(f"{name} is not a lower-case hex SHA-256")
    return text


def compact_json(message: Mapping[str, Any]) -> bytes:
    """Return a message as compact UTF-8 JSON: what is hashed is what is sent."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
