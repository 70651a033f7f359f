"""While too many terminals wait, some are sent away, so that those who are let in are answered soon."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from werkzeug.test import create_environ

from scoring.turnstile import MOST_WAITING, Turnstile

BATCH, PAGE = "/v1/t/gaogou-t01/e/7f3a9c21/batches", "/halls/gaogou"


class Door:
    """A turnstile with a crowd and a clock that the test sets, before an application that lets everybody pass."""

    def __init__(self) -> None:
        self.waiting, self.now_s = 0, 1000.0
        self.turnstile = Turnstile(self._let_pass, lambda: self.waiting, lambda: self.now_s)

    @staticmethod
    def _let_pass(_environ: Any, start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])
        return [b"in"]

    def knock(self, path: str = BATCH) -> tuple[int, int | None]:
        """Return the status, and how long somebody who was sent away is to wait."""
        said: dict[str, str] = {}

        def start_response(status: str, headers: Iterable[tuple[str, str]], _error: Any = None) -> Any:
            said.update(headers, status=status)

        b"".join(self.turnstile(create_environ(path), start_response))
        wait = said.get("Retry-After")
        return int(said["status"][:3]), int(wait) if wait is not None else None

    def second(self, let_in: int, sent_away: int) -> None:
        """Let one second pass in which so many came."""
        self.waiting = 0
        for _ in range(let_in):
            assert self.knock()[0] == 200
        self.waiting = MOST_WAITING + 1
        for _ in range(sent_away):
            assert self.knock()[0] == 503
        self.now_s += 1


def test_who_finds_no_crowd_is_let_in() -> None:
    door = Door()
    door.waiting = MOST_WAITING
    assert door.knock() == (200, None)


def test_who_finds_a_crowd_is_asked_to_come_back_in_a_second_or_two() -> None:
    door = Door()
    door.waiting = MOST_WAITING + 1
    answers = [door.knock() for _ in range(200)]
    assert {status for status, _ in answers} == {503}
    assert {wait for _, wait in answers} == {1, 2}  # not all at the same moment


def test_people_are_let_in_whatever_the_crowd() -> None:
    door = Door()
    door.waiting = 100 * MOST_WAITING
    assert door.knock(PAGE) == (200, None)


def test_the_larger_the_crowd_the_longer_it_is_sent_away() -> None:
    door, waits = Door(), []
    for _ in range(5):
        door.second(let_in=10, sent_away=80)
        waits.append(door.turnstile.wait_s)
    assert waits == [1, 2, 4, 8, 16]  # at most doubled each second
    for _ in range(30):
        door.second(let_in=0, sent_away=80)
    assert door.turnstile.wait_s == 120  # and nobody for longer than this


def test_the_wait_is_kept_while_one_is_sent_away_for_two_let_in_and_shrinks_when_fewer_are() -> None:
    door = Door()
    for _ in range(4):
        door.second(let_in=10, sent_away=80)
    for _ in range(10):
        door.second(let_in=10, sent_away=5)
    assert door.turnstile.wait_s == 16
    for _ in range(10):
        door.second(let_in=10, sent_away=0)
    assert door.turnstile.wait_s == 1
