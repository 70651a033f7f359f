"""Intake: what a terminal sends is committed once, acknowledged after, and never overwritten."""

from __future__ import annotations

import json
from typing import Any

import pytest
import zstandard
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from werkzeug.test import TestResponse

from scoring import ledger, tables
from scoring.centre import Centre
from scoring.examine import Place
from scoring.store import open_store
from sync import chain, wire
from sync.events import CENTRE
from sync.keys import SigningKey, verify
from tests.scoring.fakes import NOON, FakeTerminal, Office, StillClock, event_id


def held(centre: Centre, origin: str = "gaogou-t01") -> list[Any]:
    query = select(tables.event).where(tables.event.c.origin == origin).order_by(tables.event.c.position)
    with centre.store.reading() as connection:
        return list(connection.execute(query))


def alarms(centre: Centre) -> list[tuple[str, int]]:
    with centre.store.reading() as connection:
        return [(row.kind, row.seq) for row in connection.execute(select(tables.alarm))]


def refused(answer: TestResponse, status: int, code: str) -> dict[str, Any]:
    said: dict[str, Any] = answer.get_json()
    assert (answer.status_code, said["error"]) == (status, code), answer.text
    assert said["message"]
    assert said["server_time"].endswith("+08:00")
    return said


def test_a_batch_is_kept_as_its_exact_bytes_and_acknowledged(terminal: FakeTerminal, centre: Centre) -> None:
    lines = [terminal.add(), terminal.add(), terminal.add()]
    answer = terminal.send()
    assert answer.status_code == 200, answer.text
    said = answer.get_json()
    assert (said["ack"], said["ack_hash"]) == (3, terminal.hash_at(3).hex())
    assert [bytes(row.line) for row in held(centre)] == lines
    assert [bytes(row.hash) for row in held(centre)] == chain.links(chain.GENESIS, lines)
    assert [row.quarantined for row in held(centre)] == [None, None, None]
    assert said["next_s"] == 30
    assert set(said["cursors"]) == {"roster", "schedule", "templates", "policy", "tasks", "release"}


def test_the_receipt_is_signed_by_the_centre(terminal: FakeTerminal, centre: Centre) -> None:
    terminal.add()
    receipt = terminal.send().get_json()["receipt"]
    assert receipt["received_at"] == "2026-10-08T12:00:00.000+08:00"
    verify(centre.key.public_text, receipt["signature"], wire.receipt_text(receipt))


def test_a_repeat_is_answered_with_the_same_receipt_and_adds_nothing(
    terminal: FakeTerminal, centre: Centre, clock: StillClock
) -> None:
    terminal.add()
    first = terminal.send().get_json()
    clock.forward(minutes=3)
    again = terminal.send().get_json()
    assert again["receipt"] == first["receipt"]
    assert len(held(centre)) == 1


def test_a_repeat_of_an_older_batch_is_answered_as_it_was_the_first_time(
    terminal: FakeTerminal, centre: Centre, clock: StillClock
) -> None:
    terminal.add()
    old = terminal.batch()
    first = terminal.post(old).get_json()["receipt"]
    clock.forward(minutes=3)
    terminal.add()
    assert terminal.send(2).get_json()["ack"] == 2
    assert terminal.post(old).get_json()["receipt"] == first
    assert len(held(centre)) == 2


def test_a_batch_that_overlaps_adds_only_what_is_new(terminal: FakeTerminal, centre: Centre) -> None:
    terminal.add()
    terminal.send()
    lines = [terminal.lines[0], terminal.add(), terminal.add()]
    assert terminal.send(1).get_json()["ack"] == 3
    assert [bytes(row.line) for row in held(centre)] == lines


def test_a_gap_is_answered_with_the_number_expected(terminal: FakeTerminal, centre: Centre) -> None:
    for _ in range(4):
        terminal.add()
    terminal.send(1, lines=terminal.lines[:2])
    assert refused(terminal.send(4), 409, "gap")["expected"] == 3
    assert len(held(centre)) == 2


def test_the_first_batch_of_an_epoch_begins_at_one(terminal: FakeTerminal) -> None:
    terminal.add()
    terminal.add()
    assert refused(terminal.send(2), 409, "gap")["expected"] == 1


def test_another_line_at_a_held_number_is_a_fork_for_good(terminal: FakeTerminal, centre: Centre) -> None:
    terminal.add()
    terminal.add()
    terminal.send()
    kept = [bytes(row.line) for row in held(centre)]
    good = list(terminal.lines)
    terminal.lines.pop()
    terminal.add("punch", event_id=event_id(99))
    refused(terminal.send(2), 409, "fork")
    terminal.lines[:] = good
    terminal.add()
    refused(terminal.send(3), 409, "fork")
    refused(terminal.send(1), 409, "fork")
    assert [bytes(row.line) for row in held(centre)] == kept
    assert alarms(centre) == [("fork", 2)]


