"""The errors of this room: one base, each also a builtin that a caller may already catch."""

from __future__ import annotations


class CameraError(Exception):
    """Anything that this room refuses; the message says what happened and what to do."""


class SourceError(CameraError, ValueError):
    """A camera source that cannot be understood, such as a kind that does not exist."""


class CameraLostError(CameraError, OSError):
    """The camera, the video or the folder gives no frames any more; opening it again later may help."""


class PictureError(CameraError, ValueError):
    """A picture that is not used: broken, truncated, too large, animated, or of an unusual kind."""


class ModelError(CameraError, OSError):
    """A model's file is missing or is not the one that was measured."""


class TemplateError(CameraError, ValueError):
    """A template or vector of another encoder's version, size or form than the gallery's."""


class EvaluationError(CameraError, ValueError):
    """Pictures from which no figure can be drawn, or a tool for drawing that is not installed."""


class EnrolmentRefusedError(CameraError, ValueError):
    """The pictures make no template; the message (Chinese, for staff) says which picture and what to do."""
