"""A hall's hub keeps what others send, forwards it unchanged and in order, and makes nothing up."""

from __future__ import annotations

import contextlib
import json
import random
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sync import chain, wire
from sync.hub import Hub
from sync.keys import SigningKey
from sync.link import HELD_BY_HUB
from sync.spool import Reply, Spool
from tests.sync.scripted_centre import CENTRE_KEY, NOW, Answer, Asked, Script, accepted, scripted

KEY = SigningKey.from_seed(b"t" * 32)
LINES = [b'{"n":%d}' % number for number in range(1, 8)]
HASHES = [chain.GENESIS, *chain.links(chain.GENESIS, LINES)]
PATH = "/v1/t/t1/e/e1/batches"
NOWHERE = "http://127.0.0.1:9"


def batch(start: int, last: int) -> wire.Batch:
    return wire.seal_batch(KEY, "t1", "e1", start, HASHES[start - 1], LINES[start - 1 : last])


class Bench:
    """A hub over a spool in a folder, whose centre can be exchanged for another."""

    def __init__(self, folder: Path, most_bytes: int = 10**6) -> None:
        self.spool = Spool(folder / "hub.db", most_bytes)
        self.hub = Hub(NOWHERE, CENTRE_KEY.public_text, self.spool, lambda: {"t1": KEY.public_text}, lambda: 5000.0)

    def send(self, sealed: wire.Batch) -> Reply:
        return self.hub.answer("POST", PATH, {**sealed.headers(), "Host": "hub"}, sealed.body)

    @contextlib.contextmanager
    def reaching(self, script: Script) -> Iterator[list[Asked]]:
        """Let the hub reach a centre that follows a script, and run its forwarding meanwhile."""
        with scripted(script) as (url, asked):
            self.hub.centre_url = url
            yield asked
            self.hub.centre_url = NOWHERE

    def forward(self) -> None:
        """Forward everything that waits, as the hub's own thread does."""
        thread = threading.Thread(target=self.hub.run)
        thread.start()
        done = threading.Event()
        for _ in range(500):
            if not self.spool.waiting() or done.wait(0.02):
                break
        self.hub.stop()
        thread.join()
        self.hub._stopping.clear()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.spool.close()


def said(reply: Reply) -> dict[str, object]:
    parsed: dict[str, object] = json.loads(reply.body)
    return parsed


def test_while_the_centre_is_out_of_reach_a_batch_is_held(bench: Bench) -> None:
    reply = bench.send(batch(1, 3))
    assert (reply.status, said(reply)["held"], reply.headers[HELD_BY_HUB]) == (202, 3, "1")
    assert bench.spool.waiting() == 1


def test_what_is_held_survives_the_hub(bench: Bench, tmp_path: Path) -> None:
    bench.send(batch(1, 3))
    bench.spool.close()
    again = Bench(tmp_path)
    with again.reaching(lambda asked: accepted(asked, "e1")) as asked:
        again.forward()
    again.spool.close()
    assert [request.body for request in asked] == [batch(1, 3).body]


def test_batches_arrive_unchanged_and_in_order(bench: Bench) -> None:
    sealed = [batch(1, 2), batch(3, 3), batch(4, 7)]
    for each in sealed:
        assert bench.send(each).status == 202
    with bench.reaching(lambda asked: accepted(asked, "e1")) as asked:
        bench.forward()
    assert [(request.path, request.body) for request in asked] == [(PATH, each.body) for each in sealed]
    for request, each in zip(asked, sealed, strict=True):
        arrived = wire.read_batch("t1", "e1", request.headers, request.body)
        assert arrived == each
        wire.open_batch(arrived, KEY.public_text)


def test_held_means_synced_to_the_disk(bench: Bench) -> None:
    with bench.spool._using() as connection:
        pragmas = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]
    assert pragmas == ["wal", 2]


