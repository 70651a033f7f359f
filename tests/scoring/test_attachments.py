"""Attachments lie beside the ledger, sealed to the centre, and can be erased for good."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from scoring import attachments, tables
from scoring.centre import Centre, open_centre
from sync.events import parse_event
from sync.keys import SigningKey
from sync.sealing import attachment_context, seal
from sync.wire import compact_json, sha256
from tests.scoring.fakes import FakeTerminal, Office, StillClock
from tests.scoring.test_batches import refused
from tests.scoring.test_feeds import manifest

WORDS = "办事员态度不好".encode()


def box(centre: Centre, origin: str = "gaogou-t01") -> bytes:
    return seal(centre.sealing.public_text, WORDS, attachment_context(origin))


def put(terminal: FakeTerminal, body: bytes, digest: str | None = None) -> tuple[int, dict[str, object]]:
    path = f"/v1/t/{terminal.origin}/attachments/{digest if digest is not None else sha256(body)}"
    answer = terminal.ask("PUT", path, body)
    return answer.status_code, answer.get_json()


def read(office: Office, digest: str) -> bytes:
    headers = {"Authorization": f"Bearer {office.centre.admin_token}"}
    answer = office.client.get(f"/v1/centre/attachments/{digest}", headers=headers)
    assert answer.status_code == 200, answer.text
    opened: bytes = answer.data
    return opened


def erase(office: Office, digest: str) -> int:
    said = {"sha256": digest, "actor": "李主任", "reason": "群众要求删除"}
    return office.post("attachment-erasures", said).status_code


def files(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "state" / "attachments").rglob("*") if path.is_file()]


def test_an_attachment_is_kept_once_and_read_by_the_office_alone(
    terminal: FakeTerminal, office: Office, centre: Centre, tmp_path: Path
) -> None:
    sealed = box(centre)
    assert [put(terminal, sealed)[0] for _ in range(2)] == [201, 200]
    assert read(office, sha256(sealed)) == WORDS
    (kept,) = files(tmp_path)
    assert kept.read_bytes() == sealed
    assert oct(kept.stat().st_mode & 0o777) == "0o600"
    assert WORDS not in kept.read_bytes()
    refused(terminal.client.get(f"/v1/centre/attachments/{sha256(sealed)}"), 401, "token")


def test_the_key_to_seal_to_comes_with_enrolment_and_roster(
    terminal: FakeTerminal, office: Office, centre: Centre
) -> None:
    again = office.enrol(terminal).get_json()
    assert again["sealing_key"] == centre.sealing.public_text
    assert manifest(terminal, "roster").contents()["centre_sealing_key"] == centre.sealing.public_text


def test_the_key_is_the_same_after_a_restart(
    terminal: FakeTerminal, office: Office, centre: Centre, database: str, tmp_path: Path
) -> None:
    del office
    sealed = box(centre)
    put(terminal, sealed)
    centre.store.close()
    again = open_centre(database, tmp_path / "state")
    try:
        found = again.attachments.sealed(sha256(sealed))
        assert found is not None
        assert again.sealing.open(found[1], attachment_context(found[0])) == WORDS
    finally:
        again.store.close()


def test_an_erased_one_is_gone_from_the_disk_and_stays_erased(
    terminal: FakeTerminal, office: Office, centre: Centre, tmp_path: Path
) -> None:
    sealed = box(centre)
    put(terminal, sealed)
    assert erase(office, sha256(sealed)) == 200
    assert files(tmp_path) == []
    status, said = put(terminal, sealed)
    assert (status, said["error"]) == (410, "erased")
    assert files(tmp_path) == []
    assert erase(office, sha256(sealed)) == 404


def test_an_erasure_stands_in_the_ledger_with_who_and_why(
    terminal: FakeTerminal, office: Office, centre: Centre
) -> None:
    sealed = box(centre)
    put(terminal, sealed)
    erase(office, sha256(sealed))
    with centre.store.reading() as connection:
        query = select(tables.event.c.line).where(tables.event.c.type == "attachment.erased")
        event = parse_event(bytes(connection.scalars(query).one()))
    assert (event.origin, event.actor) == ("centre", "李主任")
    assert dict(event.data) == {"sha256": sha256(sealed), "terminal": "gaogou-t01", "reason": "群众要求删除"}


def test_a_file_that_a_crash_left_after_its_erasure_goes_at_the_next_start(
    terminal: FakeTerminal, office: Office, centre: Centre, database: str, tmp_path: Path
) -> None:
    sealed = box(centre)
    put(terminal, sealed)
    (kept,) = files(tmp_path)
    erase(office, sha256(sealed))
    kept.write_bytes(sealed)
    centre.store.close()
    open_centre(database, tmp_path / "state").store.close()
    assert files(tmp_path) == []


def test_a_file_that_was_lost_is_taken_again(
    terminal: FakeTerminal, office: Office, centre: Centre, tmp_path: Path
) -> None:
    sealed = box(centre)
    put(terminal, sealed)
    files(tmp_path)[0].unlink()
    assert put(terminal, sealed)[0] == 201
    assert read(office, sha256(sealed)) == WORDS


def test_bytes_under_another_name_are_refused(terminal: FakeTerminal, centre: Centre, tmp_path: Path) -> None:
    assert put(terminal, box(centre), sha256(b"other"))[0] == 400
    assert put(terminal, box(centre), "xyz")[0] == 400
    assert put(terminal, box(centre), "..%2F..%2Fadmin.token")[0] in {400, 404}
    assert files(tmp_path) == []


def test_what_is_larger_than_two_megabytes_is_refused(terminal: FakeTerminal) -> None:
    assert put(terminal, bytes(2 * 1024 * 1024))[0] == 201
    status, said = put(terminal, bytes(2 * 1024 * 1024 + 1))
    assert (status, said["error"]) == (413, "too_large")


def test_a_terminal_that_fills_the_disk_is_told_to_wait(
    terminal: FakeTerminal, office: Office, centre: Centre, clock: StillClock
) -> None:
    with centre.store.writing() as connection:
        row = {"origin": terminal.origin, "received_at": "2026-10-08T12:00:00.000+08:00"}
        size = attachments.MAX_BYTES_EACH_TERMINAL - 10
        connection.execute(tables.attachment.insert().values(sha256="ab" * 32, size=size, **row))
    path = f"/v1/t/{terminal.origin}/attachments/{sha256(bytes(11))}"
    answer = terminal.ask("PUT", path, bytes(11))
    assert refused(answer, 429, "quota")
    assert answer.headers["Retry-After"] == "3600"
    other = FakeTerminal(terminal.client, clock, "gaogou-t02", key=SigningKey.from_seed(bytes(32)))
    office.enrol(other)
    assert put(other, bytes(11))[0] == 201
    assert erase(office, "ab" * 32) == 200
    assert put(terminal, bytes(11))[0] == 200


def test_one_that_was_sealed_to_another_key_is_kept_and_said_to_be_closed(
    terminal: FakeTerminal, office: Office, centre: Centre
) -> None:
    other = seal(centre.sealing.public_text, WORDS, attachment_context("somebody-else"))
    put(terminal, other)
    headers = {"Authorization": f"Bearer {office.centre.admin_token}"}
    refused(office.client.get(f"/v1/centre/attachments/{sha256(other)}", headers=headers), 409, "sealed")


@pytest.mark.parametrize(
    "changes", [{"sha256": "x"}, {"sha256": None}, {"actor": ""}, {"reason": ""}, {"reason": "x" * 501}]
)
def test_an_erasure_names_what_who_and_why(
    terminal: FakeTerminal, office: Office, centre: Centre, tmp_path: Path, changes: dict[str, object]
) -> None:
    sealed = box(centre)
    put(terminal, sealed)
    said = {"sha256": sha256(sealed), "actor": "office", "reason": "x", **changes}
    refused(office.post("attachment-erasures", compact_json(said)), 400, "malformed")
    assert len(files(tmp_path)) == 1
