"""A made-up terminal's lines, as a village station writes them: punches, visits, ratings, what the box says of itself.

The name of a terminal enters, the same lines leave each time; no person in them is real.
"""

from __future__ import annotations

import random
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from sync.events import Clock, encode_event

_STARTED_AT = datetime(2026, 10, 8, 0, 20, tzinfo=UTC)
_BOOT = "5f0c1a52-7f3a-4c21-9a1b-3f6f2b7f1d10"
_PEOPLE = 12
_PUNCHES = 0.46
"""Gives 3 punches in 10 lines, since a visit is two lines."""


def lines_of(origin: str, epoch: str, hall: str, count: int) -> list[bytes]:
    """Return the first `count` lines of an epoch: 3 in 10 are punches, the rest visits and their ratings."""
    chance = random.Random(f"{origin} {epoch}")
    visit: dict[str, Any] | None = None
    lines: list[bytes] = []
    at, boottime_ns = _STARTED_AT, 812_345_678_901
    for seq in range(1, count + 1):
        step = timedelta(milliseconds=chance.randrange(2_000, 180_000))
        at, boottime_ns = at + step, boottime_ns + step // timedelta(microseconds=1) * 1000 + chance.randrange(999)
        if visit is not None:
            type_, payload = "rating.given", {**visit, "grade": _grade(chance), "channel": "button"}
            visit = None
        elif chance.random() < _PUNCHES:
            type_, payload = (
                "punch",
                {"person": _person(chance), "hall": hall, "method": "face", "score": _score(chance)},
            )
        else:
            window = str(chance.randrange(1, 5))
            visit = {"visit": _uuid7(at, chance), "hall": hall, "window": window, "person": _person(chance)}
            type_, payload = "rating.requested", visit
        lines.append(
            encode_event(
                event_id=_uuid7(at, chance),
                origin=origin,
                epoch=epoch,
                seq=seq,
                type_=type_,
                occurred_at=at,
                payload=payload,
                clock=Clock("ntp", chance.randrange(4, 40), _BOOT, boottime_ns),
            )
        )
    return lines


def _uuid7(at: datetime, chance: random.Random) -> str:
    """Return an id as it would have been drawn at that moment: its time, and 74 bits by chance."""
    said = int(at.timestamp() * 1000) << 80 | 7 << 76 | chance.getrandbits(12) << 64 | 2 << 62 | chance.getrandbits(62)
    return str(uuid.UUID(int=said))


def _person(chance: random.Random) -> str:
    return f"P{chance.randrange(_PEOPLE):04}"


def _grade(chance: random.Random) -> int:
    return chance.choices((5, 4, 3, 2, 1), (80, 12, 4, 2, 2))[0]


def _score(chance: random.Random) -> float:
    return round(chance.uniform(0.55, 0.85), 3)
