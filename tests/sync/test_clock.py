"""The stated uncertainty holds the true time, whatever the clock does."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.clock import UNKNOWN_MS, Kernel, SystemClock

TRUE_S = datetime(2026, 10, 8, tzinfo=UTC).timestamp()


CRYSTAL = 1 + 50e-6
"""Both clocks of a box run on one crystal, which is fast by 50 parts per million."""


class Box:
    """A machine so many true seconds after boot, whose wall clock was set wrong by `error_s`."""

    def __init__(self, kernel: Kernel = Kernel("rtc", None)) -> None:  # noqa: B008
        self.since_boot_s = 100.0
        self.error_s = 0.0
        self.clock = SystemClock(
            lambda: TRUE_S + self.since_boot_s * CRYSTAL + self.error_s,
            lambda: round(self.since_boot_s * CRYSTAL * 1e9),
            lambda: kernel,
            boot="b1",
        )

    def ask_the_centre(self, there_s: float, back_s: float) -> None:
        asked_s = self.clock.boottime_s()
        self.since_boot_s += there_s
        centre_at = datetime.fromtimestamp(TRUE_S + self.since_boot_s, UTC)
        self.since_boot_s += back_s
        self.clock.compare(centre_at, asked_s)

    def error_ms(self) -> float:
        reading = self.clock.read()
        return abs(reading.at.timestamp() - (TRUE_S + self.since_boot_s)) * 1000

    def stated_ms(self) -> int:
        return self.clock.read().clock.uncertainty_ms


def test_a_clock_that_was_never_compared_says_that_it_does_not_know() -> None:
    assert Box().stated_ms() == UNKNOWN_MS


@pytest.mark.parametrize("years", [-56, -10, 10])
def test_a_clock_that_nobody_vouches_for_is_within_what_it_states_however_wrong(years: int) -> None:
    box = Box()
    box.error_s = years * 365.25 * 86_400
    assert box.error_ms() <= box.stated_ms()


def test_a_disciplined_clock_states_the_kernels_bound() -> None:
    box = Box(Kernel("ntp", 12))
    reading = box.clock.read()
    assert (reading.clock.source, reading.clock.uncertainty_ms) == ("ntp", 12)


def test_a_comparison_with_the_centre_bounds_an_undisciplined_clock() -> None:
    box = Box()
    box.ask_the_centre(0.02, 0.03)
    assert 0 < box.stated_ms() <= 100


def test_a_step_of_the_clock_after_the_comparison_widens_the_bound() -> None:
    box = Box()
    box.ask_the_centre(0.02, 0.03)
    box.error_s = -600
    assert box.stated_ms() >= 600_000


def test_the_centres_time_is_known_in_spite_of_a_wrong_clock() -> None:
    box = Box()
    box.error_s = 86_400 * 365
    box.ask_the_centre(0.0, 0.0)
    box.since_boot_s += 5
    assert abs(box.clock.centre_time().timestamp() - (TRUE_S + box.since_boot_s)) < 0.001


@given(
    before_s=st.floats(-1e8, 1e8),
    there_s=st.floats(0, 20),
    back_s=st.floats(0, 20),
    later_s=st.floats(0, 1e6),
    step_s=st.floats(-1e6, 1e6),
)
def test_the_true_time_lies_within_the_stated_uncertainty(
    before_s: float, there_s: float, back_s: float, later_s: float, step_s: float
) -> None:
    box = Box()
    box.error_s = before_s
    box.ask_the_centre(there_s, back_s)
    box.since_boot_s += later_s
    box.error_s += step_s
    assert box.error_ms() <= box.stated_ms() + 0.001
