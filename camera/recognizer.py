"""Says who stands before the camera: frames enter one by one, a sighting for each leaves.

Nobody is named before several frames agree. It keeps no frame, and knows nothing of shifts or rules.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

from camera.detect import Box, Face
from camera.frames import Frame, Pixels
from camera.gallery import Gallery
from camera.quality import TERMINAL, QualityLimits, first_fault
from camera.reasons import Reason
from camera.templates import Encoder


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
    """

    person: str | None
    reason: Reason | None
    best: str | None
    score: float | None
    margin: float | None
    box: Box | None
    captured_s: float

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
    ) -> None:
        """Take the parts; `agreement` is two frames unless given."""
        self._detector = detector
        self._encoder = encoder
        self._gallery = gallery
        self._agreement = agreement or Agreement()
        self._limits = limits

    def use(self, gallery: Gallery) -> None:
        """Compare with this gallery from the next frame on; frames that agreed before count no more."""
        self._gallery = gallery
        self._agreement.agrees(None, 0.0)

    def see(self, frame: Frame) -> Sighting:
        """Return what this frame and those just before it show."""
        sighting = self._compared(frame)
        if self._agreement.agrees(sighting.person, frame.captured_s) or sighting.person is None:
            return sighting
        return replace(sighting, person=None, reason=Reason.CONFIRMING)

    def _compared(self, frame: Frame) -> Sighting:
        faces = self._detector.detect(frame.pixels)
        box = faces[0].box if faces else None
        fault = first_fault(frame.pixels, faces, self._limits)
        if fault is None and not len(self._gallery):
            fault = Reason.NO_GALLERY
        if fault is not None:
            return Sighting(None, fault, None, None, None, box, frame.captured_s)
        match = self._gallery.match(self._encoder.encode(frame.pixels, faces[0].points))
        return Sighting(match.person, match.reason, match.best, match.score, match.margin, box, frame.captured_s)
