"""Another encoder in dlib's place, a made-up network of one layer: nothing else has to change."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper

from camera.encode import OnnxEncoder
from camera.enrol import template_from_pictures
from camera.errors import ModelError
from camera.frames import Frame
from camera.gallery import gallery_of
from camera.other_encoder import encoder_from_file
from camera.quality import STILL
from camera.recognizer import Agreement, Recognizer
from camera.templates import Encoder
from tests.camera.conftest import Seen
from tests.samples import Sample

SIDE_PX = 32


def mean_colour_network() -> bytes:
    """A network whose vector is the mean of each channel in the left and the right half of the chip."""
    half = SIDE_PX // 2
    chip = helper.make_tensor_value_info("chip", TensorProto.FLOAT, [1, 3, SIDE_PX, SIDE_PX])
    vector = helper.make_tensor_value_info("vector", TensorProto.FLOAT, [1, 3, 1, 2])
    node = helper.make_node("AveragePool", ["chip"], ["vector"], kernel_shape=[SIDE_PX, half], strides=[SIDE_PX, half])
    graph = helper.make_graph([node], "mean-colour", [chip], [vector])
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    return bytes(made.SerializeToString())


def described(folder: Path, **changed: str) -> Path:
    """Write the network and its description; `changed` replaces a key's whole value."""
    network = mean_colour_network()
    (folder / "mean.onnx").write_bytes(network)
    said = {
        "name": '"mean-colour"',
        "model": '"mean.onnx"',
        "sha256": f'"{hashlib.sha256(network).hexdigest()}"',
        "side_px": str(SIDE_PX),
        "channels": '"rgb"',
        "mean": "[10.0, 20.0, 30.0]",
        "divisor": "2.0",
        "unit_length": "false",
    } | changed
    point = "accept_below = 3.0\nless_per_doubling = 0.0\nfloor = 3.0\nleast_margin = 0.5\nmost_spread = 40.0"
    lines = [f"{key} = {value}" for key, value in said.items()]
    (folder / "mean.toml").write_text("\n".join([*lines, "[operating_point]", point]), encoding="utf-8")
    return folder / "mean.toml"


@pytest.fixture
def other(tmp_path: Path) -> OnnxEncoder:
    return encoder_from_file(described(tmp_path))


def test_it_sees_each_channel_less_its_mean_divided_and_in_the_order_it_asked_for(tmp_path: Path) -> None:
    chip = np.zeros((SIDE_PX, SIDE_PX, 3), dtype=np.uint8)
    chip[:] = (110, 120, 130)  # blue, green, red
    assert encoder_from_file(described(tmp_path)).encode_chip(chip).tolist() == [60, 60, 50, 50, 40, 40]
    assert encoder_from_file(described(tmp_path, channels='"bgr"')).encode_chip(chip).tolist() == [50] * 6


def test_a_vector_of_unit_length_stays_so_when_averaged_with_its_mirror_image(tmp_path: Path, seen: Seen) -> None:
    unit = encoder_from_file(described(tmp_path, unit_length="true"))
    pixels = seen.pixels(Sample.ASTRONAUT)
    vector = unit.encode(pixels, seen.detector.detect(pixels)[0].points)
    assert float(np.linalg.norm(vector)) == pytest.approx(1, abs=1e-6)


def test_every_encoder_has_what_the_seam_asks_for(other: OnnxEncoder, seen: Seen) -> None:
    pixels = seen.pixels(Sample.BIDEN)
    points = seen.detector.detect(pixels)[0].points
    encoders: tuple[Encoder, ...] = (other, seen.encoder)
    for encoder in encoders:
        vector = encoder.encode(pixels, points)
        assert vector.shape == (encoder.length,)
        assert vector.dtype == np.float32
        assert encoder.encode(pixels, points).tolist() == vector.tolist()
        assert encoder.operating_point.accept_below > 0
    assert len({encoder.version for encoder in encoders}) == 2


def test_enrolment_and_recognition_go_on_with_it_unchanged(other: OnnxEncoder, seen: Seen) -> None:
    template = template_from_pictures([Sample.BIDEN.path], other, limits=STILL)
    gallery, left_out = gallery_of({"P0001": template}, other)
    recognizer = Recognizer(seen.detector, other, gallery, agreement=Agreement(1), limits=STILL)
    assert left_out == []
    assert recognizer.see(Frame(seen.pixels(Sample.BIDEN), 0.0)).person == "P0001"
    assert recognizer.see(Frame(seen.pixels(Sample.ASTRONAUT), 1.0)).person is None


def test_templates_of_one_encoder_are_left_out_by_the_other(other: OnnxEncoder, seen: Seen) -> None:
    of_dlib = template_from_pictures([Sample.BIDEN.path], seen.encoder, limits=STILL)
    gallery, left_out = gallery_of({"P0001": of_dlib}, other)
    assert len(gallery) == 0
    assert len(left_out) == 1
    assert "of dlib-resnet-v1/warp5-2/mirrored, this encoder makes mean-colour/arcface-1/mirrored" in left_out[0]


def test_the_version_names_encoder_alignment_and_mirroring(tmp_path: Path) -> None:
    points = "[[8, 10], [24, 10], [16, 17], [10, 24], [22, 24]]"
    versions = {
        encoder_from_file(described(tmp_path)).version,
        encoder_from_file(described(tmp_path), mirrored=False).version,
        encoder_from_file(described(tmp_path, name='"mean-colour-2"')).version,
        encoder_from_file(described(tmp_path, points=points)).version,
        encoder_from_file(described(tmp_path, points=points.replace("17", "18"))).version,
    }
    assert len(versions) == 5


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"sha256": f'"{"0" * 64}"'}, "another one is named"),
        ({"channels": '"cmyk"'}, "channels"),
        ({"divisor": "0.0"}, "divisor"),
        ({"points": "[[1, 2]]"}, "points"),
        ({"colour": "1"}, "unknown field `colour`"),
        ({"model": '"gone.onnx"'}, "No such file"),
    ],
)
def test_a_description_that_is_wrong_says_where(tmp_path: Path, changed: dict[str, str], said: str) -> None:
    with pytest.raises(ModelError, match=said):
        encoder_from_file(described(tmp_path, **changed))


def test_a_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    description = described(tmp_path, sha256=f'"{hashlib.sha256(b"no network").hexdigest()}"')
    (tmp_path / "mean.onnx").write_bytes(b"no network")
    with pytest.raises(ModelError, match="no encoder of 32-pixel faces"):
        encoder_from_file(description)
