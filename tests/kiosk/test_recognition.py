"""What recognition starts with: a camera or none, aids that are read or done without, and when it asks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from camera.challenge import Policy
from camera.cohort import Cohort, cohort_to_json
from kiosk.config import Config, load_config
from kiosk.recognition import aids, recognition_config
from tests.kiosk.test_config import GOOD, written

CALIBRATION = '{"calibration": {"version": "v", "judged_by": "distance", "accept_below": 0.3, "people": 25}}'


def configured(folder: Path, recognition: str = "", source: str = "v4l2:/dev/video0") -> Config:
    text = GOOD.replace("folder:pictures", source)
    return load_config(written(folder, text.replace("[[windows]]", f"[recognition]\n{recognition}\n[[windows]]", 1)))


def test_without_a_camera_there_is_nothing_to_configure(tmp_path: Path) -> None:
    assert recognition_config(configured(tmp_path, source="none")) is None


@pytest.mark.parametrize(
    ("source", "said", "policy"),
    [
        ("v4l2:/dev/video0", "", Policy.RISK),
        ("folder:pictures", "", Policy.NEVER),
        ("video:hall.mp4", "", Policy.NEVER),
        ("folder:pictures", 'challenge = "always"', Policy.ALWAYS),
        ("v4l2:/dev/video0", 'challenge = "random"', Policy.RANDOM),
    ],
)
def test_a_real_camera_asks_on_risk_and_played_pictures_unless_told_are_asked_nothing(
    tmp_path: Path, source: str, said: str, policy: Policy
) -> None:
    looking = recognition_config(configured(tmp_path, said, source))
    assert looking is not None
    assert looking.challenge is policy


def test_three_frames_agree_unless_the_settings_say_otherwise(tmp_path: Path) -> None:
    for said, frames in (("", 3), ("agreeing_frames = 5", 5)):
        looking = recognition_config(configured(tmp_path, said))
        assert looking is not None
        assert looking.agreeing_frames == frames


def test_cohort_and_calibration_are_read_from_beside_the_configuration(tmp_path: Path) -> None:
    shared = Cohort(np.ones((5, 3), np.float32), "v", 60)
    (tmp_path / "cohort.json").write_text(cohort_to_json(shared), encoding="utf-8")
    (tmp_path / "hall.json").write_text(CALIBRATION, encoding="utf-8")
    complaints: list[str] = []
    config = configured(tmp_path, 'cohort = "cohort.json"\ncalibration = "hall.json"\nencoder = "other.toml"')
    cohort, calibration = aids(config, complaints.append)
    assert cohort is not None
    assert calibration is not None
    assert (cohort.people, calibration.accept_below, complaints) == (60, 0.3, [])
    looking = recognition_config(config)
    assert looking is not None
    assert looking.encoder == str(tmp_path / "other.toml")


def test_an_aid_that_cannot_be_read_is_told_and_done_without(tmp_path: Path) -> None:
    (tmp_path / "hall.json").write_text("half of", encoding="utf-8")
    complaints: list[str] = []
    assert aids(configured(tmp_path, 'cohort = "gone.json"\ncalibration = "hall.json"'), complaints.append) == (
        None,
        None,
    )
    assert ["gone.json" in complaints[0], "hall.json" in complaints[1]] == [True, True]


def test_without_aids_nothing_is_told(tmp_path: Path) -> None:
    complaints: list[str] = []
    assert aids(configured(tmp_path), complaints.append) == (None, None)
    assert complaints == []
