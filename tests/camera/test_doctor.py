"""What the doctor says of cameras that are dark, slow, dirty or fine."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from camera.__main__ import main
from camera.doctor import Checkup, advice, examined
from camera.pictures import read_picture
from deploy.demo.stage import framed
from tests.camera.fakes import FakeClock, FakeSource
from tests.samples import Sample

FINE = Checkup(30, 10.0, 640, 480, 120.0, 0.01, 1.0, 70.0, 120.0, 60.0, {})


def test_a_camera_that_is_fine_is_called_so() -> None:
    assert [(each.serious, each.said) for each in advice(FINE)] == [(False, "一切正常")]


@pytest.mark.parametrize(
    ("seen", "serious", "word"),
    [
        (replace(FINE, frames=0), True, "没有画面"),
        (replace(FINE, frames_per_s=3.0), True, "太慢"),
        (replace(FINE, picture_brightness=20.0), True, "画面太暗"),
        (replace(FINE, face_brightness=30.0), True, "脸上太暗"),
        (replace(FINE, face_brightness=240.0), True, "脸上太亮"),
        (replace(FINE, eye_distance_px=12.0), True, "太远"),
        (replace(FINE, face_sharpness=3.0), True, "模糊"),
        (replace(FINE, with_face=0.0, eye_distance_px=None, face_brightness=None), True, "没有看到人脸"),
        (replace(FINE, face_brightness=50.0), False, "逆光"),
        (replace(FINE, clipped=0.4), False, "过亮"),
        (replace(FINE, width_px=320), False, "太小"),
    ],
)
def test_each_trouble_has_its_advice(seen: Checkup, serious: bool, word: str) -> None:
    first = advice(seen)[0]
    assert first.serious is serious
    assert word in first.said


def test_the_serious_comes_first() -> None:
    said = advice(replace(FINE, width_px=320, frames_per_s=1.0))
    assert [each.serious for each in said] == [True, False]


def test_a_person_before_a_camera_is_seen_with_light_pace_and_distance() -> None:
    clock = FakeClock()
    camera = FakeSource(clock)
    camera.shows = framed(read_picture(Sample.BIDEN.path))
    read = camera.read

    def paced() -> object:
        clock.now_s += 0.1
        return read()

    camera.read = paced  # type: ignore[method-assign, assignment]
    found = examined(camera, 2.0, clock=clock)
    assert (found.width_px, found.height_px, found.with_face) == (640, 480, 1.0)
    assert found.frames_per_s == pytest.approx(10, abs=0.6)
    assert found.eye_distance_px is not None
    assert 30 < found.eye_distance_px < 200
    assert advice(found)[0].said == "一切正常"


def test_a_camera_without_frames_says_so() -> None:
    clock = FakeClock()

    def pause(seconds: float) -> None:
        clock.now_s += seconds

    assert examined(FakeSource(clock), 0.5, clock=clock, pause=pause).frames == 0


def test_the_command_says_it_in_chinese_and_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dark = framed(read_picture(Sample.BIDEN.path)) * 0.15
    cv2.imwrite(str(tmp_path / "dark.png"), np.asarray(dark, dtype=np.uint8))
    command = ["doctor", "--source", f"folder:{tmp_path}", "--seconds", "0.3"]
    assert main(command) == 2
    assert "画面太暗" in capsys.readouterr().out
    assert main([*command, "--json"]) == 2
    said = json.loads(capsys.readouterr().out)
    assert said["picture_brightness"] < 50
    assert said["findings"][0]["serious"] is True


def test_a_camera_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--source", "v4l2:/dev/video99"]) == 1
    assert "no camera /dev/video99" in capsys.readouterr().err
