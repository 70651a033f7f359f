"""Another encoder in dlib's place: a TOML file that names an ONNX file enters, an encoder leaves.

Such a file stands beside its network and says what the network wants to see and its own thresholds, for instance:

    name = "sface-2021dec"    # part of the template version: templates of other encoders are never compared
    model = "sface.onnx"
    sha256 = "…"
    side_px = 112
    channels = "rgb"          # the order in which the network was trained
    mean = [0.0, 0.0, 0.0]
    divisor = 1.0
    unit_length = true

    [operating_point]         # as camera.templates.OperatingPoint; own_cohort and shared_cohort may be left out
    accept_below = 1.1
"""

from __future__ import annotations

import hashlib
import tomllib
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta

from camera.encode import DlibEncoder, EncoderForm, OnnxEncoder
from camera.errors import ModelError
from camera.frames import Points
from camera.templates import OperatingPoint

COMMON_POINTS: Points = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]],
    dtype=np.float32,
)
"""Where the five points go in a 112-pixel chip for the ArcFace family of encoders and for SFace."""
COMMON_SIDE_PX = 112


class EncoderFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What such a file holds; `points` (five pairs, pixels of the chip) are those of the ArcFace family if left out."""

    name: Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]+$")]
    model: Annotated[str, Meta(min_length=1)]
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
    side_px: Annotated[int, Meta(ge=16, le=1024)]
    channels: Literal["rgb", "bgr"]
    mean: tuple[float, float, float]
    divisor: Annotated[float, Meta(gt=0)]
    unit_length: bool
    operating_point: OperatingPoint
    points: Annotated[list[tuple[float, float]], Meta(min_length=5, max_length=5)] | None = None


def open_encoder(description: Path | None, *, mirrored: bool = True) -> OnnxEncoder:
    """Return the encoder that the file describes, or dlib's where none is named; raise ModelError saying why not."""
    return DlibEncoder(mirrored=mirrored) if description is None else encoder_from_file(description, mirrored=mirrored)


def encoder_from_file(path: Path, *, mirrored: bool = True) -> OnnxEncoder:
    """Return the encoder that the file describes; raise ModelError naming the file and what is wrong in it."""
    try:
        said = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), EncoderFile)
        model = path.parent / said.model
        sha256 = hashlib.sha256(model.read_bytes()).hexdigest()
    except (OSError, ValueError) as error:
        raise ModelError(f"encoder {path}: {error}") from error
    if sha256 != said.sha256:
        raise ModelError(f"encoder {path}: {model} has the hash {sha256}, another one is named; install it again")
    return OnnxEncoder(_form(said), model, mirrored=mirrored)


def _form(said: EncoderFile) -> EncoderForm:
    common = COMMON_POINTS * (said.side_px / COMMON_SIDE_PX)
    points: Points = np.array(said.points or common, dtype=np.float32)
    alignment = f"points-{hashlib.sha256(points.tobytes()).hexdigest()[:8]}" if said.points else "arcface-1"
    return EncoderForm(
        name=said.name,
        alignment=alignment,
        points=points,
        side_px=said.side_px,
        mean=said.mean,
        divisor=said.divisor,
        rgb=said.channels == "rgb",
        unit_length=said.unit_length,
        operating_point=said.operating_point,
    )
