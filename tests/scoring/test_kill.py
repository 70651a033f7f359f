"""A real server, killed in the middle of batches and started again: nothing is lost, nothing stands twice."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from sync import chain, wire
from sync.events import encode_event, new_event_id
from sync.keys import SigningKey

ORIGIN, EPOCH, BATCHES, LINES_EACH, KILLS = "gaogou-t01", "7f3a9c21", 40, 40, 2
KEY = SigningKey.from_seed(bytes(range(32)))


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def serving(database: str, state: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """Yield a running server; its first line says that it answers. It is killed at the end if it still runs."""
    words = [sys.executable, "-m", "scoring", "serve", "--database", database]
    words += ["--port", str(port), "--state", str(state), "--heartbeat-s", "2"]
    server = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    try:
        assert server.stdout is not None
        assert server.stdout.readline() == f"centre: http://127.0.0.1:{port}\n"
        yield server
    finally:
        server.kill()
        server.wait()
        if server.stdout is not None:
            server.stdout.read()  # until the worker, which holds the other end, is gone too
            server.stdout.close()


def command(*words: str, given: bytes = b"") -> bytes:
    done = subprocess.run([sys.executable, "-m", "scoring", *words], input=given, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def enrol(port: int, state: Path) -> None:
    centre = f"http://127.0.0.1:{port}"
    link = ["--centre", centre, "--token-file", str(state / "admin.token")]
    hall = b'{"type":"hall.opened","data":{"hall":"gaogou","name":"H","level":"town"}}\n'
    command("record", *link, "--actor", "office", "-", given=hall)
    code = command("enrol-code", *link, "--origin", ORIGIN, "--hall", "gaogou").decode().strip()
    message = {"code": code, "public_key": KEY.public_text, "alg": "ed25519", "serial": "1"}
    assert requests.post(f"{centre}/v1/enrol", json=message, timeout=10).status_code == 201


def some_batches() -> list[wire.Batch]:
    batches: list[wire.Batch] = []
    before = chain.GENESIS
    for number in range(BATCHES):
        start = number * LINES_EACH + 1
        lines = [line(seq) for seq in range(start, start + LINES_EACH)]
        batches.append(wire.seal_batch(KEY, ORIGIN, EPOCH, start, before, lines))
        before = chain.links(before, lines)[-1]
    return batches


def line(seq: int) -> bytes:
    return encode_event(
        event_id=new_event_id(),
        origin=ORIGIN,
        epoch=EPOCH,
        seq=seq,
        type_="punch",
        occurred_at=datetime(2026, 10, 8, 0, 29, tzinfo=UTC),
        payload={"person": "P0007", "hall": "gaogou", "method": "face"},
    )


def send_until_it_dies(port: int, batches: list[wire.Batch], acknowledged: list[int]) -> None:
    """Send batch after batch like a terminal, noting what was acknowledged; return when nobody answers any more."""
    session = requests.Session()
    number = max(0, len(acknowledged) - 1)  # the last one is repeated, as after a lost answer
    while number < len(batches):
        batch = batches[number]
        path = f"http://127.0.0.1:{port}/v1/t/{ORIGIN}/e/{EPOCH}/batches"
        try:
            answer = session.post(path, data=batch.body, headers=batch.headers(), timeout=10)
        except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
            return
        assert answer.status_code == 200, answer.text
        if number == len(acknowledged):
            acknowledged.append(int(answer.json()["ack"]))
        number += 1


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGTERM])
def test_a_server_killed_in_the_middle_of_batches_has_lost_and_doubled_nothing(
    database: str, tmp_path: Path, blow: signal.Signals
) -> None:
    state, port, batches = tmp_path / "state", free_port(), some_batches()
    acknowledged: list[int] = []
    fired = 0
    with serving(database, state, port):
        enrol(port, state)
    for kill in range(KILLS):
        with serving(database, state, port) as server:
            wanted = (kill + 1) * BATCHES // (KILLS + 1)
            killer = threading.Thread(target=kill_when, args=(server, acknowledged, wanted, blow))
            killer.start()
            send_until_it_dies(port, batches, acknowledged)
            fired += len(acknowledged) < BATCHES
            killer.join()
        exported = command("export", "--database", database).splitlines()
        own = [text for text in exported if f'"origin":"{ORIGIN}"'.encode() in text]
        assert len(own) >= (acknowledged[-1] if acknowledged else 0)
        assert len(own) % LINES_EACH == 0
    with serving(database, state, port):
        send_until_it_dies(port, batches, acknowledged)
    assert fired == KILLS  # only a run in which every blow fell in the middle counts
    exported = command("export", "--database", database).splitlines()
    sent = [text for batch in batches for text in wire.open_batch(batch, KEY.public_text)[0]]
    assert [text for text in exported if f'"origin":"{ORIGIN}"'.encode() in text] == sent
    assert acknowledged == [(number + 1) * LINES_EACH for number in range(BATCHES)]


def kill_when(server: subprocess.Popen[str], acknowledged: list[int], wanted: int, blow: signal.Signals) -> None:
    while len(acknowledged) < wanted and server.poll() is None:
        threading.Event().wait(0.001)
    server.send_signal(blow)
    server.wait()


def test_a_server_ends_cleanly_when_it_is_asked_to(tmp_path: Path) -> None:
    database, port = f"sqlite:///{tmp_path / 'c.db'}", free_port()
    with serving(database, tmp_path, port) as server:
        server.send_signal(signal.SIGINT)
        assert server.wait(20) == 0
    with serving(database, tmp_path, port) as server:
        server.send_signal(signal.SIGTERM)
        assert server.wait(20) == 0


def test_clients_that_fall_silent_in_the_middle_of_an_upload_hold_up_nobody(tmp_path: Path) -> None:
    port = free_port()
    with serving(f"sqlite:///{tmp_path / 'c.db'}", tmp_path, port), ExitStack() as silent:
        for _ in range(100):
            client = silent.enter_context(socket.create_connection(("127.0.0.1", port)))
            client.sendall(b"POST /v1/enrol HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc")
        assert requests.get(f"http://127.0.0.1:{port}/", timeout=10).status_code == 200


def test_a_second_server_on_one_file_under_another_name_is_refused_too(tmp_path: Path) -> None:
    (tmp_path / "alias.db").symlink_to(tmp_path / "c.db")
    with serving(f"sqlite:///{tmp_path / 'c.db'}", tmp_path, free_port()):
        words = [sys.executable, "-m", "scoring", "serve", "--database", f"sqlite:///{tmp_path / 'alias.db'}"]
        second = subprocess.run([*words, "--port", str(free_port())], capture_output=True, text=True, check=False)
    assert "another server already works on" in second.stderr


def test_a_second_server_on_the_same_file_says_so_in_one_line(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'c.db'}"
    with serving(database, tmp_path, free_port()):
        words = [sys.executable, "-m", "scoring", "serve", "--database", database, "--port", str(free_port())]
        second = subprocess.run(words, capture_output=True, text=True, check=False)
    assert second.returncode == 1
    assert second.stderr.startswith("scoring serve: another server already works on")
    assert second.stderr.count("\n") == 1


def test_a_port_that_is_taken_is_refused_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = str(listener.getsockname()[1])
        words = [sys.executable, "-m", "scoring", "serve", "--database", f"sqlite:///{tmp_path / 'c.db'}"]
        refused = subprocess.run([*words, "--port", port], capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"scoring serve: 127.0.0.1:{port} cannot be served (Address already in use")
    assert refused.stderr.count("\n") == 1
