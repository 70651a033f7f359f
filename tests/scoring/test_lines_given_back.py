"""A terminal that lost its store is given its own lines back, signed, byte for byte."""

from __future__ import annotations

import pytest

from scoring.centre import Centre
from sync import wire
from sync.errors import ChainBrokenError, SignatureRejectedError
from sync.keys import SigningKey
from tests.scoring.fakes import FakeTerminal
from tests.scoring.test_batches import refused


def given_back(terminal: FakeTerminal, after: int | str = 0) -> wire.Batch:
    answer = terminal.ask("GET", f"/v1/t/{terminal.origin}/e/{terminal.epoch}/lines?after={after}")
    assert answer.status_code == 200, answer.text
    return wire.read_batch(terminal.origin, terminal.epoch, dict(answer.headers), answer.data)


def test_every_epoch_is_named_with_its_head(terminal: FakeTerminal) -> None:
    terminal.add()
    terminal.add()
    terminal.send()
    first_head = terminal.hash_at(2).hex()
    terminal.send(2, prev=bytes(31) + b"\x01")  # a fork
    terminal.lines.clear()
    terminal.epoch, terminal.first_id = "0000aaaa", 500
    terminal.add()
    terminal.send()
    said = terminal.ask("GET", f"/v1/t/{terminal.origin}/epochs").get_json()["epochs"]
    assert said == [
        {"epoch": "0000aaaa", "seq": 1, "hash": terminal.hash_at(1).hex(), "forked": False},
        {"epoch": "7f3a9c21", "seq": 2, "hash": first_head, "forked": True},
    ]


def test_the_lines_come_back_as_they_were_sent_quarantined_ones_too(terminal: FakeTerminal, centre: Centre) -> None:
    lines = [terminal.add(), terminal.add_raw(b"{]"), terminal.add()]
    terminal.send()
    batch = given_back(terminal)
    assert wire.open_lines(batch, centre.key.public_text)[0] == lines
    assert (batch.start, batch.count, batch.prev) == (1, 3, "00" * 32)


def test_lines_come_back_from_any_number_on(terminal: FakeTerminal, centre: Centre) -> None:
    for _ in range(5):
        terminal.add()
    terminal.send()
    batch = given_back(terminal, 3)
    assert (batch.start, batch.prev, batch.head) == (4, terminal.hash_at(3).hex(), terminal.hash_at(5).hex())
    assert wire.open_lines(batch, centre.key.public_text)[0] == terminal.lines[3:]


@pytest.mark.parametrize("after", [2, 3, 10**15])
def test_after_the_last_line_there_is_nothing(terminal: FakeTerminal, after: int) -> None:
    terminal.add()
    terminal.add()
    terminal.send()
    answer = terminal.ask("GET", f"/v1/t/{terminal.origin}/e/{terminal.epoch}/lines?after={after}")
    assert (answer.status_code, answer.data) == (204, b"")


def test_no_more_comes_back_at_once_than_fits_into_a_batch(terminal: FakeTerminal, centre: Centre) -> None:
    for _ in range(7):
        terminal.add("device.noted", {"hall": "gaogou", "text": "x" * 60_000})
    for start in (1, 4, 7):
        terminal.send(start, lines=terminal.lines[start - 1 : start + 2])
    taken = 0
    while taken < 7:
        batch = given_back(terminal, taken)
        lines, _ = wire.open_lines(batch, centre.key.public_text)
        assert lines == terminal.lines[taken : taken + len(lines)]
        assert sum(len(line) + 1 for line in lines) <= wire.MAX_BYTES
        taken += len(lines)


def test_500_lines_at_most_come_back_at_once(terminal: FakeTerminal) -> None:
    for _ in range(501):
        terminal.add()
    terminal.send(1, lines=terminal.lines[:500])
    terminal.send(501)
    assert (given_back(terminal).count, given_back(terminal, 500).count) == (500, 1)


@pytest.mark.parametrize("changed", [{"X-Start": "2"}, {"X-Count": "1"}, {"X-Prev": "1" * 64}, {"X-Head": "1" * 64}])
def test_the_signature_covers_everything_that_is_stated(
    terminal: FakeTerminal, centre: Centre, changed: dict[str, str]
) -> None:
    terminal.add()
    terminal.add()
    terminal.send()
    batch = given_back(terminal)
    other = wire.read_batch(terminal.origin, terminal.epoch, {**batch.headers(), **changed}, batch.body)
    with pytest.raises(SignatureRejectedError):
        wire.open_lines(other, centre.key.public_text)


def test_a_batch_of_the_terminal_is_not_taken_for_lines_of_the_centre(terminal: FakeTerminal) -> None:
    terminal.add()
    with pytest.raises(SignatureRejectedError):
        wire.open_lines(terminal.batch(), terminal.key.public_text)


def test_lines_that_do_not_hang_together_are_not_believed_even_if_signed(
    terminal: FakeTerminal, centre: Centre
) -> None:
    lines = [terminal.add(), terminal.add()]
    sealed = wire.seal_lines(centre.key, "t", "e", 1, bytes(32), terminal.hash_at(2), [lines[0], lines[0]])
    with pytest.raises(ChainBrokenError):
        wire.open_lines(sealed, centre.key.public_text)


def test_nobody_else_is_given_them(terminal: FakeTerminal) -> None:
    terminal.add()
    terminal.send()
    terminal.key = SigningKey.from_seed(bytes(32))
    for path in ("epochs", f"e/{terminal.epoch}/lines?after=0"):
        refused(terminal.ask("GET", f"/v1/t/{terminal.origin}/{path}"), 401, "signature")


@pytest.mark.parametrize("after", ["-1", "x", "1" * 40])
def test_a_number_that_is_none_is_malformed(terminal: FakeTerminal, after: str) -> None:
    answer = terminal.ask("GET", f"/v1/t/{terminal.origin}/e/{terminal.epoch}/lines?after={after}")
    refused(answer, 400, "malformed")
