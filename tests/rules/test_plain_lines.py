"""A line is read fast where that is safe; what comes of it, or the fault that is named, is the same as ever."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring import replay
from sync import events
from sync.errors import EnvelopeError
from sync.events import Event, parse_event, plain_events
from sync.schema import PAYLOADS

PLAIN = (
    b'{"v":1,"id":"0192-a","origin":"t","epoch":"e","seq":4,"type":"punch","occurred_at":"2026-11-02T08:30:00.123+08:00",'
    b'"clock":{"source":"ntp","uncertainty_ms":12,"boot_id":"b","boottime_ns":5},'
    b'"data":{"person":"P1","hall":"h","method":"face","score":0.93}}'
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


FOUND = b'{"finding":"F","person":"P1","clause":"2.4","on":"2026-11-02","hall":"h","confirmed":true}'
RATED = b'{"visit":"V","hall":"h","window":3,"person":"P1","grade":5,"channel":"qr","reasons":["1",2]}'
LEAVE = (
    b'{"leave":"L","person":"P1","kind":"sick","from":"2026-11-02T00:00:00Z","to":"2026-11-02T00:00:00+08:00",'
    b'"filed":true}'
)
SHIFT = b'{"hall":"h","from":"2026-11-02","weekdays":[1],"sessions":[{"name":"am","start":"08:30","end":"12:00"}]}'
OTHER_TYPES = [
    (b"finding.recorded", FOUND),
    (b"finding.recorded", FOUND.replace(b"true", b"1")),
    (b"finding.recorded", FOUND.replace(b"11-02", b"11-32")),
    (b"punch", b'{"person":"P1","hall":"h","method":"face","score":null}'),
    (b"punch", b'{"person":"P1","hall":"h","method":"face","liveness":{"a":[{}]}}'),
    (b"punch", b'{"person":"P1","hall":"h","method":"nose"}'),
    (b"punch", b'{"person":"P1","hall":"h","method":"face","score":"high"}'),
    (b"punch", b'{"person":"","hall":"h","method":"face"}'),
    (b"rating.given", RATED),
    (b"rating.given", RATED.replace(b":5", b":5.0")),
    (b"rating.given", RATED.replace(b":5", b":6")),
    (b"leave.granted", LEAVE),
    (b"leave.granted", LEAVE.replace(b"+", b"-")),
    (b"terminal.reported", b'{"terminal":"t","through":"2026-11-02T00:00:00"}'),
    (b"shift.set", SHIFT),
    (b"month.closed", b'{"month":"2026-11","scorecards_sha256":"","good":["P1"]}'),
    (b"device.started", b'{"x":{"y":1}}'),
    (b"device.started", b'{"x":1e999}'),
    (b"weather.changed", b"{}"),
]
SOUND += [
    PLAIN.split(b'"data":')[0].replace(b'"punch"', b'"' + type_ + b'"') + b'"data":' + payload + b"}"
    for type_, payload in OTHER_TYPES
]


@pytest.mark.parametrize("line", SOUND)
def test_a_sound_line_is_read_the_same_at_a_glance_and_strictly(line: bytes) -> None:
    assert parse_event(line) == events._strict_event(line)


@pytest.mark.parametrize("line", SOUND)
def test_the_payload_is_what_the_types_form_makes_of_data(line: bytes) -> None:
    event, fields = parse_event(line), json.loads(line)
    assert event.data == fields["data"]
    try:
        expected = msgspec.convert(fields["data"], PAYLOADS[event.type])
    except (KeyError, msgspec.ValidationError):
        assert event.payload is None
    else:
        assert event.payload == expected


@pytest.mark.parametrize("line", [PLAIN, SOUND[-4], PLAIN.replace(b"P1", "林 静".encode())])
def test_a_line_as_terminals_write_it_is_read_fast(line: bytes) -> None:
    assert plain_events([line]) == [events._strict_event(line)]


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
    PLAIN.replace(b"0192-a", rb"0192\u007fa"),
    PLAIN.replace(b"2026-11-02T", b"2026-11-02 "),
    PLAIN.replace(b"2026-11-02T", b"2026-11-02t"),
    PLAIN.replace(b".123", b".1234567"),
    PLAIN.replace(b"+08:00", b"+0800"),
    PLAIN.replace(b"+08:00", b""),
    PLAIN.replace(b'"ntp"', b'"sun"'),
    PLAIN.replace(b'"ntp"', b'["ntp"]'),
    PLAIN.replace(b'"ntp"', b"{}"),
    PLAIN.replace(b'"ntp"', b"null"),
    PLAIN.replace(b'"data"', b'"actor":"","data"'),
    PLAIN.replace(b'"uncertainty_ms":12', b'"uncertainty_ms":-1'),
    PLAIN.replace(b'"v":1', b'"v":true'),
    PLAIN.replace(b"0.93", b'0.93,"liveness":' + b"[" * 70 + b"]" * 70),
    PLAIN.replace(b"0.93", b'0.93,"liveness":' + b"[1," * 70 + b"2" + b"]" * 70),
    PLAIN + b"x",
]


@pytest.mark.parametrize("line", UNSOUND)
def test_an_unsound_line_is_refused_with_the_strict_readers_words_alone_and_among_others(line: bytes) -> None:
    expected = outcome(events._strict_event, line)
    assert isinstance(expected, str)
    assert outcome(parse_event, line) == expected
    assert plain_events([PLAIN, line, PLAIN]) is None


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


def numbered(seq: int, id_: int | None = None) -> bytes:
    return PLAIN.replace(b"0192-a", b"0192-%d" % (id_ or seq)).replace(b'"seq":4', b'"seq":%d' % seq)


@pytest.mark.parametrize("before", [0, 1, 255, 256, 700])
@pytest.mark.parametrize(
    "fault",
    [b"nonsense", b'{"v":1}', PLAIN.replace(b'"seq":4', b'"seq":4,"seq":4'), PLAIN.replace(b"+08:00", b"+0800")],
)
def test_a_fault_anywhere_is_named_and_nothing_is_printed(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes], before: int, fault: bytes
) -> None:
    lines = [numbered(seq) for seq in range(1, 800)]
    lines.insert(before, fault)
    path = tmp_path / "ledger.ndjson"
    path.write_bytes(b"\n".join(lines) + b"\n")
    code = replay.main([str(path), "--month", "2026-11"])
    said = capsysbinary.readouterr()
    assert (code, said.out) == (2, b"")
    assert said.err.startswith(f"line {before + 1}: ".encode())


@pytest.mark.parametrize("length", [2, 255, 256, 600])
def test_an_id_that_comes_again_with_the_next_number_is_an_error_however_far_away(length: int) -> None:
    lines = [numbered(seq) for seq in range(1, length + 1)]
    with pytest.raises(EnvelopeError, match=f"line {length + 1}: the id 0192-1 comes a second time"):
        list(replay.read_ledger([*lines, numbered(length + 1, id_=1)]))


def test_a_number_that_came_early_is_taken() -> None:
    lines = [numbered(seq) for seq in (*range(1, 256), 257, 256)]
    with pytest.raises(EnvelopeError, match=r"line 258: seq 257 .* is another event as well as 0192-999"):
        list(replay.read_ledger([*lines, numbered(257, id_=999)]))


@pytest.mark.parametrize("again", [1, 200, 256, 300])
def test_a_line_that_comes_again_counts_once_however_far_away(again: int) -> None:
    lines = [numbered(seq) for seq in range(1, 301)]
    assert len(list(replay.read_ledger([*lines, numbered(again), numbered(301)]))) == 301


@given(st.permutations(range(1, 6)), st.lists(st.integers(1, 5), max_size=3), st.data())
@settings(max_examples=200, deadline=None)
def test_numbers_and_repeats_come_in_any_order(order: list[int], again: list[int], drawn: Any) -> None:
    each = {seq: numbered(seq) for seq in order}
    lines = [each[seq] for seq in order]
    for seq in again:
        lines.insert(drawn.draw(st.integers(0, len(lines))), each[seq])
    assert sorted(event.seq for event in replay.read_ledger(lines)) == [1, 2, 3, 4, 5]
    other = each[drawn.draw(st.integers(1, 5))].replace(b"0192-", b"0193-")
    with pytest.raises(EnvelopeError, match="another event as well as 0193-"):
        list(replay.read_ledger([*lines, other]))
