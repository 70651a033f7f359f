"""The head turn: a head passes, a photograph does not; and who is asked for one."""

from __future__ import annotations

from collections.abc import Iterable
from random import Random

import cv2
import numpy as np
import pytest

from camera.challenge import LEAST_TURN, Challenger, HeadTurn, Outcome, Policy, overlap
from camera.detect import Box, Detector, Face
from camera.frames import Frame, Pixels
from camera.gallery import Gallery
from camera.liveness import Cue, RepeatedPicture, ScreenEdges
from camera.quality import STILL, side
from camera.reasons import Reason
from camera.recognizer import Agreement, Recognizer
from camera.templates import mean_template
from tests.camera.conftest import Seen
from tests.camera.fakes import FIVE_POINTS, FakeEncoder, line_template, picture
from tests.samples import Sample

PLACE = Box(80, 60, 100, 130)


def seeded(seed: int) -> Random:
    return Random(seed)


def face(turned: float = 0.0, *, box: Box = PLACE) -> Face:
    """A face whose nose stands `turned` eye distances to the right in the picture."""
    points = FIVE_POINTS.copy()
    points[2, 0] += turned * (points[1, 0] - points[0, 0])
    return Face(box, points, 0.9)


def turn(*, to_left: bool = True) -> HeadTurn:
    """A challenge begun at second 0 that asks at second 1."""
    return HeadTurn("wang", to_left, 1.0, side(face()), PLACE, 0.0)


def played(challenge: HeadTurn, frames: Iterable[tuple[float, Face | None, str | None]]) -> Outcome:
    for now_s, seen, person in frames:
        if challenge.outcome is Outcome.OPEN:
            challenge.follow(seen, person, now_s)
    return challenge.outcome


HOLDING = [(0.2, face(), "wang"), (0.6, face(0.02), "wang"), (1.0, face(), "wang")]
BACK = [(2.6, face(0.1), None), (2.9, face(0.03), "wang")]


@pytest.mark.parametrize(("to_left", "way"), [(True, 1), (False, -1)])
def test_a_head_that_turns_as_asked_and_back_passes(to_left: bool, way: int) -> None:
    turning = [(1.5, face(0.2 * way), None), (1.8, face(0.5 * way), None), (2.2, face(0.4 * way), None)]
    assert played(turn(to_left=to_left), [*HOLDING, *turning, *BACK]) is Outcome.PASSED


def test_each_step_is_said() -> None:
    challenge = turn()
    frames = [(0.5, face(), "wang"), (1.2, face(), "wang"), (1.6, face(0.5), None), (2.0, face(0.3), None)]
    said = [challenge.follow(seen, person, now_s) for now_s, seen, person in frames]
    assert said == [Reason.HOLD_STILL, Reason.TURN_LEFT, Reason.TURN_BACK, Reason.TURN_BACK]


def test_the_other_side_fails() -> None:
    assert played(turn(), [*HOLDING, (1.5, face(-0.4), None)]) is Outcome.FAILED


def test_a_head_that_turns_before_it_is_asked_fails() -> None:
    assert played(turn(), [(0.4, face(0.5), None)]) is Outcome.FAILED


def test_a_picture_that_moves_as_far_as_a_photograph_can_never_passes() -> None:
    swaying = [(1.0 + n / 5, face(0.34 * (-1) ** n), "wang") for n in range(1, 40)]
    assert played(turn(), [*HOLDING, *swaying]) is Outcome.FAILED


def test_turned_and_never_back_fails_in_time() -> None:
    frames = [(1.2 + n / 5, face(0.5), None) for n in range(30)]
    assert played(turn(), [*HOLDING, *frames]) is Outcome.FAILED


def test_somebody_else_who_turns_back_fails() -> None:
    assert played(turn(), [*HOLDING, (1.8, face(0.5), None), (2.3, face(), "li")]) is Outcome.FAILED


def test_whoever_is_not_recognised_when_turned_back_has_not_passed() -> None:
    assert played(turn(), [*HOLDING, (1.8, face(0.5), None), (2.3, face(), None)]) is Outcome.OPEN


def test_a_face_that_jumps_to_another_place_fails() -> None:
    elsewhere = Box(300, 60, 100, 130)
    assert played(turn(), [*HOLDING, (1.4, face(0.5, box=elsewhere), None)]) is Outcome.FAILED


def test_a_face_lost_for_a_moment_goes_on_and_lost_for_long_fails() -> None:
    assert played(turn(), [*HOLDING, (1.4, None, None), (1.7, face(0.5), None), *BACK[1:]]) is not Outcome.PASSED
    lost = [(1.7, face(0.5), None), (2.2, None, None), (2.4, face(0.3), None), (2.8, face(0.03), "wang")]
    assert played(turn(), [*HOLDING, *lost]) is Outcome.PASSED
    assert played(turn(), [*HOLDING, (1.4, None, None), (2.0, None, None)]) is Outcome.FAILED


