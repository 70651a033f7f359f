"""A terminal changes its key: the new one proves itself, the old one is valid for nothing, a copied card is noticed."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from scoring import tables
from scoring.centre import Centre
from sync.keys import SigningKey
from sync.wire import compact_json, key_text
from tests.scoring.fakes import FakeTerminal, Office, StillClock, event_id
from tests.scoring.test_batches import refused
from tests.scoring.test_feeds import manifest

NEW = SigningKey.from_seed(b"n" * 32)


def change(terminal: FakeTerminal, new: SigningKey = NEW, **changes: Any) -> TestResponse:
    proof = new.sign(key_text(terminal.origin, new.public_text))
    said = {"public_key": new.public_text, "alg": "ed25519", "proof": proof, **changes}
    return terminal.ask("POST", f"/v1/t/{terminal.origin}/key", compact_json(said))


def alarms(centre: Centre) -> list[tuple[str, str]]:
    with centre.store.reading() as connection:
        return [(row.kind, row.origin) for row in connection.execute(select(tables.alarm))]


def test_after_the_change_only_the_new_key_is_heard(terminal: FakeTerminal) -> None:
    terminal.add()
    old, sealed_before = terminal.key, terminal.batch()
    assert change(terminal).status_code == 200
    refused(terminal.post(sealed_before), 401, "signature")
    refused(terminal.beat(), 401, "signature")
    refused(change(terminal, SigningKey.from_seed(b"m" * 32)), 401, "signature")
    terminal.key = NEW
    assert terminal.send().get_json()["ack"] == 1
    assert terminal.beat().status_code == 200
    assert old.public_text != NEW.public_text


def test_whoever_was_cut_off_asks_again_with_the_new_key(terminal: FakeTerminal) -> None:
    assert change(terminal).status_code == 200
    terminal.key = NEW
    assert change(terminal).status_code == 200
    assert terminal.beat().status_code == 200


def test_before_the_change_the_new_key_is_nobodys(terminal: FakeTerminal) -> None:
    terminal.key = NEW
    refused(change(terminal), 401, "signature")


def test_a_key_that_does_not_prove_itself_is_refused(terminal: FakeTerminal) -> None:
    """Else a thief of one request could put in a key that he has only seen."""
    by_old = terminal.key.sign(key_text(terminal.origin, NEW.public_text))
    for_other = NEW.sign(key_text("gaogou-t02", NEW.public_text))
    for proof in (by_old, for_other, "AAAA"):
        refused(change(terminal, proof=proof), 400, "proof")
    assert terminal.beat().status_code == 200


@pytest.mark.parametrize(
    ("changes", "said"),
    [({"alg": "rot13"}, "algorithm"), ({"public_key": "AAAA"}, "malformed"), ({"proof": 7}, "malformed")],
)
def test_a_change_of_the_wrong_form_changes_nothing(terminal: FakeTerminal, changes: dict[str, Any], said: str) -> None:
    refused(change(terminal, **changes), 400, said)
    assert terminal.beat().status_code == 200


def test_a_key_that_was_given_up_never_comes_back(terminal: FakeTerminal) -> None:
    old = terminal.key
    change(terminal)
    terminal.key = NEW
    refused(change(terminal, old), 409, "used_key")


def test_two_terminals_cannot_have_one_key(terminal: FakeTerminal, office: Office, clock: StillClock) -> None:
    other = FakeTerminal(terminal.client, clock, "gaogou-t02", key=SigningKey.from_seed(bytes(32)))
    office.enrol(other)
    refused(change(terminal, other.key), 409, "used_key")


def test_the_rosters_name_the_new_key(terminal: FakeTerminal) -> None:
    before = manifest(terminal, "roster").version
    change(terminal)
    terminal.key = NEW
    roster = manifest(terminal, "roster")
    assert roster.version > before
    assert roster.contents()["terminals"][0]["public_key"] == NEW.public_text


def test_a_card_copied_before_the_change_is_noticed(terminal: FakeTerminal, centre: Centre, clock: StillClock) -> None:
    copy = FakeTerminal(terminal.client, clock)
    change(terminal)
    clock.forward(hours=23)
    refused(copy.beat(), 401, "signature")
    assert alarms(centre) == []  # within a day the terminal itself may still have it
    clock.forward(hours=1)
    copy.add()
    refused(copy.send(), 401, "signature")
    refused(copy.beat(), 401, "signature")
    assert alarms(centre) == [("former_key", "gaogou-t01")]


def test_a_stranger_raises_no_alarm(terminal: FakeTerminal, centre: Centre, clock: StillClock) -> None:
    change(terminal)
    clock.forward(days=2)
    terminal.key = SigningKey.from_seed(b"s" * 32)
    refused(terminal.beat(), 401, "signature")
    assert alarms(centre) == []


def test_the_card_before_a_new_enrolment_is_noticed_too(
    terminal: FakeTerminal, office: Office, centre: Centre, clock: StillClock
) -> None:
    stolen = FakeTerminal(terminal.client, clock)
    terminal.key = NEW
    assert office.enrol(terminal).status_code == 201
    clock.forward(days=1)
    refused(stolen.beat(), 401, "signature")
    assert alarms(centre) == [("former_key", "gaogou-t01")]


def test_a_card_copied_after_the_change_is_found_as_a_fork_at_first_contact(
    terminal: FakeTerminal, centre: Centre, clock: StillClock
) -> None:
    terminal.add()
    terminal.send()
    change(terminal)
    terminal.key = NEW
    copy = FakeTerminal(terminal.client, clock, key=NEW, lines=list(terminal.lines))
    terminal.add()
    assert terminal.send(2).status_code == 200
    copy.add(event_id=event_id(900))
    refused(copy.send(2), 409, "fork")
    assert alarms(centre) == [("fork", "gaogou-t01")]


def test_a_revoked_terminal_cannot_change_its_key(terminal: FakeTerminal, office: Office) -> None:
    office.post("revocations", {"origin": terminal.origin})
    refused(change(terminal), 403, "revoked")
