"""Hand-written stand-ins: a camera, a face finder and an encoder whose answers a test sets."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import numpy as np

from camera.detect import Box, Face
from camera.errors import CameraLostError
from camera.frames import Frame, Pixels, Points
from camera.templates import OperatingPoint, Template, Vector

FIVE_POINTS = np.array([[100, 100], [160, 100], [130, 134], [108, 160], [152, 160]], dtype=np.float32)


def picture(place: float) -> Pixels:
    """A sharp, well-lit picture whose first pixel carries the number that FakeEncoder reads."""
    noise = np.random.default_rng(1).integers(100, 150, (300, 300, 1))
    pixels = np.repeat(noise, 3, axis=2).astype(np.uint8)
    pixels[0, 0] = round(place * 100)
    return pixels


class FakeFinder:
    """Finds one frontal face, or none in a picture whose first pixel is 255."""

    def detect(self, pixels: Pixels) -> list[Face]:
        return [] if pixels[0, 0, 0] == 255 else [Face(Box(80, 60, 100, 130), FIVE_POINTS, 0.9)]


class FakeEncoder:
    """Places a face on a line; people are 1 apart, and 0.2 is near enough."""

    version = "line-1"
    length = 1
    operating_point = OperatingPoint(
        accept_below=0.2, less_per_doubling=0.0, floor=0.2, least_margin=0.1, most_spread=0.3
    )

    def encode(self, pixels: Pixels, points: Points) -> Vector:  # noqa: ARG002 - the seam has it
        return np.array([pixels[0, 0, 0] / 100], dtype=np.float32)


def line_template(place: float) -> Template:
    return Template(np.array([place], dtype=np.float32), FakeEncoder.version, 1)


class FakeClock:
    """Seconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


class FakeSource:
    """A camera that shows what the test puts into it; pulled out, it is lost."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.shows: Pixels | None = None
        self.pulled_out = False
        self.closed = False
        self.left_out: list[str] = []
        self.reads = 0

    def read(self) -> Frame | None:
        self.reads += 1
        if self.pulled_out:
            raise CameraLostError("pulled out")
        return None if self.shows is None else Frame(self.shows, self.clock())

    def notices(self) -> list[str]:
        notices, self.left_out = self.left_out, []
        return notices

    def close(self) -> None:
        self.closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
