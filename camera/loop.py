"""The loop of the recognition process: commands and frames enter, messages leave. It runs no other process.

It never falls behind: a frame whose turn has passed is not looked at. It never writes a frame to disk.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from camera.challenge import Policy
from camera.detect import Box
from camera.errors import CameraLostError
from camera.folder import DEFAULT_HOLD_S
from camera.frames import Frame, FrameSource
from camera.gallery import gallery_of
from camera.messages import (
    CameraChanged,
    CameraState,
    Command,
    Message,
    Notice,
    Preview,
    Switch,
    UseTemplates,
)
from camera.motion import Motion
from camera.reasons import Reason
from camera.recognizer import Recognizer, Sighting
from camera.templates import Encoder

JPEG_QUALITY = 75
MOST_RESTED = 10
"""So many frames in a row at most are passed on unsearched: whoever stands stock-still is found in two seconds."""


@dataclass(frozen=True)
class RecognitionConfig:
    """How to look.

    `source` as in `camera.sources.open_source`. Times in seconds. `mirrored` averages each face with its
    mirror image: twice the encoding time, fewer confusions. `encoder` is the path of a description as in
    `camera.other_encoder`; without one dlib's network is the encoder. `challenge` says when
    somebody is asked to turn the head.
    """

    source: str
    frames_per_s: float = 6.0
    preview_width_px: int = 480
    agreeing_frames: int = 3
    agree_within_s: float = 2.0
    hold_s: float = DEFAULT_HOLD_S
    retry_s: float = 2.0
    silent_s: float = 3.0
    mirrored: bool = True
    encoder: str = ""
    challenge: Policy = Policy.NEVER


class RecognitionLoop:
    """One camera, one recognizer; `step` does what is due and says how long to wait."""

    def __init__(
        self,
        config: RecognitionConfig,
        recognizer: Recognizer,
        encoder: Encoder,
        opener: Callable[[], FrameSource],
        send: Callable[[Message], None],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the parts; nothing is opened before the first step."""
        self._config = config
        self._recognizer = recognizer
        self._encoder = encoder
        self._opener = opener
        self._send = send
        self._clock = clock
        self._source: FrameSource | None = None
        self._state: CameraState | None = None
        self._on = True
        self._motion = Motion()
        self._last: Sighting | None = None
        self._rested = 0
        self._due_s = clock()
        self._framed_s = clock()

    def obey(self, command: Command) -> None:
        """Do what the parent asks."""
        if isinstance(command, UseTemplates):
            gallery, left_out = gallery_of(
                command.templates, self._encoder, cohort=command.cohort, calibration=command.calibration
            )
            self._recognizer.use(gallery)
            self._last = None
            for text in left_out:
                self._send(Notice(text))
        elif isinstance(command, Switch):
            self._on = command.on
            if not self._on:
                self._let_go(CameraState.OFF, "")
            self._due_s = self._clock()

    def step(self) -> float:
        """Look at one frame if it is time; return for how many seconds nothing is due."""
        now_s = self._clock()
        if now_s < self._due_s:
            return self._due_s - now_s
        try:
            self._look()
            self._due_s = max(self._due_s + 1 / self._config.frames_per_s, self._clock())
        except CameraLostError as error:
            self._let_go(CameraState.LOST, str(error))
            self._due_s = self._clock() + self._config.retry_s
        return max(0.0, self._due_s - self._clock())

    def close(self) -> None:
        """Let the camera go, without a message."""
        if self._source is not None:
            self._source.close()
            self._source = None

    def _look(self) -> None:
        if not self._on:
            return
        if self._source is None:
            self._source = self._opener()
            self._framed_s = self._clock()
        frame = self._source.read()
        for text in self._source.notices():
            self._send(Notice(text))
        if frame is None:
            if self._clock() - self._framed_s >= self._config.silent_s:
                self._tell(CameraState.LOST, f"{self._config.source} gives no picture that can be read")
        else:
            self._framed_s = self._clock()
            self._tell(CameraState.ON, "")
            sighting = self._sighted(frame)
            self._send(preview_of(frame, sighting.box, self._config.preview_width_px))
            self._send(sighting)

    def _sighted(self, frame: Frame) -> Sighting:
        """Return what the frame shows; while nobody is there and nothing moves, it is not searched for faces."""
        moves, last = self._motion.moves(frame.pixels), self._last
        if not moves and last is not None and last.reason is Reason.NO_FACE and self._rested < MOST_RESTED:
            self._rested += 1
            return replace(last, captured_s=frame.captured_s)
        self._rested = 0
        self._last = self._recognizer.see(frame)
        return self._last

    def _let_go(self, state: CameraState, why: str) -> None:
        self.close()
        self._tell(state, why)

    def _tell(self, state: CameraState, why: str) -> None:
        if state is not self._state:
            self._state = state
            self._send(CameraChanged(state, why))


def preview_of(frame: Frame, box: Box | None, width_px: int) -> Preview:
    """Return the frame reduced to that width (never enlarged) as JPEG, and the box in its pixels."""
    height, width = frame.pixels.shape[:2]
    factor = min(1.0, width_px / width)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    small = cv2.resize(frame.pixels, size, interpolation=cv2.INTER_AREA)
    jpeg = np.asarray(cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1])
    return Preview(jpeg.tobytes(), size[0], size[1], box.scaled(factor) if box else None, frame.captured_s)