def test_a_full_disk_holds_nothing_and_says_so_until_it_is_over(bench: Bench) -> None:
    with bench.spool._using() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")
    large = random.Random(7).randbytes(100_000).replace(b"\n", b" ")
    reply = bench.send(wire.seal_batch(KEY, "t1", "e1", 1, chain.GENESIS, [large]))
    assert (reply.status, said(reply)["error"]) == (503, "spool")
    assert bench.spool.waiting() == 0
    assert bench.send(batch(1, 3)).status == 202
    assert bench.spool.waiting() == 1


def test_the_same_batch_is_held_once(bench: Bench) -> None:
    assert [bench.send(batch(1, 3)).status for _ in range(3)] == [202, 202, 202]
    assert bench.spool.waiting() == 1


def test_with_the_centre_in_reach_its_own_answer_comes_at_once(bench: Bench) -> None:
    with bench.reaching(lambda asked: accepted(asked, "e1")):
        reply = bench.send(batch(1, 3))
    assert (reply.status, said(reply)["ack"]) == (200, 3)
    assert "Age" not in reply.headers


def test_the_centres_answer_is_handed_on_when_it_is_asked_for(bench: Bench) -> None:
    bench.send(batch(1, 3))
    with bench.reaching(lambda asked: accepted(asked, "e1")):
        bench.forward()
    reply = bench.send(batch(1, 3))
    assert (reply.status, said(reply)["ack"]) == (200, 3)
    assert int(reply.headers["Age"]) >= 1


@pytest.mark.parametrize(
    "refusal",
    [
        Answer(409, {"error": "gap", "expected": 1}),
        Answer(409, {"error": "fork", "seq": 2}),
        Answer(401, {"error": "signature"}),
        Answer(413, {"error": "too_large"}),
    ],
)
def test_a_refusal_is_handed_on_once_and_asked_for_anew(bench: Bench, refusal: Answer) -> None:
    """An answer told twice could be older than what the centre knows by then."""
    bench.send(batch(1, 3))
    with bench.reaching(lambda _: refusal):
        bench.forward()
    assert bench.send(batch(1, 3)).status == refusal.status
    with bench.reaching(lambda asked: accepted(asked, "e1")) as asked:
        bench.send(batch(1, 3))
        bench.forward()
    assert len(asked) == 1


@pytest.mark.parametrize(
    "odd",
    [
        Answer(200, b"<html>sign in</html>", {"Content-Type": "text/html"}),
        Answer(200, {"receipt": {}}),
        Answer(302, {}, {"Location": "/login"}),
        Answer(404, b"nothing here"),
        Answer(429, {"error": "pace"}, {"Retry-After": "0"}),
        Answer(500, {"error": "x"}),
        Answer(503, {"error": "busy"}, {"Retry-After": "0"}),
    ],
)
def test_what_is_no_answer_of_the_centre_settles_nothing(bench: Bench, odd: Answer) -> None:
    bench.send(batch(1, 3))
    told: list[Asked] = []

    def odd_then_centre(asked: Asked) -> Answer:
        told.append(asked)
        return odd if len(told) == 1 else accepted(asked, "e1")

    with bench.reaching(odd_then_centre):
        bench.forward()
    assert len(told) == 2
    assert bench.send(batch(1, 3)).status == 200


def test_a_receipt_that_another_signed_settles_nothing(bench: Bench) -> None:
    told: list[Asked] = []

    def forged_then_real(asked: Asked) -> Answer:
        told.append(asked)
        return accepted(asked, "e1", KEY if len(told) == 1 else CENTRE_KEY)

    bench.send(batch(1, 3))
    with bench.reaching(forged_then_real):
        bench.forward()
    assert len(told) == 2


def test_one_terminal_that_the_centre_cannot_take_holds_up_no_other(tmp_path: Path) -> None:
    other = SigningKey.from_seed(b"u" * 32)
    bench = Bench(tmp_path)
    bench.hub.members = lambda: {"t1": KEY.public_text, "t2": other.public_text}
    poison, good = batch(1, 3), wire.seal_batch(other, "t2", "e1", 1, chain.GENESIS, LINES[:1])
    bench.send(poison)
    bench.hub.answer("POST", "/v1/t/t2/e/e1/batches", good.headers(), good.body)

    def stumbles(asked: Asked) -> Answer:
        return Answer(500, {"error": "bug"}) if "/t1/" in asked.path else accepted(asked, "e1")

    with bench.reaching(stumbles) as asked, pytest.raises(ConnectionError):
        bench.hub._forward_all()
    assert [request.path for request in asked] == [PATH, "/v1/t/t2/e/e1/batches"]
    assert bench.spool.origins() == ["t1"]
    bench.spool.close()


