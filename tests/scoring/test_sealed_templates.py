"""The centre relays face templates from terminal to terminal and can never open one."""

from __future__ import annotations

import base64
import itertools
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from scoring import tables
from scoring.centre import Centre
from sync.events import parse_event
from sync.keys import SigningKey
from sync.sealing import SealError, SealingKey, seal, template_context
from sync.wire import compact_json
from tests.scoring.fakes import FakeTerminal, Office, StillClock
from tests.scoring.test_batches import refused
from tests.scoring.test_feeds import manifest

OPENS = SealingKey.from_seed(b"recipient's own sealing key 32 b")
TEMPLATE = b"128 numbers that are a face" * 20


@pytest.fixture
def neighbour(terminal: FakeTerminal, office: Office, clock: StillClock) -> FakeTerminal:
    """A second terminal of the hall, which has told its sealing key."""
    other = FakeTerminal(terminal.client, clock, "gaogou-t02", key=SigningKey.from_seed(bytes(32)))
    assert office.enrol(other).status_code == 201
    body = compact_json({"sealing_key": OPENS.public_text})
    assert other.ask("PUT", f"/v1/t/{other.origin}/sealing-key", body).status_code == 200
    return other


def path(terminal: FakeTerminal, recipient: str = "gaogou-t02", person: str = "P0007") -> str:
    return f"/v1/t/{terminal.origin}/templates/{recipient}/{person}"


def sealed(terminal: FakeTerminal, person: str = "P0007") -> bytes:
    """Return a template sealed to the key that the sender's own roster names."""
    beside = {each["origin"]: each["sealing_key"] for each in manifest(terminal, "roster").contents()["terminals"]}
    return seal(beside["gaogou-t02"], TEMPLATE, template_context("gaogou-t02", person))


def received(neighbour: FakeTerminal) -> list[tuple[str, str, bytes]]:
    boxes = manifest(neighbour, "templates").contents()["templates"]
    return [(each["person"], each["sender"], base64.b64decode(each["box"])) for each in boxes]


def test_a_template_reaches_its_recipient_and_opens_there(terminal: FakeTerminal, neighbour: FakeTerminal) -> None:
    assert terminal.ask("PUT", path(terminal), sealed(terminal)).status_code == 201
    ((person, sender, box),) = received(neighbour)
    assert (person, sender) == ("P0007", terminal.origin)
    assert OPENS.open(box, template_context("gaogou-t02", "P0007")) == TEMPLATE
    assert manifest(terminal, "templates").contents()["templates"] == []


def test_nothing_that_the_centre_holds_opens_it(
    terminal: FakeTerminal, neighbour: FakeTerminal, centre: Centre, tmp_path: Path
) -> None:
    """Every 32 bytes in a row of every file of the centre, and every value in its tables, is tried as the key."""
    terminal.ask("PUT", path(terminal), sealed(terminal))
    ((_, _, box),) = received(neighbour)
    held = [file.read_bytes() for file in (tmp_path / "state").rglob("*") if file.is_file()]
    with centre.store.reading() as connection:
        for table in tables.metadata.sorted_tables:
            if table.info.get("engine", connection.dialect.name) == connection.dialect.name:
                held += [_as_bytes(value) for row in connection.execute(select(table)) for value in row]
    held += [base64.b64decode(text + b"==") for text in held if len(text) in {43, 44}]
    context = template_context("gaogou-t02", "P0007")
    for seed in {part[start : start + 32] for part in held for start in range(len(part) - 31)}:
        with pytest.raises(SealError):
            SealingKey.from_seed(seed).open(box, context)
    assert all(TEMPLATE[:40] not in part for part in held)
    assert OPENS.open(box, context) == TEMPLATE


def _as_bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


def test_the_ledger_says_who_went_where_and_never_what(
    terminal: FakeTerminal, neighbour: FakeTerminal, centre: Centre
) -> None:
    del neighbour
    terminal.ask("PUT", path(terminal), sealed(terminal))
    terminal.ask("DELETE", path(terminal))
    with centre.store.reading() as connection:
        query = select(tables.event.c.line).where(tables.event.c.type.like("template.%")).order_by("position")
        events = [parse_event(bytes(line)) for line in connection.scalars(query)]
    passed = {"person": "P0007", "sender": "gaogou-t01", "recipient": "gaogou-t02"}
    assert [(event.type, dict(event.data)) for event in events] == [
        ("template.relayed", passed),
        ("template.withdrawn", passed),
    ]


def test_a_new_template_moves_the_recipients_feed_alone(terminal: FakeTerminal, neighbour: FakeTerminal) -> None:
    before, beside = manifest(neighbour, "templates").version, manifest(terminal, "templates").version
    terminal.ask("PUT", path(terminal), sealed(terminal))
    assert manifest(neighbour, "templates").version > before
    assert manifest(terminal, "templates").version == beside


def test_the_same_box_twice_changes_nothing_and_another_replaces_it(
    terminal: FakeTerminal, neighbour: FakeTerminal
) -> None:
    first, second = sealed(terminal), sealed(terminal)
    assert first != second
    statuses = [terminal.ask("PUT", path(terminal), box).status_code for box in (first, first)]
    version = manifest(neighbour, "templates").version
    assert statuses == [201, 200]
    assert terminal.ask("PUT", path(terminal), second).status_code == 201
    assert [box for _, _, box in received(neighbour)] == [second]
    assert manifest(neighbour, "templates").version > version


