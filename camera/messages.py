"""What the recognition process and its parent tell each other. Values only; all of them can be pickled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from camera.cohort import Cohort
from camera.detect import Box
from camera.recognizer import Sighting
from camera.templates import Calibration, Template


class CameraState(StrEnum):
    """How the camera is."""

    ON = "on"
    OFF = "off"
    LOST = "lost"


@dataclass(frozen=True)
class Preview:
    """The live picture, small, as JPEG; `box` frames the face in the preview's own pixels."""

    jpeg: bytes
    width_px: int
    height_px: int
    box: Box | None
    captured_s: float


@dataclass(frozen=True)
class CameraChanged:
    """The camera came on, was switched off, or was lost; `why` is English, for the operator's log."""

    state: CameraState
    why: str = ""


@dataclass(frozen=True)
class Notice:
    """Something an operator should know, such as a picture left out and why."""

    text: str


@dataclass(frozen=True)
class Failed:
    """The process cannot go on and ends (a model is missing, templates of another version)."""

    why: str


@dataclass(frozen=True)
class UseTemplates:
    """To the process: compare with these people from now on, judged beside this cohort and by this calibration.

    Without a cohort the roster is its own where it is large enough, without a calibration the encoder's holds.
    """

    templates: Mapping[str, Template]
    cohort: Cohort | None = None
    calibration: Calibration | None = None


@dataclass(frozen=True)
class Switch:
    """To the process: open the camera, or let it go and look at nothing."""

    on: bool


Message: TypeAlias = Preview | Sighting | CameraChanged | Notice | Failed
Command: TypeAlias = UseTemplates | Switch
