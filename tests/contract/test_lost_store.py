"""A terminal whose store is damaged records again at once, and gets back what the centre holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.demo.centre import wait_for
from tests.contract.test_killed_at_any_moment import rate
from tests.stack import Stack, running


def state_of(stack: Stack) -> Path:
    return stack.run.path / "terminal"


def cut(stack: Stack) -> None:
    """Leave half of the file, and no log."""
    path = state_of(stack) / "ledger.db"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2 - 100])
    path.with_name("ledger.db-wal").unlink(missing_ok=True)


def taken_away(stack: Stack) -> None:
    for path in state_of(stack).glob("ledger.db*"):
        path.unlink()


@pytest.mark.parametrize("damage", [cut, taken_away])
def test_after_a_damaged_start_the_next_press_counts_and_the_old_lines_come_back(
    tmp_path: Path, damage: Callable[[Stack], None]
) -> None:
    with running(tmp_path) as stack:
        pressed = [rate(stack, 1), rate(stack, 5)]
        stack.wait_until_synced()
        before = stack.exports()[0]
        stack.kill(stack.terminal)
        damage(stack)
        stack.start_terminal()
        wait_for("the roster to be there", lambda: stack.health()["feed"]["roster"])
        pressed.append(rate(stack, 2))
        wait_for("the old lines", lambda: set(before) <= set(stack.exports()[0]))
        stack.wait_until_synced()
        events = [json.loads(line) for line in stack.exports()[1]]
        health = stack.health()
    assert {event["data"]["visit"] for event in events if event["type"] == "rating.given"} == {
        event["data"]["visit"] for event in events if event["type"] == "rating.requested"
    }
    assert sorted(event["id"] for event in events if event["type"] == "rating.given") == sorted(pressed)
    assert len({event["epoch"] for event in events}) == 2
    (begun,) = [event for event in events if event["type"] == "device.epoch_begun"]
    assert begun["data"]["last_seq"] == len(before)
    (back,) = [event["data"] for event in events if event["type"] == "device.refetched"]
    assert back == {"epoch": begun["data"]["previous_epoch"], "held": len(before), "missing": []}
    assert (health["quarantined"], health["missing"], health["storage"]) == (1, 0, None)


def test_damage_under_a_running_terminal_stops_nobody_and_lost_presses_are_listed(tmp_path: Path) -> None:
    with running(tmp_path) as stack:
        rate(stack, 5)
        stack.wait_until_synced()
        stack.kill(stack.centre)
        rate(stack, 4)  # which the centre never gets
        lines = len(stack.exports()[0])
        for path in state_of(stack).glob("ledger.db*"):
            with path.open("r+b") as stream:
                stream.write(b"\xa5" * path.stat().st_size)
        wait_for("a fresh store", lambda: stack.health()["quarantined"])
        wait_for("a press", lambda: rate_if_possible(stack))
        stack.start_centre()
        wait_for("what is missing", lambda: stack.health()["missing"])
        stack.wait_until_synced()
        events = [json.loads(line) for line in stack.exports()[1]]
        assert stack.terminal is not None
        assert stack.terminal.poll() is None
    (back,) = [event["data"] for event in events if event["type"] == "device.refetched"]
    assert back["missing"] == [[lines - 1, lines]]


def rate_if_possible(stack: Stack) -> bool:
    """Return whether a visit could be opened and rated."""
    try:
        return bool(rate(stack, 5))
    except AssertionError:
        return False