def test_a_withdrawn_template_is_gone(terminal: FakeTerminal, neighbour: FakeTerminal, centre: Centre) -> None:
    terminal.ask("PUT", path(terminal), sealed(terminal))
    before = manifest(neighbour, "templates").version
    assert terminal.ask("DELETE", path(terminal)).get_json()["removed"] is True
    assert terminal.ask("DELETE", path(terminal)).get_json()["removed"] is False
    assert received(neighbour) == []
    assert manifest(neighbour, "templates").version > before
    with centre.store.reading() as connection:
        assert connection.execute(select(tables.sealed_template)).all() == []


def test_what_was_sealed_to_an_older_key_is_dropped(terminal: FakeTerminal, neighbour: FakeTerminal) -> None:
    terminal.ask("PUT", path(terminal), sealed(terminal))
    fresh = compact_json({"sealing_key": SealingKey.from_seed(b"n" * 32).public_text})
    neighbour.ask("PUT", f"/v1/t/{neighbour.origin}/sealing-key", fresh)
    assert received(neighbour) == []
    beside = {each["origin"]: each["sealing_key"] for each in manifest(terminal, "roster").contents()["terminals"]}
    assert beside["gaogou-t02"] == SealingKey.from_seed(b"n" * 32).public_text


def test_the_roster_names_the_terminals_of_the_hall_alone_and_no_revoked_one(
    terminal: FakeTerminal, neighbour: FakeTerminal, office: Office, clock: StillClock
) -> None:
    office.open_hall("baotan")
    elsewhere = FakeTerminal(terminal.client, clock, "baotan-t01", "baotan", key=SigningKey.from_seed(b"b" * 32))
    office.enrol(elsewhere)
    roster = manifest(terminal, "roster")
    assert [(each["origin"], each["public_key"], each["sealing_key"]) for each in roster.contents()["terminals"]] == [
        ("gaogou-t01", terminal.key.public_text, None),
        ("gaogou-t02", neighbour.key.public_text, OPENS.public_text),
    ]
    office.post("revocations", {"origin": "gaogou-t02"})
    after = manifest(terminal, "roster")
    assert [each["origin"] for each in after.contents()["terminals"]] == ["gaogou-t01"]
    assert after.version > roster.version


def test_a_template_goes_only_where_its_person_works(
    terminal: FakeTerminal, neighbour: FakeTerminal, office: Office, clock: StillClock
) -> None:
    del neighbour
    office.open_hall("baotan")
    office.employ("P0009", "baotan")
    elsewhere = FakeTerminal(terminal.client, clock, "baotan-t01", "baotan", key=SigningKey.from_seed(b"b" * 32))
    office.enrol(elsewhere)
    refused(terminal.ask("PUT", path(terminal, "baotan-t01"), b"box"), 403, "elsewhere")
    refused(terminal.ask("PUT", path(terminal, person="P0009"), b"box"), 403, "elsewhere")
    refused(elsewhere.ask("PUT", path(elsewhere, person="P0007"), b"box"), 403, "elsewhere")
    office.record(("person.assigned", {"person": "P0007", "hall": "baotan", "from": "2026-11-01"}))
    assert terminal.ask("PUT", path(terminal, "baotan-t01"), b"box").status_code == 201


def test_a_recipient_that_is_none_is_told(terminal: FakeTerminal, neighbour: FakeTerminal, office: Office) -> None:
    del neighbour
    refused(terminal.ask("PUT", path(terminal, "nobody"), b"box"), 404, "unknown_recipient")
    office.post("revocations", {"origin": "gaogou-t02"})
    refused(terminal.ask("PUT", path(terminal), b"box"), 404, "unknown_recipient")


def test_limits_and_signature_of_a_template(terminal: FakeTerminal, neighbour: FakeTerminal) -> None:
    del neighbour
    refused(terminal.ask("PUT", path(terminal), b""), 400, "malformed")
    assert terminal.ask("PUT", path(terminal), bytes(64 * 1024)).status_code == 201
    refused(terminal.ask("PUT", path(terminal), bytes(64 * 1024 + 1)), 413, "too_large")
    terminal.key = SigningKey.from_seed(b"x" * 32)
    refused(terminal.ask("PUT", path(terminal), b"box"), 401, "signature")


@pytest.mark.parametrize("key", ["", "AAAA", base64.b64encode(bytes(32)).decode(), "ä"])
def test_a_sealing_key_to_which_nothing_can_be_sealed_is_malformed(terminal: FakeTerminal, key: str) -> None:
    body = compact_json({"sealing_key": key})
    refused(terminal.ask("PUT", f"/v1/t/{terminal.origin}/sealing-key", body), 400, "malformed")


def test_a_signing_key_and_a_box_for_another_do_not_open_it(terminal: FakeTerminal, neighbour: FakeTerminal) -> None:
    """Bound to recipient and person: a box moved to somebody else's name is no box."""
    del neighbour
    box = sealed(terminal)
    for recipient, person in itertools.product(("gaogou-t01", "gaogou-t02"), ("P0007", "P0008")):
        if (recipient, person) != ("gaogou-t02", "P0007"):
            with pytest.raises(SealError):
                OPENS.open(box, template_context(recipient, person))
    seed = Ed25519PrivateKey.from_private_bytes(bytes(range(32))).private_bytes(
        serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption()
    )
    with pytest.raises(SealError):
        SealingKey.from_seed(seed).open(box, template_context("gaogou-t02", "P0007"))
