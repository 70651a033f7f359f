"""What recognition starts with: settings and files enter, a process's configuration and its aids leave."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from camera.calibrate import calibration_from_json
from camera.challenge import Policy
from camera.cohort import Cohort, cohort_from_json
from camera.errors import CameraError
from camera.templates import Calibration
from camera.worker import RecognitionConfig
from kiosk.config import Config

Made = TypeVar("Made")
_LIVE, _REPLAYED = Policy.RISK, Policy.NEVER
"""Unless the settings say otherwise: whoever plays pictures to a terminal cannot turn their heads."""


def recognition_config(config: Config) -> RecognitionConfig | None:
    """Return how the camera's process is to look, or None where this terminal has no camera."""
    if config.camera.source == "none":
        return None
    return RecognitionConfig(
        config.camera.source,
        frames_per_s=config.camera.frames_per_second,
        agreeing_frames=config.recognition.agreeing_frames,
        hold_s=config.camera.hold_s,
        encoder=config.recognition.encoder,
        challenge=Policy(config.recognition.challenge or (_REPLAYED if _is_replay(config) else _LIVE)),
    )


def _is_replay(config: Config) -> bool:
    return config.camera.source.startswith(("folder:", "video:"))


def aids(config: Config, complain: Callable[[str], None]) -> tuple[Cohort | None, Calibration | None]:
    """Return the shared cohort and the calibrated threshold that the settings name.

    One that cannot be read is told and done without: recognition goes on as shipped.
    """
    return (
        _read(config.recognition.cohort, cohort_from_json, complain),
        _read(config.recognition.calibration, calibration_from_json, complain),
    )


def _read(place: str, made_of: Callable[[str], Made], complain: Callable[[str], None]) -> Made | None:
    if not place:
        return None
    try:
        return made_of(Path(place).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, CameraError) as error:
        complain(f"{place} is not used: {error}")
        return None
