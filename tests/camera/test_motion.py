"""An empty hall costs little; whoever comes is seen at the next frame."""

from __future__ import annotations

import numpy as np

from camera.detect import Face
from camera.frames import FrameSource, Pixels
from camera.gallery import Gallery
from camera.loop import MOST_RESTED, RecognitionLoop
from camera.messages import Message
from camera.motion import Motion
from camera.reasons import Reason
from camera.recognizer import Recognizer, Sighting
from tests.camera.fakes import FakeClock, FakeEncoder, FakeFinder, FakeSource, picture
from tests.camera.test_loop import CONFIG

RANDOM = np.random.default_rng(4)


def hall(noise: float = 0.0) -> Pixels:
    ramp = np.linspace(60, 180, 320)[None, :, None] + np.zeros((240, 320, 3))
    return np.clip(ramp + RANDOM.normal(0, noise, ramp.shape), 0, 255).astype(np.uint8)


def with_head(*, size_px: int = 60, brightness: int = 230) -> Pixels:
    pixels = hall()
    pixels[90 : 90 + size_px, 120 : 120 + size_px] = brightness
    return pixels


def test_noise_of_the_sensor_is_no_motion() -> None:
    motion = Motion()
    assert motion.moves(hall(8))
    assert not any(motion.moves(hall(8)) for _ in range(20))


def test_a_head_that_comes_and_goes_is_motion_both_times() -> None:
    motion = Motion()
    motion.moves(hall())
    assert motion.moves(with_head())
    assert not motion.moves(with_head())
    assert motion.moves(hall())


def test_a_light_that_fades_slowly_adds_up_to_motion() -> None:
    motion = Motion()
    motion.moves(hall())
    assert any(motion.moves(np.asarray(hall() - step, dtype=np.uint8)) for step in range(1, 12))


class CountingFinder(FakeFinder):
    def __init__(self) -> None:
        self.asked = 0

    def detect(self, pixels: Pixels) -> list[Face]:
        self.asked += 1
        return super().detect(pixels)


class Watched:
    """A loop whose searches are counted."""

    def __init__(self, shows: Pixels) -> None:
        self.clock = FakeClock()
        self.camera = FakeSource(self.clock)
        self.camera.shows = shows
        self.finder = CountingFinder()
        self.sent: list[Message] = []
        encoder = FakeEncoder()
        recognizer = Recognizer(self.finder, encoder, Gallery({}, encoder.operating_point))
        self.loop = RecognitionLoop(CONFIG, recognizer, encoder, self.open, self.sent.append, clock=self.clock)

    def open(self) -> FrameSource:
        return self.camera

    def frames(self, count: int) -> list[Sighting]:
        self.sent.clear()
        while len(sightings := [each for each in self.sent if isinstance(each, Sighting)]) < count:
            self.clock.now_s += self.loop.step() or 1e-3
        return sightings


def nobody() -> Pixels:
    pixels = hall()
    pixels[0, 0] = 255
    return pixels


def test_an_empty_hall_is_searched_once_in_a_while_and_still_told_of() -> None:
    watched = Watched(nobody())
    sightings = watched.frames(2 * (MOST_RESTED + 1))
    assert watched.finder.asked == 2
    assert {sighting.reason for sighting in sightings} == {Reason.NO_FACE}
    assert len({sighting.captured_s for sighting in sightings}) == len(sightings)


def test_whoever_comes_is_looked_at_in_that_very_frame() -> None:
    watched = Watched(nobody())
    watched.frames(4)
    watched.camera.shows = picture(0)
    assert [sighting.reason for sighting in watched.frames(1)] == [Reason.NO_GALLERY]


def test_a_face_that_keeps_still_is_looked_at_in_every_frame() -> None:
    watched = Watched(picture(0))
    watched.frames(20)
    assert watched.finder.asked == 20


def test_the_frames_that_are_kept_for_comparing_are_too_small_to_show_anybody() -> None:
    motion = Motion()
    motion.moves(with_head())
    kept = [value for value in vars(motion).values() if isinstance(value, np.ndarray)]
    assert [value.shape for value in kept] == [(24, 32)]
