"""Heartbeats: the centre knows who lives, and says up to when everything of a terminal has arrived."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from scoring import registry, tables
from scoring.centre import Centre
from scoring.reporting import reported_through
from sync.events import instant_text, parse_event
from sync.wire import compact_json
from tests.scoring.fakes import NOON, FakeTerminal, StillClock
from tests.scoring.test_batches import refused


def reported(centre: Centre) -> list[str]:
    query = select(tables.event.c.line).where(tables.event.c.type == "terminal.reported")
    with centre.store.reading() as connection:
        rows = connection.scalars(query.order_by(tables.event.c.position))
        return [parse_event(bytes(line)).data["through"] for line in rows]


def known(centre: Centre, terminal: FakeTerminal) -> registry.Terminal:
    with centre.store.reading() as connection:
        found = registry.terminal_of(connection, terminal.origin)
    assert found is not None
    return found


def test_a_heartbeat_is_noted_with_what_the_terminal_says_of_itself(terminal: FakeTerminal, centre: Centre) -> None:
    answer = terminal.beat()
    assert answer.status_code == 200
    assert set(answer.get_json()) == {"server_time", "cursors", "next_s", "checkpoint"}
    assert known(centre, terminal).contact_at == NOON
    assert known(centre, terminal).health == {"disk_free_mb": 900}


def test_when_everything_is_held_the_centre_states_it(terminal: FakeTerminal, centre: Centre) -> None:
    terminal.add()
    terminal.send()
    terminal.beat()
    assert reported(centre) == ["2026-10-08T12:00:00.000+08:00"]


def test_while_a_line_is_missing_the_centre_states_nothing(terminal: FakeTerminal, centre: Centre) -> None:
    terminal.add()
    assert terminal.beat().status_code == 200
    assert reported(centre) == []


def test_an_epoch_that_forked_states_nothing(terminal: FakeTerminal, centre: Centre) -> None:
    terminal.add()
    terminal.send()
    terminal.send(1, prev=bytes(31) + b"\x01")
    terminal.beat()
    assert reported(centre) == []


def test_statements_are_ten_minutes_apart(terminal: FakeTerminal, centre: Centre, clock: StillClock) -> None:
    for _ in range(21):
        terminal.beat()
        clock.forward(minutes=1)
    assert [text[11:16] for text in reported(centre)] == ["12:00", "12:10", "12:20"]


@pytest.mark.parametrize(
    ("at", "before", "stated"),
    [
        pytest.param(NOON, None, NOON, id="the first"),
        pytest.param(NOON, NOON - timedelta(minutes=9, seconds=59), None, id="too soon"),
        pytest.param(NOON, NOON - timedelta(minutes=10), NOON, id="ten minutes on"),
        pytest.param(NOON, NOON, None, id="nothing new"),
        pytest.param(NOON - timedelta(hours=1), NOON, None, id="backwards"),
        pytest.param(NOON + timedelta(days=3650), None, NOON, id="a clock ten years ahead settles nothing to come"),
    ],
)
def test_what_a_heartbeat_lets_the_centre_state(at: datetime, before: datetime | None, stated: datetime | None) -> None:
    assert reported_through(at, NOON, 7, 7, before) == stated


def test_a_new_day_is_stated_at_once() -> None:
    midnight = datetime.fromisoformat("2026-10-09T00:00:00+08:00")
    assert reported_through(midnight, midnight, 7, 7, midnight - timedelta(seconds=1)) == midnight


def test_the_cursors_move_with_the_directory(terminal: FakeTerminal, office: Any) -> None:
    before = terminal.beat().get_json()["cursors"]
    terminal.add()
    terminal.send()
    assert terminal.beat().get_json()["cursors"] == before
    office.employ("P0008")
    assert terminal.beat().get_json()["cursors"]["roster"] > before["roster"]


@pytest.mark.parametrize("minutes", [-11, 11])
def test_a_date_more_than_ten_minutes_off_is_told_the_time(terminal: FakeTerminal, minutes: int) -> None:
    path, body = f"/v1/t/{terminal.origin}/heartbeat", compact_json({"epoch": "e", "seq": 0, "at": instant_text(NOON)})
    off = instant_text(NOON + timedelta(minutes=minutes))
    said = refused(terminal.ask("POST", path, body, date=off), 401, "date")
    assert said["server_time"] == "2026-10-08T12:00:00.000+08:00"


@pytest.mark.parametrize("minutes", [-10, 10])
def test_a_date_ten_minutes_off_is_good(terminal: FakeTerminal, minutes: int) -> None:
    path, body = f"/v1/t/{terminal.origin}/heartbeat", compact_json({"epoch": "e", "seq": 0, "at": instant_text(NOON)})
    off = instant_text(NOON + timedelta(minutes=minutes))
    assert terminal.ask("POST", path, body, date=off).status_code == 200


@pytest.mark.parametrize("headers", [{"X-Date": ""}, {"X-Date": "yesterday"}])
def test_a_request_without_a_date_is_refused(terminal: FakeTerminal, headers: dict[str, str]) -> None:
    refused(terminal.ask("GET", f"/v1/t/{terminal.origin}/e/e/head", headers=headers), 401, "date")


@pytest.mark.parametrize(
    "headers",
    [{"X-Signature": ""}, {"X-Signature": "AAAA"}, {"X-Signature": "ä"}, {"X-Date": "2026-10-08T12:00:01.000+08:00"}],
)
def test_a_request_signed_otherwise_is_refused(terminal: FakeTerminal, headers: dict[str, str]) -> None:
    refused(terminal.ask("GET", f"/v1/t/{terminal.origin}/e/e/head", headers=headers), 401, "signature")


def test_a_signature_is_good_for_its_own_path_and_body_only(terminal: FakeTerminal) -> None:
    stolen = terminal.ask("GET", f"/v1/t/{terminal.origin}/e/e/head").request.headers
    names = {"X-Date": stolen["X-Date"], "X-Signature": stolen["X-Signature"]}
    refused(terminal.ask("GET", f"/v1/t/{terminal.origin}/e/f/head", headers=names), 401, "signature")
    refused(terminal.ask("GET", f"/v1/t/{terminal.origin}/e/e/head", b"{}", headers=names), 401, "signature")


@pytest.mark.parametrize("health", [b'{"x":"\\ud800"}', b'{"x":1e999}', b'{"x":NaN}'])
def test_health_that_could_not_be_shown_again_is_refused(terminal: FakeTerminal, health: bytes) -> None:
    body = b'{"epoch":"e","seq":0,"at":"2026-10-08T08:00:00+08:00","health":' + health + b"}"
    refused(terminal.ask("POST", f"/v1/t/{terminal.origin}/heartbeat", body), 400, "malformed")


@pytest.mark.parametrize(
    "fields",
    [{"seq": -1}, {"seq": "1"}, {"seq": True}, {"seq": 2**70}, {"at": "noon"}, {"epoch": ""}, {"health": [1]},
     {"at": "0001-01-01T00:00:00+14:00"}],
)  # fmt: skip
def test_a_heartbeat_of_the_wrong_form_is_malformed(terminal: FakeTerminal, fields: dict[str, Any]) -> None:
    said = refused(terminal.beat(**fields), 400, "malformed")
    assert next(iter(fields)) in said["message"]
