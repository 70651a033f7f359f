"""Whether the lines of an authentic terminal count: bytes enter, events or the reasons for their quarantine leave.

Pure: the store is not asked here, so an id that is already held otherwise is found by `scoring.ledger`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, MINYEAR

import msgspec

from sync.errors import EnvelopeError, SyncError
from sync.events import COUNTY_TIME, Event, parse_event, payload_of, plain_events
from sync.schema import UnknownTypeError
from sync.speakers import TERMINAL_TYPES, is_ignored, terminal_may_emit

_LONGEST_REASON = 500
_INSTANT_KEY, _INSTANT_LENGTH = b'"occurred_at":"', len("2026-10-08T08:29:41.123+08:00")
_LINES_AT_A_TIME = 64
"""One odd line makes only its neighbours be read the slow way."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a batch says that its line stands, and the hall its terminal belongs to."""

    origin: str
    epoch: str
    hall: str


class Examined(msgspec.Struct, frozen=True, gc=False):
    """A line with its number and hash; `event` is None where the envelope is broken, `reason` None where it counts.

    `occurred_at` is the event's instant as text.
    """

    seq: int
    line: bytes
    hash: bytes
    event: Event | None
    occurred_at: str | None
    reason: str | None

    def quarantined(self, reason: str) -> Examined:
        """Return the same line, kept but not counted."""
        return msgspec.structs.replace(self, reason=reason)


def examine(lines: Sequence[bytes], hashes: Sequence[bytes], start: int, place: Place) -> list[Examined]:
    """Return lines as they are to be kept, the first being number `start`. Source: contract, who may say what."""
    kept: list[Examined] = []
    for first in range(0, len(lines), _LINES_AT_A_TIME):
        block, ends = lines[first : first + _LINES_AT_A_TIME], hashes[first : first + _LINES_AT_A_TIME]
        numbered = zip(range(start + first, start + first + len(block)), block, ends, strict=True)
        events = plain_events(block)
        if events is None:
            kept += [_looked_into(seq, line, line_hash, place) for seq, line, line_hash in numbered]
        else:
            kept += [
                Examined(seq, line, line_hash, event, _instant_in(line, event), _reason(event, seq, place))
                for (seq, line, line_hash), event in zip(numbered, events, strict=True)
            ]
    return kept


def _looked_into(seq: int, line: bytes, line_hash: bytes, place: Place) -> Examined:
    try:
        event = parse_event(line)
    except EnvelopeError as error:
        return Examined(seq, line, line_hash, None, None, _storable(f"envelope: {error}"))
    return Examined(seq, line, line_hash, event, event.occurred_at.isoformat(), _reason(event, seq, place))


def _instant_in(line: bytes, event: Event) -> str:
    """Return the instant of a plain line as it is written there, which is sooner than to write it anew."""
    begins = line.find(_INSTANT_KEY) + len(_INSTANT_KEY)
    ends = begins + _INSTANT_LENGTH
    return line[begins:ends].decode() if line[ends : ends + 1] == b'"' else event.occurred_at.isoformat()


def _storable(reason: str) -> str:
    """Return a reason that every store takes: it may quote the line, and a line may hold anything."""
    return "".join(letter if letter.isprintable() else "?" for letter in reason[:_LONGEST_REASON])


def _reason(event: Event, seq: int, place: Place) -> str | None:
    if event.seq != seq or event.epoch != place.epoch or event.origin != place.origin:
        said = f"{event.origin}/{event.epoch}/{event.seq}"
        return _storable(f"place: the line says {said}, its batch {place.origin}/{place.epoch}/{seq}")
    said_hall = getattr(event.payload, "hall", None)
    if said_hall is None or not MINYEAR < event.occurred_at.year < MAXYEAR:
        try:
            said_hall = _looked_up_hall(event, place.hall)
        except UnknownTypeError as error:
            return _storable(f"type: {error}")
        except (SyncError, msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError) as error:
            return _storable(f"schema: {error}")
    if event.type not in TERMINAL_TYPES and not terminal_may_emit(event.type):
        return _storable(f"speaker: a terminal may not say {event.type}")
    if said_hall != place.hall:
        return _storable(f"hall: the line speaks of {said_hall!r}, its terminal stands in {place.hall!r}")
    return None


def _looked_up_hall(event: Event, own: str) -> object:
    """Return the hall that an event names, its terminal's own where it names none; raises what is amiss with it."""
    event.occurred_at.astimezone(COUNTY_TIME)
    if event.payload is None and not is_ignored(event.type):
        payload_of(event)
    return event.data.get("hall", own)
