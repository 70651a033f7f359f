"""The uplink sends the very bytes, believes only what the centre signed, and gives up nothing."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from sync import chain, wire
from sync.clock import Kernel, SystemClock
from sync.errors import SignatureRejectedError
from sync.feed import Manifest, seal_manifest
from sync.keys import SigningKey, verify
from sync.outbox import Progress, StoredLine
from sync.uplink import Uplink, UplinkError
from tests.sync.scripted_centre import CENTRE_KEY, NOW, Answer, Asked, Script, accepted, scripted

KEY = SigningKey.from_seed(b"t" * 32)
LINES = [b'{"n":%d}' % number for number in range(1, 8)]
AT = datetime(2026, 10, 8, 0, 30, tzinfo=UTC)


@dataclass
class Shelf:
    """An outbox of seven lines in one epoch, and the manifests held."""

    origin: str = "t1"
    acknowledged: int = 0
    forked: list[str] = field(default_factory=list)
    held: dict[str, Manifest] = field(default_factory=dict)
    hashes: list[bytes] = field(default_factory=lambda: [chain.GENESIS, *chain.links(chain.GENESIS, LINES)])

    def epochs(self) -> Sequence[Progress]:
        return [] if self.forked else [Progress("e1", len(LINES), self.acknowledged)]

    def lines_after(self, epoch: str, seq: int, limit: int) -> Sequence[StoredLine]:
        assert epoch == "e1"
        return [StoredLine(n + 1, LINES[n], self.hashes[n + 1]) for n in range(seq, min(len(LINES), seq + limit))]

    def hash_at(self, epoch: str, seq: int) -> bytes:
        assert epoch == "e1"
        return self.hashes[seq]

    def acknowledge(self, epoch: str, seq: int, receipt: Mapping[str, Any]) -> None:
        assert epoch == "e1"
        assert not receipt or receipt["ack"] == seq
        self.acknowledged = seq

    def fork(self, epoch: str) -> None:
        self.forked.append(epoch)

    def reported(self) -> tuple[str, int, datetime]:
        return "e1", len(LINES), AT

    def held_version(self, kind: str) -> int:
        return self.held[kind].version if kind in self.held else 0

    def hold(self, manifest: Manifest) -> None:
        self.held[manifest.kind] = manifest


def uplink(url: str, shelf: Shelf, wall_s: float = AT.timestamp()) -> Uplink:
    clock = SystemClock(lambda: wall_s, lambda: 10**12, lambda: Kernel("rtc", None), boot="b1")
    return Uplink(url, CENTRE_KEY.public_text, KEY, shelf, shelf, clock, dict)


def test_the_lines_arrive_as_they_were_written_and_signed() -> None:
    shelf = Shelf()
    with scripted(lambda asked: accepted(asked, "e1")) as (url, asked):
        uplink(url, shelf).send_pending()
    batch = wire.read_batch("t1", "e1", asked[0].headers, asked[0].body)
    assert wire.open_batch(batch, KEY.public_text)[0] == LINES
    assert asked[0].path == "/v1/t/t1/e/e1/batches"
    assert shelf.acknowledged == 7


def test_what_was_acknowledged_is_not_sent_again() -> None:
    shelf = Shelf(acknowledged=5)
    with scripted(lambda asked: accepted(asked, "e1")) as (url, asked):
        link = uplink(url, shelf)
        link.send_pending()
        link.send_pending()
    assert [request.headers["X-Start"] for request in asked] == ["6"]


def test_a_gap_makes_the_uplink_go_back_to_what_the_centre_expects() -> None:
    shelf = Shelf(acknowledged=5)

    def after_a_restore(asked: Asked) -> Answer:
        if asked.headers["X-Start"] == "6":
            return Answer(409, {"error": "gap", "expected": 3})
        return accepted(asked, "e1")

    with scripted(after_a_restore) as (url, asked):
        uplink(url, shelf).send_pending()
    assert [request.headers["X-Start"] for request in asked] == ["6", "3"]
    assert shelf.acknowledged == 7


def test_a_fork_ends_the_epoch_and_is_shown() -> None:
    shelf = Shelf()
    with scripted(lambda _: Answer(409, {"error": "fork"})) as (url, _):
        uplink(url, shelf).send_pending()
    assert shelf.forked == ["e1"]


@pytest.mark.parametrize("body", [b"[]", b"null", b"{}", b'{"error":"busy"}', b'{"error":"gap","expected":9}'])
def test_only_a_fork_is_taken_for_a_fork(body: bytes) -> None:
    shelf = Shelf()
    with scripted(lambda _: Answer(409, body)) as (url, _), pytest.raises(UplinkError):
        uplink(url, shelf).send_pending()
    assert (shelf.forked, shelf.acknowledged) == ([], 0)


ODD = [b"[]", b"null", b'"login"', b'{"receipt":null}', b"<html>", b'{"receipt":{},"server_time":"noon"}']


@pytest.mark.parametrize("body", ODD)
def test_whatever_answers_in_the_centres_place_the_link_tries_again(body: bytes) -> None:
    shelf = Shelf()
    done = threading.Event()

    def portal_then_centre(asked: Asked) -> Answer:
        if asked.method == "GET":
            return Answer(200, {"seq": 0, "hash": "", "server_time": NOW})
        if asked.path.endswith("/heartbeat"):
            done.set()
            return beat_answer()
        answers.append(asked)
        return Answer(200, body) if len(answers) == 1 else accepted(asked, "e1")

    answers: list[Asked] = []
    with scripted(portal_then_centre) as (url, _):
        link = uplink(url, shelf)
        thread = threading.Thread(target=link.run)
        thread.start()
        assert done.wait(20)
        link.stop()
        thread.join()
    assert shelf.acknowledged == 7


def test_a_centre_that_holds_less_than_it_acknowledged_gets_it_again() -> None:
    shelf = Shelf(acknowledged=7)

    def restored(asked: Asked) -> Answer:
        if asked.path == "/v1/t/t1/e/e1/head":
            return Answer(200, {"seq": 2, "hash": "", "server_time": NOW})
        return accepted(asked, "e1")

    with scripted(restored) as (url, asked):
        link = uplink(url, shelf)
        link.check_heads()
        link.send_pending()
    assert asked[-1].headers["X-Start"] == "3"
    assert shelf.acknowledged == 7


def test_a_batch_that_is_too_large_is_halved_until_it_is_taken() -> None:
    shelf = Shelf()

    def two_at_most(asked: Asked) -> Answer:
        return accepted(asked, "e1") if int(asked.headers["X-Count"]) <= 2 else Answer(413, {"error": "too_large"})

    with scripted(two_at_most) as (url, asked):
        uplink(url, shelf).send_pending()
    assert [request.headers["X-Count"] for request in asked][:3] == ["7", "3", "1"]
    assert shelf.acknowledged == 7


@pytest.mark.parametrize("status", [429, 503])
def test_a_busy_centre_is_left_alone_as_long_as_it_asks(status: int) -> None:
    busy = Answer(status, {"error": "busy"}, {"Retry-After": "17"})
    with scripted(lambda _: busy) as (url, _), pytest.raises(UplinkError) as refused:
        uplink(url, Shelf()).send_pending()
    assert refused.value.wait_s == 17


@pytest.mark.parametrize("status", [401, 403, 500])
def test_a_refusal_loses_nothing_and_says_why(status: int) -> None:
    shelf = Shelf()
    revoked = Answer(status, {"message": "revoked"})
    with scripted(lambda _: revoked) as (url, _), pytest.raises(UplinkError, match=f"{status} revoked"):
        uplink(url, shelf).send_pending()
    assert shelf.acknowledged == 0


def test_a_redirection_is_not_followed_to_somebody_else() -> None:
    shelf = Shelf()

    def portal(asked: Asked) -> Answer:
        return Answer(302, {}, {"Location": "/login"}) if asked.path != "/login" else accepted(asked, "e1")

    with scripted(portal) as (url, asked), pytest.raises(UplinkError, match="302"):
        uplink(url, shelf).send_pending()
    assert [request.path for request in asked] == ["/v1/t/t1/e/e1/batches"]
    assert shelf.acknowledged == 0


def test_a_receipt_that_the_centre_did_not_sign_is_not_believed() -> None:
    shelf = Shelf()
    with scripted(lambda asked: accepted(asked, "e1", KEY)) as (url, _), pytest.raises(SignatureRejectedError):
        uplink(url, shelf).send_pending()
    assert shelf.acknowledged == 0


def test_a_receipt_for_another_line_is_not_believed() -> None:
    def for_another_history(asked: Asked) -> Answer:
        return accepted(Asked("POST", asked.path, {**asked.headers, "X-Head": "00" * 32}, b""), "e1")

    shelf = Shelf()
    with scripted(for_another_history) as (url, _), pytest.raises(UplinkError, match="another line"):
        uplink(url, shelf).send_pending()
    assert shelf.acknowledged == 0


def beat_answer(**cursors: int) -> Answer:
    return Answer(200, {"server_time": NOW, "cursors": cursors, "next_s": 7})


def test_a_heartbeat_is_signed_and_says_what_has_been_sent() -> None:
    with scripted(lambda _: beat_answer()) as (url, asked):
        link = uplink(url, Shelf())
        link.beat()
    headers = asked[0].headers
    text = wire.request_text("POST", "/v1/t/t1/heartbeat", headers["X-Date"], asked[0].body)
    verify(KEY.public_text, headers["X-Signature"], text)
    assert b'"epoch":"e1","seq":7,"at":"2026-10-08T08:30:00.000+08:00"' in asked[0].body
    assert link.heartbeat_s == 7


def test_a_clock_that_is_years_off_is_seen_and_the_next_request_carries_the_centres_time() -> None:
    def strict(asked: Asked) -> Answer:
        right = asked.headers["X-Date"].startswith("2026-10-08")
        return beat_answer() if right else Answer(401, {"error": "date", "message": "clock", "server_time": NOW})

    with scripted(strict) as (url, asked):
        link = uplink(url, Shelf(), wall_s=AT.timestamp() - 3 * 365 * 86400)
        with pytest.raises(UplinkError, match="401 clock"):
            link.beat()
        link.beat()
    assert len(asked) == 2
    assert link.clock.read().clock.uncertainty_ms >= 3 * 365 * 86_400_000


def feeding(version: int, signer: SigningKey = CENTRE_KEY) -> Manifest:
    return seal_manifest(signer, "t1", "roster", version, {"events": []})


def feed_script(manifest: Manifest) -> Script:
    def script(asked: Asked) -> Answer:
        if asked.method == "POST":
            return beat_answer(roster=manifest.version)
        if asked.path.endswith("/head"):
            return Answer(200, {"seq": 7, "hash": "", "server_time": NOW})
        return Answer(200, manifest.body, {"X-Version": str(manifest.version), "X-Signature": manifest.signature})

    return script


def test_a_newer_feed_is_fetched_once_and_kept() -> None:
    shelf = Shelf()
    with scripted(feed_script(feeding(4))) as (url, asked):
        link = uplink(url, shelf)
        link.beat()
        link.beat()
    assert shelf.held_version("roster") == 4
    assert [request.method for request in asked] == ["POST", "GET", "POST"]


def test_a_feed_that_goes_back_is_not_followed_and_the_link_goes_on() -> None:
    shelf = Shelf(held={"roster": feeding(9)})
    with scripted(feed_script(feeding(4))) as (url, _):
        link = uplink(url, shelf)
        link.beat()
    assert shelf.held_version("roster") == 9
    assert "back from version 9 to 4" in str(link.state.trouble)


def test_a_centre_whose_feed_went_back_is_asked_what_else_it_lost() -> None:
    shelf = Shelf(acknowledged=7, held={"roster": feeding(9)})

    def restored(asked: Asked) -> Answer:
        if asked.path.endswith("/head"):
            return Answer(200, {"seq": 2, "hash": "", "server_time": NOW})
        return feed_script(feeding(4))(asked)

    with scripted(restored) as (url, _):
        uplink(url, shelf).beat()
    assert shelf.acknowledged == 2


def test_a_feed_that_the_centre_did_not_sign_is_not_followed() -> None:
    shelf = Shelf()
    with scripted(feed_script(feeding(4, KEY))) as (url, _):
        link = uplink(url, shelf)
        link.beat()
    assert shelf.held == {}
    assert "signature" in str(link.state.trouble)
