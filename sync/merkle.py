"""Merkle trees of RFC 9162, section 2.1 (the same as RFC 6962): hashes of leaves enter, roots and proofs leave. Pure.

A leaf is hashed behind a byte 0x00 and a node behind 0x01, so that neither can pass for the other. What makes proofs
asks for hashes of complete subtrees only, so that a tree of any size may lie in a store.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

EMPTY_ROOT = hashlib.sha256(b"").digest()
"""The root of a tree without leaves."""

Nodes = Callable[[int, int], bytes]
"""`nodes(height, index)` is the root of the complete subtree over the 2^height leaves from index * 2^height on."""


def leaf_hash(content: bytes) -> bytes:
    """Return the 32-byte hash of a leaf."""
    return hashlib.sha256(b"\0" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the 32-byte hash of the node above two others."""
    return hashlib.sha256(b"\1" + left + right).digest()


class Growth:
    """A tree that only grows: it holds the roots of its complete subtrees, one for each bit of its size."""

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        self.size = size
        self._peaks = list(peaks)

    def add(self, leaf: bytes) -> None:
        """Take in the hash of one more leaf."""
        self._peaks.append(leaf)
        self.size += 1
        size = self.size
        while size % 2 == 0:
            right = self._peaks.pop()
            self._peaks.append(node_hash(self._peaks.pop(), right))
            size //= 2

    def root(self) -> bytes:
        """Return the root of the tree as it stands."""
        return _joined(self._peaks)

    def copy(self) -> Growth:
        """Return another tree of the same leaves."""
        return Growth(self.size, self._peaks)


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Return the root over the hashes of leaves."""
    tree = Growth()
    for leaf in leaves:
        tree.add(leaf)
    return tree.root()


def nodes_over(leaves: Sequence[bytes]) -> Nodes:
    """Return the complete subtrees of leaves whose hashes are all at hand."""

    def node(height: int, index: int) -> bytes:
        return root_of(leaves[index << height : (index + 1) << height])

    return node


def inclusion_proof(index: int, size: int, nodes: Nodes) -> list[bytes]:
    """Return the hashes that lead from leaf `index` (from 0) to the root of a tree of `size` leaves, lowest first.

    IndexError where the tree has no such leaf. Source: RFC 9162, 2.1.3.1.
    """
    if not 0 <= index < size:
        raise IndexError(f"a tree of {size} leaves has no leaf {index}")
    proof: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            proof.append(_range_root(middle, end, nodes))
            end = middle
        else:
            proof.append(_range_root(start, middle, nodes))
            start = middle
    return proof[::-1]


def consistency_proof(first: int, second: int, nodes: Nodes) -> list[bytes]:
    """Return the hashes that show a tree of `second` leaves to be one of `first` leaves grown further.

    IndexError unless 1 ≤ first ≤ second. Source: RFC 9162, 2.1.4.1.
    """
    if not 1 <= first <= second:
        raise IndexError(f"a tree of {second} leaves did not grow from one of {first}")
    proof: list[bytes] = []
    start, end = 0, second
    is_whole = True  # whether the older tree covers this range exactly as the verifier knows it: by its own root
    while first < end:
        middle = start + _split(end - start)
        if first <= middle:
            proof.append(_range_root(middle, end, nodes))
            end = middle
        else:
            proof.append(_range_root(start, middle, nodes))
            start, is_whole = middle, False
    if not is_whole:
        proof.append(_range_root(start, end, nodes))
    return proof[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Return whether `proof` leads from a leaf's hash at `index` to the `root` of `size` leaves.

    Source: RFC 9162, 2.1.3.2.
    """
    if not 0 <= index < size:
        return False
    here, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if here % 2 or here == last:
            found = node_hash(sibling, found)
            while here and here % 2 == 0:
                here, last = here >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        here, last = here >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]) -> bool:
    """Return whether `proof` shows the tree of `second` leaves to be that of `first` leaves grown further.

    Every tree has grown from the empty one. Source: RFC 9162, 2.1.4.2.
    """
    if not 0 <= first <= second:
        return False
    if first == 0:
        return not proof and first_root == EMPTY_ROOT
    if first == second:
        return not proof and first_root == second_root
    steps = list(proof)
    if first & (first - 1) == 0:
        steps.insert(0, first_root)
    return bool(steps) and _grown(first - 1, second - 1, steps) == (first_root, second_root)


def _grown(here: int, last: int, steps: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """Return the older and the newer root that the steps lead to, None where there are too many or too few."""
    while here % 2:
        here, last = here >> 1, last >> 1
    older = newer = steps[0]
    for step in steps[1:]:
        if last == 0:
            return None
        if here % 2 or here == last:
            older, newer = node_hash(step, older), node_hash(step, newer)
            while here and here % 2 == 0:
                here, last = here >> 1, last >> 1
        else:
            newer = node_hash(newer, step)
        here, last = here >> 1, last >> 1
    return (older, newer) if last == 0 else None


def _split(size: int) -> int:
    """Return the largest power of two smaller than `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def _range_root(start: int, end: int, nodes: Nodes) -> bytes:
    """Return the root over the leaves from `start` to before `end`; `start` is a multiple of their largest subtree."""
    roots: list[bytes] = []
    while start < end:
        height = (end - start).bit_length() - 1
        roots.append(nodes(height, start >> height))
        start += 1 << height
    return _joined(roots)


def tree_root(size: int, nodes: Nodes) -> bytes:
    """Return the root of the first `size` leaves of a tree that lies in a store."""
    return _range_root(0, size, nodes)


def _joined(roots: Sequence[bytes]) -> bytes:
    if not roots:
        return EMPTY_ROOT
    joined = roots[-1]
    for root in roots[-2::-1]:
        joined = node_hash(root, joined)
    return joined
