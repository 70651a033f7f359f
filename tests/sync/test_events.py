"""An event is one line: born once, read strictly, never changed."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from sync.errors import EnvelopeError
from sync.events import Clock, encode_event, new_event_id, parse_event

WHOLE = {
    "v": 1,
    "id": "0192f1c2-0000-7000-8000-000000000001",
    "origin": "gaogou-t01",
    "epoch": "7f3a9c21",
    "seq": 1,
    "type": "punch",
    "occurred_at": "2026-10-08T08:29:41.123+08:00",
    "data": {"person": "P0007"},
}


def line(**changes: object) -> bytes:
    fields = {**WHOLE, **changes}
    return json.dumps({name: value for name, value in fields.items() if value is not ...}).encode()


def test_a_line_keeps_the_bytes_it_was_read_from() -> None:
    spaced = json.dumps(WHOLE, indent=1).replace("\n", " ").encode()
    assert parse_event(spaced).line == spaced


def test_what_is_encoded_is_read_back_in_county_time_with_its_clock() -> None:
    encoded = encode_event(
        event_id=new_event_id(),
        origin="gaogou-t01",
        epoch="e1",
        seq=7,
        type_="punch",
        occurred_at=datetime(2026, 10, 8, 0, 29, 41, 123000, tzinfo=UTC),
        payload={"person": "𬭚䶮"},
        clock=Clock("rtc", 1200, "b", 5),
    )
    event = parse_event(encoded)
    assert b'"occurred_at":"2026-10-08T08:29:41.123+08:00"' in encoded
    assert (event.seq, event.data["person"], event.uncertainty_ms) == (7, "𬭚䶮", 1200)
    assert "𬭚".encode() in encoded


@pytest.mark.parametrize(
    ("clock", "uncertainty_ms"), [({}, 0), ({"source": "ntp"}, 0), ({"uncertainty_ms": 60000}, 60000)]
)
def test_what_a_clock_leaves_out_states_no_error(clock: dict[str, object], uncertainty_ms: int) -> None:
    assert parse_event(line(clock=clock)).uncertainty_ms == uncertainty_ms


def nested(levels: int, text: str = "x") -> bytes:
    """Return a line of so many levels: itself, its data, and lists within."""
    return line(data={"deep": "LISTS"}).replace(
        b'"LISTS"', b"[" * (levels - 2) + f'"{text}"'.encode() + b"]" * (levels - 2)
    )


@pytest.mark.parametrize("text", ["x", "\\u0041"])
def test_a_line_may_be_64_levels_deep_and_no_deeper(text: str) -> None:
    assert parse_event(nested(64, text)).seq == 1
    for levels in (65, 500, 980, 990, 1000, 5000):
        with pytest.raises(EnvelopeError, match="deep"):
            parse_event(nested(levels, text))


def test_many_brackets_side_by_side_are_not_deep() -> None:
    assert parse_event(line(data={"flat": [[]] * 500})).seq == 1


def test_an_absent_epoch_is_one_of_its_own() -> None:
    assert not parse_event(line(epoch=...)).epoch


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        (b"", "not JSON"),
        (b"[1]", "not a JSON object"),
        (b"{", "not JSON"),
        (b'{"v":NaN}', "NaN"),
        (b"\xff", "UTF-8"),
        (b"[" * 200_000, "deep"),
        (b'{"v":' + b"1" * 5000 + b"}", "not JSON"),
        (line(v=2), "v is 2"),
        (line(v=True), "v is True"),
        (line(id=...), "id"),
        (line(id=""), "id"),
        (line(id=5), "id"),
        (line(origin=None), "origin"),
        (line(origin="a\u0000b"), "origin"),
        (line(type=["punch"]), "type"),
        (line(epoch=3), "epoch"),
        (line(seq=0), "seq"),
        (line(seq=1.0), "seq"),
        (line(seq=True), "seq"),
        (line(seq=...), "seq"),
        (line(occurred_at="2026-10-08T08:29:41"), "occurred_at|instant"),
        (line(occurred_at="2026-13-08T08:29:41+08:00"), "instant"),
        (line(occurred_at=1), "instant"),
        (line(data=[]), "data"),
        (line(data=...), "data"),
        (line(clock=None), "clock is not an object"),
        (line(clock={"source": "sun", "uncertainty_ms": 1}), "clock.source"),
        (line(clock={"source": "ntp", "uncertainty_ms": "12"}), "uncertainty_ms"),
        (line(clock={"source": "ntp", "uncertainty_ms": 12.5}), "uncertainty_ms"),
        (line(clock={"source": "ntp", "uncertainty_ms": -1}), "uncertainty_ms"),
        (line(data={"name": "\ud800"}), "surrogate"),
    ],
)
def test_a_broken_envelope_is_refused_with_its_reason(broken: bytes, reason: str) -> None:
    with pytest.raises(EnvelopeError, match=reason):
        parse_event(broken)


@pytest.mark.parametrize("text", [b'{"v":1,"v":1}', b'{"v":1,"data":{"a":[{"b":1,"b":2}]}}'])
def test_a_key_twice_at_any_depth_is_refused(text: bytes) -> None:
    with pytest.raises(EnvelopeError, match="twice"):
        parse_event(text)
