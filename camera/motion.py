"""Does anything move before the camera? Frames enter one by one, yes or no leaves. Keeps one tiny grey picture."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from camera.frames import Pixels

SMALL = (32, 24)
LEAST_CHANGE = 6.0
"""Of 255: how much a part of the picture must change; a sensor's noise, averaged over a part, stays below 2."""
LEAST_PARTS = 4
"""So many of the 768 parts: a head three metres away covers more."""


class Motion:
    """Compares each frame with the one before the last change."""

    def __init__(self) -> None:
        """Begin with nothing seen: the first frame is a change."""
        self._still: npt.NDArray[np.int16] | None = None

    def moves(self, pixels: Pixels) -> bool:
        """Return whether this frame differs from the last one that did."""
        grey = cv2.cvtColor(cv2.resize(pixels, SMALL, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2GRAY)
        seen = np.asarray(grey, dtype=np.int16)
        if self._still is not None and int((np.abs(seen - self._still) > LEAST_CHANGE).sum()) < LEAST_PARTS:
            return False
        self._still = seen
        return True
