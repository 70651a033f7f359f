"""A line is read fast where that is safe; what comes of it, or the fault that is named, is the same as ever."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring import replay
from sync import events
from sync.errors import EnvelopeError
from sync.events import Event, glance_at, parse_event
from tests.rules.county import County

PLAIN = (
    b'{"v":1,"id":"0192-a","origin":"t","epoch":"e","seq":4,"type":"punch","occurred_at":"2026-11-02T08:30:00.123+08:00",'
    b'"clock":{"source":"ntp","uncertainty_ms":12,"boot_id":"b","boottime_ns":5},"data":{"person":"P1","score":0.93}}'
)


def outcome(parse: Callable[[bytes], Event], line: bytes) -> Event | str:
    try:
        return parse(line)
    except EnvelopeError as error:
        return str(error)


SOUND = [
    PLAIN,
    PLAIN.replace(b'":', b'": ').replace(b',"', b', "'),
    json.dumps(dict(reversed(json.loads(PLAIN).items()))).encode(),
    PLAIN.replace(b'"epoch":"e",', b""),
    PLAIN.replace(b'"data":{', b'"data":{"a:b":":","c":[{"d":1}],'),
    PLAIN.replace(b"P1", "林𬭚".encode()),
    PLAIN.replace(b"P1", rb"\u6797\ud862\udd5a"),
    PLAIN.replace(b'"v":1', b'"tomorrow":{"x":1},"v":1'),
    PLAIN.replace(b"+08:00", b"Z"),
]


@pytest.mark.parametrize("line", SOUND)
def test_a_sound_line_is_read_the_same_at_a_glance_at_leisure_and_strictly(line: bytes) -> None:
    strict = events._strict_event(line)
    assert parse_event(line) == strict
    assert glance_at(line) == strict


@pytest.mark.parametrize("line", [PLAIN, SOUND[1].replace(b'"t", "', b'"t", "')])
def test_a_line_as_terminals_write_it_is_read_fast(line: bytes) -> None:
    assert events._plain_event(line) is not None


UNSOUND = [
    PLAIN.replace(b'"seq":4', b'"seq":4,"seq":4'),
    PLAIN.replace(b'"person":"P1"', b'"person":"P1","person":"P1"'),
    PLAIN.replace(b'"person":"P1"', b'"person" :"P1","person":"P1"'),
    PLAIN.replace(b'"person":"P1"', b'"person"\t:"P1","person"\t:"P1"'),
    PLAIN.replace(b'"person":"P1"', rb'"person":"P1","perso\u006e":"P1"'),
    PLAIN.replace(b'"boot_id":"b"', b'"boot_id":"b","boot_id":"b"'),
    PLAIN.replace(b'"boot_id":"b"', b'"boot_id":"","boot_id":"b"'),
    PLAIN.replace(b'"epoch":"e"', b'"epoch":""'),
    PLAIN.replace(b'"data"', b'"actor":null,"data"'),
    PLAIN.replace(b"0192-a", b"0192\x7fa"),
    PLAIN.replace(b"2026-11-02T", b"2026-11-02 "),
    PLAIN.replace(b"2026-11-02T", b"2026-11-02t"),
    PLAIN.replace(b".123", b".1234567"),
    PLAIN.replace(b"+08:00", b"+0800"),
    PLAIN.replace(b"+08:00", b""),
    PLAIN.replace(b'"ntp"', b'"sun"'),
    PLAIN.replace(b'"uncertainty_ms":12', b'"uncertainty_ms":-1'),
    PLAIN.replace(b'"v":1', b'"v":true'),
    PLAIN + b"x",
]


@pytest.mark.parametrize("line", UNSOUND)
def test_an_unsound_line_is_refused_with_the_strict_readers_words(line: bytes) -> None:
    expected = outcome(events._strict_event, line)
    assert isinstance(expected, str)
    assert outcome(parse_event, line) == expected


@given(st.sampled_from(SOUND + UNSOUND), st.data())
@settings(max_examples=400, deadline=None)
def test_however_a_line_is_damaged_both_readers_agree(line: bytes, drawn: Any) -> None:
    for _ in range(drawn.draw(st.integers(1, 3))):
        at = drawn.draw(st.integers(0, len(line)))
        end = at + drawn.draw(st.integers(0, 12))
        line = (
            line[:at]
            + drawn.draw(st.sampled_from([b"", line[at:end] * 2, b'"', b" ", b"\t", b"\\", b":", b"1"]))
            + line[end:]
        )
    assert outcome(parse_event, line) == outcome(events._strict_event, line)


@pytest.fixture
def great_ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a ledger that counts as great, so that a second process examines it."""
    monkeypatch.setattr(replay, "_WORTH_ANOTHER_PROCESS", 0)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1})
    county = County()
    county.hires()
    county.punches("08:36", "12:00")
    path = tmp_path / "great.ndjson"
    path.write_bytes(b"\n".join(county.lines) + b"\n")
    return path


def printed(path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> tuple[int, bytes, bytes]:
    code = replay.main([str(path), "--month", "2026-11"])
    said = capsysbinary.readouterr()
    return code, said.out, said.err


def test_a_great_ledger_has_the_same_answer(
    great_ledger: Path, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    with_help = printed(great_ledger, capsysbinary)
    monkeypatch.setattr(replay, "_WORTH_ANOTHER_PROCESS", 10**9)
    assert with_help == printed(great_ledger, capsysbinary)
    assert with_help[0] == 0


@pytest.mark.parametrize(
    "fault",
    [b"nonsense", b'{"v":1}', PLAIN.replace(b'"seq":4', b'"seq":4,"seq":4'), PLAIN.replace(b"+08:00", b"+0800")],
)
def test_a_fault_in_a_great_ledger_is_named_and_nothing_is_printed(
    great_ledger: Path, capsysbinary: pytest.CaptureFixture[bytes], fault: bytes
) -> None:
    lines = great_ledger.read_bytes().splitlines()
    great_ledger.write_bytes(b"\n".join([*lines, fault]) + b"\n")
    code, out, err = printed(great_ledger, capsysbinary)
    assert (code, out) == (2, b"")
    assert err.startswith(f"line {len(lines) + 1}: ".encode())
