"""A wrong clock for one program: every reading of the wall clock is off by the seconds that a file says.

libfaketime 0.9.10 breaks `time.sleep` of Python 3.11 as soon as the monotonic clock is left alone (EINVAL), and a
monotonic clock that jumps is none; so the wall clock is shifted where Python reads it.
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

_true = time.time


def install(setting: str) -> None:
    """Shift `time.time` by the number in the file `setting` from now on; the kernel vouches for no time here."""
    file = Path(setting)
    last = 0.0

    def shifted() -> float:
        nonlocal last
        with contextlib.suppress(OSError, ValueError):
            last = float(file.read_text(encoding="ascii"))
        return _true() + last

    time.time = shifted  # before anything takes it as a default
    from sync import clock  # noqa: PLC0415 (after the shift, which it takes over)

    def undisciplined() -> clock.Kernel:
        return clock.Kernel("none", None)

    _, boottime_ns, _, boot = clock.SystemClock.__init__.__defaults__ or ()
    clock.SystemClock.__init__.__defaults__ = (shifted, boottime_ns, undisciplined, boot)
