"""One picture at one moment, and the seam through which every camera gives them.

Nothing is decided here, and no frame is kept longer than its holder keeps it.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

Pixels: TypeAlias = npt.NDArray[np.uint8]
"""Height x width x 3, blue-green-red, 8 bits."""

Points: TypeAlias = npt.NDArray[np.float32]
"""5 x 2, pixels: the eye on the picture's left, the other eye, nose tip, left and right mouth corner."""


@dataclass(frozen=True)
class Frame:
    """One picture: `pixels` as above; `captured_s` in seconds of this machine's monotonic clock."""

    pixels: Pixels
    captured_s: float


@runtime_checkable
class FrameSource(Protocol):
    """A camera, or what plays one. Opened when made; a context manager that closes itself."""

    def read(self) -> Frame | None:
        """Return the newest frame, or None when there is none now; raise CameraLostError when it is gone."""

    def notices(self) -> list[str]:
        """Return what somebody should know (such as a picture left out and why), each once, and forget it."""

    def close(self) -> None:
        """Let the device or file go; closing twice does no harm."""

    def __enter__(self) -> Self:
        """Return the open source."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the source."""