def test_boxes_overlap_as_they_share_area() -> None:
    assert overlap(Box(0, 0, 10, 10), Box(0, 0, 10, 10)) == 1
    assert overlap(Box(0, 0, 10, 10), Box(5, 0, 10, 10)) == pytest.approx(1 / 3)
    assert overlap(Box(0, 0, 10, 10), Box(20, 20, 10, 10)) == 0


def seen_as(pixels: Pixels, degrees: float) -> Pixels:
    """A flat photograph turned about its upright middle before a camera."""
    height, width = pixels.shape[:2]
    angle, focal = np.radians(degrees), 1.6 * width
    corners = np.array(
        [[-width / 2, -height / 2], [width / 2, -height / 2], [width / 2, height / 2], [-width / 2, height / 2]]
    )
    depth = focal - corners[:, 0] * np.sin(angle)
    placed = np.stack([corners[:, 0] * np.cos(angle), corners[:, 1]], axis=1) * (focal / depth)[:, None]
    middle = np.array([width / 2, height / 2])
    matrix = cv2.getPerspectiveTransform((corners + middle).astype(np.float32), (placed + middle).astype(np.float32))
    return np.asarray(cv2.warpPerspective(pixels, matrix, (width, height), borderValue=(128, 128, 128)), dtype=np.uint8)


@pytest.mark.parametrize("sample", [Sample.OBAMA, Sample.OBAMA_2, Sample.BIDEN, Sample.ASTRONAUT])
@pytest.mark.parametrize("degrees", [-50, -35, -20, 20, 35, 50])
def test_a_photograph_that_is_turned_does_not_turn_its_nose(seen: Seen, sample: Sample, degrees: float) -> None:
    flat = seen.pixels(sample)
    (before,), (after,) = seen.detector.detect(flat), seen.detector.detect(seen_as(flat, degrees))
    assert abs(side(after) - side(before)) < LEAST_TURN


FRAME = Frame(picture(0), 100.0)


def asked(challenger: Challenger, times: int, *, spare: float | None = 0.2) -> int:
    """How many of so many people, each new, are challenged."""
    count = 0
    for n in range(times):
        if challenger.wants(FRAME, face(), f"P{n}", spare):
            count += 1
            challenger.follow(None, None, FRAME.captured_s + 9)
    return count


def test_policies_ask_nobody_everybody_or_about_one_in_ten() -> None:
    assert asked(Challenger(Policy.NEVER, random=seeded(1)), 500, spare=-1.0) == 0
    assert asked(Challenger(Policy.ALWAYS, random=seeded(1)), 500) == 500
    assert 25 < asked(Challenger(Policy.RANDOM, random=seeded(1)), 500) < 80
    assert asked(Challenger(Policy.RISK, random=seeded(1)), 500) == 0


def test_a_narrow_match_is_a_risk() -> None:
    assert asked(Challenger(Policy.RISK), 3, spare=0.01) == 3


def test_who_failed_is_asked_again_for_a_while() -> None:
    challenger = Challenger(Policy.RISK)
    assert challenger.wants(FRAME, face(), "wang", 0.0)
    assert challenger.follow(None, None, 200.0) == (None, Reason.NOT_LIVE)
    assert challenger.wants(Frame(FRAME.pixels, 210.0), face(), "wang", 0.5)
    challenger.follow(None, None, 220.0)
    assert not challenger.wants(Frame(FRAME.pixels, 400.0), face(), "wang", 0.5)


def test_side_and_moment_are_drawn_anew() -> None:
    drawn = set()
    for seed in range(20):
        challenger = Challenger(Policy.ALWAYS, random=seeded(seed))
        challenger.wants(FRAME, face(), "wang", None)
        assert challenger._open is not None
        drawn.add((challenger._open.to_left, round(challenger._open.ask_at_s, 2)))
    assert {to_left for to_left, _ in drawn} == {True, False}
    assert len(drawn) > 15


def test_a_cue_is_a_risk(seen: Seen) -> None:
    challenger = Challenger(Policy.RISK, [RepeatedPicture()])
    pixels = seen.pixels(Sample.BIDEN)
    found = seen.detector.detect(pixels)[0]
    assert not challenger.wants(Frame(pixels, 0.0), found, "biden", 0.5)
    assert challenger.wants(Frame(pixels, 90.0), found, "biden", 0.5)


def test_a_picture_shown_again_later_is_told_and_another_of_the_same_person_is_not(seen: Seen) -> None:
    detector = RepeatedPicture()
    first = seen.pixels(Sample.OBAMA)
    darker = np.asarray(cv2.GaussianBlur(first, (0, 0), 1.0) * 0.8, dtype=np.uint8)
    other = seen.pixels(Sample.OBAMA_2)
    places = {id(pixels): seen.detector.detect(pixels)[0] for pixels in (first, darker, other)}
    shown = [(first, 0.0), (first, 1.0), (other, 100.0), (darker, 100.0)]
    cues = [detector.cues(Frame(pixels, at_s), places[id(pixels)]) for pixels, at_s in shown]
    assert cues == [frozenset(), frozenset(), frozenset(), frozenset({Cue.REPEATED})]


