"""Either side is killed in the middle of its work and started again: nothing is lost, nothing comes twice."""

from __future__ import annotations

import json
from pathlib import Path

import requests

from tests.stack import Stack, running


def rate(stack: Stack, grade: int) -> str:
    stack.kiosk("ask", "--window", "1")
    return stack.kiosk("press", "--window", "1", "--grade", str(grade)).strip()


def test_nothing_is_lost_or_doubled_when_both_sides_are_killed(tmp_path: Path) -> None:
    with running(tmp_path) as stack:
        pressed = [rate(stack, 5)]
        stack.kill(stack.centre)
        pressed.append(rate(stack, 1))  # the centre is gone: the terminal goes on
        stack.kill(stack.terminal)
        stack.start_terminal()
        pressed.append(rate(stack, 2))
        stack.start_centre()
        stack.wait_until_synced()
        stack.kill(stack.centre)
        stack.kill(stack.terminal)
        stack.start_centre()
        stack.start_terminal()
        pressed.append(rate(stack, 1))
        stack.wait_until_synced()
        events = [json.loads(line) for line in stack.exports()[1]]
    assert [event["id"] for event in events if event["type"] == "rating.given"] == pressed
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))


def test_with_the_centre_gone_the_hall_says_so_and_goes_on(tmp_path: Path) -> None:
    with running(tmp_path) as stack:
        stack.wait_until_synced()
        stack.kill(stack.centre)
        rate(stack, 1)
        health = requests.get(f"{stack.run.terminal_url}/health.json", timeout=5).json()
        assert health["unsent"] >= 2
        assert requests.get(f"{stack.run.terminal_url}/hall", timeout=5).ok
