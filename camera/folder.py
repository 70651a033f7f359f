"""Plays a folder of pictures as a camera: a path enters, frames leave, each for a while, round and round.

The folder may be empty, or change while it is played; it is never written to.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from camera.errors import CameraLostError, PictureError
from camera.frames import Frame, Pixels
from camera.pictures import picture_paths, read_picture

DEFAULT_HOLD_S = 3.0


class FolderSource:
    """Shows the folder's pictures in the order of their names, each for `hold_s` seconds, for ever."""

    def __init__(
        self, folder: Path, *, hold_s: float = DEFAULT_HOLD_S, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Raise CameraLostError when there is no such folder."""
        self._folder = folder
        self._hold_s = hold_s
        self._clock = clock
        self._shown: Path | None = None
        self._pixels: Pixels | None = None
        self._until_s = clock()
        self._left_out: dict[Path, tuple[int, int]] = {}
        self._notices: list[str] = []
        self._paths()

    def read(self) -> Frame | None:
        """Return the picture whose turn it is, or None while the folder holds no usable picture."""
        now_s = self._clock()
        if self._pixels is None or now_s >= self._until_s:
            self._pixels = self._next_pixels()
            self._until_s = now_s + self._hold_s
        return None if self._pixels is None else Frame(self._pixels, now_s)

    def notices(self) -> list[str]:
        """Return which pictures were left out and why, each once for each content."""
        notices, self._notices = self._notices, []
        return notices

    def close(self) -> None:
        """Let the last picture go."""
        self._pixels = None

    def __enter__(self) -> Self:
        """Return the open source."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the source."""
        self.close()

    def _paths(self) -> list[Path]:
        try:
            return picture_paths(self._folder)
        except OSError as error:
            raise CameraLostError(
                f"no folder {self._folder} to play ({error.strerror}); make it or name another"
            ) from error

    def _next_pixels(self) -> Pixels | None:
        paths = self._paths()
        later = [path for path in paths if self._shown is not None and path > self._shown]
        for path in later + paths[: len(paths) - len(later)]:
            pixels = self._usable(path)
            if pixels is not None:
                self._shown = path
                return pixels
        return None

    def _usable(self, path: Path) -> Pixels | None:
        """Return the picture's pixels, or None after noting why it is left out."""
        stamp = _stamp(path)
        if self._left_out.get(path) == stamp:
            return None
        try:
            return read_picture(path)
        except PictureError as error:
            self._left_out[path] = stamp
            self._notices.append(f"picture left out: {error}")
            return None


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return (status.st_mtime_ns, status.st_size)
