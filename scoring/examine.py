"""Whether one line of an authentic terminal counts: bytes enter, an event or the reason for its quarantine leaves.

Pure: the store is not asked here, so an id that is already held otherwise is found by `scoring.ledger`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sync.errors import EnvelopeError, SyncError
from sync.events import COUNTY_TIME, Event, parse_event
from sync.schema import UnknownTypeError, is_ignored, payload_of, terminal_may_emit

_LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Place:
    """Where a batch says that its line stands, and the hall its terminal belongs to."""

    origin: str
    epoch: str
    hall: str


@dataclass(frozen=True, slots=True)
class Examined:
    """A line with its number and hash; `event` is None where the envelope is broken, `reason` None where it counts."""

    seq: int
    line: bytes
    hash: bytes
    event: Event | None
    reason: str | None

    def quarantined(self, reason: str) -> Examined:
        """Return the same line, kept but not counted."""
        return replace(self, reason=reason)


def examine(line: bytes, seq: int, line_hash: bytes, place: Place) -> Examined:
    """Return the line as it is to be kept. Source: contract, who may say what."""
    try:
        event = parse_event(line)
    except EnvelopeError as error:
        return Examined(seq, line, line_hash, None, _storable(f"envelope: {error}"))
    reason = _reason(event, seq, place)
    return Examined(seq, line, line_hash, event, _storable(reason) if reason else None)


def _storable(reason: str) -> str:
    """Return a reason that every store takes: it may quote the line, and a line may hold anything."""
    return "".join(letter if letter.isprintable() else "?" for letter in reason[:_LONGEST_REASON])


def _reason(event: Event, seq: int, place: Place) -> str | None:
    if (event.origin, event.epoch, event.seq) != (place.origin, place.epoch, seq):
        said = f"{event.origin}/{event.epoch}/{event.seq}"
        return f"place: the line says {said}, its batch {place.origin}/{place.epoch}/{seq}"
    try:
        event.occurred_at.astimezone(COUNTY_TIME)
        if not is_ignored(event.type):
            payload_of(event)
    except UnknownTypeError as error:
        return f"type: {error}"
    except (SyncError, ValueError, ArithmeticError, RecursionError) as error:
        return f"schema: {error}"
    if not terminal_may_emit(event.type):
        return f"speaker: a terminal may not say {event.type}"
    said_hall = event.data.get("hall", place.hall)
    if said_hall != place.hall:
        return f"hall: the line speaks of {said_hall!r}, its terminal stands in {place.hall!r}"
    return None