def test_another_past_before_the_batch_is_a_fork(terminal: FakeTerminal, centre: Centre) -> None:
    terminal.add()
    terminal.send()
    terminal.add()
    refused(terminal.send(2, prev=bytes(31) + b"\x01"), 409, "fork")
    assert alarms(centre) == [("fork", 1)]


def test_a_first_line_that_does_not_follow_genesis_is_a_fork(terminal: FakeTerminal, centre: Centre) -> None:
    terminal.add()
    refused(terminal.send(1, prev=bytes(31) + b"\x01"), 409, "fork")
    assert held(centre) == []
    assert alarms(centre) == [("fork", 1)]


def test_after_a_fork_a_new_epoch_goes_on(terminal: FakeTerminal, centre: Centre) -> None:
    terminal.add()
    terminal.send()
    terminal.add()
    refused(terminal.send(2, prev=bytes(32)), 409, "fork")
    terminal.lines.clear()
    terminal.epoch, terminal.first_id = "aaaa0002", 500
    terminal.add()
    assert terminal.send().status_code == 200
    assert [row.epoch for row in held(centre)] == ["7f3a9c21", "aaaa0002"]


def line_with(**changes: Any) -> bytes:
    envelope = {
        "v": 1,
        "id": event_id(77),
        "origin": "gaogou-t01",
        "epoch": "7f3a9c21",
        "seq": 1,
        "type": "punch",
        "occurred_at": "2026-10-08T08:29:41.123+08:00",
        "data": {"person": "P0007", "hall": "gaogou", "method": "face"},
    }
    return json.dumps({**envelope, **changes}, ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        pytest.param(b"{]", "envelope: not JSON", id="no JSON"),
        pytest.param(b"", "envelope: not JSON", id="an empty line"),
        pytest.param(b'\xff{"v":1}', "envelope: not UTF-8", id="no UTF-8"),
        pytest.param(line_with(v=2), "envelope: v is 2", id="another version"),
        pytest.param(line_with(id=None), "envelope: id", id="no id"),
        pytest.param(line_with()[:-1] + b',"v":1}', "envelope: the key 'v' stands twice", id="a key twice"),
        pytest.param(line_with(origin="baotan-t01"), "place: the line says baotan-t01/7f3a9c21/1", id="another origin"),
        pytest.param(line_with(epoch="ffff"), "place: the line says gaogou-t01/ffff/1", id="another epoch"),
        pytest.param(line_with(seq=2), "place: the line says gaogou-t01/7f3a9c21/2", id="another number"),
        pytest.param(line_with(type="lunch"), "type: unknown type 'lunch'", id="an unknown type"),
        pytest.param(line_with(data={"person": "P0007"}), "schema: punch", id="a field missing"),
        pytest.param(
            line_with(data={"person": "P0007", "hall": "gaogou", "method": "nose"}), "schema: punch", id="a wrong value"
        ),
        pytest.param(
            line_with(data={"person": "P0007", "hall": "gaogou", "method": "a\x00\n\u2028b"}), "schema: punch", id="NUL"
        ),
        pytest.param(line_with(type="device.\U0001f600", data={"hall": ["\x00"]}), "hall:", id="an odd hall"),
        pytest.param(line_with(occurred_at="9999-12-31T23:59:59-14:00"), "schema:", id="beyond the last day"),
        pytest.param(
            line_with(type="leave.closed", data={"leave": "L1", "on": "2026-10-09"}),
            "speaker: a terminal may not say leave.closed",
            id="what only the centre says",
        ),
        pytest.param(
            line_with(data={"person": "P0007", "hall": "baotan", "method": "face"}),
            "hall: the line speaks of 'baotan'",
            id="another hall",
        ),
    ],
)
def test_what_cannot_count_is_kept_and_acknowledged_and_blocks_nothing(
    terminal: FakeTerminal, centre: Centre, line: bytes, reason: str
) -> None:
    terminal.add_raw(line)
    good = terminal.add()
    answer = terminal.send()
    assert (answer.status_code, answer.get_json().get("ack")) == (200, 2), answer.text
    rows = held(centre)
    assert [bytes(row.line) for row in rows] == [line, good]
    assert rows[0].quarantined.startswith(reason)
    assert rows[1].quarantined is None
    assert alarms(centre) == [("quarantine", 1)]


