"""Is this face good enough to be recognised? A picture and its faces enter; nothing or one reason leaves.

Pure. The limits come from what was measured to spoil a match (docs/faces.md); it never says who somebody is.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from camera.align import aligned
from camera.detect import Face
from camera.frames import Pixels
from camera.mask import is_covered
from camera.reasons import Reason

LEVEL_NOSE = 0.57
"""How far down from eyes to mouth the nose tip of a level head is (median of 580 photographs)."""


@dataclass(frozen=True)
class QualityLimits:
    """What a face must have; for enrolment stricter ones are used (`ENROLMENT`)."""

    least_eye_distance_px: float = 25.0
    least_brightness: float = 40.0
    most_brightness: float = 225.0
    least_sharpness: float = 12.0
    most_turn: float = 0.40
    most_tilt: float = 0.35
    most_roll_degrees: float = 40.0
    most_cut_off: float = 0.25
    rival_share: float = 0.55
    """Another face of at least this share of the first one's area stands beside it: one at a time."""

    bare_mouth: bool = True
    """A mask is asked to be taken off: behind one, hardly anybody is recognised."""


TERMINAL = QualityLimits()
STILL = QualityLimits(
    least_eye_distance_px=15.0,
    least_brightness=20.0,
    most_brightness=240.0,
    least_sharpness=4.0,
    most_turn=0.7,
    most_tilt=0.5,
    most_roll_degrees=60.0,
    most_cut_off=0.4,
    rival_share=9.0,
    bare_mouth=False,
)
"""A photograph cannot be taken again: only what cannot be compared is left out, and others may stand by."""
ENROLMENT = QualityLimits(
    least_eye_distance_px=40.0,
    least_brightness=50.0,
    most_brightness=210.0,
    least_sharpness=20.0,
    most_turn=0.35,
    rival_share=0.25,
)


def first_fault(pixels: Pixels, faces: list[Face], limits: QualityLimits = TERMINAL) -> Reason | None:
    """Return why the first of `faces` cannot be used, the easiest to put right first; None if it can."""
    if not faces:
        return Reason.NO_FACE
    face = faces[0]
    if _has_rival(faces, limits):
        return Reason.MANY_FACES
    if face.eye_distance_px < limits.least_eye_distance_px:
        return Reason.TOO_FAR
    if cut_off_share(face, pixels) > limits.most_cut_off:
        return Reason.CUT_OFF
    if not is_frontal(face, limits):
        return Reason.NOT_FRONTAL
    return _fault_of_chip(aligned(pixels, face.points), limits)


def _fault_of_chip(chip: Pixels, limits: QualityLimits) -> Reason | None:
    fault = _fault_of_light(chip, limits)
    if fault is not Reason.BLURRED and limits.bare_mouth and is_covered(chip):
        return Reason.MASKED  # before the light: a black mask is no dark face
    return fault


def _fault_of_light(chip: Pixels, limits: QualityLimits) -> Reason | None:
    light = brightness(chip)
    if light < limits.least_brightness:
        return Reason.TOO_DARK
    if light > limits.most_brightness:
        return Reason.TOO_BRIGHT
    return Reason.BLURRED if sharpness(chip) < limits.least_sharpness else None


def brightness(chip: Pixels) -> float:
    """Return the median grey value of the face, 0 to 255; hair and background of the chip left out."""
    return float(np.median(_middle(chip)))


def sharpness(chip: Pixels) -> float:
    """Return how much fine detail the face has, in relation to its contrast (variance of the Laplacian)."""
    middle = _middle(chip).astype(np.float64)
    spread = max(float(middle.std()), 1.0)
    detail = np.asarray(cv2.Laplacian(middle, cv2.CV_64F), dtype=np.float64)
    return 1000 * float(detail.var()) / (spread * spread)


def turn(face: Face) -> float:
    """Return how far the head is turned: the nose's distance from between the eyes, in eye distances."""
    return abs(_nose_place(face)[0])


def side(face: Face) -> float:
    """Return where the nose is between the eyes, in eye distances from their middle; more is to the picture's right."""
    return _nose_place(face)[0]


def cut_off_share(face: Face, pixels: Pixels) -> float:
    """Return which share of the face's box lies outside the picture, 0 to 1."""
    height_px, width_px = pixels.shape[:2]
    box = face.box
    seen_width = min(box.left + box.width, width_px) - max(box.left, 0)
    seen_height = min(box.top + box.height, height_px) - max(box.top, 0)
    area = max(box.width * box.height, 1e-6)
    return float(1 - max(seen_width, 0) * max(seen_height, 0) / area)


def is_frontal(face: Face, limits: QualityLimits = TERMINAL) -> bool:
    """Return whether the face looks at the screen: neither turned, nor up or down, nor lying on its side."""
    aside, down = _nose_place(face)
    eyes = face.points[1] - face.points[0]
    roll_degrees = abs(float(np.degrees(np.arctan2(eyes[1], eyes[0]))))
    return (
        abs(aside) <= limits.most_turn
        and abs(down - LEVEL_NOSE) <= limits.most_tilt
        and roll_degrees <= limits.most_roll_degrees
    )


def _nose_place(face: Face) -> tuple[float, float]:
    """Return where the nose is: aside of the middle in eye distances, and down from eyes (0) to mouth (1)."""
    left_eye, right_eye, nose, left_mouth, right_mouth = face.points.astype(np.float64)
    across = right_eye - left_eye
    width = max(float(np.linalg.norm(across)), 1e-6)
    across = across / width
    middle_of_eyes = (left_eye + right_eye) / 2
    downwards = np.array([-across[1], across[0]])
    to_nose = nose - middle_of_eyes
    height = float((((left_mouth + right_mouth) / 2) - middle_of_eyes) @ downwards)
    return float(to_nose @ across) / width, float(to_nose @ downwards) / max(height, 1e-6)


def _middle(chip: Pixels) -> Pixels:
    """Return the grey middle of the chip, from brow to mouth."""
    grey = np.asarray(cv2.cvtColor(chip, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
    return grey[30:120, 30:120]


def _has_rival(faces: list[Face], limits: QualityLimits) -> bool:
    first = faces[0].box
    area = first.width * first.height
    return any(face.box.width * face.box.height >= limits.rival_share * area for face in faces[1:])
