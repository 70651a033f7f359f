"""Checkpoints: made when due, chained, signed, served to anybody; terminals that hold another one are heard."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, select

from scoring import tables
from scoring.centre import Centre
from scoring.checkpoints import is_due
from sync import merkle
from sync.checkpoint import NO_CHECKPOINT, Checkpoint, read_checkpoint
from sync.errors import SignatureRejectedError
from sync.keys import SigningKey
from tests.scoring.fakes import NOON, FakeTerminal, StillClock
from tests.scoring.test_batches import refused
from tests.scoring.test_pages import words


def made(centre: Centre) -> Checkpoint:
    return centre.checkpoints.make(centre.now())


def sent(terminal: FakeTerminal, count: int) -> None:
    start = len(terminal.lines) + 1
    for _ in range(count):
        terminal.add()
    for first in range(start, len(terminal.lines) + 1, 400):
        answer = terminal.send(first, lines=terminal.lines[first - 1 : first + 399])
        assert answer.status_code == 200, answer.text


def rows(centre: Centre) -> list[Any]:
    with centre.store.reading() as connection:
        return list(connection.execute(select(tables.event).order_by(tables.event.c.position)))


def leaf(text: str) -> bytes:
    return merkle.leaf_hash(text.encode())


def test_both_roots_are_those_of_the_rows(terminal: FakeTerminal, centre: Centre) -> None:
    sent(terminal, 1)
    terminal.add("lunch", {"hall": "gaogou"})  # quarantined: an unknown type
    assert terminal.send(2).status_code == 200
    sent(terminal, 2)
    found, lines = made(centre), rows(centre)
    said = [
        f"{row.origin}\n{row.epoch}\n{row.seq}\n{bytes(row.hash).hex()}\n{row.received_at}\n"
        + ("quarantined" if row.type == "lunch" else "counts")
        for row in lines
    ]
    assert found.log_root == merkle.root_of(map(leaf, said)).hex()
    last = {(row.origin, row.epoch): row for row in lines}
    heads = sorted(f"{o}\n{e}\n{row.seq}\n{bytes(row.hash).hex()}" for (o, e), row in last.items())
    assert found.root == merkle.root_of(map(leaf, heads)).hex()
    assert (found.number, found.lines, found.heads) == (1, len(lines), 2)


def test_heads_are_sorted_by_origin_and_epoch_whatever_came_first(terminal: FakeTerminal, centre: Centre) -> None:
    for epoch in ("b", "a", "c"):
        terminal.epoch, terminal.lines, terminal.first_id = epoch, [], ord(epoch) * 100
        sent(terminal, 1)
    found = made(centre)
    last = {(row.origin, row.epoch): row for row in rows(centre)}
    origins = [row.origin for row in last.values()]
    assert origins == ["centre", *["gaogou-t01"] * 3]
    order = sorted(last)
    assert [epoch for _, epoch in order][1:] == ["a", "b", "c"]
    leaves = [leaf(f"{o}\n{e}\n{last[o, e].seq}\n{bytes(last[o, e].hash).hex()}") for o, e in order]
    assert found.root == merkle.root_of(leaves).hex()


def test_a_checkpoint_is_signed_and_names_the_one_before(terminal: FakeTerminal, centre: Centre) -> None:
    sent(terminal, 1)
    first = made(centre)
    sent(terminal, 1)
    second = made(centre)
    assert (first.previous, second.previous, second.number) == (NO_CHECKPOINT, first.hash, 2)
    second.check(centre.key.public_text)
    with pytest.raises(SignatureRejectedError):
        second.check(SigningKey.from_seed(b"x" * 32).public_text)


@pytest.mark.parametrize("field", ["number", "heads", "lines", "at", "root", "log_root", "previous"])
def test_no_field_of_a_checkpoint_can_be_changed(terminal: FakeTerminal, centre: Centre, field: str) -> None:
    sent(terminal, 1)
    said = made(centre).as_json()
    changed = {int: lambda value: value + 1, str: lambda value: value[:-1] + ("1" if value[-1] != "1" else "2")}
    said[field] = changed[type(said[field])](said[field])
    with pytest.raises(SignatureRejectedError):
        Checkpoint(**said).check(centre.key.public_text)


def test_the_log_grows_over_tiles_as_if_it_were_made_at_once(terminal: FakeTerminal, centre: Centre) -> None:
    checkpoints = []
    for count in (1, 250, 300, 1, 600):  # beyond whole tiles of 256, in uneven steps
        sent(terminal, count)
        checkpoints.append(made(centre))
    lines = rows(centre)
    leaves = [
        leaf(f"{row.origin}\n{row.epoch}\n{row.seq}\n{bytes(row.hash).hex()}\n{row.received_at}\ncounts")
        for row in lines
    ]
    assert [found.log_root for found in checkpoints] == [
        merkle.root_of(leaves[: found.lines]).hex() for found in checkpoints
    ]
    assert checkpoints[-1].lines == len(lines) > 1150


def test_anybody_may_read_a_checkpoint_and_see_that_it_covers_an_older_one(
    terminal: FakeTerminal, centre: Centre, client: FlaskClient
) -> None:
    refused(client.get("/v1/checkpoints/latest"), 404, "no_checkpoint")
    sent(terminal, 40)
    first = made(centre)
    sent(terminal, 400)
    second = made(centre)
    assert read_checkpoint(client.get("/v1/checkpoints/latest").get_json()) == second
    assert read_checkpoint(client.get("/v1/checkpoints/1").get_json()) == first
    proof = client.get("/v1/checkpoints/latest?from=1").get_json()["consistency"]
    roots = bytes.fromhex(first.log_root), bytes.fromhex(second.log_root)
    assert merkle.verify_consistency(first.lines, second.lines, *roots, [bytes.fromhex(step) for step in proof])


@pytest.mark.parametrize(("path", "status"), [("3", 404), ("0", 404), ("9" * 30, 404), ("x", 404), ("1?from=x", 400)])
def test_a_checkpoint_that_is_not_there_is_refused(
    terminal: FakeTerminal, centre: Centre, client: FlaskClient, path: str, status: int
) -> None:
    sent(terminal, 1)
    made(centre)
    assert client.get(f"/v1/checkpoints/{path}").status_code == status


def test_an_older_checkpoint_that_is_not_known_here_cannot_be_proven(
    terminal: FakeTerminal, centre: Centre, client: FlaskClient
) -> None:
    sent(terminal, 1)
    made(centre)
    assert client.get("/v1/checkpoints/latest?from=7").get_json()["consistency"] is None


def test_where_the_stored_tree_is_damaged_nothing_is_proven(
    terminal: FakeTerminal, centre: Centre, client: FlaskClient
) -> None:
    for _ in range(2):
        sent(terminal, 3)
        made(centre)
    with centre.store.writing() as connection:
        connection.execute(delete(tables.log_tile))
    answer = client.get("/v1/checkpoints/latest?from=1")
    assert (answer.status_code, answer.get_json()["consistency"]) == (200, None)


BEFORE = Checkpoint(1, "2026-10-08T12:00:00.000+08:00", 1, "0" * 64, 1, "0" * 64, NO_CHECKPOINT)


@pytest.mark.parametrize(
    ("minutes", "changed", "due"),
    [(0, True, False), (14, True, False), (15, True, True), (59, False, False), (60, False, True), (-5, True, True),
     (-5, False, False)],
)  # fmt: skip
def test_when_a_checkpoint_is_due(minutes: int, changed: bool, due: bool) -> None:
    assert is_due(BEFORE, NOON + timedelta(minutes=minutes), changed=changed) == due


def test_the_first_checkpoint_is_due_at_the_first_line() -> None:
    assert is_due(None, NOON, changed=True)
    assert not is_due(None, NOON, changed=False)


def test_ticks_make_what_is_due_and_no_more(terminal: FakeTerminal, centre: Centre, clock: StillClock) -> None:
    sent(terminal, 1)
    ticks = [centre.checkpoints.tick(clock())]
    for _ in range(8):
        clock.forward(minutes=10)
        ticks.append(centre.checkpoints.tick(clock()))
    assert [found.number if found else None for found in ticks] == [1, None, None, None, None, None, 2, None, None]
    sent(terminal, 1)
    again = centre.checkpoints.tick(clock())
    assert again is not None
    assert again.number == 3


def test_checkpoints_go_on_after_a_restart(terminal: FakeTerminal, centre: Centre) -> None:
    sent(terminal, 300)
    first = made(centre)
    centre.checkpoints._latest = None
    sent(terminal, 300)
    assert made(centre).previous == first.hash


# -- the echo ------------------------------------------------------------------------------------------------------


def alarms(centre: Centre) -> list[tuple[str, int]]:
    query = select(tables.alarm).where(tables.alarm.c.kind == "checkpoint").order_by(tables.alarm.c.number)
    with centre.store.reading() as connection:
        return [(row.origin, row.seq) for row in connection.execute(query)]


def echo(found: Checkpoint, **changed: Any) -> dict[str, Any]:
    return {"number": found.number, "root": found.root, "hash": found.hash, **changed}


def test_a_heartbeat_is_told_the_newest_checkpoint(terminal: FakeTerminal, centre: Centre) -> None:
    assert terminal.beat().get_json()["checkpoint"] == 0
    made(centre)
    assert terminal.beat().get_json()["checkpoint"] == 1


def test_an_echo_of_our_own_is_no_alarm(terminal: FakeTerminal, centre: Centre) -> None:
    first, _ = made(centre), made(centre)
    assert terminal.beat(checkpoint=echo(first)).status_code == 200
    assert alarms(centre) == []


@pytest.mark.parametrize("changed", [{"root": "ab" * 32}, {"hash": "ab" * 32}, {"number": 9}])
def test_a_terminal_that_holds_another_checkpoint_raises_an_alarm_once(
    terminal: FakeTerminal, centre: Centre, client: FlaskClient, changed: dict[str, Any]
) -> None:
    told = echo(made(centre), **changed)
    for _ in range(3):
        assert terminal.beat(checkpoint=told).status_code == 200
    assert alarms(centre) == [("gaogou-t01", told["number"])]
    assert f"第 {told['number']} 号检查点与中心不符" in words(client.get("/"))


def test_an_echo_of_number_and_root_alone_is_heard(terminal: FakeTerminal, centre: Centre) -> None:
    found = made(centre)
    terminal.beat(checkpoint={"number": 1, "root": found.root})
    assert alarms(centre) == []
    terminal.beat(checkpoint={"number": 1, "root": "cd" * 32})
    assert alarms(centre) == [("gaogou-t01", 1)]


@pytest.mark.parametrize("told", [7, [], {}, {"number": 0, "root": "ab" * 32}, {"number": 1, "root": "AB" * 32}])
def test_an_echo_of_the_wrong_form_is_malformed(terminal: FakeTerminal, told: object) -> None:
    refused(terminal.beat(checkpoint=told), 400, "malformed")
