"""Who becomes a punch, who is refused, and who is simply still standing there."""

from __future__ import annotations

import pytest

from kiosk.clockin import Decision, Known, Nothing, Punch, Refused, decide


@pytest.mark.parametrize(
    ("person", "reason", "punched_s", "decision"),
    [
        ("P1", None, {}, Punch("P1", 0.7)),
        ("P1", None, {"P2": 99.0}, Punch("P1", 0.7)),
        ("P1", None, {"P1": 0.0}, Known("P1")),
        ("P1", None, {"P1": -19.9}, Known("P1")),
        ("P1", None, {"P1": -20.0}, Punch("P1", 0.7)),
        (None, "unknown", {}, Refused("unknown")),
        (None, "ambiguous", {}, Refused("ambiguous")),
        (None, "no_face", {}, Nothing()),
        (None, "too_far", {}, Nothing()),
        (None, "confirming", {}, Nothing()),
    ],
)
def test_a_sighting_becomes_one_decision(
    person: str | None, reason: str | None, punched_s: dict[str, float], decision: Decision
) -> None:
    assert decide(person, reason, 0.7 if person else None, punched_s, now_s=100.0, repeat_after_s=120.0) == decision
