"""Asks somebody to turn the head, to one side and at a moment that chance chooses. Faces enter, a step leaves. Pure.

A photograph that is turned moves its nose hardly at all between its eyes; a head does. Which side and when is drawn
anew each time, so that a film must have guessed both. What this catches and misses stands in docs/faces.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from random import Random, SystemRandom

from camera.detect import Box, Face
from camera.frames import Frame
from camera.liveness import Cue, PresentationAttackDetector
from camera.quality import side
from camera.reasons import Reason

LEAST_TURN = 0.35
"""How far the nose must move, in eye distances. Photographs turned by 50 degrees moved it by 0.34 at most."""
MOST_REST = 0.2
HOLD_S = (0.5, 2.0)
WITHIN_S = 5.0
MOST_GAP_S = 0.8
LEAST_OVERLAP = 0.2
RANDOM_SHARE = 0.1
DOUBT_S = 120.0
SMALL_MARGIN = 0.03


class Policy(StrEnum):
    """When a challenge is asked."""

    NEVER = "never"
    ALWAYS = "always"
    RANDOM = "random"
    RISK = "risk"


class Outcome(Enum):
    """How a challenge stands."""

    OPEN = "open"
    PASSED = "passed"
    FAILED = "failed"


@dataclass
class HeadTurn:
    """One challenge to one person; `to_left` is as the person says left, which is right in the picture."""

    person: str
    to_left: bool
    ask_at_s: float
    base: float
    box: Box
    seen_s: float
    outcome: Outcome = Outcome.OPEN
    _turned: bool = field(default=False)

    def follow(self, face: Face | None, person: str | None, now_s: float) -> Reason:
        """Take one frame's face and who it was recognised as (None where it was not), and return what to say."""
        if face is None:
            return self._fail() if now_s - self.seen_s > MOST_GAP_S else self._said(now_s)
        if now_s - self.seen_s > MOST_GAP_S or overlap(face.box, self.box) < LEAST_OVERLAP:
            return self._fail()  # somebody else may have stepped in
        self.box, self.seen_s = face.box, now_s
        moved = (side(face) - self.base) * (1 if self.to_left else -1)
        if now_s > self.ask_at_s + WITHIN_S or (person is not None and person != self.person):
            return self._fail()
        if now_s < self.ask_at_s:
            return self._fail() if abs(moved) >= LEAST_TURN else self._said(now_s)
        if not self._turned:
            if moved <= -LEAST_TURN:
                return self._fail()
            self._turned = moved >= LEAST_TURN
        elif abs(moved) <= MOST_REST and person == self.person:
            self.outcome = Outcome.PASSED
        return self._said(now_s)

    def _said(self, now_s: float) -> Reason:
        if now_s < self.ask_at_s:
            return Reason.HOLD_STILL
        if self._turned:
            return Reason.TURN_BACK
        return Reason.TURN_LEFT if self.to_left else Reason.TURN_RIGHT

    def _fail(self) -> Reason:
        self.outcome = Outcome.FAILED
        return Reason.NOT_LIVE


class Challenger:
    """Decides by policy who is challenged, and remembers for a while who failed."""

    def __init__(
        self, policy: Policy, detectors: Sequence[PresentationAttackDetector] = (), *, random: Random | None = None
    ) -> None:
        """Take the policy, what to look for, and the source of chance (the system's own unless given)."""
        self._policy = policy
        self._detectors = detectors
        self._random = random or SystemRandom()  # nobody must foresee it
        self._doubted_s: dict[str, float] = {}
        self._open: HeadTurn | None = None

    @property
    def is_open(self) -> bool:
        """Return whether a challenge waits for its outcome."""
        return self._open is not None

    def wants(self, frame: Frame, face: Face, person: str, spare_margin: float | None) -> bool:
        """Return whether this person, just recognised, is to be challenged; if so, the challenge is open.

        `spare_margin` is how much nearer than needed the person is to the threshold or to the next person.
        """
        if self._policy is Policy.NEVER:
            return False
        cues: set[Cue] = set()
        for detector in self._detectors:
            cues |= detector.cues(frame, face)
        doubted = frame.captured_s - self._doubted_s.get(person, -DOUBT_S) < DOUBT_S
        close = spare_margin is not None and spare_margin < SMALL_MARGIN
        by_chance = self._policy is Policy.RANDOM and self._random.random() < RANDOM_SHARE
        if not (self._policy is Policy.ALWAYS or by_chance or cues or doubted or close):
            return False
        ask_at_s = frame.captured_s + self._random.uniform(*HOLD_S)
        to_left = self._random.random() < 0.5  # noqa: PLR2004 - one of two sides
        self._open = HeadTurn(person, to_left, ask_at_s, side(face), face.box, frame.captured_s)
        return True

    def follow(self, face: Face | None, person: str | None, now_s: float) -> tuple[str | None, Reason | None]:
        """Return the person who has passed, or what to say to whom is still challenged or has failed."""
        turn = self._open
        if turn is None:
            return None, None
        said = turn.follow(face, person, now_s)
        if turn.outcome is Outcome.OPEN:
            return None, said
        self._open = None
        if turn.outcome is Outcome.FAILED:
            self._doubted_s[turn.person] = now_s
            return None, said
        self._doubted_s.pop(turn.person, None)
        return turn.person, None


def overlap(one: Box, other: Box) -> float:
    """Return the shared area of two boxes as a share of their whole, 0 to 1."""
    width = min(one.left + one.width, other.left + other.width) - max(one.left, other.left)
    height = min(one.top + one.height, other.top + other.height) - max(one.top, other.top)
    shared = max(width, 0.0) * max(height, 0.0)
    return shared / max(one.width * one.height + other.width * other.height - shared, 1e-6)
