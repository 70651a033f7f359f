"""Nearest, near enough, and far enough from the next: worked by hand, then on seeded vectors."""

from __future__ import annotations

import numpy as np
import pytest

from camera.errors import TemplateError
from camera.frames import Pixels, Points
from camera.gallery import Gallery, gallery_of
from camera.reasons import Reason
from camera.templates import OperatingPoint, Template, Vector, mean_template

POINT = OperatingPoint(accept_below=0.4, less_per_doubling=0.02, floor=0.3, least_margin=0.1, most_spread=0.45)


class PairEncoder:
    """Two numbers a face: enough to work distances by hand."""

    version = "pair-1"
    length = 2
    operating_point = POINT

    def encode(self, pixels: Pixels, points: Points) -> Vector:
        raise NotImplementedError


def vector(*numbers: float) -> Vector:
    return np.array(numbers, dtype=np.float32)


def template(*numbers: float, version: str = "pair-1") -> Template:
    return Template(vector(*numbers), version, 1)


def gallery(**people: Template) -> Gallery:
    return Gallery(people, POINT)


def test_the_nearest_person_is_named_with_score_and_margin() -> None:
    match = gallery(wang=template(0, 0), li=template(1, 0)).match(vector(0.25, 0))
    assert (match.person, match.best, match.reason) == ("wang", "wang", None)
    assert match.score == pytest.approx(0.75)
    assert match.margin == pytest.approx(0.5)


def test_a_face_at_the_limit_is_unknown_and_just_below_is_accepted() -> None:
    one = gallery(wang=template(0, 0))
    assert one.match(vector(0.4, 0)).reason is Reason.UNKNOWN
    assert one.match(vector(0.399, 0)).person == "wang"


def test_an_unknown_face_still_has_its_nearest_person() -> None:
    match = gallery(wang=template(0, 0), li=template(2, 0)).match(vector(0.9, 0))
    assert (match.person, match.best, match.reason) == (None, "wang", Reason.UNKNOWN)
    assert match.score == pytest.approx(0.1)
    assert match.margin == pytest.approx(0.2)


def test_a_face_between_two_people_is_ambiguous() -> None:
    match = gallery(wang=template(0, 0), li=template(0.45, 0)).match(vector(0.2, 0))
    assert (match.person, match.best, match.reason) == (None, "wang", Reason.AMBIGUOUS)
    assert match.margin == pytest.approx(0.05)


def test_a_gallery_of_one_has_no_margin() -> None:
    match = gallery(wang=template(0, 0)).match(vector(0.1, 0))
    assert (match.person, match.margin) == ("wang", None)


def test_an_empty_gallery_says_so() -> None:
    match = gallery().match(vector(0, 0))
    assert (match.person, match.best, match.score, match.reason) == (None, None, None, Reason.NO_GALLERY)


def test_a_vector_that_is_no_number_is_nobody() -> None:
    assert gallery(wang=template(0, 0)).match(vector(float("nan"), 0)).person is None


def test_a_vector_of_another_length_is_an_error() -> None:
    with pytest.raises(TemplateError, match="cannot be compared"):
        gallery(wang=template(0, 0)).match(vector(0, 0, 0))


@pytest.mark.parametrize(("people", "distance"), [(1, 0.4), (5, 0.4), (10, 0.38), (40, 0.34), (5000, 0.3)])
def test_the_limit_shrinks_with_each_doubling_of_the_roster(people: int, distance: float) -> None:
    assert POINT.distance_for(people) == pytest.approx(distance)


def test_templates_of_two_encoders_do_not_make_a_gallery() -> None:
    with pytest.raises(TemplateError, match="different encoders"):
        gallery(wang=template(0, 0), li=template(0, 0, version="other-2"))


def test_one_unusable_template_never_stops_the_others() -> None:
    made, left_out = gallery_of(
        {
            "chen": template(0, 0, version="other-2"),
            "li": template(0, 0, 0),
            "wang": template(0, 0),
            "zhao": template(float("nan"), 0),
        },
        PairEncoder(),
    )
    assert made.match(vector(0.1, 0)).person == "wang"
    assert [text.split()[0] for text in left_out] == ["chen", "li", "zhao"]


def test_a_template_is_the_plain_mean_of_its_shots() -> None:
    made = mean_template([vector(0, 0), vector(1, 0), vector(2, 3)], "pair-1")
    assert made.vector.tolist() == [1, 1]
    assert (made.shots, made.version) == (3, "pair-1")


def test_a_template_of_nothing_is_an_error() -> None:
    with pytest.raises(TemplateError, match="at least one"):
        mean_template([], "pair-1")


def test_each_of_many_seeded_people_is_found_and_no_stranger_is() -> None:
    random = np.random.default_rng(20240901)
    people = {f"P{n:04}": random.normal(0, 0.08, 128).astype(np.float32) for n in range(300)}
    known = Gallery({name: Template(v, "seeded", 1) for name, v in people.items()}, POINT)
    for name, centre in people.items():
        near = centre + random.normal(0, 0.015, 128).astype(np.float32)  # about 0.17 away
        assert known.match(near).person == name
    strangers = random.normal(0, 0.08, (200, 128)).astype(np.float32)  # about 1.3 from everybody
    assert {known.match(stranger).reason for stranger in strangers} == {Reason.UNKNOWN}
