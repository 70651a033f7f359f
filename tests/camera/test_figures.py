"""Shares and their intervals, from textbooks and by hand; evaluation and calibration on seeded people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from camera.__main__ import main
from camera.calibrate import calibrated, calibration_from_json, calibration_to_json
from camera.errors import EvaluationError, TemplateError
from camera.evaluate import Pictures, identification, verification
from camera.figures import around, best_accuracy, share_by_person, threshold_for, wilson
from camera.gallery import Gallery
from camera.templates import Calibration, CohortPoint, OperatingPoint, Template, Vector
from tests.camera.test_gallery import PairEncoder
from tests.samples import Sample


class SeededEncoder(PairEncoder):
    """Sixteen numbers a face; strangers stand about 1.1 apart, shots of one person about 0.4."""

    length = 16
    operating_point = OperatingPoint(
        accept_below=0.6,
        less_per_doubling=0.0,
        floor=0.6,
        least_margin=0.0,
        most_spread=9.0,
        own_cohort=(CohortPoint(12, weight=0.5, accept_below=0.2, least_margin=0.0),),
    )


def shots(people: int, each: int = 3, *, seed: int = 1, apart: float = 0.2) -> dict[str, list[Vector]]:
    random = np.random.default_rng(seed)
    centres = random.normal(0, apart, (people, 16))
    return {
        f"P{n:03}": [(centre + random.normal(0, 0.07, 16)).astype(np.float32) for _ in range(each)]
        for n, centre in enumerate(centres)
    }


def pictures_of(people: Mapping[str, list[Vector]]) -> Pictures:
    names = np.array([name for name, vectors in people.items() for _ in vectors])
    vectors = np.array([vector for vectors in people.values() for vector in vectors], dtype=np.float64)
    return Pictures(vectors, names, np.full(len(names), "others"), 0)


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"), [(0, 20, 0.0, 0.161), (1, 20, 0.009, 0.236), (10, 20, 0.299, 0.701)]
)
def test_wilsons_interval_is_that_of_the_textbook(hits: int, trials: int, low: float, high: float) -> None:
    share = wilson(hits, trials)
    assert (share.value, share.trials) == (hits / trials, trials)
    assert [share.low, share.high] == pytest.approx([low, high], abs=6e-4)


def test_without_a_trial_there_is_no_share() -> None:
    assert wilson(0, 0).value is None
    assert share_by_person(np.array([], dtype=np.bool_), np.array([], dtype=np.str_)).high is None


def test_many_pictures_of_few_people_leave_more_doubt_than_as_many_people() -> None:
    hits = np.repeat([True, False, True, True], 25)
    few = share_by_person(hits, np.repeat(["a", "b", "c", "d"], 25))
    many = share_by_person(hits, np.array([f"{n:03}" for n in range(100)]))
    assert few.value == many.value == 0.75
    assert few.low is not None
    assert many.low is not None
    assert few.low < 0.5 < many.low


def test_a_threshold_accepts_no_more_than_its_share_of_the_others() -> None:
    others = np.linspace(0.001, 1, 1000)
    for rate in (0.01, 0.001, 0.0):
        assert (others < threshold_for(others, rate)).mean() <= rate
    assert (others < threshold_for(others, 0.01)).sum() == 10


def test_the_best_accuracy_of_two_overlapping_pairs_is_worked_by_hand() -> None:
    assert best_accuracy(np.array([1.0, 2.0, 3.0, 9.0]), np.array([4.0, 5.0, 6.0, 7.0] * 200)) == 0.875
    assert best_accuracy(np.array([]), np.array([1.0])) is None


def test_the_cohort_of_a_pair_is_everybody_but_the_two() -> None:
    people = np.array(["a", "b", "c", "d", "e"])
    near = around(np.array([[0.0], [1.0], [3.0], [6.0], [10.0]]), people, 2)
    # from a: with b left out c and d, with c left out b and d, with d or e left out b and c
    assert near(0)[1:].tolist() == pytest.approx([4.5, 3.5, 2.0, 2.0], abs=1e-5)


def test_people_who_stand_apart_are_told_apart_without_an_error() -> None:
    found = verification(pictures_of(shots(20, apart=2.0)), cohort=False)
    assert (found.same_pairs, found.other_pairs) == (20 * 3, 60 * 59 // 2 - 60)
    assert found.best_accuracy == 1
    assert found.accepted["0.001"].value == 1


def test_a_cohort_helps_where_some_people_are_all_alike() -> None:
    alike = {
        f"Q{n}": [vector * 0.6 for vector in each] for n, each in enumerate(shots(40, seed=2, apart=0.12).values())
    }
    people = pictures_of({**shots(40, apart=0.25), **alike})
    plain, judged = (verification(people, cohort=cohort).accepted["0.01"].value or 0 for cohort in (False, True))
    assert judged > plain


def test_no_enrolled_picture_is_a_probe_and_strangers_are_nobody() -> None:
    people = {
        **shots(30, apart=2.0),
        **{f"S{n}": each for n, each in enumerate(shots(10, 1, seed=9, apart=2.0).values())},
    }
    found = identification(pictures_of(people), SeededEncoder(), roster=0, shots=2)
    assert found.roster == 30
    assert found.identified.trials == 30 * 5  # one picture of each is left over, in each of five draws
    assert found.strangers.trials == 10 * 5
    assert (found.identified.value, found.as_another.value, found.strangers.value) == (1, 0, 0)


def test_without_strangers_half_of_the_people_play_them() -> None:
    found = identification(pictures_of(shots(31, apart=2.0)), SeededEncoder(), roster=0, shots=2)
    assert found.roster == 16
    assert found.strangers.trials == 15 * 5


def test_people_of_one_picture_each_cannot_be_enrolled_and_probed() -> None:
    with pytest.raises(EvaluationError, match="two pictures"):
        identification(pictures_of(shots(30, 1)), SeededEncoder(), roster=0, shots=2)


def test_the_calibrated_threshold_holds_for_strangers_who_were_not_there() -> None:
    staff = shots(150, apart=0.14)
    found = calibrated(staff, SeededEncoder(), target=0.05)
    templates = {
        name: Template(np.mean(vectors, axis=0).astype(np.float32), "pair-1", 3) for name, vectors in staff.items()
    }
    gallery = Gallery(templates, SeededEncoder.operating_point, calibration=found.calibration)
    assert gallery.accept_below == found.calibration.accept_below
    strangers = [each[0] for each in shots(1000, 1, seed=77, apart=0.14).values()]
    accepted = sum(gallery.match(vector).person is not None for vector in strangers) / len(strangers)
    assert 0.015 < accepted < 0.09
    assert found.strangers.low is not None
    assert found.strangers.high is not None
    assert found.strangers.low <= accepted <= found.strangers.high + 0.03


def test_a_stricter_target_accepts_fewer_strangers_and_refuses_more_staff() -> None:
    strict, loose = (calibrated(shots(60, apart=0.14), SeededEncoder(), target=target) for target in (0.001, 0.05))
    assert strict.calibration.accept_below < loose.calibration.accept_below
    assert (strict.refused.value or 0) > (loose.refused.value or 0)


def test_staff_who_stand_far_apart_do_not_make_the_threshold_boundless() -> None:
    found = calibrated(shots(30, apart=3.0), SeededEncoder())
    assert found.calibration.accept_below == pytest.approx(0.2 + 0.05)


def test_a_shot_is_never_compared_with_a_template_that_holds_it() -> None:
    staff = shots(30, 2, apart=2.0)
    staff["P000"] = [staff["P000"][0], staff["P000"][0] + np.float32(2.5)]  # 10 apart: one is not his
    assert calibrated(staff, SeededEncoder()).refused.value == pytest.approx(2 / 60)


def test_nineteen_people_are_too_few_to_calibrate() -> None:
    with pytest.raises(EvaluationError, match="too few"):
        calibrated(shots(19), SeededEncoder())
    assert calibrated(shots(20), SeededEncoder()).calibration.people == 20


def test_a_calibration_comes_back_from_its_file() -> None:
    found = calibrated(shots(25), SeededEncoder())
    assert calibration_from_json(calibration_to_json(found)) == found.calibration


@pytest.mark.parametrize("text", ["", "{}", '{"calibration": {"version": "v"}}', "[1]"])
def test_what_is_no_calibration_is_refused(text: str) -> None:
    with pytest.raises(TemplateError, match="camera calibrate"):
        calibration_from_json(text)


def test_a_threshold_that_is_no_number_is_refused() -> None:
    found = calibration_to_json(calibrated(shots(25), SeededEncoder()))
    said: dict[str, Any] = json.loads(found)
    said["calibration"]["accept_below"] = float("nan")
    with pytest.raises(TemplateError, match="number"):
        calibration_from_json(json.dumps(said))
    assert isinstance(calibration_from_json(found), Calibration)


@pytest.fixture
def three_people(tmp_path: Path) -> Path:
    for person, samples in {
        "obama": (Sample.OBAMA, Sample.OBAMA_2, Sample.OBAMA_3),
        "biden": (Sample.BIDEN,),
        "astronaut": (Sample.ASTRONAUT,),
    }.items():
        (tmp_path / "people" / person).mkdir(parents=True)
        for sample in samples:
            (tmp_path / "people" / person / sample.value).symlink_to(sample.path)
    (tmp_path / "people" / "biden" / "cup.png").symlink_to(Sample.COFFEE.path)
    return tmp_path / "people"


def test_the_command_reports_pictures_pairs_and_groups(
    three_people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "groups").write_text("biden\nastronaut\n", encoding="utf-8")
    plots = tmp_path / "plots"
    command = ["evaluate", str(three_people), "--groups", str(tmp_path / "groups"), "--plots", str(plots), "--json"]
    assert main(command) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["pictures"], said["without_face"], said["people"]) == (5, 1, 3)
    everybody, listed = said["verification"]["all"], said["verification"]["listed"]
    assert (everybody["same_pairs"], everybody["other_pairs"]) == (3, 7)
    assert (listed["same_pairs"], listed["other_pairs"]) == (0, 1)
    assert said["identification"]["all"]["roster"] == 1
    assert all((plots / name).read_bytes().startswith(b"\x89PNG") for name in ("roc.png", "det.png"))


def test_a_folder_of_one_person_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "obama").mkdir()
    (tmp_path / "obama" / "a.jpg").symlink_to(Sample.OBAMA.path)
    assert main(["evaluate", str(tmp_path)]) == 1
    assert "figures need two or more" in capsys.readouterr().err


def test_too_few_staff_to_calibrate_is_said_and_nothing_is_written(
    three_people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["calibrate", str(three_people), "--write", str(tmp_path / "found.json")]) == 1
    assert "3 people are too few" in capsys.readouterr().err
    assert not (tmp_path / "found.json").exists()
