"""Whether a sighting becomes a punch. Pure: sightings and the last punches enter, a decision leaves; no points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Punch:
    """Record this person's punch by face; `score` is how alike, as the recogniser said."""

    person: str
    score: float


@dataclass(frozen=True, slots=True)
class Known:
    """The same person is still standing there, or came back at once: nothing new to record."""

    person: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Somebody is there and was not recognised; `reason` is the recogniser's code for why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """Nobody is there, or it is too early to say."""


Decision = Punch | Known | Refused | Nothing

REFUSALS = frozenset({"unknown", "ambiguous"})
"""Reasons that refuse a person; any other reason tells how to stand, and is shown as guidance."""


def decide(
    person: str | None,
    reason: str | None,
    score: float | None,
    punched_s: Mapping[str, float],
    now_s: float,
    repeat_after_s: float,
) -> Decision:
    """Return what to do with one sighting.

    `punched_s` gives when each person was last clocked in here, on the same clock as `now_s`.
    """
    if person is not None:
        last_s = punched_s.get(person)
        if last_s is not None and now_s - last_s < repeat_after_s:
            return Known(person)
        return Punch(person, score if score is not None else 0.0)
    if reason in REFUSALS:
        return Refused(str(reason))
    return Nothing()
