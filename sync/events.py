"""One event is one line of JSON. Bytes enter, a checked envelope leaves; the bytes themselves are never changed.

What `data` means is not known here (see `sync.schema`); a line is encoded once, when it is born.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Annotated, Any, Literal, NoReturn

import msgspec
import uuid_utils
from msgspec import Meta

from sync.errors import EnvelopeError

COUNTY_TIME = timezone(timedelta(hours=8), "UTC+8")
"""Times of day, and the day an instant belongs to, are the county's."""

CENTRE = "centre"
"""The origin of what people do at the centre."""

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)\Z", re.ASCII)
_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,200}\Z")
MAX_DEPTH = 64
"""How many objects and lists may lie within one another in a line."""

_CLOCK_SOURCES = frozenset({"ntp", "rtc", "saved", "none"})


class Clock(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """How far a terminal's time can be trusted: the true time lies within `uncertainty_ms` of the stated one."""

    source: str
    uncertainty_ms: Annotated[int, Meta(ge=0)]
    boot_id: str = ""
    boottime_ns: int = 0

    def as_json(self) -> dict[str, Any]:
        """Return the contract's `clock` object."""
        return {
            "source": self.source,
            "uncertainty_ms": self.uncertainty_ms,
            "boot_id": self.boot_id,
            "boottime_ns": self.boottime_ns,
        }


class Event(msgspec.Struct, frozen=True, gc=False):
    """An event as it stands in a ledger: the envelope's fields, and the exact bytes it was read from."""

    id: str
    origin: str
    epoch: str
    seq: int
    type: str
    occurred_at: datetime
    data: Mapping[str, Any]
    line: bytes
    clock: Clock | None = None
    actor: str | None = None

    @property
    def uncertainty_ms(self) -> int:
        """Return the bound of the error of `occurred_at` in milliseconds, 0 where no clock is stated."""
        return self.clock.uncertainty_ms if self.clock else 0


_Text = Annotated[str, Meta(min_length=1, max_length=200)]


class _Plain(msgspec.Struct, gc=False, kw_only=True, omit_defaults=True):
    """A line as a fast parser reads it: keys that stand twice, or that it does not know, it passes over."""

    v: Literal[1]
    id: _Text
    origin: _Text
    epoch: Annotated[str, Meta(max_length=200)] = ""
    seq: Annotated[int, Meta(ge=1)]
    type: _Text
    occurred_at: str
    clock: Clock | None = None
    actor: Annotated[str, Meta(max_length=200)] | None = None
    data: dict[str, Any]


class _Glance(msgspec.Struct, gc=False):
    """What of a line is read where another examines it; an instant in an odd form may pass."""

    id: str
    origin: str
    seq: int
    type: str
    occurred_at: Annotated[datetime, Meta(tz=True)]
    data: dict[str, Any]
    epoch: str = ""
    clock: Clock | None = None
    actor: str | None = None


_PLAIN, _GLANCE = msgspec.json.Decoder(_Plain), msgspec.json.Decoder(_Glance)
_ENCODER = msgspec.json.Encoder()
_KEYS_OF_ALL = 7


def new_event_id() -> str:
    """Return a fresh UUIDv7 as text: identity only, never used for order."""
    return str(uuid_utils.uuid7())


def encode_event(
    *,
    event_id: str,
    origin: str,
    epoch: str,
    seq: int,
    type_: str,
    occurred_at: datetime,
    payload: Mapping[str, Any],
    clock: Clock | None = None,
    actor: str | None = None,
) -> bytes:
    """Return the event's line (UTF-8, without line end), in the contract's order of fields.

    This is the one time an event is serialised: from here on its bytes are copied, hashed and compared.
    """
    envelope: dict[str, Any] = {
        "v": 1,
        "id": event_id,
        "origin": origin,
        "epoch": epoch,
        "seq": seq,
        "type": type_,
    }
    envelope["occurred_at"] = instant_text(occurred_at)
    if clock is not None:
        envelope["clock"] = clock.as_json()
    if actor is not None:
        envelope["actor"] = actor
    envelope["data"] = payload
    return json.dumps(envelope, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def instant_text(at: datetime) -> str:
    """Return an aware instant as county time with milliseconds, such as 2026-10-08T08:29:41.123+08:00."""
    return at.astimezone(COUNTY_TIME).isoformat(timespec="milliseconds")


def parse_instant(text: object) -> datetime:
    """Return the aware instant that an RFC 3339 text names; EnvelopeError if it names none."""
    if not isinstance(text, str) or not _INSTANT.match(text):
        raise EnvelopeError(f"{text!r} is not an instant such as 2026-10-08T08:29:41.123+08:00")
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise EnvelopeError(f"{text!r} is not an instant: {error}") from error


def parse_event(line: bytes) -> Event:
    """Return the event that a line (without its line end) holds.

    Raises EnvelopeError naming the field: not a JSON object, a key twice at any depth, a field missing or of the
    wrong form, another `v`. An absent `epoch` is the empty one; whether `data` fits its type is not asked here.
    """
    return _plain_event(line) or _strict_event(line)


def glance_at(line: bytes) -> Event:
    """Return what `parse_event` returns of a line that it accepts, sooner, for it does not look for faults.

    For a reader while somebody else examines the same lines: nothing that came of a glance may be shown before
    every line is known to be sound. Raises EnvelopeError where the line cannot be read at all.
    """
    try:
        said = _GLANCE.decode(line)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return _strict_event(line)
    return Event(
        said.id, said.origin, said.epoch, said.seq, said.type, said.occurred_at, said.data, line, said.clock, said.actor
    )


def _plain_event(line: bytes) -> Event | None:
    """Return the event of a line that shows at a glance to be sound; None where a closer look is needed.

    What a fast parser might let pass (a key that stands twice, another form of an instant, control characters)
    is left to the strict one, which also names what is wrong.
    """
    if b"\\" in line or b"\x7f" in line or _may_be_deep(line):
        return None
    try:
        said = _PLAIN.decode(line)
        if said.clock is not None and said.clock.source not in _CLOCK_SOURCES:
            return None
        if not (_INSTANT.match(said.occurred_at) and _has_each_key_once(line, said)):
            return None
        at = msgspec.convert(said.occurred_at, datetime)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return Event(said.id, said.origin, said.epoch, said.seq, said.type, at, said.data, line, said.clock, said.actor)


def _has_each_key_once(line: bytes, said: _Plain) -> bool:
    """Return whether it is certain that no key of a line without escapes stands twice.

    It is where writing what was read gives the same bytes, or where as many keys were read as there are `":`,
    with which every key ends unless there is white space between them.
    """
    if _ENCODER.encode(said) == line:
        return True
    if any(space in line for space in (b'" ', b'"\t', b'"\r', b'"\n')):
        return False
    keys = _KEYS_OF_ALL + len(said.data) + bool(said.epoch) + bool(said.actor)
    if said.clock is not None:
        keys += 3 + bool(said.clock.boot_id) + bool(said.clock.boottime_ns)
    return line.count(b'":') == keys


def _strict_event(line: bytes) -> Event:
    fields = _parse_object(line)
    if fields.get("v") != 1 or isinstance(fields.get("v"), bool):
        raise EnvelopeError(f"v is {fields.get('v')!r}, this ledger speaks only v 1")
    payload = fields.get("data")
    if not isinstance(payload, dict):
        raise EnvelopeError("data is not an object")
    return Event(
        id=_text(fields, "id"),
        origin=_text(fields, "origin"),
        epoch=_text(fields, "epoch") if "epoch" in fields else "",
        seq=_sequence_number(fields),
        type=_text(fields, "type"),
        occurred_at=parse_instant(fields.get("occurred_at")),
        data=payload,
        line=line,
        clock=_clock(fields["clock"]) if "clock" in fields else None,
        actor=_text(fields, "actor") if "actor" in fields else None,
    )


def _parse_object(line: bytes) -> dict[str, Any]:
    try:
        parsed = _STRICT.decode(line.decode())
    except UnicodeDecodeError as error:
        raise EnvelopeError(f"not UTF-8 at byte {error.start}") from error
    except RecursionError as error:
        raise EnvelopeError("nested too deeply") from error
    except json.JSONDecodeError as error:
        raise EnvelopeError(f"not JSON at character {error.pos}: {error.msg}") from error
    except EnvelopeError:
        raise
    except ValueError as error:  # a number of thousands of digits
        raise EnvelopeError(f"not JSON: {error}") from error
    if not isinstance(parsed, dict):
        raise EnvelopeError("not a JSON object")
    if _may_be_deep(line):
        _refuse_depth(parsed)
    if b"\\u" in line:
        _refuse_lone_surrogates(parsed)
    return parsed


def _may_be_deep(line: bytes) -> bool:
    return line.count(b"[") + line.count(b"{") > MAX_DEPTH


def _refuse_depth(parsed: dict[str, Any]) -> None:
    """Refuse what is nested deeper than any event: how deep a program can go is no matter of luck."""
    level: list[Any] = [parsed]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, (dict, list))
        ]
    if level:
        raise EnvelopeError(f"nested too deeply: more than {MAX_DEPTH} levels")


