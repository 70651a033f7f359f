"""A terminal's key is changed at the centre and here; cut at any step, the terminal finds out which one counts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kiosk.errors import EnrolmentRefusedError
from kiosk.keyring import KeyRing
from sync.clock import Kernel, SystemClock
from sync.errors import SignatureRejectedError
from sync.keys import SigningKey, verify
from sync.link import Link
from sync.wire import key_text, request_text
from tests.sync.scripted_centre import NOW, Answer, Asked, scripted

AT_S = 1_791_419_400.0  # 2026-10-08 08:30 in the county


class Centre:
    """A centre that knows one key of one terminal, and changes it as the contract says."""

    def __init__(self, known: str) -> None:
        self.known = known
        self.lose_answers = 0
        self.signed_by: list[str] = []

    def __call__(self, asked: Asked) -> Answer:
        said = json.loads(asked.body)
        if not self._signed(asked, self.known):
            return Answer(401, {"error": "signature", "message": "not your key", "server_time": NOW})
        verify(said["public_key"], said["proof"], key_text("t1", said["public_key"]))
        self.signed_by.append(self.known)
        self.known = said["public_key"]
        if self.lose_answers:
            self.lose_answers -= 1
            return Answer(502, b"<html>", {"Content-Type": "text/html"})
        return Answer(200, {"origin": "t1", "alg": "ed25519", "server_time": NOW})

    @staticmethod
    def _signed(asked: Asked, public_key: str) -> bool:
        text = request_text(asked.method, asked.path, asked.headers["X-Date"], asked.body)
        try:
            verify(public_key, asked.headers["X-Signature"], text)
        except SignatureRejectedError:
            return False
        return True


def link(url: str, keys: KeyRing) -> Link:
    clock = SystemClock(lambda: AT_S, lambda: 10**12, lambda: Kernel("rtc", None), boot="b1")
    return Link(url, "t1", keys.key, clock, keys.other)


def seeds(folder: Path) -> dict[str, str]:
    return {path.name: SigningKey.from_seed(path.read_bytes()).public_text for path in folder.glob("terminal.key*")}


def test_the_new_key_takes_the_place_of_the_old_one(tmp_path: Path) -> None:
    keys = KeyRing(tmp_path)
    old, centre = keys.key.public_text, Centre(keys.key.public_text)
    keys.begin()
    with scripted(centre) as (url, _):
        assert keys.finish(link(url, keys))
    assert centre.known == keys.key.public_text != old
    assert seeds(tmp_path) == {"terminal.key": centre.known, "terminal.key.former": old}
    assert KeyRing(tmp_path).key.public_text == centre.known


def test_without_a_change_nothing_is_asked(tmp_path: Path) -> None:
    keys = KeyRing(tmp_path)
    with scripted(Centre(keys.key.public_text)) as (url, asked):
        assert not keys.finish(link(url, keys))
    assert asked == []


def test_while_the_centre_is_out_of_reach_the_old_key_stays(tmp_path: Path) -> None:
    keys = KeyRing(tmp_path)
    old = keys.key.public_text
    keys.begin()
    with pytest.raises(EnrolmentRefusedError, match="cannot be reached"):
        keys.finish(link("http://127.0.0.1:9", keys))
    assert KeyRing(tmp_path).key.public_text == old
    with scripted(Centre(old)) as (url, _):
        KeyRing(tmp_path).run(link(url, KeyRing(tmp_path)), {})
    assert KeyRing(tmp_path).key.public_text != old


def test_an_answer_that_was_lost_is_found_out_by_the_new_key_alone(tmp_path: Path) -> None:
    keys = KeyRing(tmp_path)
    old, centre = keys.key.public_text, Centre(keys.key.public_text)
    keys.begin()
    centre.lose_answers = 1
    with scripted(centre) as (url, asked):
        with pytest.raises(EnrolmentRefusedError, match="did not take"):
            keys.finish(link(url, keys))
        asked.clear()
        again = KeyRing(tmp_path)
        assert again.finish(link(url, again))
        assert len(asked) == 1
    assert centre.known == again.key.public_text != old
    assert centre.signed_by == [old, centre.known]


def test_a_second_change_begins_only_after_the_first(tmp_path: Path) -> None:
    keys = KeyRing(tmp_path)
    keys.begin()
    coming = seeds(tmp_path)["terminal.key.next"]
    KeyRing(tmp_path).begin()
    assert seeds(tmp_path)["terminal.key.next"] == coming


def test_a_running_link_takes_up_the_key_that_a_command_changed(tmp_path: Path) -> None:
    running, command = KeyRing(tmp_path), KeyRing(tmp_path)
    centre = Centre(running.key.public_text)
    command.begin()
    with scripted(centre) as (url, _):
        command.finish(link(url, command))
        busy = link(url, running)
        response = busy.ask("POST", "/v1/t/t1/heartbeat", b'{"public_key":"","proof":""}')
        with pytest.raises(ConnectionError):
            busy.refuse_failure(response)
    assert busy.key.public_text == centre.known
    assert running.key.public_text == centre.known


def test_a_link_in_the_middle_of_a_change_tries_both_in_turn(tmp_path: Path) -> None:
    keys = KeyRing(tmp_path)
    present = keys.key.public_text
    keys.begin()
    coming = seeds(tmp_path)["terminal.key.next"]
    tried: list[Any] = [keys.other() for _ in range(3)]
    assert [key.public_text for key in tried] == [coming, present, coming]


def test_a_terminal_with_one_key_has_no_other(tmp_path: Path) -> None:
    assert KeyRing(tmp_path).other() is None


def test_a_centre_restored_from_before_the_change_is_told_the_new_key_again(tmp_path: Path) -> None:
    keys = KeyRing(tmp_path)
    old, centre = keys.key.public_text, Centre(keys.key.public_text)
    keys.begin()
    with scripted(centre) as (url, _):
        keys.finish(link(url, keys))
        new = centre.known
        centre.known = old
        after = KeyRing(tmp_path)
        other = after.other()
        assert other is not None
        assert other.public_text == old
        after.run(link(url, after), {})
    assert centre.known == new == after.key.public_text


def test_a_clock_that_is_off_is_no_reason_to_try_another_key(tmp_path: Path) -> None:
    keys = KeyRing(tmp_path)
    centre = Centre(keys.key.public_text)
    keys.begin()

    def strict(asked: Asked) -> Answer:
        if not asked.headers["X-Date"].startswith("2026-10-08"):
            return Answer(401, {"error": "date", "message": "clock", "server_time": NOW})
        return centre(asked)

    clock = SystemClock(lambda: AT_S - 10**8, lambda: 10**12, lambda: Kernel("rtc", None), boot="b1")
    with scripted(strict) as (url, _):
        assert keys.finish(Link(url, "t1", keys.key, clock, keys.other))
    assert centre.known == KeyRing(tmp_path).key.public_text


def test_every_key_file_is_its_owners_alone(tmp_path: Path) -> None:
    keys = KeyRing(tmp_path)
    keys.begin()
    with scripted(Centre(keys.key.public_text)) as (url, _):
        keys.finish(link(url, keys))
    keys.begin()
    assert {oct(path.stat().st_mode & 0o777) for path in tmp_path.iterdir()} == {"0o600"}
