"""Cuts the chip that the encoder sees: a picture and five points enter, 150 x 150 pixels leave.

Every function is pure; nothing here knows which encoder comes next.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from camera.frames import Pixels, Points

CHIP_PX = 150
CHIP_POINTS: Points = np.array(
    [[46.2, 44.5], [102.8, 44.5], [74.5, 78.2], [50.0, 103.3], [99.0, 103.3]], dtype=np.float32
)
"""Where the five points of `Face` go in the chip.

Measured: dlib's own chips (HOG detection, five-point landmarks) of 1,149 photographs were cut with a wider
padding; the mean place in which YuNet finds its points there, carried to the 150-pixel chip (padding 0.25)
and made symmetric, is this. So the encoder sees faces placed as those it was trained on, without dlib's
landmark models.
"""
SHRINK_BELOW = 0.5
"""A face reduced further than this is first shrunk by area: bilinear sampling alone would alias."""

TINY = 1e-12
"""Keeps points that all coincide from dividing by nothing."""


def aligned(pixels: Pixels, points: Points) -> Pixels:
    """Return the face upright and scaled into the chip; what lies outside the picture is black."""
    matrix = similarity(points, CHIP_POINTS)
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if scale < SHRINK_BELOW and 2 * scale * min(pixels.shape[:2]) >= 1:
        shrunk = cv2.resize(pixels, None, fx=2 * scale, fy=2 * scale, interpolation=cv2.INTER_AREA)
        ratio = np.array([shrunk.shape[1] / pixels.shape[1], shrunk.shape[0] / pixels.shape[0]], dtype=np.float32)
        pixels, matrix = np.asarray(shrunk, dtype=np.uint8), similarity(points * ratio, CHIP_POINTS)
    return np.asarray(cv2.warpAffine(pixels, matrix, (CHIP_PX, CHIP_PX)), dtype=np.uint8)


def similarity(source: Points, target: Points) -> npt.NDArray[np.float64]:
    """Return the 2 x 3 matrix (turn, one scale, shift; no reflection) that best fits source to target."""
    source_centre, target_centre = source.mean(0), target.mean(0)
    x, y = (source - source_centre).astype(np.float64), (target - target_centre).astype(np.float64)
    spread = max(float((x * x).sum()), TINY)
    along = float((x * y).sum()) / spread
    across = float((x[:, 0] * y[:, 1] - x[:, 1] * y[:, 0]).sum()) / spread
    turn = np.array([[along, -across], [across, along]])
    return np.hstack([turn, (target_centre - turn @ source_centre)[:, None]])
