"""Distances judged beside those to other people: worked by hand, and what may be shared of people."""

from __future__ import annotations

import json

import numpy as np
import pytest

from camera.cohort import Cohort, cohort_from_json, cohort_of, cohort_to_json
from camera.errors import TemplateError
from camera.gallery import Gallery
from camera.reasons import Reason
from camera.templates import Calibration, CohortPoint, OperatingPoint, Template, Vector

POINT = OperatingPoint(
    accept_below=0.4,
    less_per_doubling=0.0,
    floor=0.4,
    least_margin=0.1,
    most_spread=0.5,
    own_cohort=(CohortPoint(4, weight=0.5, accept_below=-0.5, least_margin=0.2, neighbours=2),),
    shared_cohort=CohortPoint(50, weight=1.0, accept_below=-0.5, least_margin=0.2, neighbours=2),
    borrow_below=4,
)
JUDGED = "own cohort, weight 0.5, 2 nearest"


def on_a_line(*places: float, version: str = "line") -> dict[str, Template]:
    return {f"P{n}": Template(vector(place), version, 1) for n, place in enumerate(places)}


def vector(place: float) -> Vector:
    return np.array([place, 0], dtype=np.float32)


def crowd(people: int, *, version: str = "seeded") -> list[Template]:
    random = np.random.default_rng(people)
    return [Template(random.normal(0, 0.1, 16).astype(np.float32), version, 3) for _ in range(people)]


def shared(*places: float, version: str = "line", people: int = 60) -> Cohort:
    return Cohort(np.array([[place, 0] for place in places], dtype=np.float32), version, people)


def test_people_are_each_others_cohort_and_nobody_his_own() -> None:
    gallery = Gallery(on_a_line(0, 2, 5, 9), POINT)
    # to P0: 1 - (probe's two nearest others 1 and 4 = 2.5, the template's 2 and 5 = 3.5) / 2 * 0.5
    # to P1: 1 - (others 1 and 4 = 2.5; the template's 2 and 3 = 2.5) / 4
    # to P2: 4 - (others 1 and 1 = 1; the template's 3 and 4 = 3.5) / 4
    # to P3: 8 - (others 1 and 1 = 1; the template's 4 and 7 = 5.5) / 4
    assert gallery.distances(vector(1)).tolist() == pytest.approx([-0.5, -0.25, 2.875, 6.375])


def test_a_small_roster_keeps_to_plain_distances() -> None:
    assert Gallery(on_a_line(0, 2, 5), POINT).distances(vector(1)).tolist() == [1, 1, 4]


def test_a_small_roster_is_judged_beside_shared_averages() -> None:
    gallery = Gallery(on_a_line(0, 5), POINT, cohort=shared(4, 6, 20))
    # around the probe at 1: 3 and 5, mean 4; around P0: 4 and 6, mean 5; around P1: 1 and 1, mean 1
    assert gallery.distances(vector(1)).tolist() == pytest.approx([1 - 4.5, 4 - 2.5])


def test_a_large_roster_is_its_own_cohort_even_where_one_is_shared() -> None:
    people = on_a_line(0, 2, 5, 9)
    lent = Gallery(people, POINT, cohort=shared(4, 6, 20))
    assert lent.distances(vector(1)).tolist() == Gallery(people, POINT).distances(vector(1)).tolist()


@pytest.mark.parametrize("cohort", [shared(4, 6, version="another"), shared(4, 6, people=49)])
def test_a_cohort_of_another_encoder_or_of_too_few_people_is_passed_over(cohort: Cohort) -> None:
    assert Gallery(on_a_line(0, 5), POINT, cohort=cohort).distances(vector(1)).tolist() == [1, 4]


def test_whoever_is_near_everybody_is_accepted_as_nobody() -> None:
    # the same distance of 0.3 to P0: from a face like no other, and from one amid four alike
    apart = Gallery(on_a_line(0, 20, 30, 40), POINT).match(vector(-0.3))
    alike = Gallery(on_a_line(0, 0.7, 0.8, 0.9), POINT).match(vector(0.3))
    assert apart.person == "P0"
    assert (alike.person, alike.best, alike.reason) == (None, "P0", Reason.UNKNOWN)


def test_a_face_between_two_people_is_ambiguous_by_the_cohort_too() -> None:
    match = Gallery(on_a_line(0, 2.1, -50, 52.1), POINT).match(vector(1))
    assert (match.person, match.best, match.reason) == (None, "P0", Reason.AMBIGUOUS)
    assert match.margin is not None
    assert match.margin < 0.2


