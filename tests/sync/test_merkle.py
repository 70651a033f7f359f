"""Merkle trees as the RFC has them: published vectors, every size and place up to 70, and nothing altered passes."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync import merkle

# The vectors of the reference implementation of Certificate Transparency (merkle_tree_test.cc).
CONTENTS = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSIONS = [
    (0, 1, []),
    (0, 8, ["96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"]),
    (5, 8, ["bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"]),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (1, 5, ["6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"]),
]  # fmt: skip
CONSISTENCIES = [
    (1, 1, []),
    (1, 8, ["96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"]),
    (6, 8, ["0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"]),
    (2, 5, ["5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"]),
]  # fmt: skip
MOST = 70
LEAVES = [merkle.leaf_hash(b"%d" % number) for number in range(MOST)]
sizes = st.integers(1, MOST)


def by_definition(leaves: list[bytes]) -> bytes:
    """Return the root as RFC 9162, 2.1.1 defines it, by halves."""
    if len(leaves) <= 1:
        return leaves[0] if leaves else hashlib.sha256(b"").digest()
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return hashlib.sha256(b"\1" + by_definition(leaves[:half]) + by_definition(leaves[half:])).digest()


def published(size: int) -> list[bytes]:
    return [merkle.leaf_hash(content) for content in CONTENTS[:size]]


@pytest.mark.parametrize("size", range(9))
def test_the_published_roots_come_out(size: int) -> None:
    assert merkle.root_of(published(size)).hex() == ROOTS[size]
    assert merkle.tree_root(size, merkle.nodes_over(published(8))).hex() == ROOTS[size]


@pytest.mark.parametrize(("index", "size", "proof"), INCLUSIONS)
def test_the_published_inclusion_proofs_come_out_and_hold(index: int, size: int, proof: list[str]) -> None:
    steps = merkle.inclusion_proof(index, size, merkle.nodes_over(published(8)))
    assert [step.hex() for step in steps] == proof
    assert merkle.verify_inclusion(published(8)[index], index, size, steps, bytes.fromhex(ROOTS[size]))


@pytest.mark.parametrize(("first", "second", "proof"), CONSISTENCIES)
def test_the_published_consistency_proofs_come_out_and_hold(first: int, second: int, proof: list[str]) -> None:
    steps = merkle.consistency_proof(first, second, merkle.nodes_over(published(8)))
    assert [step.hex() for step in steps] == proof
    roots = bytes.fromhex(ROOTS[first]), bytes.fromhex(ROOTS[second])
    assert merkle.verify_consistency(first, second, *roots, steps)


def test_a_tree_that_grows_has_at_every_size_the_root_of_the_definition() -> None:
    tree = merkle.Growth()
    for size in range(MOST + 1):
        assert tree.root() == by_definition(LEAVES[:size]) == merkle.tree_root(size, merkle.nodes_over(LEAVES))
        if size < MOST:
            tree.add(LEAVES[size])


def test_a_copy_of_a_tree_grows_by_itself() -> None:
    tree = merkle.Growth()
    tree.add(LEAVES[0])
    other = tree.copy()
    other.add(LEAVES[1])
    assert (tree.root(), other.root()) == (LEAVES[0], by_definition(LEAVES[:2]))


def test_each_leaf_of_each_size_is_proven_in_as_few_hashes_as_the_tree_is_high() -> None:
    for size in range(1, MOST + 1):
        root = by_definition(LEAVES[:size])
        for index in range(size):
            proof = merkle.inclusion_proof(index, size, merkle.nodes_over(LEAVES))
            assert merkle.verify_inclusion(LEAVES[index], index, size, proof, root), (index, size)
            assert len(proof) <= (size - 1).bit_length()


def test_each_size_is_proven_to_have_grown_from_each_smaller_one() -> None:
    for second in range(1, MOST + 1):
        for first in range(1, second + 1):
            proof = merkle.consistency_proof(first, second, merkle.nodes_over(LEAVES))
            roots = by_definition(LEAVES[:first]), by_definition(LEAVES[:second])
            assert merkle.verify_consistency(first, second, *roots, proof), (first, second)


def flipped(content: bytes, bit: int) -> bytes:
    place, shift = divmod(bit % (len(content) * 8), 8)
    return content[:place] + bytes([content[place] ^ 1 << shift]) + content[place + 1 :]


@given(sizes, st.data())
def test_no_inclusion_proof_passes_with_one_bit_changed(size: int, drawn: st.DataObject) -> None:
    index, bit = drawn.draw(st.integers(0, size - 1)), drawn.draw(st.integers(0))
    proof = merkle.inclusion_proof(index, size, merkle.nodes_over(LEAVES))
    root, leaf = by_definition(LEAVES[:size]), LEAVES[index]
    assert not merkle.verify_inclusion(flipped(leaf, bit), index, size, proof, root)
    assert not merkle.verify_inclusion(leaf, index, size, proof, flipped(root, bit))
    for step in range(len(proof)):
        altered = [*proof[:step], flipped(proof[step], bit), *proof[step + 1 :]]
        assert not merkle.verify_inclusion(leaf, index, size, altered, root)
        assert not merkle.verify_inclusion(leaf, index, size, proof[:step] + proof[step + 1 :], root)
    assert not merkle.verify_inclusion(leaf, index, size, [*proof, root], root)
    for other in range(size):
        assert merkle.verify_inclusion(leaf, other, size, proof, root) == (other == index)
    assert not merkle.verify_inclusion(leaf, size, size, proof, root)


@given(sizes, sizes, st.integers(0))
def test_no_consistency_proof_passes_with_one_bit_changed(one: int, other: int, bit: int) -> None:
    first, second = sorted((one, other))
    proof = merkle.consistency_proof(first, second, merkle.nodes_over(LEAVES))
    old, new = by_definition(LEAVES[:first]), by_definition(LEAVES[:second])
    assert not merkle.verify_consistency(first, second, flipped(old, bit), new, proof)
    assert not merkle.verify_consistency(first, second, old, flipped(new, bit), proof)
    assert not merkle.verify_consistency(first, second, old, new, [*proof, new])
    assert first == second or not merkle.verify_consistency(second, first, new, old, proof)
    for step in range(len(proof)):
        altered = [*proof[:step], flipped(proof[step], bit), *proof[step + 1 :]]
        assert not merkle.verify_consistency(first, second, old, new, altered)
        assert not merkle.verify_consistency(first, second, old, new, proof[:step])


@given(sizes, st.data())
def test_a_history_with_one_leaf_rewritten_is_no_growth(second: int, drawn: st.DataObject) -> None:
    first = drawn.draw(st.integers(1, second))
    rewritten = list(LEAVES)
    rewritten[drawn.draw(st.integers(0, first - 1))] = merkle.leaf_hash(b"rewritten")
    proof = merkle.consistency_proof(first, second, merkle.nodes_over(rewritten))
    old, new = by_definition(LEAVES[:first]), by_definition(rewritten[:second])
    assert not merkle.verify_consistency(first, second, old, new, proof)


def test_a_leaf_is_no_node() -> None:
    node = merkle.node_hash(LEAVES[0], LEAVES[1])
    assert node != merkle.leaf_hash(LEAVES[0] + LEAVES[1])


def test_every_tree_has_grown_from_the_empty_one() -> None:
    assert merkle.verify_consistency(0, 3, merkle.EMPTY_ROOT, by_definition(LEAVES[:3]), [])
    assert not merkle.verify_consistency(0, 3, LEAVES[0], by_definition(LEAVES[:3]), [])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (3, 3), (-1, 3)])
def test_a_leaf_that_is_not_there_cannot_be_proven(index: int, size: int) -> None:
    with pytest.raises(IndexError, match="has no leaf"):
        merkle.inclusion_proof(index, size, merkle.nodes_over(LEAVES))


@pytest.mark.parametrize(("first", "second"), [(0, 1), (2, 1)])
def test_no_tree_grows_backwards(first: int, second: int) -> None:
    with pytest.raises(IndexError, match="did not grow"):
        merkle.consistency_proof(first, second, merkle.nodes_over(LEAVES))
