"""Enrolment takes good pictures of one person and refuses others in words that staff can act on."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from camera.enrol import nearest_other, template_from_pictures, template_from_shots
from camera.errors import EnrolmentRefusedError
from tests.camera.conftest import Seen
from tests.camera.fakes import FakeEncoder, line_template
from tests.samples import Sample


def refusal(seen: Seen, *paths: Path) -> str:
    with pytest.raises(EnrolmentRefusedError) as caught:
        template_from_pictures(paths, seen.encoder)
    return str(caught.value)


def test_several_pictures_make_the_mean_template(seen: Seen) -> None:
    made = template_from_pictures([Sample.OBAMA.path, Sample.OBAMA_2.path], seen.encoder)
    mean = (seen.vector(Sample.OBAMA) + seen.vector(Sample.OBAMA_2)) / 2
    assert made.vector == pytest.approx(mean, abs=1e-6)
    assert (made.shots, made.version) == (2, seen.encoder.version)


def test_pictures_of_two_people_are_refused_by_the_one_that_does_not_belong(seen: Seen) -> None:
    said = refusal(seen, Sample.OBAMA.path, Sample.BIDEN.path, Sample.OBAMA_2.path)
    assert said == "照片 biden.jpg：与其他照片不像同一个人，请重拍"


def test_every_picture_at_fault_is_named_with_its_reason(seen: Seen, tmp_path: Path) -> None:
    broken, dark = tmp_path / "broken.jpg", tmp_path / "dark.png"
    broken.write_bytes(b"broken")
    cv2.imwrite(str(dark), (seen.pixels(Sample.OBAMA) * 0.2).astype(np.uint8))
    assert refusal(seen, Sample.OBAMA.path, broken, Sample.COFFEE.path, dark).split("；") == [
        "照片 broken.jpg：照片无法读取，请换一张",
        "照片 coffee.png：没有看到人脸，请站到屏幕前",
        "照片 dark.png：光线太暗，请面向光源",
    ]


def test_no_picture_is_refused(seen: Seen) -> None:
    assert refusal(seen) == "没有照片，请先拍照"


def test_shots_from_the_camera_are_enrolled_without_a_file(seen: Seen) -> None:
    shots = {"正面": seen.pixels(Sample.OBAMA), "侧面": seen.pixels(Sample.OBAMA_3)}
    assert template_from_shots(shots, seen.encoder).shots == 2


def test_somebody_too_like_the_new_person_is_named() -> None:
    others = {"li": line_template(1.0), "wang": line_template(0.15), "zhao": line_template(0.19)}
    assert nearest_other(line_template(0.0), others, FakeEncoder()) == "wang"
    assert nearest_other(line_template(0.5), others, FakeEncoder()) is None
    assert nearest_other(line_template(0.5), {}, FakeEncoder()) is None