def test_a_calibrated_threshold_takes_the_place_of_the_shipped_one() -> None:
    people = on_a_line(0, 2, 5, 9)
    at_half = Gallery(people, POINT).distances(vector(-0.2))[0]
    judged_by = Gallery(people, POINT).judged_by
    for accept_below, person in ((float(at_half) + 0.01, "P0"), (float(at_half) - 0.01, None)):
        found = Calibration("line", judged_by, accept_below, 4)
        assert Gallery(people, POINT, calibration=found).match(vector(-0.2)).person == person


@pytest.mark.parametrize("found", [Calibration("line", "distance", 9.0, 4), Calibration("other", JUDGED, 9.0, 4)])
def test_a_threshold_for_other_distances_or_another_encoder_is_not_used(found: Calibration) -> None:
    people = on_a_line(0, 2, 5, 9)
    assert Gallery(people, POINT).judged_by == JUDGED
    assert Gallery(people, POINT, calibration=found).accept_below == POINT.own_cohort[0].accept_below


def test_the_score_is_more_for_who_is_more_alike() -> None:
    gallery = Gallery(on_a_line(0, 10, 20, 30), POINT)
    scores = [gallery.match(vector(place)).score or 0 for place in (-0.1, -0.5, -2.0)]
    assert scores == sorted(scores, reverse=True)


def test_each_average_is_of_five_people_or_more_and_together_of_all() -> None:
    people = crowd(57)
    cohort = cohort_of(people)
    vectors = np.array([person.vector for person in people])
    assert 1 < len(cohort.averages) <= 57 // 5
    assert (cohort.people, cohort.version) == (57, "seeded")
    assert min(group_sizes(vectors, cohort.averages)) >= 5


def test_a_few_far_from_all_others_get_no_average_of_their_own() -> None:
    people = crowd(60)
    people[:4] = [Template(np.full(16, 5, np.float32), "seeded", 1)] * 4
    averages = cohort_of(people).averages
    assert np.abs(averages - 5).max(axis=1).min() > 1


def test_nobodys_template_can_be_read_off_the_averages() -> None:
    people = crowd(200)
    averages = cohort_of(people).averages
    apart = np.linalg.norm(averages[:, None] - np.array([person.vector for person in people])[None], axis=2)
    assert float(apart.min()) > 0.1


def test_fewer_than_fifty_people_make_no_cohort() -> None:
    with pytest.raises(TemplateError, match="50 people"):
        cohort_of(crowd(49))
    assert cohort_of(crowd(50)).people == 50


def test_templates_of_two_encoders_make_no_cohort() -> None:
    with pytest.raises(TemplateError, match="one encoder"):
        cohort_of([*crowd(50), *crowd(50, version="other")])


def test_the_cohort_is_the_same_each_time_it_is_made() -> None:
    assert cohort_to_json(cohort_of(crowd(80))) == cohort_to_json(cohort_of(crowd(80)))


def test_what_is_shared_comes_back_and_holds_averages_alone() -> None:
    made = cohort_of(crowd(80))
    text = cohort_to_json(made)
    back = cohort_from_json(text)
    assert set(json.loads(text)) == {"version", "people", "averages"}
    assert (back.version, back.people) == (made.version, made.people)
    assert back.averages == pytest.approx(made.averages, abs=1e-5)


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        "[]",
        '{"version": "v", "people": 60}',
        '{"version": "v", "people": 60, "averages": [[1], [1, 2]]}',
        '{"version": "v", "people": 60, "averages": [1, 2]}',
        '{"version": "v", "people": 60, "averages": [[NaN, 1]]}',
        '{"version": "v", "people": 49, "averages": [[1, 2]]}',
        json.dumps({"version": "v", "people": 60, "averages": [[1.0]] * 13}),
    ],
)
def test_what_is_no_cohort_or_shows_too_much_of_anybody_is_refused(text: str) -> None:
    with pytest.raises(TemplateError):
        cohort_from_json(text)


def group_sizes(vectors: np.ndarray, averages: np.ndarray) -> list[int]:
    """For each average, of how many of the people it is the mean: the groups are found anew by nearness."""
    nearest = np.linalg.norm(vectors[:, None] - averages[None], axis=2).argmin(axis=1)
    return [int(size) for size in np.bincount(nearest, minlength=len(averages))]
