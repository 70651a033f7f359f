"""A face that cannot be used is refused with the reason that its owner can put right."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from camera.detect import Box, Face
from camera.frames import Pixels
from camera.quality import ENROLMENT, STILL, TERMINAL, brightness, first_fault
from camera.reasons import MESSAGES, Reason
from tests.camera.conftest import Seen
from tests.samples import NO_FACE, Sample

FRONTAL = ((100.0, 100.0), (160.0, 100.0), (130.0, 134.0), (108.0, 160.0), (152.0, 160.0))


def face(points: tuple[tuple[float, float], ...] = FRONTAL, box: Box = Box(80, 60, 100, 130)) -> Face:  # noqa: B008
    return Face(box, np.array(points, dtype=np.float32), 0.9)


def plain(grey: int = 128) -> Pixels:
    """A picture with as much detail as a sharp face, of that brightness."""
    noise = np.random.default_rng(1).integers(-20, 20, (300, 300, 1))
    picture: Pixels = np.clip(np.repeat(noise + grey, 3, axis=2), 0, 255).astype(np.uint8)
    return picture


def fault_of(seen: Seen, pixels: Pixels) -> Reason | None:
    return first_fault(pixels, seen.detector.detect(pixels))


@pytest.mark.parametrize("sample", [s for s in Sample if s not in NO_FACE])
def test_each_portrait_is_good_enough_to_be_recognised(seen: Seen, sample: Sample) -> None:
    assert fault_of(seen, seen.pixels(sample)) is None


def test_nobody_before_the_screen() -> None:
    assert first_fault(plain(), []) is Reason.NO_FACE


def test_somebody_too_far_away(seen: Seen) -> None:
    hall = np.full((480, 640, 3), 128, dtype=np.uint8)
    hall[100:300, 200:400] = cv2.resize(seen.pixels(Sample.ASTRONAUT), (200, 200))
    assert fault_of(seen, hall) is Reason.TOO_FAR


def test_two_people_side_by_side(seen: Seen) -> None:
    one = seen.pixels(Sample.ASTRONAUT)
    assert fault_of(seen, np.hstack([one, one])) is Reason.MANY_FACES


def test_somebody_small_in_the_background_does_not_matter() -> None:
    behind = face(box=Box(0, 0, 50, 60))
    assert first_fault(plain(), [face(), behind]) is None


def test_a_dark_and_an_overlit_face(seen: Seen) -> None:
    pixels = seen.pixels(Sample.OBAMA).astype(np.float64)
    assert fault_of(seen, (pixels * 0.15).astype(np.uint8)) is Reason.TOO_DARK
    assert first_fault(plain(235), [face()]) is Reason.TOO_BRIGHT


def test_a_blurred_face(seen: Seen) -> None:
    pixels = seen.pixels(Sample.ASTRONAUT)
    blurred = np.asarray(cv2.GaussianBlur(pixels, (0, 0), 4), dtype=np.uint8)
    assert fault_of(seen, blurred) is Reason.BLURRED


def test_a_face_turned_aside() -> None:
    turned = list(FRONTAL)
    turned[2] = (160.0, 134.0)  # the nose half an eye distance beside the middle
    assert first_fault(plain(), [face(tuple(turned))]) is Reason.NOT_FRONTAL


def test_a_face_looking_up() -> None:
    raised = list(FRONTAL)
    raised[2] = (130.0, 108.0)  # the nose almost between the eyes
    assert first_fault(plain(), [face(tuple(raised))]) is Reason.NOT_FRONTAL


def test_a_face_lying_on_its_side_is_refused_and_a_tilted_one_is_not() -> None:
    def rolled(degrees: float) -> Face:
        angle = np.radians(degrees)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        points = (np.array(FRONTAL) - 130) @ turn.T + 130
        return Face(Box(80, 60, 100, 130), points.astype(np.float32), 0.9)

    assert first_fault(plain(), [rolled(30)]) is None
    assert first_fault(plain(), [rolled(70)]) is Reason.NOT_FRONTAL


def test_a_face_half_outside_the_picture() -> None:
    assert first_fault(plain(), [face(box=Box(-60, 60, 120, 130))]) is Reason.CUT_OFF


def test_enrolment_asks_for_more_than_the_door_and_a_photograph_for_less() -> None:
    far = face(tuple((x * 0.55, y * 0.55) for x, y in FRONTAL), Box(44, 33, 55, 70))  # eyes 33 pixels apart
    assert first_fault(plain(), [far], TERMINAL) is None
    assert first_fault(plain(), [far], ENROLMENT) is Reason.TOO_FAR
    assert first_fault(plain(30), [face()], TERMINAL) is Reason.TOO_DARK
    assert first_fault(plain(30), [face()], STILL) is None


def test_brightness_is_that_of_the_face_whatever_is_around_it() -> None:
    chip = np.full((150, 150, 3), 255, dtype=np.uint8)
    chip[30:120, 30:120] = 90
    assert brightness(chip) == 90


def test_a_limit_can_be_set() -> None:
    strict = replace(TERMINAL, least_eye_distance_px=61.0)
    assert first_fault(plain(), [face()], strict) is Reason.TOO_FAR
    assert first_fault(plain(), [face()], replace(strict, least_eye_distance_px=60.0)) is None


def test_every_reason_has_its_own_chinese_sentence() -> None:
    assert set(MESSAGES) == set(Reason)
    assert len(set(MESSAGES.values())) == len(Reason)
    assert all(any("\u4e00" <= sign <= "\u9fff" for sign in reason.message) for reason in Reason)


def masked(seen: Seen, sample: Sample, colour: tuple[int, int, int]) -> Pixels:
    """The portrait with a cloth drawn from below the eyes to the chin, shaded from left to right."""
    pixels = seen.pixels(sample).copy()
    points = seen.detector.detect(pixels)[0].points
    eyes, mouth, across = (points[0] + points[1]) / 2, (points[3] + points[4]) / 2, points[1] - points[0]
    down = mouth - eyes
    corners = [eyes + 0.4 * down - 0.85 * across, eyes + 0.4 * down + 0.85 * across, mouth + 0.7 * across + 0.3 * down,
               mouth + 0.85 * down, mouth - 0.7 * across + 0.3 * down]  # fmt: skip
    cloth = np.zeros(pixels.shape[:2], np.uint8)
    cv2.fillConvexPoly(cloth, np.array(corners, np.int32), 255)
    shade = np.linspace(0.8, 1.1, pixels.shape[1])[None, :, None]
    painted = np.clip(np.array(colour) * shade + np.zeros(pixels.shape), 0, 255).astype(np.uint8)
    return np.where(cloth[..., None] > 0, painted, pixels)


@pytest.mark.parametrize("sample", [Sample.OBAMA, Sample.OBAMA_2, Sample.BIDEN, Sample.ASTRONAUT])
@pytest.mark.parametrize("colour", [(200, 170, 120), (40, 40, 40)], ids=["blue", "black"])
def test_a_mask_is_asked_to_be_taken_off(seen: Seen, sample: Sample, colour: tuple[int, int, int]) -> None:
    assert fault_of(seen, masked(seen, sample, colour)) is Reason.MASKED


def test_in_a_photograph_a_mask_does_not_matter(seen: Seen) -> None:
    pixels = masked(seen, Sample.BIDEN, (200, 170, 120))
    assert first_fault(pixels, seen.detector.detect(pixels), STILL) is None