def test_a_telephone_held_up_shows_its_edges_and_a_face_before_a_wall_does_not(seen: Seen) -> None:
    portrait = np.asarray(cv2.resize(seen.pixels(Sample.BIDEN), None, fx=0.25, fy=0.25), dtype=np.uint8)
    height, width = portrait.shape[:2]
    hall = np.full((480, 640, 3), 150, dtype=np.uint8)
    top, left = (480 - height) // 2, (640 - width) // 2
    hall[top - 12 : top + height + 12, left - 12 : left + width + 12] = 15
    hall[top : top + height, left : left + width] = portrait
    wall = seen.pixels(Sample.ASTRONAUT)
    detector = Detector()
    assert ScreenEdges().cues(Frame(hall, 0.0), detector.detect(hall)[0]) == frozenset({Cue.SCREEN_EDGES})
    door = np.full((480, 640, 3), 150, dtype=np.uint8)
    door[:, 60:70] = 15
    assert ScreenEdges().cues(Frame(door, 0.0), face()) == frozenset()
    plain = np.full((480, 640, 3), 150, dtype=np.uint8)
    assert ScreenEdges().cues(Frame(plain, 0.0), face()) == frozenset()
    assert detector.detect(wall)


class TurningFinder:
    """Finds one face, turned as the picture's second pixel says (in hundredths, less 100)."""

    def detect(self, pixels: Pixels) -> list[Face]:
        return [] if pixels[0, 0, 0] == 255 else [face((int(pixels[0, 1, 0]) - 100) / 100)]


def shown(turned: float = 0.0) -> Pixels:
    pixels = picture(0)
    pixels[0, 1] = round(100 + turned * 100)
    return pixels


def recognizer(policy: Policy) -> Recognizer:
    encoder = FakeEncoder()
    gallery = Gallery({"wang": line_template(0), "li": line_template(1)}, encoder.operating_point)
    challenger = Challenger(policy, random=seeded(3))
    return Recognizer(TurningFinder(), encoder, gallery, agreement=Agreement(2), challenger=challenger)


def test_nobody_is_named_before_the_turn_is_done_and_then_with_its_name() -> None:
    watching = recognizer(Policy.ALWAYS)
    frames = [(n / 5, 0.0) for n in range(14)]  # asked at the latest two seconds after the second frame
    said = [watching.see(Frame(shown(turned), at_s)) for at_s, turned in frames]
    assert all(sighting.person is None for sighting in said)
    assert said[1].reason is Reason.HOLD_STILL
    way = 1 if said[-1].reason is Reason.TURN_LEFT else -1
    assert said[-1].reason in {Reason.TURN_LEFT, Reason.TURN_RIGHT}
    turned = [watching.see(Frame(shown(0.5 * way), 2.9)), watching.see(Frame(shown(), 3.2))]
    assert [(each.person, each.liveness) for each in turned] == [(None, None), ("wang", "head_turn")]


def test_who_has_passed_and_stays_is_not_asked_again_until_he_leaves() -> None:
    watching = recognizer(Policy.ALWAYS)
    test_frames = [watching.see(Frame(shown(), n / 5)) for n in range(14)]
    way = 1 if test_frames[-1].reason is Reason.TURN_LEFT else -1
    watching.see(Frame(shown(0.5 * way), 2.9))
    passed = [watching.see(Frame(shown(), 3.1 + n / 5)).person for n in range(5)]
    assert passed[0] == "wang"
    assert passed[-1] == "wang"
    nobody = shown()
    nobody[0, 0] = 255
    watching.see(Frame(nobody, 5.0))
    again = [watching.see(Frame(shown(), 5.2 + n / 5)) for n in range(3)]
    assert [each.person for each in again] == [None, None, None]
    assert again[-1].reason is not Reason.CONFIRMING


def test_without_a_challenge_two_frames_are_enough_as_before() -> None:
    watching = recognizer(Policy.NEVER)
    assert [watching.see(Frame(shown(), n / 5)).person for n in range(3)] == [None, "wang", "wang"]


def test_a_photograph_held_up_and_turned_about_is_recognised_and_never_named(seen: Seen) -> None:
    gallery = Gallery(
        {"obama": mean_template([seen.vector(Sample.OBAMA), seen.vector(Sample.OBAMA_2)], seen.encoder.version)},
        seen.encoder.operating_point,
    )
    challenger = Challenger(Policy.ALWAYS, random=seeded(7))
    watching = Recognizer(
        seen.detector, seen.encoder, gallery, agreement=Agreement(2), limits=STILL, challenger=challenger
    )
    print_held_up = np.asarray(cv2.resize(seen.pixels(Sample.OBAMA_3), None, fx=0.5, fy=0.5), dtype=np.uint8)
    turns = [0, 0, 0, 20, 35, 20, 0, -20, -35, -20] * 5
    shown_so_far = [watching.see(Frame(seen_as(print_held_up, turned), n / 5)) for n, turned in enumerate(turns)]
    assert {sighting.best for sighting in shown_so_far} == {"obama"}
    assert {sighting.person for sighting in shown_so_far} == {None}
    assert Reason.NOT_LIVE in {sighting.reason for sighting in shown_so_far}
