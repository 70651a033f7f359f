"""Parts that are slow to make, made once; nothing here is faked."""

from __future__ import annotations

import numpy as np
import pytest

from camera.detect import Detector
from camera.encode import DlibEncoder
from camera.frames import Pixels
from camera.pictures import read_picture
from camera.templates import Vector
from tests.samples import Sample


class Seen:
    """Real vectors of the sample photographs, each made once."""

    def __init__(self) -> None:
        self.encoder = DlibEncoder()
        self.detector = Detector()
        self._vectors: dict[Sample, Vector] = {}

    def pixels(self, sample: Sample) -> Pixels:
        return read_picture(sample.path)

    def vector(self, sample: Sample) -> Vector:
        if sample not in self._vectors:
            pixels = self.pixels(sample)
            self._vectors[sample] = self.encoder.encode(pixels, self.detector.detect(pixels)[0].points)
        return self._vectors[sample]

    def distance(self, one: Sample, other: Sample) -> float:
        return float(np.linalg.norm(self.vector(one) - self.vector(other)))


@pytest.fixture(scope="session")
def seen() -> Seen:
    return Seen()
