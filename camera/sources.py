"""Opens the camera that the configuration names: one text enters, a FrameSource leaves."""

from __future__ import annotations

from pathlib import Path

from camera.capture import V4L2Source, VideoSource
from camera.errors import SourceError
from camera.folder import DEFAULT_HOLD_S, FolderSource
from camera.frames import Frame, FrameSource

__all__ = ["FolderSource", "Frame", "FrameSource", "V4L2Source", "VideoSource", "open_source"]

KINDS = "folder:PATH, video:PATH or v4l2:/dev/videoN"


def open_source(text: str, *, hold_s: float = DEFAULT_HOLD_S) -> FrameSource:
    """Return the open camera that `text` names, such as `folder:var/pictures` or `v4l2:/dev/video0`.

    `hold_s` is how long a folder shows each picture. Raise SourceError for text of another form,
    CameraLostError when there is nothing to open.
    """
    kind, colon, place = text.partition(":")
    if not (colon and place):
        raise SourceError(f"camera source {text!r} names no place; write {KINDS}")
    if kind == "folder":
        return FolderSource(Path(place), hold_s=hold_s)
    if kind == "video":
        return VideoSource(Path(place))
    if kind == "v4l2":
        return V4L2Source(Path(place))
    raise SourceError(f"camera source {text!r} is of an unknown kind; write {KINDS}")
