"""Receipts: anybody can check one without the centre, no byte of it can be changed, and a rating's tells nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from scoring.__main__ import main
from scoring.centre import Centre
from scoring.errors import CommandError
from scoring.receipt_check import check_receipt
from sync.keys import SigningKey
from tests.health.tree import DOCS, tokens_of
from tests.scoring.fakes import FakeTerminal, StillClock, event_id
from tests.scoring.insider import Insider
from tests.scoring.test_checkpoints import made, sent
from tests.scoring.test_pages import rate, words

DOCUMENTED = next(token.content for token in tokens_of(DOCS / "receipts.md") if token.info == "python")


def receipt(client: FlaskClient, number: int) -> dict[str, Any]:
    answer = client.get(f"/receipt/{event_id(number)}.json")
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.get_json()
    return said


def by_the_book(folder: Path, said: dict[str, Any], key: str) -> bool:
    """Return what the program in docs/receipts.md says of a receipt."""
    (folder / "receipt.json").write_text(json.dumps(said), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", DOCUMENTED, str(folder / "receipt.json"), key], capture_output=True, check=False
    )
    return done.returncode == 0


@pytest.fixture
def county(terminal: FakeTerminal, centre: Centre) -> FakeTerminal:
    """Three hundred lines under three checkpoints, and one line that none covers."""
    for count in (3, 280, 17):
        sent(terminal, count)
        made(centre)
    sent(terminal, 1)
    return terminal


@pytest.mark.parametrize("number", [1, 3, 4, 255, 256, 283, 284, 300])
def test_a_receipt_holds_by_command_and_by_the_documented_program(
    county: FakeTerminal, centre: Centre, client: FlaskClient, tmp_path: Path, number: int
) -> None:
    said = receipt(client, number)
    assert said["line"].encode() == county.lines[number - 1]
    assert said["checkpoint"]["number"] == (1 if number <= 3 else 2 if number <= 283 else 3)
    assert "it counts" in check_receipt(json.dumps(said).encode(), centre.key.public_text)[1]
    assert by_the_book(tmp_path, said, centre.key.public_text)


CHANGES: list[Callable[[dict[str, Any]], Any]] = [
    lambda said: said.update(line=said["line"].replace("P0007", "P0666")),
    lambda said: said.update(previous="ab" * 32),
    lambda said: said.update(hash="ab" * 32),
    lambda said: said.update(seq=said["seq"] + 1),
    lambda said: said.update(origin="centre"),
    lambda said: said.update(epoch="e"),
    lambda said: said.update(received_at="2026-10-08T11:00:00.000+08:00"),
    lambda said: said.update(counts=False),
    lambda said: said.update(index=said["index"] + 1),
    lambda said: said.update(event=event_id(5)),
    lambda said: said["proof"].reverse(),
    lambda said: said["proof"].pop(),
    lambda said: said["proof"].append("00" * 32),
    lambda said: said["proof"].__setitem__(0, "00" * 32),
    lambda said: said["checkpoint"].update(log_root="00" * 32),
    lambda said: said["checkpoint"].update(lines=said["checkpoint"]["lines"] + 1),
    lambda said: said["checkpoint"].update(at="2026-10-08T11:00:00.000+08:00"),
    lambda said: said["checkpoint"].update(signature="A" * 86 + "=="),
    lambda said: said.pop("checkpoint"),
    lambda said: said.pop("proof"),
    lambda said: said.update(proof=[7]),
    lambda said: said.update(leaf=said.pop("line") and "00" * 32),
]


def holds(said: dict[str, Any], key: str) -> bool:
    try:
        return bool(check_receipt(json.dumps(said).encode(), key))
    except CommandError:
        return False


def test_nothing_in_a_receipt_can_be_changed(county: FakeTerminal, centre: Centre, client: FlaskClient) -> None:
    assert county.lines
    believed: list[int] = []
    for number, change in enumerate(CHANGES):
        said = receipt(client, 6)
        assert holds(said, centre.key.public_text)
        change(said)
        believed += [number] * holds(said, centre.key.public_text)
    assert believed == []


@pytest.mark.parametrize("content", [b"", b"[]", b"7", b"{}", b"\xff", b'{"checkpoint": {}}'])
def test_what_is_no_receipt_is_refused(content: bytes) -> None:
    with pytest.raises(CommandError):
        check_receipt(content, SigningKey.from_seed(b"k" * 32).public_text)


def test_a_receipt_proves_nothing_under_another_key(
    county: FakeTerminal, client: FlaskClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = receipt(client, 6)
    other = SigningKey.from_seed(b"x" * 32).public_text
    said["server_key"] = other
    assert not by_the_book(tmp_path, said, other)
    assert main(["check-receipt", str(tmp_path / "receipt.json"), "--key", other]) == 1
    assert "does not bear the signature" in capsys.readouterr().err
    assert county.lines


def test_the_command_prints_what_a_receipt_proves(
    county: FakeTerminal, centre: Centre, client: FlaskClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "r.json").write_bytes(client.get(f"/receipt/{event_id(6)}.json").data)
    assert main(["check-receipt", str(tmp_path / "r.json"), "--key", centre.key.public_text]) == 0
    text = capsys.readouterr().out
    assert f"event {event_id(6)} is under checkpoint 2" in text
    assert county.lines[5].decode() in text


def test_a_receipt_stays_what_it_was_when_the_ledger_grows(
    county: FakeTerminal, centre: Centre, client: FlaskClient
) -> None:
    before = receipt(client, 6)
    sent(county, 100)
    made(centre)
    assert receipt(client, 6) == before


def test_an_event_that_no_checkpoint_covers_waits(county: FakeTerminal, centre: Centre, client: FlaskClient) -> None:
    answer = client.get(f"/receipt/{event_id(301)}.json")
    assert (answer.status_code, answer.headers["Retry-After"]) == (202, "900")
    assert "等待签名" in words(client.get(f"/receipt/{event_id(301)}"))
    made(centre)
    assert receipt(client, 301)["seq"] == len(county.lines)


def test_the_page_shows_line_and_checkpoint(county: FakeTerminal, client: FlaskClient, clock: StillClock) -> None:
    answer = client.get(f"/receipt/{event_id(6)}")
    text = words(answer)
    assert "已入账，并已签名" in text
    assert "2026 年 10 月 8 日 周四 12:00" in text
    assert receipt(client, 6)["checkpoint"]["log_root"] in text
    assert county.lines[5].decode().replace('"', "&#34;") in answer.text
    assert clock.at


def test_a_quarantined_line_has_its_receipt_and_is_called_so(
    terminal: FakeTerminal, centre: Centre, client: FlaskClient, tmp_path: Path
) -> None:
    terminal.add("lunch", {"hall": "gaogou"})
    terminal.send()
    made(centre)
    said = receipt(client, 1)
    assert said["counts"] is False
    assert "it is quarantined" in check_receipt(json.dumps(said).encode(), centre.key.public_text)[1]
    assert by_the_book(tmp_path, said, centre.key.public_text)
    assert "已隔离" in words(client.get(f"/receipt/{event_id(1)}"))


@pytest.mark.parametrize("number", [1, 2])
def test_a_ratings_receipt_proves_that_it_is_there_and_shows_nothing_of_it(
    terminal: FakeTerminal, centre: Centre, client: FlaskClient, tmp_path: Path, number: int
) -> None:
    rate(terminal, "V417", 1)
    made(centre)
    said = receipt(client, number)
    assert set(said) == {"v", "event", "leaf", "index", "proof", "checkpoint", "server_key"}
    assert check_receipt(json.dumps(said).encode(), centre.key.public_text)
    assert by_the_book(tmp_path, said, centre.key.public_text)
    said["leaf"] = "00" * 32
    assert not by_the_book(tmp_path, said, centre.key.public_text)
    page = client.get(f"/receipt/{event_id(number)}")
    assert "保护评价人" in words(page)
    for secret in ("09:17", "V417", "A-417", "P0007", "gaogou", terminal.lines[number - 1].decode()):
        assert secret not in page.text + json.dumps(said, ensure_ascii=False)


def test_whose_line_was_altered_gets_no_receipt(county: FakeTerminal, centre: Centre, client: FlaskClient) -> None:
    Insider(centre, county).edit(6)
    assert client.get(f"/receipt/{event_id(6)}.json").status_code == 409
    assert "与已签名的检查点不符" in words(client.get(f"/receipt/{event_id(6)}"))
    Insider(centre, county).rechain()
    assert client.get(f"/receipt/{event_id(6)}.json").status_code == 409


def test_an_unknown_event_has_no_receipt(county: FakeTerminal, client: FlaskClient) -> None:
    assert client.get("/receipt/nothing.json").status_code == 404
    assert "账本里没有这条记录" in words(client.get("/receipt/nothing"))
    assert county.lines
