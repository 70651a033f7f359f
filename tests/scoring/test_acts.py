"""Acts of the centre: all of a request or none of it, in the centre's own unbroken chain."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select

from scoring import tables
from scoring.app import create_app
from scoring.centre import Centre, open_centre
from sync import chain
from sync.events import parse_event
from tests.scoring.fakes import Office, StillClock
from tests.scoring.test_batches import held, refused

HALL = {"hall": "gaogou", "name": "高沟镇便民服务中心", "level": "town"}
FINDING = {
    "finding": "F1",
    "person": "P0007",
    "clause": "2.2",
    "on": "2026-10-08",
    "hall": "gaogou",
    "confirmed": True,
}


def test_acts_are_appended_to_the_centres_own_chain(office: Office, centre: Centre) -> None:
    answer = office.record(("hall.opened", HALL), ("hall.opened", {**HALL, "hall": "baotan"}), actor="王主任")
    assert answer.status_code == 201
    rows = held(centre, "centre")
    events = [parse_event(bytes(row.line)) for row in rows]
    assert [event.seq for event in events] == [1, 2]
    assert [event.actor for event in events] == ["王主任", "王主任"]
    assert [{"id": event.id, "seq": event.seq} for event in events] == answer.get_json()["events"]
    assert [bytes(row.hash) for row in rows] == chain.links(chain.GENESIS, [event.line for event in events])


def test_the_centres_epoch_and_numbers_go_on_after_a_restart(
    office: Office, centre: Centre, database: str, clock: StillClock, tmp_path: Any
) -> None:
    office.record(("hall.opened", HALL))
    centre.store.close()
    again = open_centre(database, tmp_path / "state", now=clock)
    Office(create_app(again).test_client(), again).record(("hall.opened", {**HALL, "hall": "baotan"}))
    rows = held(again, "centre")
    again.store.close()
    assert [row.seq for row in rows] == [1, 2]
    assert len({row.epoch for row in rows}) == 1
    assert bytes(rows[1].hash) == chain.link(bytes(rows[0].hash), bytes(rows[1].line))


def test_an_act_may_state_when_it_happened(office: Office, centre: Centre) -> None:
    at = "2026-10-01T09:00:00+08:00"
    office.post("events", {"actor": "a", "events": [{"type": "hall.opened", "data": HALL, "occurred_at": at}]})
    assert parse_event(bytes(held(centre, "centre")[0].line)).occurred_at.isoformat() == at


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (7, "not an object"),
        ({"data": {}}, "None"),
        ({"type": "lunch", "data": {}}, "lunch"),
        ({"type": "hall.opened"}, "hall"),
        ({"type": "hall.opened", "data": [1]}, "data"),
        ({"type": "hall.opened", "data": {**HALL, "level": "moon"}}, "level"),
        ({"type": "hall.opened", "data": HALL, "occurred_at": "soon"}, "soon"),
        ({"type": "person.assigned", "data": {"person": "P9", "hall": "gaogou", "from": "2026-01-01"}}, "P9"),
        (
            {"type": "shift.set", "data": {"hall": "nowhere", "from": "2026-01-01", "weekdays": [1], "sessions": []}},
            "nowhere",
        ),
        ({"type": "proposal.made", "data": {"hall": ["gaogou"]}}, "gaogou"),
        ({"type": "punch", "data": {"person": "P0007", "hall": "gaogou", "method": "pin"}}, "punch"),
        ({"type": "terminal.reported", "data": {"terminal": "t", "through": "2026-10-08T08:00:00+08:00"}}, "reported"),
        ({"type": "finding.recorded", "data": {**FINDING, "clause": "9.9"}}, "9.9"),
        ({"type": "finding.recorded", "data": {**FINDING, "clause": "1.2"}}, "1.2"),
        ({"type": "finding.recorded", "data": {**FINDING, "clause": "2.4", "points": 6}}, "2.4"),
        ({"type": "finding.recorded", "data": {**FINDING, "note": "\ud800"}}, "surrogate"),
    ],
)
def test_one_act_that_is_none_lets_none_be_written(office: Office, centre: Centre, bad: Any, said: str) -> None:
    office.open_hall()
    office.employ()
    before = len(held(centre, "centre"))
    wanted = {"actor": "a", "events": [{"type": "finding.recorded", "data": FINDING}, bad]}
    refusal = refused(office.post("events", json.dumps(wanted).encode()), 400, "invalid" if bad != 7 else "malformed")
    assert refusal["index"] == 1
    assert "events[1]" in refusal["message"]
    assert said in refusal["message"]
    assert len(held(centre, "centre")) == before


def test_a_number_that_is_none_is_no_json(office: Office) -> None:
    refused(office.post("events", b'{"actor": "a", "events": [{"type": "x", "data": {"n": NaN}}]}'), 400, "malformed")


def test_somebody_may_be_registered_and_assigned_in_one_request(office: Office) -> None:
    office.open_hall()
    office.employ()


@pytest.mark.parametrize("events", [None, [], {}, [{}] * 5001])
def test_a_request_without_acts_is_malformed(office: Office, events: Any) -> None:
    refused(office.post("events", {"actor": "a", "events": events}), 400, "malformed")


@pytest.mark.parametrize("actor", [None, "", 7, "a\nb", "x" * 201])
def test_an_act_needs_an_actor(office: Office, actor: Any) -> None:
    refused(office.post("events", {"actor": actor, "events": []}), 400, "malformed")


@pytest.mark.parametrize("path", ["events", "enrol-codes", "pins", "revocations"])
@pytest.mark.parametrize("token", ["", "0" * 64, "ä"])
def test_without_the_token_nobody_acts(office: Office, path: str, token: str) -> None:
    refused(office.post(path, {}, token=token), 401, "token")


def test_without_the_token_nobody_reads_the_terminals(office: Office) -> None:
    refused(office.client.get("/v1/centre/terminals"), 401, "token")


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"origin": "centre"}, "malformed"),
        ({"origin": "a/b"}, "malformed"),
        ({"origin": "a" * 65}, "malformed"),
        ({"minutes": 0}, "malformed"),
        ({"minutes": True}, "malformed"),
        ({"hall": "nowhere"}, "unknown_hall"),
    ],
)
def test_a_code_for_no_terminal_is_not_given(office: Office, wish: dict[str, Any], code: str) -> None:
    office.open_hall()
    refused(office.post("enrol-codes", {"origin": "t1", "hall": "gaogou", **wish}), 400, code)


@pytest.mark.parametrize("pin", ["123", "123456789", "12a4", "１２３４", 1234, None])
def test_a_pin_is_four_to_eight_digits(office: Office, centre: Centre, pin: Any) -> None:
    office.open_hall()
    office.employ()
    refused(office.post("pins", {"person": "P0007", "pin": pin}), 400, "malformed")
    with centre.store.reading() as connection:
        assert list(connection.execute(select(tables.pin))) == []


def test_nobody_unknown_gets_a_pin(office: Office) -> None:
    refused(office.post("pins", {"person": "P0404", "pin": "123456"}), 400, "unknown_person")


def test_a_revocation_of_nobody_is_not_found(office: Office) -> None:
    refused(office.post("revocations", {"origin": "t9"}), 404, "unknown_terminal")


def test_an_unknown_call_is_answered_in_json(office: Office) -> None:
    refused(office.client.get("/v1/nothing"), 404, "not_found")
    refused(office.client.get("/v1/enrol"), 405, "method")
