"""Cuts the chip that the encoder sees: a picture and five points enter, a square of pixels leaves.

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

HALF = np.float32(0.5)
"""Pixels are counted at their middles, but shrunk from their edges."""
TINY = 1e-12
"""Keeps points that all coincide from dividing by nothing."""


def aligned(pixels: Pixels, points: Points, target: Points = CHIP_POINTS, side_px: int = CHIP_PX) -> Pixels:
    """Return the face upright and scaled into a chip of `side_px`, its five points as near `target` as can be.

    What lies outside the picture is black.
    """
    matrix = similarity(points, target)
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if scale < SHRINK_BELOW and 2 * scale * min(pixels.shape[:2]) >= 1:
        pixels, points = _cropped(pixels, points, matrix, side_px)
        shrunk = cv2.resize(pixels, None, fx=2 * scale, fy=2 * scale, interpolation=cv2.INTER_AREA)
        ratio = np.array([shrunk.shape[1] / pixels.shape[1], shrunk.shape[0] / pixels.shape[0]], dtype=np.float32)
        pixels, matrix = np.asarray(shrunk, dtype=np.uint8), similarity((points + HALF) * ratio - HALF, target)
    return np.asarray(cv2.warpAffine(pixels, matrix, (side_px, side_px)), dtype=np.uint8)


def _cropped(pixels: Pixels, points: Points, matrix: npt.NDArray[np.float64], side_px: int) -> tuple[Pixels, Points]:
    """Return the part of the picture that the chip shows, and the points in it: the rest need not be shrunk."""
    corners = np.array([[0, 0], [side_px, 0], [0, side_px], [side_px, side_px]], dtype=np.float64)
    turn, shift = matrix[:, :2], matrix[:, 2]
    seen = (corners - shift) @ np.linalg.inv(turn).T
    spare = 4 / max(float(np.hypot(turn[0, 0], turn[1, 0])), TINY)
    height, width = pixels.shape[:2]
    left, top = (max(int(edge - spare), 0) for edge in seen.min(axis=0))
    right, bottom = (int(edge + spare) + 1 for edge in seen.max(axis=0))
    if left >= min(right, width) or top >= min(bottom, height):
        return pixels, points
    return pixels[top:bottom, left:right], points - np.array([left, top], dtype=np.float32)


def similarity(source: Points, target: Points) -> npt.NDArray[np.float64]:
    """Return the 2 x 3 matrix (turn, one scale, shift; no reflection) that best fits source to target."""
    source_centre, target_centre = source.mean(0), target.mean(0)
    x, y = (source - source_centre).astype(np.float64), (target - target_centre).astype(np.float64)
    spread = max(float((x * x).sum()), TINY)
    along = float((x * y).sum()) / spread
    across = float((x[:, 0] * y[:, 1] - x[:, 1] * y[:, 0]).sum()) / spread
    turn = np.array([[along, -across], [across, along]])
    return np.hstack([turn, (target_centre - turn @ source_centre)[:, None]])