def test_an_id_held_with_other_bytes_is_quarantined(terminal: FakeTerminal, centre: Centre) -> None:
    terminal.add()
    terminal.send()
    terminal.add(event_id=event_id(1))
    assert terminal.send(2).get_json()["ack"] == 2
    assert held(centre)[1].quarantined == f"repeated id: {event_id(1)} is held already with other bytes"
    assert alarms(centre) == [("quarantine", 2)]


def test_an_id_twice_in_one_batch_is_quarantined_the_second_time(terminal: FakeTerminal, centre: Centre) -> None:
    terminal.add()
    terminal.add(event_id=event_id(1))
    terminal.send()
    assert [row.quarantined is None for row in held(centre)] == [True, False]


def test_an_id_of_another_terminal_is_quarantined(
    terminal: FakeTerminal, office: Office, centre: Centre, clock: StillClock
) -> None:
    terminal.add()
    terminal.send()
    other = FakeTerminal(terminal.client, clock, "gaogou-t02", key=SigningKey.from_seed(bytes(32)))
    office.enrol(other)
    other.add()
    assert other.send().get_json()["ack"] == 1
    assert held(centre, "gaogou-t02")[0].quarantined.startswith("repeated id:")


def test_a_family_of_the_projects_own_types_is_welcome(terminal: FakeTerminal, centre: Centre) -> None:
    terminal.add("device.started", {"hall": "gaogou", "version": "0.1.0"})
    terminal.send()
    assert held(centre)[0].quarantined is None


def test_another_key_is_refused(terminal: FakeTerminal, centre: Centre) -> None:
    terminal.add()
    terminal.key = SigningKey.from_seed(bytes(32))
    refused(terminal.send(), 401, "signature")
    assert held(centre) == []


@pytest.mark.parametrize("changed", [{"X-Start": "2"}, {"X-Count": "1"}, {"X-Prev": "1" * 64}, {"X-Head": "1" * 64}])
def test_a_changed_header_breaks_the_signature(terminal: FakeTerminal, centre: Centre, changed: dict[str, str]) -> None:
    terminal.add()
    terminal.add()
    refused(terminal.post(terminal.batch(), **changed), 401, "signature")
    assert held(centre) == []


@pytest.mark.parametrize("missing", ["X-Start", "X-Count", "X-Prev", "X-Head"])
def test_a_missing_header_is_named(terminal: FakeTerminal, missing: str) -> None:
    terminal.add()
    assert missing in refused(terminal.post(terminal.batch(), **{missing: ""}), 400, "malformed")["message"]


def test_a_batch_without_signature_is_refused(terminal: FakeTerminal) -> None:
    terminal.add()
    refused(terminal.post(terminal.batch(), **{"X-Signature": ""}), 401, "signature")


def resealed(terminal: FakeTerminal, body: bytes, count: int, head: str | None = None) -> wire.Batch:
    """Return a batch of any body under a good signature."""
    stated = head or terminal.hash_at(len(terminal.lines)).hex()
    unsigned = wire.Batch(terminal.origin, terminal.epoch, 1, count, bytes(32).hex(), stated, body, "")
    signature = terminal.key.sign(unsigned.signed_text())
    return wire.Batch(terminal.origin, terminal.epoch, 1, count, bytes(32).hex(), stated, body, signature)


def test_a_signed_body_that_is_not_zstd_is_malformed(terminal: FakeTerminal) -> None:
    terminal.add()
    refused(terminal.post(resealed(terminal, b"nonsense", 1)), 400, "malformed")


def test_a_count_that_is_not_the_bodys_is_malformed(terminal: FakeTerminal) -> None:
    terminal.add()
    refused(terminal.post(resealed(terminal, terminal.batch().body, 2)), 400, "malformed")


def test_lines_that_do_not_lead_to_the_stated_head_are_malformed(terminal: FakeTerminal, centre: Centre) -> None:
    terminal.add()
    refused(terminal.post(resealed(terminal, terminal.batch().body, 1, "ab" * 32)), 400, "malformed")
    assert held(centre) == []


def test_501_lines_are_too_many(terminal: FakeTerminal) -> None:
    terminal.add()
    body = zstandard.compress(b"{}\n" * 501)
    said = refused(terminal.post(resealed(terminal, body, 501)), 413, "too_large")
    assert (said["max_lines"], said["max_bytes"]) == (500, 262144)


def test_500_lines_are_taken(terminal: FakeTerminal, centre: Centre) -> None:
    for _ in range(500):
        terminal.add()
    assert terminal.send().get_json()["ack"] == 500
    assert len(held(centre)) == 500


