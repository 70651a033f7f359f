"""Batches travel as the exact bytes that were written, and one changed byte is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
import zstandard

from sync import chain
from sync.errors import ChainBrokenError, SignatureRejectedError
from sync.keys import SigningKey
from sync.wire import (
    MAX_BYTES,
    Batch,
    BatchMalformedError,
    BatchTooLargeError,
    open_batch,
    read_batch,
    seal_batch,
)

KEY = SigningKey.from_seed(bytes(range(32)))
LINES = [b'{"n":1}', '{"n":"二"}'.encode(), b'{"n":3}']


def sealed(lines: list[bytes] = LINES) -> Batch:
    return seal_batch(KEY, "t1", "e1", 1, chain.GENESIS, lines)


def resigned(batch: Batch, **changes: object) -> Batch:
    changed = replace(batch, **changes)  # type: ignore[arg-type]
    return replace(changed, signature=KEY.sign(changed.signed_text()))


def test_a_batch_opens_to_the_same_lines() -> None:
    sent = sealed()
    arrived = read_batch("t1", "e1", sent.headers(), sent.body)
    lines, hashes = open_batch(arrived, KEY.public_text)
    assert lines == LINES
    assert hashes[-1].hex() == sent.head


@pytest.mark.parametrize("field", ["origin", "epoch", "prev", "head"])
def test_a_changed_header_breaks_the_signature(field: str) -> None:
    batch = sealed()
    other = "0" * 63 + "1" if field in {"prev", "head"} else "x"
    with pytest.raises(SignatureRejectedError):
        open_batch(replace(batch, **{field: other}), KEY.public_text)  # type: ignore[arg-type]


def test_every_changed_byte_of_the_body_is_refused() -> None:
    batch = sealed()
    for place in range(len(batch.body)):
        body = bytearray(batch.body)
        body[place] ^= 1
        with pytest.raises(SignatureRejectedError):
            open_batch(replace(batch, body=bytes(body)), KEY.public_text)


def test_another_terminals_key_is_refused() -> None:
    with pytest.raises(SignatureRejectedError):
        open_batch(sealed(), SigningKey.from_seed(bytes(32)).public_text)


def test_lines_that_do_not_lead_to_the_head_are_refused_even_when_signed() -> None:
    batch = resigned(sealed(), head="00" * 32)
    with pytest.raises(ChainBrokenError):
        open_batch(batch, KEY.public_text)


def test_a_count_that_is_not_the_bodys_is_refused() -> None:
    with pytest.raises(BatchMalformedError, match="3 lines, X-Count says 4"):
        open_batch(resigned(sealed(), count=4), KEY.public_text)


def test_a_body_that_unpacks_to_too_much_is_refused_before_it_fills_the_memory() -> None:
    bomb = zstandard.ZstdCompressor(level=19).compress(b"x" * (MAX_BYTES * 400))
    with pytest.raises(BatchTooLargeError):
        open_batch(resigned(sealed(), body=bomb), KEY.public_text)


def test_a_body_that_is_not_compressed_is_refused() -> None:
    with pytest.raises(BatchMalformedError, match="zstd"):
        open_batch(resigned(sealed(), body=b"plain"), KEY.public_text)


def test_a_batch_over_the_limits_is_not_made() -> None:
    with pytest.raises(BatchTooLargeError):
        sealed([b"x"] * 501)
    with pytest.raises(BatchTooLargeError):
        sealed([b"x" * MAX_BYTES])
    assert sealed([b"x"] * 500).count == 500


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("X-Start", "0"),
        ("X-Start", "-1"),
        ("X-Count", "٣"),
        ("X-Count", "9" * 40),
        ("X-Prev", "ab"),
        ("X-Head", "A" * 64),
    ],
)
def test_a_malformed_header_is_named(name: str, text: str) -> None:
    batch = sealed()
    with pytest.raises(BatchMalformedError, match=name):
        read_batch("t1", "e1", batch.headers() | {name: text}, batch.body)