def _refuse_lone_surrogates(parsed: dict[str, Any]) -> None:
    try:
        json.dumps(parsed, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise EnvelopeError("a text holds half of a character (a lone surrogate)") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise EnvelopeError(f"the key {twice!r} stands twice in one object")
    return made


def _no_constant(word: str) -> NoReturn:
    raise EnvelopeError(f"{word} is not JSON")


_STRICT = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_no_constant)


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or not _NAME.match(value):
        raise EnvelopeError(f"{name} is {value!r}, not a text of 1 to 200 characters without control characters")
    return value


def _sequence_number(fields: dict[str, Any]) -> int:
    value = fields.get("seq")
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise EnvelopeError(f"seq is {value!r}, not a whole number from 1")
    return value


def _clock(value: object) -> Clock:
    """Return a clock's statement; what it leaves out states no error, as if there were no clock at all."""
    if not isinstance(value, dict):
        raise EnvelopeError("clock is not an object")
    source, uncertainty_ms = value.get("source", "none"), value.get("uncertainty_ms", 0)
    if source not in _CLOCK_SOURCES:
        raise EnvelopeError(f"clock.source is {source!r}, not one of ntp, rtc, saved, none")
    if not isinstance(uncertainty_ms, int) or isinstance(uncertainty_ms, bool) or uncertainty_ms < 0:
        raise EnvelopeError(f"clock.uncertainty_ms is {uncertainty_ms!r}, not a whole number from 0")
    boot_id, boottime_ns = value.get("boot_id", ""), value.get("boottime_ns", 0)
    if not isinstance(boot_id, str) or not isinstance(boottime_ns, int) or isinstance(boottime_ns, bool):
        raise EnvelopeError("clock.boot_id is not a text or clock.boottime_ns not a whole number")
    return Clock(source, uncertainty_ms, boot_id, boottime_ns)
