"""Turns one face into a vector: a picture and five points enter, an encoder's numbers leave.

Any encoder that is an ONNX file fits: an `EncoderForm` says what it wants to see and how its vectors are judged.
dlib's is the built-in one; another comes from a file (`camera.other_encoder`). A vector says nothing by itself;
only distances between vectors of one encoder version mean anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from camera.align import CHIP_POINTS, CHIP_PX, aligned
from camera.errors import ModelError
from camera.frames import Pixels, Points
from camera.models import dlib_graph_path
from camera.templates import CohortPoint, OperatingPoint, Vector

SHADES = 256
TINY = 1e-12


@dataclass(frozen=True)
class EncoderForm:
    """What one encoder wants to see, and its thresholds.

    `name` and `alignment` become part of the template version: change one of them whenever vectors change.
    `points` is where the five points go in a chip of `side_px`; `mean` is taken off each channel (in the order
    that the network is fed) before dividing by `divisor`; `unit_length` scales the vector to length 1.
    """

    name: str
    alignment: str
    points: Points = field(repr=False)
    side_px: int
    mean: tuple[float, float, float]
    divisor: float
    rgb: bool
    unit_length: bool
    operating_point: OperatingPoint


DLIB = EncoderForm(
    name="dlib-resnet-v1",
    alignment="warp5-2",
    points=CHIP_POINTS,
    side_px=CHIP_PX,
    mean=(122.782, 117.001, 104.298),
    divisor=256.0,
    rgb=True,
    unit_length=False,
    operating_point=OperatingPoint(
        accept_below=0.42,
        less_per_doubling=0.005,
        floor=0.38,
        least_margin=0.08,
        most_spread=0.45,
        own_cohort=(
            CohortPoint(12, weight=0.5, accept_below=0.12, least_margin=0.06),
            CohortPoint(40, weight=0.7, accept_below=0.045, least_margin=0.06),
            CohortPoint(70, weight=0.7, accept_below=0.055, least_margin=0.06),
        ),
        shared_cohort=CohortPoint(50, weight=0.5, accept_below=0.14, least_margin=0.06),
    ),
)
"""dlib's residual network (weights CC0) on a chip cut by our own five-point warp; thresholds: docs/faces.md."""

KNOWN = (-0.050747, 0.093824, 0.042219, 0.000043, -0.048328, -0.088888)
"""The first numbers that dlib itself gives for `made_up_chip`."""
MOST_DEVIATION = 1e-4


class OnnxEncoder:
    """An encoder that is an ONNX file, run by OpenCV; one per thread."""

    def __init__(self, form: EncoderForm, model: Path, *, mirrored: bool = True) -> None:
        """Average each face with its mirror image if `mirrored`: twice the time, markedly fewer confusions.

        Raise ModelError when the file is missing, is no such network, or gives something else than numbers.
        """
        self.version = f"{form.name}/{form.alignment}" + ("/mirrored" if mirrored else "")
        self.operating_point = form.operating_point
        self._form = form
        self._mirrored = mirrored
        if not model.is_file():
            raise ModelError(f"no encoder {model}; put it there or name another")
        try:
            self._network = cv2.dnn.readNetFromONNX(str(model))
            self.length = self._forward(made_up_chip(form.side_px)).size
        except (cv2.error, ValueError) as error:
            raise ModelError(f"{model} is no encoder of {form.side_px}-pixel faces that OpenCV can run") from error

    def encode(self, pixels: Pixels, points: Points) -> Vector:
        """Return the vector of the face with these five points; distances between vectors are Euclidean."""
        return self.encode_chip(aligned(pixels, points, self._form.points, self._form.side_px))

    def encode_chip(self, chip: Pixels) -> Vector:
        """Return the vector of a face that was cut already, as `camera.align.aligned` cuts it."""
        vector = self._forward(chip)
        if self._mirrored:
            vector = (vector + self._forward(np.ascontiguousarray(chip[:, ::-1]))) / 2
            vector = self._scaled(vector)
        return vector.astype(np.float32)

    def _forward(self, chip: Pixels) -> npt.NDArray[np.float64]:
        form = self._form
        size = (form.side_px, form.side_px)
        self._network.setInput(cv2.dnn.blobFromImage(chip, 1 / form.divisor, size, form.mean, form.rgb))
        output = np.asarray(self._network.forward(), dtype=np.float64)
        return self._scaled(output.reshape(-1))

    def _scaled(self, vector: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return vector / max(float(np.linalg.norm(vector)), TINY) if self._form.unit_length else vector


class DlibEncoder(OnnxEncoder):
    """The built-in encoder; dlib itself is not loaded."""

    def __init__(self, *, mirrored: bool = True) -> None:
        """Take the graph, made now if need be, and made again where a damaged file gives other numbers.

        Raise ModelError when the weights are missing or are others, or this machine computes other numbers.
        """
        try:
            self._open(dlib_graph_path(), mirrored=mirrored)
        except ModelError:
            self._open(dlib_graph_path(afresh=True), mirrored=mirrored)

    def _open(self, model: Path, *, mirrored: bool) -> None:
        super().__init__(DLIB, model, mirrored=mirrored)
        seen = self._forward(made_up_chip(DLIB.side_px))[: len(KNOWN)]
        if not np.abs(seen - KNOWN).max() < MOST_DEVIATION:
            raise ModelError(f"{model} gives other numbers than dlib's network; do not use this machine for faces")


def made_up_chip(side_px: int) -> Pixels:
    """Return a picture that is the same everywhere: what an encoder makes of it shows whether it is sound."""
    down, across, channel = np.indices((side_px, side_px, 3))
    waves = (down * (3 + channel) + across * (5 - channel)) // 4
    return np.asarray(waves % SHADES, dtype=np.uint8)
