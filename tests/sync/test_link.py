"""How long the centre is left alone, and what an answer tells of the time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sync import wire
from sync.clock import Kernel, SystemClock
from sync.keys import SigningKey, verify
from sync.link import Link, UplinkError, pause_s, retry_after_s
from tests.sync.scripted_centre import NOW, Answer, Asked, scripted

KEY = SigningKey.from_seed(b"t" * 32)
AT = datetime(2026, 10, 8, 0, 30, tzinfo=UTC)


def link(url: str, other: SigningKey | None = None) -> Link:
    clock = SystemClock(AT.timestamp, lambda: 10**12, lambda: Kernel("rtc", None), boot="b1")
    return Link(url, "t1", KEY, clock, lambda: other)


@pytest.mark.parametrize(
    ("text", "waits_s"),
    [
        ("17", 17.0),
        ("0", 0.0),
        ("Thu, 08 Oct 2026 00:31:30 GMT", 90.0),
        ("Thursday, 08-Oct-26 00:31:30 GMT", 90.0),
        ("Thu Oct  8 00:31:30 2026", 90.0),
        ("Thu, 08 Oct 2026 00:29:00 GMT", 0.0),
        ("999999", 3600.0),
        ("Thu, 08 Oct 2026 09:00:00 GMT", 3600.0),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(text: str, waits_s: float | None) -> None:
    """Source: RFC 9110, 10.2.3 and 5.6.7 (three forms of a date)."""
    assert retry_after_s(text, AT) == waits_s


@pytest.mark.parametrize(
    ("failures", "longest_s"), [(0, 2.0), (1, 4.0), (3, 16.0), (8, 512.0), (9, 900.0), (60, 900.0)]
)
def test_failures_wait_anything_up_to_a_bound_that_doubles(failures: int, longest_s: float) -> None:
    """Source: reliability, full jitter U(0, min(900, 2·2ⁿ))."""
    error = ConnectionError()
    shares = iter((0.0, 0.5, 1.0))
    waits_s = [pause_s(error, failures, lambda: next(shares)) for _ in range(3)]
    assert waits_s == [0.0, longest_s / 2, longest_s]


def test_what_the_centre_asks_for_comes_before_chance() -> None:
    assert pause_s(UplinkError("busy", 17.0), 9, lambda: 0.9) == 17.0


@pytest.mark.parametrize("status", [429, 503])
def test_a_date_in_retry_after_is_obeyed(status: int) -> None:
    busy = Answer(status, {"error": "busy"}, {"Retry-After": "Thu, 08 Oct 2026 00:30:40 GMT"})
    with scripted(lambda _: busy) as (url, _), pytest.raises(UplinkError) as refused:
        link(url).tell("GET", "/v1/t/t1/e/e1/head")
    assert refused.value.wait_s == pytest.approx(40.0)


def test_every_step_of_a_path_is_escaped_and_signed_as_sent() -> None:
    with scripted(lambda _: Answer(200, {"server_time": NOW})) as (url, asked):
        here = link(url)
        here.tell("PUT", here.path("templates", "t/2", "张 三"), {"a": 1})
    assert asked[0].path == "/v1/t/t1/templates/t%2F2/%E5%BC%A0%20%E4%B8%89"
    headers = asked[0].headers
    signed = wire.request_text("PUT", asked[0].path, headers["X-Date"], asked[0].body)
    verify(KEY.public_text, headers["X-Signature"], signed)


def test_a_refused_signature_is_followed_by_the_other_key() -> None:
    other = SigningKey.from_seed(b"o" * 32)

    def knows_the_other(asked: Asked) -> Answer:
        signed = wire.request_text(asked.method, asked.path, asked.headers["X-Date"], asked.body)
        if asked.headers["X-Signature"] == other.sign(signed):
            return Answer(200, {"seq": 3, "server_time": NOW})
        return Answer(401, {"error": "signature", "message": "sign it anew", "server_time": NOW})

    with scripted(knows_the_other) as (url, _):
        here = link(url, other)
        with pytest.raises(UplinkError, match="401"):
            here.tell("GET", "/v1/t/t1/e/e1/head")
        assert here.tell("GET", "/v1/t/t1/e/e1/head")["seq"] == 3


@pytest.mark.parametrize(("status", "error"), [(401, "date"), (403, "signature"), (503, "signature")])
def test_no_other_refusal_changes_the_key(status: int, error: str) -> None:
    with scripted(lambda _: Answer(status, {"error": error, "server_time": NOW})) as (url, _):
        here = link(url, SigningKey.from_seed(b"o" * 32))
        with pytest.raises(UplinkError):
            here.tell("GET", "/v1/t/t1/e/e1/head")
        assert here.key is KEY


def test_an_answer_that_was_kept_for_a_while_does_not_set_the_clock() -> None:
    old = {"server_time": "2026-10-01T08:30:00.000+08:00"}
    with scripted(lambda _: Answer(200, old, {"Age": "604800"})) as (url, _):
        here = link(url)
        here.tell("GET", "/v1/t/t1/e/e1/head")
        assert here.clock.offset_from_centre_s() is None
    with scripted(lambda _: Answer(200, old)) as (url, _):
        here = link(url)
        here.tell("GET", "/v1/t/t1/e/e1/head")
        assert here.clock.offset_from_centre_s() == pytest.approx(604800)
