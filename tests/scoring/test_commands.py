"""The centre's commands against a real server: what they print, and one line where they are wrongly asked."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scoring.test_kill import free_port, serving

HALL = b'{"type":"hall.opened","data":{"hall":"gaogou","name":"\xe9\xab\x98\xe6\xb2\x9f","level":"town"}}\n'
PERSON = json.dumps(
    {
        "type": "person.registered",
        "data": {"person": "P0007", "name": "Z", "job_number": "7", "hired_on": "2025-03-01", "education": "none"},
    }
).encode()


def run(*words: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", "scoring", *words], input=given, capture_output=True, check=False)


def failed(done: subprocess.CompletedProcess[bytes], code: int, said: str) -> None:
    assert done.returncode == code, done.stderr.decode()
    assert said in done.stderr.decode()
    assert done.stdout == b""
    assert b"Traceback" not in done.stderr


@pytest.fixture(scope="module")
def link(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """A running centre with one hall, as the arguments that lead to it."""
    state, port = tmp_path_factory.mktemp("centre"), free_port()
    with serving(f"sqlite:///{state / 'c.db'}", state, port):
        arguments = ["--centre", f"http://127.0.0.1:{port}", "--token-file", str(state / "admin.token")]
        assert run("record", *arguments, "--actor", "office", "-", given=HALL).returncode == 0
        yield arguments


def database(link: list[str]) -> str:
    return f"sqlite:///{Path(link[3]).parent / 'c.db'}"


def test_record_prints_the_ids_of_what_was_written_and_export_the_lines(link: list[str]) -> None:
    done = run("record", *link, "--actor", "王主任", "-", given=PERSON)
    written = done.stdout.decode().split()
    exported = [json.loads(line) for line in run("export", "--database", database(link)).stdout.splitlines()]
    assert [event["id"] for event in exported if event.get("actor") == "王主任"] == written
    assert exported[0]["data"]["name"] == "高沟"


def test_record_names_the_line_that_is_not_json(link: list[str]) -> None:
    failed(run("record", *link, "--actor", "a", "-", given=HALL + b"{\n"), 1, "line 2 is not JSON")
    failed(run("record", *link, "--actor", "a", "-"), 1, "there is no line to record")


def test_record_passes_on_why_the_centre_refuses(link: list[str]) -> None:
    failed(run("record", *link, "--actor", "a", "-", given=b'{"type":"lunch","data":{}}'), 1, "events[0]: unknown type")


def test_a_code_a_pin_and_a_revocation(link: list[str]) -> None:
    run("record", *link, "--actor", "a", "-", given=PERSON)
    code = run("enrol-code", *link, "--origin", "t1", "--hall", "gaogou")
    assert len(code.stdout.decode().strip()) == 10
    assert run("set-pin", *link, "--person", "P0007", given=b"482913\n").returncode == 0
    failed(run("set-pin", *link, "--person", "P0007", given=b"48\n"), 1, "pin is not 6 to 8 digits")
    failed(run("revoke", *link, "--origin", "t9"), 1, "no terminal 't9' was enrolled")
    assert run("terminals", *link).stdout == b""


def test_a_wrong_token_and_a_missing_one_are_said_in_one_line(link: list[str], tmp_path: Path) -> None:
    wrong = tmp_path / "token"
    wrong.write_text("0" * 64)
    failed(run("terminals", "--centre", link[1], "--token-file", str(wrong)), 1, "401")
    failed(run("terminals", "--centre", link[1], "--token-file", str(tmp_path / "none")), 1, "No such file")


def test_a_centre_that_is_not_there_is_said_in_one_line(link: list[str]) -> None:
    nowhere = ["--centre", f"http://127.0.0.1:{free_port()}", *link[2:]]
    failed(run("terminals", *nowhere), 1, "cannot be reached")
    failed(run("terminals", "--centre", "nonsense", *link[2:]), 1, "nonsense")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["serve", "--database", "sqlite:///x.db", "--port", "0"], "not a port"),
        (["serve", "--database", "sqlite:///x.db", "--port", "x"], "not a port"),
        (["serve", "--database", "sqlite:///x.db", "--port", "1", "--heartbeat-s", "0"], "seconds"),
        (["serve", "--port", "1"], "--database"),
        (["export"], "--database"),
        (["dance"], "dance"),
        ([], "COMMAND"),
    ],
)
def test_wrong_words_are_a_usage_error(words: list[str], said: str) -> None:
    failed(run(*words), 2, said)


def test_a_database_that_is_none_is_said_in_one_line(tmp_path: Path) -> None:
    failed(run("export", "--database", "mysql:///x"), 1, "neither sqlite:///FILE nor postgresql://")
    failed(run("export", "--database", f"sqlite:///{tmp_path / 'none.db'}"), 1, "does not exist")
    (tmp_path / "text").write_bytes(b"not a database, just a text " * 60)
    failed(run("export", "--database", f"sqlite:///{tmp_path / 'text'}"), 1, "file is not a database")


def test_export_reads_a_ledger_whose_server_was_killed_and_changes_nothing(tmp_path: Path) -> None:
    state, port = tmp_path, free_port()
    url = f"sqlite:///{tmp_path / 'c.db'}"
    with serving(url, state, port):
        arguments = ["--centre", f"http://127.0.0.1:{port}", "--token-file", str(state / "admin.token")]
        run("record", *arguments, "--actor", "a", "-", given=HALL)
    before = (tmp_path / "c.db").read_bytes()
    first, second = run("export", "--database", url), run("export", "--database", url)
    assert first.stdout.count(b"\n") == 1
    assert (first.stdout, first.returncode) == (second.stdout, 0)
    assert (tmp_path / "c.db").read_bytes() == before


def test_an_export_can_be_replayed(link: list[str], tmp_path: Path) -> None:
    ledger = tmp_path / "ledger.ndjson"
    ledger.write_bytes(run("export", "--database", database(link)).stdout)
    done = run("replay", str(ledger), "--month", "2026-10")
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout)["month"] == "2026-10"