def test_a_terminal_of_another_hall_is_refused(bench: Bench) -> None:
    sealed = wire.seal_batch(KEY, "t9", "e1", 1, chain.GENESIS, LINES[:1])
    reply = bench.hub.answer("POST", "/v1/t/t9/e/e1/batches", sealed.headers(), sealed.body)
    assert (reply.status, said(reply)["error"]) == (403, "not_this_hall")
    assert bench.hub.answer("GET", "/v1/t/t9/e/e1/head", {}, b"").status == 403
    assert bench.spool.waiting() == 0


@pytest.mark.parametrize(
    "changed",
    [{"start": 2}, {"prev": "1" * 64}, {"head": "1" * 64}, {"count": 2}, {"body": b"x"}, {"signature": ""}],
)
def test_a_stranger_in_the_hall_cannot_fill_the_hub(bench: Bench, changed: dict[str, object]) -> None:
    """What the roster's key did not sign is not kept: the centre alone may say what it is."""
    forged = replace(batch(1, 3), **changed)  # type: ignore[arg-type]
    reply = bench.send(forged)
    assert (reply.status, bench.spool.waiting()) == (503, 0)


def test_a_full_hub_says_so_and_loses_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path, most_bytes=len(batch(1, 3).body))
    assert bench.send(batch(1, 3)).status == 202
    reply = bench.send(batch(4, 7))
    assert (reply.status, said(reply)["error"], reply.headers["Retry-After"]) == (503, "spool_full", "60")
    assert bench.spool.waiting() == 1
    bench.spool.close()


def test_everything_else_is_passed_through_while_the_centre_answers(bench: Bench) -> None:
    def heart(asked: Asked) -> Answer:
        return Answer(200, {"path": asked.path, "server_time": NOW}, {"X-Version": "7", "ETag": '"7"', "Server": "x"})

    headers = {"X-Date": NOW, "x-signature": "s", "If-None-Match": '"6"', "Cookie": "c", "Host": "hub"}
    with bench.reaching(heart) as asked:
        reply = bench.hub.answer("GET", "/v1/t/t1/feed/roster?cursor=6", headers, b"")
        enrolled = bench.hub.answer("POST", "/v1/enrol", {}, b"{}")
    assert (reply.status, said(reply)["path"]) == (200, "/v1/t/t1/feed/roster?cursor=6")
    assert (reply.headers["X-Version"], reply.headers["ETag"]) == ("7", '"7"')
    assert (asked[0].headers["X-Date"], asked[0].headers["x-signature"]) == (NOW, "s")
    assert asked[0].headers["If-None-Match"] == '"6"'
    assert "Cookie" not in asked[0].headers
    assert (enrolled.status, asked[1].body) == (200, b"{}")


@pytest.mark.parametrize("target", ["/v1/t/t1/heartbeat", "/v1/enrol", "/v1/checkpoints/latest"])
def test_everything_else_waits_while_the_centre_is_out_of_reach(bench: Bench, target: str) -> None:
    reply = bench.hub.answer("POST", target, {}, b"{}")
    assert (reply.status, said(reply)["error"]) == (503, "centre_unreachable")
    assert 10 <= int(reply.headers["Retry-After"]) <= 20


@pytest.mark.parametrize("target", ["/v1/centre/events", "/", "/v1/t/t1", "/v1/enrol/x", "//v1/t/t1/head", "/events/1"])
def test_a_hub_is_no_way_to_the_offices_own_calls(bench: Bench, target: str) -> None:
    with bench.reaching(lambda _: Answer(200, {})) as asked:
        assert bench.hub.answer("POST", target, {"Authorization": "Bearer x"}, b"{}").status == 404
    assert asked == []
