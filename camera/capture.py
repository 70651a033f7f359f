"""Frames from what OpenCV opens: a video file played as a camera, or a V4L2 camera. Nothing is recorded."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2
import numpy as np

from camera.errors import CameraLostError
from camera.frames import Frame

FALLBACK_FRAMES_PER_S = 25.0
WAITED_S = 0.002
"""A grab that took longer waited for the sensor: its frame is new and did not lie in the driver's buffer."""
MAX_BUFFERED = 5


class _Capture:
    """What both share: an open cv2.VideoCapture that is closed once."""

    def __init__(self, capture: cv2.VideoCapture, name: str, clock: Callable[[], float]) -> None:
        self._capture = capture
        self._name = name
        self._clock = clock
        if not capture.isOpened():
            raise self._lost("cannot be opened")

    def notices(self) -> list[str]:
        """Return nothing: a camera has no pictures to leave out."""
        return []

    def close(self) -> None:
        """Let the device or file go."""
        self._capture.release()

    def __enter__(self) -> Self:
        """Return the open source."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the source."""
        self.close()

    def _retrieved(self) -> Frame:
        ok, pixels = self._capture.retrieve()
        if not ok:
            raise self._lost("gave a frame that cannot be decoded")
        return Frame(np.asarray(pixels, dtype=np.uint8), self._clock())

    def _lost(self, what: str) -> CameraLostError:
        return CameraLostError(f"{self._name} {what}; check that it is there, plugged in and readable")


class VideoSource(_Capture):
    """Plays a video file at its own pace, round and round."""

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Raise CameraLostError when the file is missing or is not a video."""
        if not path.is_file():
            raise CameraLostError(f"no video file {path}; name another")
        super().__init__(cv2.VideoCapture(str(path)), f"video {path}", clock)
        frames_per_s = self._capture.get(cv2.CAP_PROP_FPS)
        self._frames_per_s = frames_per_s if frames_per_s > 0 else FALLBACK_FRAMES_PER_S
        self._rewound_s = clock()
        self._grabbed = 0

    def read(self) -> Frame | None:
        """Return the frame whose turn it is, leaving out those whose time has passed."""
        due = int((self._clock() - self._rewound_s) * self._frames_per_s) + 1
        while self._grabbed < due:
            if not self._capture.grab():
                self._rewind()
                break
            self._grabbed += 1
        return self._retrieved()

    def _rewind(self) -> None:
        played = self._grabbed
        self._capture.set(cv2.CAP_PROP_POS_FRAMES, 0)
        self._rewound_s, self._grabbed = self._clock(), 1
        if not (played and self._capture.grab()):
            raise self._lost("holds no frame")


class V4L2Source(_Capture):
    """A camera of the Linux kernel's video interface, such as /dev/video0."""

    def __init__(
        self,
        device: Path,
        *,
        size_px: tuple[int, int] = (640, 480),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raise CameraLostError when there is no such camera or another program holds it."""
        if not device.exists():
            raise CameraLostError(f"no camera {device}; plug it in or name another in the configuration")
        super().__init__(cv2.VideoCapture(str(device), cv2.CAP_V4L2), f"camera {device}", clock)
        self._capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        self._capture.set(cv2.CAP_PROP_FRAME_WIDTH, size_px[0])
        self._capture.set(cv2.CAP_PROP_FRAME_HEIGHT, size_px[1])
        self._capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)

    def read(self) -> Frame | None:
        """Return the newest frame, leaving out those that lay in the driver's buffer."""
        for _ in range(MAX_BUFFERED):
            began_s = self._clock()
            if not self._capture.grab():
                raise self._lost("gives no frames")
            if self._clock() - began_s > WAITED_S:
                break
        return self._retrieved()