def test_a_small_body_that_swells_is_too_large(terminal: FakeTerminal) -> None:
    terminal.add()
    bomb = zstandard.compress(b"a" * 50_000_000)
    assert len(bomb) < 10_000
    refused(terminal.post(resealed(terminal, bomb, 1)), 413, "too_large")


def test_a_body_of_megabytes_is_refused_before_it_is_read(terminal: FakeTerminal) -> None:
    terminal.add()
    refused(terminal.post(resealed(terminal, bytes(1_000_000), 1)), 413, "too_large")


def test_an_unknown_terminal_is_refused(terminal: FakeTerminal) -> None:
    terminal.origin = "nobody-t01"
    terminal.add()
    refused(terminal.send(), 403, "unknown_terminal")


def test_a_revoked_terminal_is_refused_and_what_it_sent_stays(
    terminal: FakeTerminal, office: Office, centre: Centre
) -> None:
    terminal.add()
    terminal.send()
    assert office.post("revocations", {"origin": terminal.origin}).status_code == 200
    terminal.add()
    refused(terminal.send(2), 403, "revoked")
    assert len(held(centre)) == 1


@pytest.mark.parametrize("epoch", ["%0A", "a%0Ab", "x" * 201])
def test_an_epoch_that_is_no_name_is_malformed(terminal: FakeTerminal, epoch: str) -> None:
    terminal.add()
    batch = terminal.batch()
    answer = terminal.client.post(
        f"/v1/t/{terminal.origin}/e/{epoch}/batches", data=batch.body, headers=batch.headers()
    )
    refused(answer, 400, "malformed")


def test_nothing_is_kept_where_the_head_cannot_be(terminal: FakeTerminal, centre: Centre) -> None:
    """Head and rows are one transaction: a batch whose head cannot be written leaves no row."""
    with centre.store.writing() as connection:
        tables.head.drop(connection)
        tables.head.create(connection)
        connection.exec_driver_sql("DROP TABLE alarm")
    terminal.add_raw(b"{]")
    assert terminal.send().status_code >= 500
    assert held(centre) == []


def test_the_centre_repeats_its_head(terminal: FakeTerminal) -> None:
    assert terminal.head().get_json()["seq"] == 0
    assert terminal.head().get_json()["hash"] == "00" * 32
    terminal.add()
    terminal.add()
    terminal.send()
    said = terminal.head().get_json()
    assert (said["seq"], said["hash"]) == (2, terminal.hash_at(2).hex())


def test_the_export_is_ordered_by_origin_epoch_and_number(
    terminal: FakeTerminal, office: Office, centre: Centre, clock: StillClock
) -> None:
    second = FakeTerminal(terminal.client, clock, "Gaogou-t02", first_id=800, key=SigningKey.from_seed(bytes(32)))
    office.enrol(second)
    second.add()
    second.send()
    terminal.add()
    terminal.add_raw(b"{]")
    terminal.send()
    exported = list(ledger.exported(centre.store))
    own = [bytes(row.line) for row in held(centre, CENTRE)]
    assert exported == [*second.lines, *own, *terminal.lines]  # "Gaogou" < "centre" < "gaogou" as bytes


def test_a_busy_store_is_answered_with_503_and_when_to_come_back(
    terminal: FakeTerminal, centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scoring.store._BUSY_S", 0.01)
    terminal.add()
    with centre.store.writing():
        answer = terminal.send()
    refused(answer, 503, "busy")
    assert int(answer.headers["Retry-After"]) >= 1
    assert terminal.send().status_code == 200


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    junk=st.lists(st.binary(max_size=60) | st.text(max_size=60).map(str.encode), min_size=1, max_size=6), at=st.data()
)
def test_whatever_a_terminal_sends_is_acknowledged_and_kept(
    tmp_path_factory: pytest.TempPathFactory, junk: list[bytes], at: st.DataObject
) -> None:
    """Lines of any bytes, among them good ones with a part cut out or replaced."""
    good = line_with()
    for index, piece in enumerate(junk):
        if at.draw(st.booleans()):
            cut = at.draw(st.integers(0, len(good)))
            junk[index] = good[:cut] + piece + good[cut + at.draw(st.integers(0, 20)) :]
    lines = [piece.replace(b"\n", b" ") for piece in junk]
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('junk') / 'c.db'}")
    batch = ledger.Lines(1, chain.GENESIS, lines, chain.links(chain.GENESIS, lines))
    verdict = ledger.append_batch(store, Place("gaogou-t01", "7f3a9c21", "gaogou"), batch, NOON)
    kept = list(ledger.exported(store))
    store.close()
    assert isinstance(verdict, ledger.Accepted)
    assert kept == lines
