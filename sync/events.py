"""One event is one line of JSON. Bytes enter, a checked envelope with its payload leaves; the bytes never change.

What `data` must look like is written in `sync.schema`; a line is encoded once, when it is born.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import islice
from operator import attrgetter
from typing import Annotated, Any, Literal, NamedTuple, Union, cast

import msgspec
import uuid_utils
from msgspec import Meta

from sync.errors import EnvelopeError
from sync.instants import COUNTY_TIME, in_county_time, instant_text, parse_instant
from sync.schema import PAYLOADS, PayloadError, UnknownTypeError
from sync.strict import strict_object

__all__ = [
    "CENTRE",
    "COUNTY_TIME",
    "LINES_AT_A_TIME",
    "Clock",
    "Event",
    "encode_event",
    "in_county_time",
    "instant_text",
    "new_event_id",
    "parse_event",
    "parse_events",
    "parse_instant",
    "payload_of",
    "plain_events",
]

CENTRE = "centre"
"""The origin of what people do at the centre."""

LINES_AT_A_TIME = 256
"""How many lines are best read at once."""

_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,200}\Z")
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
    """An event as it stands in a ledger: the envelope's fields, and the exact bytes it was read from.

    `payload` is its `data` as the Struct of its type; None where the type has none, or `data` does not fit it.
    """

    id: str
    origin: str
    epoch: str
    seq: int
    type: str
    occurred_at: datetime
    line: bytes
    payload: msgspec.Struct | None = None
    clock: Clock | None = None
    actor: str | None = None

    @property
    def data(self) -> Mapping[str, Any]:
        """Return `data` as it stands in the line."""
        try:
            return _DATA.decode(self.line).data
        except msgspec.MsgspecError:  # a number beyond it, which JSON allows
            found: Mapping[str, Any] = strict_object(self.line)["data"]
            return found

    @property
    def uncertainty_ms(self) -> int:
        """Return the bound of the error of `occurred_at` in milliseconds, 0 where no clock is stated."""
        return self.clock.uncertainty_ms if self.clock else 0


class _Data(msgspec.Struct, gc=False):
    data: dict[str, Any]


_DATA = msgspec.json.Decoder(_Data)


class _Form(NamedTuple):
    """A type of event, how many keys a line of it has at least, and what may be absent from its data."""

    type: str
    least_keys: int
    absences: Callable[[Any], tuple[Any, ...]]
    optional: int


_KEYS_OF_ALL = 7
_Text = Annotated[str, Meta(min_length=1, max_length=200)]


def _forms() -> dict[type[msgspec.Struct], _Form]:
    """Return, for each type whose data is one flat object, the Struct that reads a whole line of it."""
    envelope: list[Any] = [
        ("v", Literal[1]),
        ("id", _Text),
        ("origin", _Text),
        ("seq", Annotated[int, Meta(ge=1)]),
        ("occurred_at", Annotated[datetime, Meta(tz=True)]),
    ]
    rest: list[Any] = [
        ("epoch", Annotated[str, Meta(max_length=200)], ""),
        ("clock", Clock | None, None),
        ("actor", _Text | None, None),
    ]
    forms: dict[type[msgspec.Struct], _Form] = {}
    for type_, payload in PAYLOADS.items():
        fields = msgspec.structs.fields(payload)
        if any(field.name == "sessions" for field in fields):
            continue
        name = "_" + type_.replace(".", "_")
        line = msgspec.defstruct(name, [*envelope, ("data", payload), *rest], tag_field="type", tag=type_, gc=False)
        optional = [field.name for field in fields if not field.required]
        getter = attrgetter(*optional, "__class__", "__class__")  # of two names or more it gives a tuple
        forms[line] = _Form(type_, _KEYS_OF_ALL + len(fields) - len(optional), getter, len(optional))
    return forms


_FORMS = _forms()
_PLAIN: msgspec.json.Decoder[Any] = msgspec.json.Decoder(Union[tuple(_FORMS)], float_hook=Decimal)  # noqa: UP007 (made of a tuple)
_PAYLOADS: dict[str, msgspec.json.Decoder[Any]] = {
    type_: msgspec.json.Decoder(msgspec.defstruct("_Line", [("data", payload)]), float_hook=Decimal)
    for type_, payload in PAYLOADS.items()
}
"""Of a line that is known to be sound, `data` alone."""
_INSTANT_KEY = b'"occurred_at":"'
_INSTANT_IN_LINE = re.compile(rb'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)"')
_WHITE = (b" ", b"\t", b"\r")
_NESTED = (b"[[", b",[")
_T, _DOT = ord("T"), ord(".")


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


def parse_event(line: bytes) -> Event:
    """Return the event that a line (without its line end) holds.

    Raises EnvelopeError naming the field: not a JSON object, a key twice at any depth, a field missing or of the
    wrong form, another `v`. An absent `epoch` is the empty one; whether `data` fits its type, `payload_of` says.
    """
    plain = plain_events((line,))
    return plain[0] if plain else _strict_event(line)


def parse_events(lines: Iterable[bytes]) -> Iterator[Event]:
    """Yield what `parse_event` returns of each line (without its line end), in order and sooner."""
    waiting = iter(lines)
    while block := list(islice(waiting, LINES_AT_A_TIME)):
        yield from plain_events(block) or map(parse_event, block)


def payload_of(event: Event) -> msgspec.Struct:
    """Return the event's `data` as the Struct of its type.

    Raises UnknownTypeError for a type that is not in PAYLOADS (ask `is_ignored` first), PayloadError naming
    the field and what is wrong with it.
    """
    if event.payload is not None:
        return event.payload
    form = _PAYLOADS.get(event.type)
    if form is None:
        raise UnknownTypeError(f"unknown type {event.type!r}")
    try:
        return cast("msgspec.Struct", form.decode(event.line).data)
    except (msgspec.MsgspecError, ValueError) as error:
        raise PayloadError(f"{event.type}: {error}") from error


def plain_events(lines: Sequence[bytes]) -> list[Event] | None:
    """Return the events of lines that all show at a glance to be sound; None where any needs a closer look.

    What `parse_event` returns of each, in half the time: what makes a line doubtful is looked for in all of them at
    once, so that a few hundred lines at a time are best.
    """
    joined = b"\n".join(lines)
    if joined.count(b"\n") != len(lines) - 1 or _may_be_odd(joined):
        return None
    decode, forms, events, keys = _PLAIN.decode, _FORMS, [], 0
    try:
        for line in lines:
            said = decode(line)
            form, clock = forms[type(said)], said.clock
            keys += form.least_keys + form.optional - form.absences(said.data).count(None)
            keys += bool(said.epoch) + (said.actor is not None)
            if clock is not None:
                keys += 3 + bool(clock.boot_id) + bool(clock.boottime_ns)
            if not _has_plain_instant(line) or (clock is not None and clock.source not in _CLOCK_SOURCES):
                return None
            events.append(
                Event(
                    said.id, said.origin, said.epoch, said.seq, form.type, said.occurred_at, line, said.data, clock,
                    said.actor,
                )
            )  # fmt: skip
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return events if joined.count(b'":') == keys else None


def _may_be_odd(lines: bytes) -> bool:
    """Return whether there are escapes, control characters, lists in lists, or white space after a quote.

    Without these every key ends in `":`, so that as many of them as keys were read mean that none stands twice.
    """
    if b"\\" in lines or b"\x7f" in lines or (b"[" in lines and any(nested in lines for nested in _NESTED)):
        return True
    return any(white in lines and b'"' + white in lines for white in _WHITE)


def _has_plain_instant(line: bytes) -> bool:
    """Return whether `occurred_at` is written as this project writes it, or at least as `parse_instant` demands."""
    begins = line.find(_INSTANT_KEY) + len(_INSTANT_KEY)
    if line[begins + 23 : begins + 30] == b'+08:00"' and line[begins + 10] == _T and line[begins + 19] == _DOT:
        return True
    return _INSTANT_IN_LINE.match(line, begins) is not None


def _strict_event(line: bytes) -> Event:
    fields = strict_object(line)
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
        line=line,
        payload=_fitting(fields.get("type"), line),
        clock=_clock(fields["clock"]) if "clock" in fields else None,
        actor=_text(fields, "actor") if "actor" in fields else None,
    )


def _fitting(type_: Any, line: bytes) -> msgspec.Struct | None:  # noqa: ANN401 (a text, or refused elsewhere)
    form = _PAYLOADS.get(type_) if isinstance(type_, str) else None
    if form is None:
        return None
    try:
        return cast("msgspec.Struct", form.decode(line).data)
    except (msgspec.MsgspecError, ValueError):
        return None


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
    if not isinstance(source, str) or source not in _CLOCK_SOURCES:
        raise EnvelopeError(f"clock.source is {source!r}, not one of ntp, rtc, saved, none")
    if not isinstance(uncertainty_ms, int) or isinstance(uncertainty_ms, bool) or uncertainty_ms < 0:
        raise EnvelopeError(f"clock.uncertainty_ms is {uncertainty_ms!r}, not a whole number from 0")
    boot_id, boottime_ns = value.get("boot_id", ""), value.get("boottime_ns", 0)
    if not isinstance(boot_id, str) or not isinstance(boottime_ns, int) or isinstance(boottime_ns, bool):
        raise EnvelopeError("clock.boot_id is not a text or clock.boottime_ns not a whole number")
    return Clock(source, uncertainty_ms, boot_id, boottime_ns)
