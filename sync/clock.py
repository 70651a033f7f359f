"""The terminal's time with a bound on its error: the kernel's own, or what the centre's answers allow to say.

A clock that was never compared with anything may show any year (1970, the image's date); then it says a century,
which is true and leaves every punch near a boundary to people (时钟待核) instead of guessing.
"""

from __future__ import annotations

import ctypes
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from sync.events import Clock

UNKNOWN_MS = 100 * 366 * 86_400_000
"""A century: how wrong a clock may be that nobody vouches for."""

DRIFT_PPM = 100
"""A Pi's crystal drifts less than this, in parts per million of the time since the last comparison."""

_UNSYNCHRONISED = 0x0040
_CLOCK_ERROR = 5


class _Timex(ctypes.Structure):
    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at the clock: the instant (aware) and how far it can be trusted."""

    at: datetime
    clock: Clock


@dataclass(frozen=True, slots=True)
class Kernel:
    """What the kernel says of its clock: `source` as the contract names it, `max_error_ms` where it is disciplined."""

    source: str
    max_error_ms: int | None


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def kernel_clock() -> Kernel:
    """Return the kernel's own statement (adjtimex); an undisciplined clock is `rtc` where a battery clock exists."""
    timex = _Timex()
    state = _libc().adjtimex(ctypes.byref(timex))
    if state in {-1, _CLOCK_ERROR} or timex.status & _UNSYNCHRONISED:
        return Kernel("rtc" if Path("/dev/rtc0").exists() else "none", None)
    return Kernel("ntp", math.ceil(timex.maxerror / 1000))


def boot_id() -> str:
    """Return the kernel's identity of this boot."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


@dataclass(frozen=True, slots=True)
class _Comparison:
    centre_s: float
    boottime_ns: int
    round_trip_s: float


class SystemClock:
    """The machine's clock. Thread-safe; every part that reads it is handed in, so that a test can stand for a Pi."""

    def __init__(
        self,
        wall_s: Callable[[], float] = time.time,
        boottime_ns: Callable[[], int] = lambda: time.clock_gettime_ns(time.CLOCK_BOOTTIME),
        kernel: Callable[[], Kernel] = kernel_clock,
        boot: str | None = None,
    ) -> None:
        self._wall_s = wall_s
        self._boottime_ns = boottime_ns
        self._kernel = kernel
        self._boot = boot if boot is not None else boot_id()
        self._comparison: _Comparison | None = None
        self._lock = threading.Lock()

    def read(self) -> Reading:
        """Return the present instant with its clock statement."""
        boottime_ns, wall_s = self._boottime_ns(), self._wall_s()
        kernel = self._kernel()
        bounds = [kernel.max_error_ms, self._error_by_comparison_ms(wall_s, boottime_ns)]
        least_ms = min((bound for bound in bounds if bound is not None), default=UNKNOWN_MS)
        at = datetime.fromtimestamp(wall_s, UTC)
        return Reading(at, Clock(kernel.source, max(1, least_ms), self._boot, boottime_ns))

    def boottime_s(self) -> float:
        """Return the seconds since boot, suspended time included: for measuring how long something took."""
        return self._boottime_ns() / 1e9

    def compare(self, centre_at: datetime, asked_boottime_s: float) -> None:
        """Take note of the centre's time, read in answer to a question that was sent at `asked_boottime_s`."""
        boottime_ns = self._boottime_ns()
        round_trip_s = max(0.0, boottime_ns / 1e9 - asked_boottime_s)
        with self._lock:
            self._comparison = _Comparison(centre_at.timestamp(), boottime_ns, round_trip_s)

    def offset_from_centre_s(self) -> float | None:
        """Return how far this clock is ahead of the centre's, in seconds; None before the first comparison."""
        return self._offset_s(self._wall_s(), self._boottime_ns())

    def centre_time(self) -> datetime:
        """Return the centre's present time as far as the last comparison tells; this clock's own before it."""
        wall_s = self._wall_s()
        return datetime.fromtimestamp(wall_s - (self.offset_from_centre_s() or 0.0), UTC)

    def _offset_s(self, wall_s: float, boottime_ns: int) -> float | None:
        with self._lock:
            known = self._comparison
        if known is None:
            return None
        return wall_s - (known.centre_s + (boottime_ns - known.boottime_ns) / 1e9)

    def _error_by_comparison_ms(self, wall_s: float, boottime_ns: int) -> int | None:
        offset_s = self._offset_s(wall_s, boottime_ns)
        with self._lock:
            known = self._comparison
        if offset_s is None or known is None:
            return None
        drift_s = (boottime_ns - known.boottime_ns) / 1e9 * DRIFT_PPM / 1e6
        return math.ceil((abs(offset_s) + known.round_trip_s + drift_s) * 1000)
