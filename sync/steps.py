"""Notices when a machine's clock was set: readings enter, steps leave. Compares what two clocks of one boot say passed.

The wall clock can be set; the seconds since boot cannot. Pure: the readings are handed in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sync.clock import Reading
from sync.events import instant_text

LEAST_STEP_MS = 500
"""Less than this is no step: a busy machine may look at its two clocks some milliseconds apart."""
SLEW_PPM = 600
"""How fast a clock may be drawn to the right time without being set (the kernel's 500), and its crystal's own error."""


@dataclass(frozen=True, slots=True)
class Step:
    """One setting of the clock: what it would have shown at `boottime_ns` after boot, and what it showed."""

    boot_id: str
    before_at: datetime
    after_at: datetime
    step_ms: int
    boottime_ns: int

    def as_fact(self) -> tuple[str, dict[str, Any]]:
        """Return the event's type and data."""
        return "device.clock_stepped", {
            "boot_id": self.boot_id,
            "before_at": instant_text(self.before_at),
            "after_at": instant_text(self.after_at),
            "step_ms": self.step_ms,
            "boottime_ns": self.boottime_ns,
        }


class StepWatch:
    """Remembers the last reading. Not for several threads at once."""

    def __init__(self) -> None:
        self._last: Reading | None = None

    def look(self, reading: Reading) -> Step | None:
        """Return the step between the reading before and this one; None where there was none, or another boot."""
        last, self._last = self._last, reading
        if last is None or last.clock.boot_id != reading.clock.boot_id:
            return None
        passed_ns = reading.clock.boottime_ns - last.clock.boottime_ns
        expected_at = last.at + timedelta(microseconds=passed_ns / 1000)
        step_ms = round((reading.at - expected_at) / timedelta(milliseconds=1))
        if abs(step_ms) <= LEAST_STEP_MS + abs(passed_ns) * SLEW_PPM / 1e12:
            return None
        return Step(reading.clock.boot_id, expected_at, reading.at, step_ms, reading.clock.boottime_ns)
