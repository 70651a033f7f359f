"""What the receiver answers: held lines stay, new ones are appended, gaps and forks are told."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sync import chain
from sync.intake import Append, Fork, Gap, Head, reconcile

LINES = [b"a", b"b", b"c", b"d", b"e"]
HASHES = chain.links(chain.GENESIS, LINES)


def hash_at(seq: int) -> bytes:
    return HASHES[seq - 1]


def test_the_first_batch_is_appended_whole() -> None:
    assert reconcile(Head(), 1, chain.GENESIS, HASHES[:2], hash_at) == Append(0)


def test_a_repeat_appends_nothing() -> None:
    assert reconcile(Head(2, HASHES[1]), 1, chain.GENESIS, HASHES[:2], hash_at) == Append(2)


def test_an_overlap_appends_only_what_is_new() -> None:
    assert reconcile(Head(3, HASHES[2]), 2, HASHES[0], HASHES[1:5], hash_at) == Append(2)


def test_a_batch_beyond_the_head_is_a_gap() -> None:
    assert reconcile(Head(2, HASHES[1]), 4, HASHES[2], HASHES[3:], hash_at) == Gap(3)


def test_another_line_at_a_held_number_is_a_fork() -> None:
    other = chain.links(chain.GENESIS, [b"a", b"x"])
    assert reconcile(Head(2, HASHES[1]), 1, chain.GENESIS, other, hash_at) == Fork(2)


def test_another_history_before_a_new_line_is_a_fork() -> None:
    other = chain.links(chain.GENESIS, [b"a", b"x", b"c"])
    assert reconcile(Head(2, HASHES[1]), 3, other[1], other[2:], hash_at) == Fork(2)


def test_a_first_batch_that_claims_a_history_is_a_fork() -> None:
    assert reconcile(Head(), 1, HASHES[0], HASHES[:1], hash_at) == Fork(1)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 5)), max_size=20))
def test_any_order_of_honest_batches_never_forks_and_ends_with_each_line_once(
    batches: list[tuple[int, int]],
) -> None:
    stored: list[bytes] = []
    for start, count in [*batches, (len(stored), 5), (0, 5)]:
        hashes = HASHES[start : start + count]
        head = Head(len(stored), stored[-1] if stored else chain.GENESIS)
        prev = HASHES[start - 1] if start else chain.GENESIS
        answer = reconcile(head, start + 1, prev, hashes, [chain.GENESIS, *stored].__getitem__)
        assert not isinstance(answer, Fork)
        if isinstance(answer, Append):
            stored += hashes[answer.skip :]
    assert stored == HASHES
