"""A terminal comes in by a one-time code, and only by one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select

from scoring import tables
from scoring.centre import Centre
from sync.events import parse_event
from sync.keys import SigningKey
from sync.wire import compact_json
from tests.scoring.fakes import FakeTerminal, Office, StillClock
from tests.scoring.test_batches import refused

KEY = SigningKey.from_seed(bytes(range(32))).public_text


def wish(code: str, **changes: Any) -> bytes:
    return compact_json({"code": code, "public_key": KEY, "alg": "ed25519", "serial": "10000000abcdef01", **changes})


@pytest.fixture
def code(office: Office) -> str:
    office.open_hall()
    return office.code()


def test_a_code_lets_a_terminal_in(office: Office, centre: Centre, code: str) -> None:
    answer = office.client.post("/v1/enrol", data=wish(code))
    assert answer.status_code == 201
    said = answer.get_json()
    assert (said["origin"], said["hall"]) == ("gaogou-t01", "gaogou")
    assert said["server_key"] == centre.key.public_text


def test_the_centre_records_that_the_terminal_belongs_to_the_hall_from_today(
    office: Office, centre: Centre, code: str
) -> None:
    office.client.post("/v1/enrol", data=wish(code))
    query = select(tables.event.c.line).where(tables.event.c.type == "terminal.assigned")
    with centre.store.reading() as connection:
        event = parse_event(bytes(connection.scalars(query).one()))
    assert event.origin == "centre"
    assert dict(event.data) == {"terminal": "gaogou-t01", "hall": "gaogou", "from": "2026-10-08"}


def test_a_code_serves_once(office: Office, code: str) -> None:
    office.client.post("/v1/enrol", data=wish(code))
    refused(office.client.post("/v1/enrol", data=wish(code)), 409, "code_used")


def test_a_code_expires(office: Office, clock: StillClock, code: str) -> None:
    clock.forward(minutes=60)
    refused(office.client.post("/v1/enrol", data=wish(code)), 410, "code_expired")


def test_a_code_is_good_until_it_expires(office: Office, clock: StillClock, code: str) -> None:
    clock.forward(minutes=59, seconds=59)
    assert office.client.post("/v1/enrol", data=wish(code)).status_code == 201


def test_a_code_that_nobody_gave_out_is_unknown(office: Office, code: str) -> None:
    del code
    refused(office.client.post("/v1/enrol", data=wish("AAAAAAAAAA")), 404, "unknown_code")


def test_a_code_may_be_typed_in_small_letters(office: Office, code: str) -> None:
    assert office.client.post("/v1/enrol", data=wish(code.lower())).status_code == 201


def test_the_code_itself_is_not_in_the_store(office: Office, centre: Centre, code: str) -> None:
    del office
    with centre.store.reading() as connection:
        row = connection.execute(select(tables.enrol_code)).one()
    assert code not in {str(value) for value in row}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"alg": "rot13"}, "algorithm"),
        ({"public_key": "AAAA"}, "malformed"),
        ({"public_key": 7}, "malformed"),
        ({"serial": ""}, "malformed"),
        ({"code": "\ud800"}, "malformed"),
    ],
)
def test_a_wish_that_cannot_be_granted_uses_up_no_code(
    office: Office, code: str, changes: dict[str, Any], said: str
) -> None:
    body = json.dumps({**json.loads(wish(code)), **changes}).encode()
    refused(office.client.post("/v1/enrol", data=body), 400, said)
    assert office.client.post("/v1/enrol", data=wish(code)).status_code == 201


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b"[" * 60_000, b'{"code":' + b"9" * 5000 + b"}"])
def test_a_body_that_is_no_object_is_malformed(office: Office, body: bytes) -> None:
    refused(office.client.post("/v1/enrol", data=body), 400, "malformed")


def test_a_terminal_enrolled_again_speaks_with_its_new_key_only(terminal: FakeTerminal, office: Office) -> None:
    terminal.add()
    old = terminal.key
    terminal.key = SigningKey.from_seed(bytes(32))
    assert office.enrol(terminal).status_code == 201
    assert terminal.send().status_code == 200
    terminal.key = old
    refused(terminal.send(), 401, "signature")


def test_a_revoked_terminal_comes_back_with_a_new_code(terminal: FakeTerminal, office: Office) -> None:
    office.post("revocations", {"origin": terminal.origin})
    terminal.add()
    refused(terminal.send(), 403, "revoked")
    office.enrol(terminal)
    assert terminal.send().status_code == 200
