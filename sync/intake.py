"""What the receiver answers to an authentic batch: append, gap or fork. Pure: heads and hashes are handed in."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sync import chain


@dataclass(frozen=True, slots=True)
class Head:
    """The last line that a store holds of one (origin, epoch); `seq` 0 and the genesis hash before the first."""

    seq: int = 0
    hash: bytes = chain.GENESIS


@dataclass(frozen=True, slots=True)
class Append:
    """Lines from index `skip` of the batch on are new; `skip` equal to the number of lines means a mere repeat."""

    skip: int


@dataclass(frozen=True, slots=True)
class Gap:
    """Lines before this batch are missing: the sender rewinds to `expected`."""

    expected: int


@dataclass(frozen=True, slots=True)
class Fork:
    """The sender states another line than the one held at `seq`: two stores have used one identity."""

    seq: int


def reconcile(
    head: Head, start: int, prev: bytes, hashes: Sequence[bytes], hash_at: Callable[[int], bytes | None]
) -> Append | Gap | Fork:
    """Return how a chain-verified batch (first line number `start` after `prev`) fits what is held.

    `hash_at(seq)` gives the hash held at 1 ≤ seq ≤ head.seq. Nothing that is held is ever overwritten.
    """
    if start > head.seq + 1:
        return Gap(head.seq + 1)
    before = chain.GENESIS if start == 1 else hash_at(start - 1)
    if before != prev:
        return Fork(max(start - 1, 1))
    held = min(len(hashes), head.seq - start + 1)
    for index in range(held):
        if hash_at(start + index) != hashes[index]:
            return Fork(start + index)
    return Append(held)
