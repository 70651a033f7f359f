"""A terminal behind a hub: a 202 is neither an acknowledgement nor a failure, and only the centre's receipt is one."""

from __future__ import annotations

import threading

import pytest

from sync.link import HELD_BY_HUB, UplinkError
from sync.uplink import LinkState
from tests.sync.scripted_centre import NOW, Answer, Asked, accepted, scripted
from tests.sync.test_uplink import Shelf, beat_answer, uplink

OFFLINE = Answer(503, {"error": "centre_unreachable"}, {"Retry-After": "0", HELD_BY_HUB: "0"})


def held(asked: Asked) -> Answer:
    last = int(asked.headers["X-Start"]) + int(asked.headers["X-Count"]) - 1
    return Answer(202, {"held": last, "next_s": 30}, {HELD_BY_HUB: "1"})


def ranges(asked: list[Asked]) -> list[tuple[int, int]]:
    """Return (first, last) of each batch that was sent."""
    starts = [
        (int(each.headers["X-Start"]), int(each.headers["X-Count"])) for each in asked if "X-Start" in each.headers
    ]
    return [(start, start + count - 1) for start, count in starts]


def test_what_a_hub_holds_is_not_acknowledged_and_the_next_batch_follows() -> None:
    shelf = Shelf()
    with scripted(held) as (url, asked):
        link = uplink(url, shelf)
        link.sender.max_lines = 3
        link.send_pending()
    assert ranges(asked) == [(1, 3), (4, 6), (7, 7)]
    assert shelf.acknowledged == 0
    assert link.state.relayed
    assert link.state.trouble is None


def test_the_hub_is_asked_again_for_the_same_bytes_until_the_receipt_is_here() -> None:
    shelf = Shelf()
    reached: list[bool] = []

    def hub(asked: Asked) -> Answer:
        return accepted(asked, "e1") if reached else held(asked)

    with scripted(hub) as (url, asked):
        link = uplink(url, shelf)
        link.sender.max_lines = 4
        link.send_pending()
        link.send_pending()
        reached.append(True)
        link.send_pending()
    assert ranges(asked) == [(1, 4), (5, 7), (5, 7), (5, 7)]
    assert asked[1].body == asked[2].body == asked[3].body
    assert asked[1].headers["X-Signature"] == asked[3].headers["X-Signature"]
    assert shelf.acknowledged == 7
    assert not link.state.relayed


def test_what_the_hub_lost_is_sent_again() -> None:
    shelf = Shelf()
    lost: list[bool] = []

    def hub(asked: Asked) -> Answer:
        if not lost:
            return held(asked)
        return (
            accepted(asked, "e1") if asked.headers["X-Start"] == "1" else Answer(409, {"error": "gap", "expected": 1})
        )

    with scripted(hub) as (url, asked):
        link = uplink(url, shelf)
        link.sender.max_lines = 4
        link.send_pending()
        lost.append(True)
        link.sender.max_lines = 7
        link.send_pending()
    assert ranges(asked)[2:] == [(5, 7), (1, 7)]
    assert shelf.acknowledged == 7


def test_a_gap_cannot_make_a_terminal_believe_that_lines_have_arrived() -> None:
    """A hub is not trusted: no unsigned word raises what is acknowledged."""
    shelf = Shelf()

    def lying(asked: Asked) -> Answer:
        return held(asked) if asked.headers["X-Start"] == "1" else Answer(409, {"error": "gap", "expected": 4})

    with scripted(lying) as (url, _):
        link = uplink(url, shelf)
        link.sender.max_lines = 4
        with pytest.raises(UplinkError, match="was sent what follows line 3"):
            link.send_pending()
    assert shelf.acknowledged == 0


def test_a_202_of_somebody_who_is_no_hub_is_not_believed() -> None:
    shelf = Shelf()
    with scripted(lambda _: Answer(202, {"held": 7, "next_s": 30})) as (url, _), pytest.raises(KeyError):
        uplink(url, shelf).send_pending()
    assert shelf.acknowledged == 0


def test_lines_reach_the_hub_even_while_it_cannot_reach_the_centre() -> None:
    shelf = Shelf()
    states: list[LinkState] = []
    shown = threading.Event()

    def hub(asked: Asked) -> Answer:
        return held(asked) if asked.path.endswith("/batches") else OFFLINE

    def note() -> None:
        states.append(link.state)
        if link.state.relayed and link.state.trouble:
            shown.set()

    with scripted(hub) as (url, asked):
        link = uplink(url, shelf)
        link.on_change = note
        thread = threading.Thread(target=link.run)
        thread.start()
        assert shown.wait(20)
        link.stop()
        thread.join()
    assert (1, 7) in ranges(asked)
    assert any(each.path.endswith("/heartbeat") for each in asked)
    assert shelf.acknowledged == 0


def test_without_a_hub_nothing_more_is_tried_once_the_centre_failed() -> None:
    busy = Answer(503, {"error": "busy"}, {"Retry-After": "3600"})
    tried = threading.Event()

    def centre(_: Asked) -> Answer:
        tried.set()
        return busy

    with scripted(centre) as (url, asked):
        link = uplink(url, Shelf())
        link.on_change = link.stop
        thread = threading.Thread(target=link.run)
        thread.start()
        assert tried.wait(20)
        thread.join()
    assert [each.path for each in asked] == ["/v1/t/t1/e/e1/head"]


def test_a_heartbeat_states_the_versions_held_and_heeds_a_lift() -> None:
    shelf = Shelf(acknowledged=7)

    def restored(asked: Asked) -> Answer:
        if asked.path.endswith("/head"):
            return Answer(200, {"seq": 2, "hash": "", "server_time": NOW})
        said = beat_answer()
        assert isinstance(said.body, dict)
        said.body["lifted"] = ["roster"]
        return said

    with scripted(restored) as (url, asked):
        uplink(url, shelf).beat()
    assert b'"held":{}' in asked[0].body
    assert shelf.acknowledged == 2
