"""A terminal keeps what the centre signed, echoes it, and notices when the centre signs another past."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from sync import merkle
from sync.checkpoint import NO_CHECKPOINT, Checkpoint, CheckpointError, read_checkpoint
from sync.errors import SignatureRejectedError
from sync.following import CheckpointErrand
from sync.keys import SigningKey
from tests.sync.scripted_centre import CENTRE_KEY, NOW, Answer, Asked, scripted
from tests.sync.test_uplink import Shelf, uplink

LEAVES = [merkle.leaf_hash(b"%d" % number) for number in range(9)]
OTHERS = [merkle.leaf_hash(b"x"), *LEAVES[1:]]


def checkpoint(number: int, lines: int, leaves: list[bytes] = LEAVES, key: SigningKey = CENTRE_KEY) -> Checkpoint:
    log_root = merkle.root_of(leaves[:lines]).hex()
    return Checkpoint(number, NOW, 1, "ab" * 32, lines, log_root, NO_CHECKPOINT).signed(key)


def proof(first: int, second: int, leaves: list[bytes] = LEAVES) -> list[str]:
    return [step.hex() for step in merkle.consistency_proof(first, second, merkle.nodes_over(leaves))]


@dataclass
class Book:
    """Checkpoints held in a list."""

    kept: list[Checkpoint] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)

    def held(self) -> Checkpoint | None:
        return self.kept[-1] if self.kept else None

    def hold(self, checkpoint: Checkpoint, conflict: str | None) -> None:
        self.kept.append(checkpoint)
        self.conflicts += [conflict] if conflict is not None else []


def beaten(book: Book, told: object, latest: object = None) -> list[Asked]:
    """Let a terminal report once to a centre that tells of checkpoint `told` and gives out `latest`."""

    def centre(asked: Asked) -> Answer:
        if asked.path.startswith("/v1/checkpoints/"):
            return Answer(200, latest) if isinstance(latest, dict) else Answer(404, {"message": "none"})
        return Answer(200, {"server_time": NOW, "cursors": {}, "next_s": 30, "checkpoint": told})

    with scripted(centre) as (url, asked):
        link = uplink(url, Shelf())
        link.errands = (CheckpointErrand(book, CENTRE_KEY.public_text),)
        link.beat()
    return asked


def given(newer: Checkpoint, steps: list[str] | None) -> dict[str, Any]:
    return {**newer.as_json(), "consistency": steps, "server_time": NOW}


def test_the_first_checkpoint_is_fetched_and_kept() -> None:
    book = Book()
    asked = beaten(book, 3, checkpoint(3, 5).as_json())
    assert [request.path for request in asked][-1] == "/v1/checkpoints/latest"
    assert b'"checkpoint"' not in asked[0].body
    assert (book.kept, book.conflicts) == ([checkpoint(3, 5)], [])


def test_the_one_held_is_echoed_and_not_fetched_again() -> None:
    held = checkpoint(3, 5)
    asked = beaten(Book([held]), 3)
    assert len(asked) == 1
    echo = f'"checkpoint":{{"number":3,"root":"{"ab" * 32}","hash":"{held.hash}"}}'
    assert echo.encode() in asked[0].body


def test_a_newer_one_that_covers_the_one_held_is_kept_behind_it() -> None:
    book = Book([checkpoint(3, 5)])
    asked = beaten(book, 4, given(checkpoint(4, 8), proof(5, 8)))
    assert asked[-1].path == "/v1/checkpoints/latest?from=3"
    assert (book.kept, book.conflicts) == ([checkpoint(3, 5), checkpoint(4, 8)], [])


@pytest.mark.parametrize(
    ("newer", "steps", "said"),
    [
        pytest.param(checkpoint(4, 8, OTHERS), proof(5, 8, OTHERS), "was changed before", id="another past"),
        pytest.param(checkpoint(4, 8, OTHERS), proof(5, 8), "was changed before", id="a proof for another past"),
        pytest.param(checkpoint(4, 8), None, "cannot show", id="no proof"),
        pytest.param(checkpoint(4, 4), [], "was changed before", id="fewer lines"),
        pytest.param(checkpoint(4, 8), ["zz"], "cannot be read", id="no hex"),
        pytest.param(checkpoint(4, 8), [7], "cannot be read", id="no texts"),
        pytest.param(checkpoint(2, 5), [], "went back", id="an older number"),
        pytest.param(checkpoint(3, 5, OTHERS), [], "two different", id="the same number"),
    ],
)
def test_another_history_is_kept_too_and_called_a_contradiction(
    newer: Checkpoint, steps: list[str] | None, said: str
) -> None:
    held = checkpoint(3, 5)
    book = Book([held])
    beaten(book, 9, given(newer, steps))
    assert book.kept == [held, newer]
    assert len(book.conflicts) == 1
    assert said in book.conflicts[0]


def test_what_the_centre_did_not_sign_is_not_kept() -> None:
    book = Book([checkpoint(3, 5)])
    forged = checkpoint(4, 8, key=SigningKey.from_seed(b"x" * 32))
    with pytest.raises(SignatureRejectedError):
        beaten(book, 4, given(forged, proof(5, 8)))
    assert len(book.kept) == 1


@pytest.mark.parametrize("told", [None, 0, "4", 3.5, {"number": 4}])
def test_a_centre_that_tells_of_none_is_not_asked(told: object) -> None:
    assert len(beaten(Book([checkpoint(3, 5)]), told)) == 1


BROKEN: list[dict[str, object]] = [
    {"number": 0}, {"number": True}, {"number": 2**60}, {"number": "4"}, {"lines": -1}, {"heads": None},
    {"root": "AB" * 32}, {"root": "ab" * 31}, {"log_root": 7}, {"previous": ""}, {"at": "noon"}, {"at": None},
    {"signature": None},
]  # fmt: skip


@pytest.mark.parametrize("changed", BROKEN)
def test_what_is_no_checkpoint_is_refused(changed: dict[str, object]) -> None:
    book = Book()
    with pytest.raises(CheckpointError):
        beaten(book, 4, {**checkpoint(4, 8).as_json(), **changed})
    assert book.kept == []


@pytest.mark.parametrize("said", [None, [], "checkpoint", 7])
def test_a_checkpoint_is_an_object(said: object) -> None:
    with pytest.raises(CheckpointError):
        read_checkpoint(said)
