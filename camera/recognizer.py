"""Says who stands before the camera: frames enter one by one, a sighting for each leaves.

Nobody is named before several frames agree. It keeps no frame, and knows nothing of shifts or rules.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from camera.challenge import Challenger
from camera.detect import Box, Face
from camera.frames import Frame, Pixels
from camera.gallery import Gallery
from camera.quality import TERMINAL, QualityLimits, first_fault
from camera.reasons import Reason
from camera.templates import Encoder

HEAD_TURN = "head_turn"


class FaceFinder(Protocol):
    """What finds faces in a picture (`camera.detect.Detector`)."""

    def detect(self, pixels: Pixels) -> list[Face]:
        """Return the faces, the one in front first."""


@dataclass(frozen=True)
class Sighting:
    """Who was seen in one frame, or nobody and why.

    `person` and `reason`: exactly one of them is None. `best` is the nearest person even if not accepted,
    `score` how alike (more is more), `margin` how far behind the next person is; all three are None where no
    face was compared. `box` is in pixels of the frame; `captured_s` is the frame's monotonic time.
    `liveness` names the challenge that was passed for this sighting, None where none was asked.
    """

    person: str | None
    reason: Reason | None
    best: str | None
    score: float | None
    margin: float | None
    box: Box | None
    captured_s: float
    liveness: str | None = None

    @property
    def message(self) -> str | None:
        """Return what the screen should tell the person, or None when somebody is named."""
        return self.reason.message if self.reason else None


@dataclass
class Agreement:
    """Counts frames in a row that name the same person."""

    frames_needed: int = 2
    within_s: float = 2.0
    _person: str | None = None
    _frames: int = 0
    _last_s: float = 0.0

    def agrees(self, person: str | None, captured_s: float) -> bool:
        """Return whether enough frames in a row, none too old, name this person."""
        goes_on = person is not None and person == self._person and captured_s - self._last_s <= self.within_s
        self._frames = self._frames + 1 if goes_on else int(person is not None)
        self._person, self._last_s = person, captured_s
        return person is not None and self._frames >= self.frames_needed


class Recognizer:
    """Detection, quality, encoding, matching and agreement, in this order."""

    def __init__(
        self,
        detector: FaceFinder,
        encoder: Encoder,
        gallery: Gallery,
        *,
        agreement: Agreement | None = None,
        limits: QualityLimits = TERMINAL,
        challenger: Challenger | None = None,
    ) -> None:
        """Take the parts; `agreement` is two frames unless given, nobody is challenged without `challenger`."""
        self._detector = detector
        self._encoder = encoder
        self._gallery = gallery
        self._agreement = agreement or Agreement()
        self._limits = limits
        self._challenger = challenger
        self._vouched: str | None = None

    def use(self, gallery: Gallery) -> None:
        """Compare with this gallery from the next frame on; frames that agreed before count no more."""
        self._gallery = gallery
        self._vouched = None
        self._agreement.agrees(None, 0.0)

    def see(self, frame: Frame) -> Sighting:
        """Return what this frame and those just before it show."""
        faces = self._detector.detect(frame.pixels)
        sighting = self._compared(frame, faces)
        face = faces[0] if faces else None
        if face is None:
            self._vouched = None
        if self._challenger is not None and self._challenger.is_open:
            return self._challenged(self._challenger, sighting, face)
        if sighting.person is None or face is None:
            self._agreement.agrees(None, frame.captured_s)
            return sighting
        if not self._agreement.agrees(sighting.person, frame.captured_s):
            return replace(sighting, person=None, reason=Reason.CONFIRMING)
        if sighting.person == self._vouched or self._challenger is None:
            return sighting
        if self._challenger.wants(frame, face, sighting.person, self._spare(sighting)):
            return replace(sighting, person=None, reason=Reason.HOLD_STILL)
        self._vouched = sighting.person
        return sighting

    def _challenged(self, challenger: Challenger, sighting: Sighting, face: Face | None) -> Sighting:
        """Return what an open challenge makes of this frame."""
        person, said = challenger.follow(face, sighting.person, sighting.captured_s)
        if person is not None:
            self._vouched = person
            return replace(sighting, person=person, reason=None, liveness=HEAD_TURN)
        if said is Reason.NOT_LIVE:
            self._agreement.agrees(None, sighting.captured_s)
        return replace(sighting, person=None, reason=said)

    def _spare(self, sighting: Sighting) -> float | None:
        """Return by how much the nearer of the two limits, threshold and margin, was kept."""
        spare = self._gallery.accept_below - (1 - (sighting.score or 0.0))
        return spare if sighting.margin is None else min(spare, sighting.margin - self._gallery.least_margin)

    def _compared(self, frame: Frame, faces: list[Face]) -> Sighting:
        box = faces[0].box if faces else None
        fault = first_fault(frame.pixels, faces, self._limits)
        if fault is None and not len(self._gallery):
            fault = Reason.NO_GALLERY
        if fault is not None:
            return Sighting(None, fault, None, None, None, box, frame.captured_s)
        match = self._gallery.match(self._encoder.encode(frame.pixels, faces[0].points))
        return Sighting(match.person, match.reason, match.best, match.score, match.margin, box, frame.captured_s)
