"""What the simulated camera sees: an empty hall, or one of the sample photographs at the camera's size."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from camera.detect import Detector
from camera.frames import Pixels
from camera.pictures import read_picture
from deploy.demo.county import Run

_WIDTH, _HEIGHT = 640, 480
_FACE_SHARE = 0.28
_WALL = (175, 175, 175)


def empty(run: Run) -> None:
    """Let nobody stand before the camera: a plain wall."""
    shade = np.linspace(196, 150, _HEIGHT, dtype=np.uint8)
    wall = np.repeat(shade[:, None, None], _WIDTH, axis=1)
    _show(run, np.repeat(wall, 3, axis=2))


def person(run: Run, photograph: str) -> None:
    """Let the person of a sample photograph stand before the camera, as near as a clerk does."""
    _show(run, framed(read_picture(Path(run.samples) / photograph)))


def framed(picture: Pixels) -> Pixels:
    """Return a picture of somebody as a camera of 640x480 sees them at arm's length."""
    face = Detector().detect(picture)[0].box
    scale = _WIDTH * _FACE_SHARE / face.width
    centre_x, centre_y = (face.left + face.width / 2) * scale, (face.top + face.height / 2) * scale
    move = np.array([[scale, 0, _WIDTH / 2 - centre_x], [0, scale, _HEIGHT * 0.45 - centre_y]])
    frame: Pixels = cv2.warpAffine(picture, move, (_WIDTH, _HEIGHT), flags=cv2.INTER_AREA, borderValue=_WALL).astype(
        np.uint8
    )
    return frame


def _show(run: Run, frame: Pixels) -> None:
    """Replace what the camera sees in one step, so that half a picture is never read."""
    arriving = run.path / "arriving.jpg"
    cv2.imwrite(str(arriving), frame)
    arriving.replace(run.scene / "view.jpg")
