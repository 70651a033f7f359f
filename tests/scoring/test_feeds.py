"""The feed: a terminal is told who belongs to its hall and when they work, signed, and never something older."""

from __future__ import annotations

from typing import Any

import pytest
from argon2 import PasswordHasher

from scoring.centre import Centre
from scoring.ledger import exported
from sync.events import parse_event
from sync.feed import Manifest, check_manifest
from tests.scoring.fakes import FakeTerminal, Office
from tests.scoring.test_batches import refused

SHIFT = {
    "hall": "gaogou",
    "from": "2026-01-01",
    "weekdays": [1, 2, 3, 4, 5],
    "sessions": [{"name": "am", "start": "08:30", "end": "12:00"}],
}
LEAVE = {
    "kind": "sick",
    "from": "2026-10-09T08:00:00+08:00",
    "to": "2026-10-09T18:00:00+08:00",
    "filed": True,
}


def manifest(terminal: FakeTerminal, kind: str) -> Manifest:
    answer = terminal.feed(kind)
    assert answer.status_code == 200, answer.text
    version, signature = int(answer.headers["X-Version"]), answer.headers["X-Signature"]
    return Manifest(terminal.origin, kind, version, answer.data, signature)


def told(terminal: FakeTerminal, kind: str) -> list[tuple[str, Any]]:
    """Return (type, whom or what it is about) of each line of a feed."""
    events = [parse_event(line.encode()) for line in manifest(terminal, kind).contents()["events"]]
    return [(e.type, e.data.get("person") or e.data.get("leave") or e.data.get("hall")) for e in events]


def test_the_manifest_is_signed_for_this_terminal_kind_and_version(terminal: FakeTerminal, centre: Centre) -> None:
    roster = manifest(terminal, "roster")
    check_manifest(roster, centre.key.public_text, 0)
    assert roster.contents()["kind"] == "roster"
    assert roster.contents()["hall"] == "gaogou"


def test_the_roster_names_the_hall_its_people_and_its_terminals(terminal: FakeTerminal) -> None:
    assert told(terminal, "roster") == [
        ("hall.opened", "gaogou"),
        ("person.registered", "P0007"),
        ("person.assigned", "P0007"),
        ("terminal.assigned", "gaogou"),
    ]


def test_the_roster_keeps_those_who_went_to_another_hall_and_names_nobody_else(
    terminal: FakeTerminal, office: Office
) -> None:
    office.open_hall("baotan", "保滩街道便民服务中心")
    office.employ("P0009", "baotan")
    office.record(("person.assigned", {"person": "P0007", "hall": "baotan", "from": "2026-11-01"}))
    people = [whom for type_, whom in told(terminal, "roster") if type_.startswith("person.")]
    assert people == ["P0007", "P0007", "P0007"]
    assert ("hall.opened", "baotan") not in told(terminal, "roster")


def test_the_lines_of_a_feed_are_the_ledgers_own_bytes(terminal: FakeTerminal, centre: Centre) -> None:
    ledger = set(exported(centre.store))
    assert all(line.encode() in ledger for line in manifest(terminal, "roster").contents()["events"])


def test_the_schedule_holds_shift_calendar_and_leave_of_the_hall(terminal: FakeTerminal, office: Office) -> None:
    office.open_hall("baotan")
    office.employ("P0009", "baotan")
    office.record(
        ("shift.set", SHIFT),
        ("shift.set", {**SHIFT, "hall": "baotan"}),
        ("calendar.day", {"on": "2026-10-10", "working": True}),
        ("calendar.day", {"on": "2026-10-10", "working": True, "hall": "baotan"}),
        ("leave.granted", {"leave": "L1", "person": "P0007", **LEAVE}),
        ("leave.granted", {"leave": "L2", "person": "P0009", **LEAVE}),
        ("leave.closed", {"leave": "L1", "on": "2026-10-10"}),
        ("leave.closed", {"leave": "L2", "on": "2026-10-10"}),
        ("explanation.accepted", {"person": "P0007", "on": "2026-10-08", "session": "am", "reason": "停电"}),
        ("explanation.accepted", {"person": "P0009", "on": "2026-10-08", "session": "am", "reason": "停电"}),
    )
    assert told(terminal, "schedule") == [
        ("shift.set", "gaogou"),
        ("calendar.day", None),
        ("leave.granted", "P0007"),
        ("leave.closed", "L1"),
        ("explanation.accepted", "P0007"),
    ]


def test_a_pin_travels_as_its_hash_with_the_roster_alone(terminal: FakeTerminal, office: Office) -> None:
    before = manifest(terminal, "roster").version
    assert office.post("pins", {"person": "P0007", "pin": "482913"}).status_code == 201
    roster = manifest(terminal, "roster")
    assert roster.version > before
    hashed = roster.contents()["pins"]["P0007"]
    assert hashed.startswith("$argon2id$")
    assert PasswordHasher().verify(hashed, "482913")
    assert b"482913" not in roster.body
    assert "pins" not in manifest(terminal, "schedule").contents()


def test_the_pin_of_somebody_elsewhere_is_not_told(terminal: FakeTerminal, office: Office) -> None:
    office.open_hall("baotan")
    office.employ("P0009", "baotan")
    office.post("pins", {"person": "P0009", "pin": "123456"})
    assert manifest(terminal, "roster").contents()["pins"] == {}


def test_a_terminal_that_holds_the_present_version_is_told_so(terminal: FakeTerminal) -> None:
    version = manifest(terminal, "roster").version
    answer = terminal.feed("roster", version)
    assert (answer.status_code, answer.data) == (304, b"")
    assert terminal.feed("roster", 0, {"If-None-Match": f'"{version}"'}).status_code == 304
    assert terminal.feed("roster", version - 1).status_code == 200


def test_the_version_is_that_of_the_cursors(terminal: FakeTerminal) -> None:
    assert manifest(terminal, "roster").version == terminal.beat().get_json()["cursors"]["roster"]


def test_the_version_never_goes_down(terminal: FakeTerminal, office: Office) -> None:
    seen = [manifest(terminal, "schedule").version]
    for number in range(3):
        office.record(("calendar.day", {"on": f"2026-11-0{number + 1}", "working": False}))
        terminal.add()
        terminal.send()
        seen.append(manifest(terminal, "schedule").version)
    assert seen == sorted(set(seen))


@pytest.mark.parametrize("kind", ["template", "roster%0A", "x"])
def test_a_kind_that_is_not_served_is_unknown(terminal: FakeTerminal, kind: str) -> None:
    refused(terminal.ask("GET", f"/v1/t/{terminal.origin}/feed/{kind}"), 404, "unknown_kind")


@pytest.mark.parametrize("cursor", ["-1", "x", "9" * 40])
def test_a_cursor_that_is_no_number_is_malformed(terminal: FakeTerminal, cursor: str) -> None:
    refused(terminal.feed("roster", cursor), 400, "malformed")


def test_a_feed_is_for_its_own_terminal(terminal: FakeTerminal) -> None:
    terminal.key = type(terminal.key).from_seed(bytes(32))
    refused(terminal.feed("roster"), 401, "signature")
