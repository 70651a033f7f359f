"""Is this a picture of a face rather than a face? A frame and its face enter, cues leave. Never a score.

A cue is something seen that speaks for a presentation attack (ISO/IEC 30107); none of them proves one, and their
absence proves nothing. What each catches and misses was measured: docs/faces.md. A better detector fits the seam.
"""

from __future__ import annotations

from collections import deque
from enum import StrEnum
from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from camera.align import aligned
from camera.detect import Face
from camera.frames import Frame, Pixels

PRINT_SIDE = 16
MOST_DIFFERENT_BITS = 24
"""Of 256. Two photographs of anybody differed in 28 at least (1,156 pictures); one photograph shown twice, in 18."""
ANOTHER_TIME_S = 60.0
MOST_REMEMBERED = 500

EDGE_REACH = 1.2
"""How far around the face, in face widths, the edge of a telephone or a screen is looked for."""
LEAST_EDGE = 0.8
"""A line must be so long, in face heights."""
MOST_SLANT_DEGREES = 12.0
CANNY = (60, 160)


class Cue(StrEnum):
    """What was seen; kept beside a challenge's outcome, for whoever reviews."""

    REPEATED = "repeated"
    SCREEN_EDGES = "screen_edges"


class PresentationAttackDetector(Protocol):
    """Anything that looks for signs of a picture held before the camera."""

    def cues(self, frame: Frame, face: Face) -> frozenset[Cue]:
        """Return what speaks against a living face in this frame; empty where nothing does."""


class RepeatedPicture:
    """Remembers a few bits of each face that was looked at, and tells when the very same picture is shown again.

    The bits (which of two neighbouring patches is the lighter one) identify nobody and are never stored.
    """

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._seen: deque[tuple[float, npt.NDArray[np.bool_]]] = deque(maxlen=MOST_REMEMBERED)

    def cues(self, frame: Frame, face: Face) -> frozenset[Cue]:
        """Return REPEATED where this picture was shown before, a minute ago or longer."""
        bits = _bits_of(aligned(frame.pixels, face.points))
        known = any(
            frame.captured_s - seen_s >= ANOTHER_TIME_S and int((bits != earlier).sum()) <= MOST_DIFFERENT_BITS
            for seen_s, earlier in self._seen
        )
        self._seen.append((frame.captured_s, bits))
        return frozenset({Cue.REPEATED}) if known else frozenset()


class ScreenEdges:
    """Looks for the straight upright edges of a telephone, a tablet or a print on both sides of the face."""

    def cues(self, frame: Frame, face: Face) -> frozenset[Cue]:
        """Return SCREEN_EDGES where a long upright line stands on either side of the face, not far from it."""
        return frozenset({Cue.SCREEN_EDGES}) if has_edges_beside(frame.pixels, face) else frozenset()


def has_edges_beside(pixels: Pixels, face: Face) -> bool:
    """Return whether there is a long, nearly upright line on both sides of the face."""
    box = face.box
    left = max(int(box.left - EDGE_REACH * box.width), 0)
    right = min(int(box.left + (1 + EDGE_REACH) * box.width), pixels.shape[1])
    top = max(int(box.top - EDGE_REACH / 2 * box.height), 0)
    bottom = min(int(box.top + (1 + EDGE_REACH / 2) * box.height), pixels.shape[0])
    part = cv2.cvtColor(pixels[top:bottom, left:right], cv2.COLOR_BGR2GRAY)
    long = int(LEAST_EDGE * box.height)
    found = cv2.HoughLinesP(cv2.Canny(part, *CANNY), 1, np.pi / 180, 40, minLineLength=long, maxLineGap=6)
    if found is None:
        return False
    lines = np.asarray(found, dtype=np.float64).reshape(-1, 4)
    slant = np.degrees(np.arctan2(np.abs(lines[:, 2] - lines[:, 0]), np.abs(lines[:, 3] - lines[:, 1])))
    middle = (lines[:, 0] + lines[:, 2]) / 2 + left
    upright = slant <= MOST_SLANT_DEGREES
    return bool(
        (upright & (middle < box.left)).any() and (upright & (middle > box.left + box.width)).any(),
    )


def _bits_of(chip: Pixels) -> npt.NDArray[np.bool_]:
    grey = cv2.cvtColor(chip, cv2.COLOR_BGR2GRAY)[20:130, 20:130]
    small = np.asarray(cv2.resize(grey, (PRINT_SIDE + 1, PRINT_SIDE), interpolation=cv2.INTER_AREA), dtype=np.int16)
    return np.asarray(small[:, 1:] > small[:, :-1]).ravel()
