"""Is the mouth covered? An aligned face enters, yes or no leaves. Pure.

No model: a cloth has less detail than a mouth, and one even colour or another one than the cheeks have. Measured on
drawn masks alone (docs/faces.md); a cloth printed with a mouth passes.
"""

from __future__ import annotations

import cv2
import numpy as np

from camera.frames import Pixels

LEAST_DETAIL = -0.5
"""Of the mouth beside the eyes, as the logarithm of the ratio; unmasked faces lie above it but for one in a hundred."""
EVEN = 6.0
OTHER_COLOUR = 14.0
MOUTH, EYES, LOWER = np.s_[92:116, 52:98], np.s_[34:56, 40:110], np.s_[88:128, 48:102]
CHEEKS = np.s_[52:68, 52:66], np.s_[52:68, 84:98]
"""Where these are in a chip of `camera.align.aligned`."""


def is_covered(chip: Pixels) -> bool:
    """Return whether something covers mouth and chin of this chip."""
    grey = np.asarray(cv2.cvtColor(chip, cv2.COLOR_BGR2GRAY), dtype=np.float64)
    if np.log((_detail(grey[MOUTH]) + 1) / (_detail(grey[EYES]) + 1)) >= LEAST_DETAIL:
        return False
    colours = np.asarray(cv2.cvtColor(chip, cv2.COLOR_BGR2LAB), dtype=np.float64)[:, :, 1:]
    lower = colours[LOWER].reshape(-1, 2)
    cheeks = np.concatenate([colours[part].reshape(-1, 2) for part in CHEEKS])
    least, most = np.percentile(lower[:, 0], (10, 90))
    apart = float(np.hypot(*(np.median(lower, axis=0) - np.median(cheeks, axis=0))))
    return bool(most - least <= EVEN) or apart > OTHER_COLOUR


def _detail(part: np.ndarray) -> float:
    """Return how much changes from top to bottom: lips and lids, hardly any cloth."""
    return float(np.abs(np.asarray(cv2.Sobel(part, cv2.CV_64F, 0, 1))).mean())
