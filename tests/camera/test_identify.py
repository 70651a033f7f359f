"""`python -m camera identify`: one line a probe, whatever the probe is."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from camera.__main__ import main
from camera.pictures import read_picture
from tests.samples import Sample

KEYS = ["probe", "person", "best", "score", "margin", "reason"]


def put(folder: Path, *samples: Sample) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for sample in samples:
        shutil.copy(sample.path, folder)


@pytest.fixture
def gallery(tmp_path: Path) -> Path:
    put(tmp_path / "gallery" / "P0001", Sample.OBAMA, Sample.OBAMA_2)
    put(tmp_path / "gallery" / "P0002", Sample.BIDEN)
    return tmp_path / "gallery"


def identified(gallery: Path, probes: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, Any]]:
    assert main(["identify", "--gallery", str(gallery), "--probes", str(probes), "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert all(list(line) == KEYS for line in lines)
    return {line["probe"]: line for line in lines}


def test_a_person_on_another_photograph_is_named_and_a_stranger_is_not(
    gallery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(tmp_path / "probes" / "P0001", Sample.OBAMA_3)
    put(tmp_path / "probes" / "stranger", Sample.ASTRONAUT)
    lines = identified(gallery, tmp_path / "probes", capsys)
    known, stranger = lines["P0001/obama3.jpg"], lines["stranger/astronaut.png"]
    assert (known["person"], known["best"], known["reason"]) == ("P0001", "P0001", None)
    assert known["margin"] > 0.3
    assert (stranger["person"], stranger["reason"]) == (None, "unknown")
    assert stranger["best"] in {"P0001", "P0002"}
    assert stranger["score"] < 0.4 < known["score"]


def test_a_probe_without_a_face_or_that_cannot_be_read_has_its_line_with_nulls(
    gallery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(tmp_path / "probes" / "x", Sample.COFFEE)
    (tmp_path / "probes" / "x" / "broken.jpg").write_bytes(Sample.BIDEN.path.read_bytes()[:9000])
    lines = identified(gallery, tmp_path / "probes", capsys)
    for line in lines.values():
        assert [line[key] for key in ("person", "best", "score", "margin")] == [None] * 4
    assert lines["x/coffee.png"]["reason"] == "no_face"
    assert lines["x/broken.jpg"]["reason"].startswith("unreadable: broken.jpg: cannot be read")


def test_a_face_too_poor_to_be_named_still_has_its_nearest_person(
    gallery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "probes").mkdir()
    dark = read_picture(Sample.OBAMA_3.path) * 0.17
    cv2.imwrite(str(tmp_path / "probes" / "dark.png"), dark.astype(np.uint8))
    line = identified(gallery, tmp_path / "probes", capsys)["dark.png"]
    assert (line["person"], line["best"], line["reason"]) == (None, "P0001", "too_dark")
    assert line["score"] > 0.6


def test_a_probe_is_never_compared_with_itself(
    gallery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(tmp_path / "probes" / "P0001", Sample.OBAMA)
    put(tmp_path / "probes" / "P0002", Sample.BIDEN)
    lines = identified(gallery, tmp_path / "probes", capsys)
    # distance to the other photograph alone, not to a mean that holds this one
    assert lines["P0001/obama.jpg"]["score"] == pytest.approx(0.63, abs=0.02)
    assert lines["P0002/biden.jpg"]["person"] is None
    assert lines["P0002/biden.jpg"]["best"] == "P0001"


def test_names_of_files_and_folders_decide_nothing(
    gallery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(tmp_path / "probes" / "P0002", Sample.OBAMA_3)
    lines = identified(gallery, tmp_path / "probes", capsys)
    assert lines["P0002/obama3.jpg"]["person"] == "P0001"


def test_a_person_without_a_usable_picture_is_told_on_standard_error(
    gallery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(gallery / "P0003", Sample.COFFEE)
    (gallery / "P0004").mkdir()
    (tmp_path / "probes").mkdir()
    assert main(["identify", "--gallery", str(gallery), "--probes", str(tmp_path / "probes")]) == 0
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "P0003/coffee.png not enrolled: no_face",
        "P0003 has no usable picture and is not in the gallery",
        "P0004 has no usable picture and is not in the gallery",
    ]


def test_an_empty_gallery_still_answers_every_probe(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "gallery").mkdir()
    put(tmp_path / "probes", Sample.ASTRONAUT)
    line = identified(tmp_path / "gallery", tmp_path / "probes", capsys)["astronaut.png"]
    assert (line["person"], line["best"], line["reason"]) == (None, None, "no_gallery")


def test_without_json_a_line_can_be_read_by_a_person(
    gallery: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(tmp_path / "probes", Sample.OBAMA_3, Sample.PAGE)
    main(["identify", "--gallery", str(gallery), "--probes", str(tmp_path / "probes")])
    named, nobody = capsys.readouterr().out.splitlines()
    assert named.startswith("obama3.jpg: P0001, nearest P0001 0.")
    assert nobody == "page.png: nobody (no_face)"


def test_a_folder_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["identify", "--gallery", str(tmp_path / "nowhere"), "--probes", str(tmp_path)])
    assert "nowhere is not a folder" in capsys.readouterr().err


def test_as_a_command_it_says_nothing_but_its_lines(gallery: Path, tmp_path: Path) -> None:
    put(tmp_path / "probes", Sample.OBAMA_3)
    folders = ["--gallery", str(gallery), "--probes", str(tmp_path / "probes")]
    command = [sys.executable, "-m", "camera", "identify", *folders, "--json"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(ran.stdout)["person"] == "P0001"
    assert ran.stderr == ""


def test_the_face_recognition_package_and_its_landmark_models_are_never_loaded() -> None:
    script = "import sys, camera.__main__, camera.worker; print('face_recognition' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "False"
