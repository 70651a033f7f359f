"""A clock that was set is noticed; one that was drawn, read late or read in another boot is not called set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sync.clock import Reading
from sync.events import Clock
from sync.steps import Step, StepWatch

NOON = datetime(2026, 10, 8, 4, 0, tzinfo=UTC)


def reading(since_boot_s: float, shown_s: float, boot: str = "b1") -> Reading:
    return Reading(NOON + timedelta(seconds=shown_s), Clock("ntp", 12, boot, round(since_boot_s * 1e9)))


def step_between(first: Reading, second: Reading) -> Step | None:
    watch = StepWatch()
    assert watch.look(first) is None
    return watch.look(second)


def test_a_clock_that_was_set_back_an_hour_is_a_step() -> None:
    step = step_between(reading(100, 0), reading(160, 60 - 3600))
    assert step == Step("b1", NOON + timedelta(seconds=60), NOON + timedelta(seconds=-3540), -3_600_000, 160 * 10**9)


def test_the_event_says_all_of_it() -> None:
    step = step_between(reading(100, 0), reading(160, 60 + 7))
    assert step is not None
    assert step.as_fact() == (
        "device.clock_stepped",
        {
            "boot_id": "b1",
            "before_at": "2026-10-08T12:01:00.000+08:00",
            "after_at": "2026-10-08T12:01:07.000+08:00",
            "step_ms": 7000,
            "boottime_ns": 160_000_000_000,
        },
    )


@pytest.mark.parametrize(("passed_s", "gained_s"), [(0.5, 0.4), (60, -0.5), (86_400, 43.2), (86_400, -51)])
def test_a_slewed_clock_is_no_step(passed_s: float, gained_s: float) -> None:
    assert step_between(reading(0, 0), reading(passed_s, passed_s + gained_s)) is None


@pytest.mark.parametrize(("passed_s", "gained_s"), [(0.5, 0.6), (60, -0.6), (86_400, 60)])
def test_more_than_a_slew_is_a_step(passed_s: float, gained_s: float) -> None:
    assert step_between(reading(0, 0), reading(passed_s, passed_s + gained_s)) is not None


def test_two_boots_are_not_compared() -> None:
    assert step_between(reading(900, 0), reading(5, 86_400, boot="b2")) is None


def test_each_step_is_told_once() -> None:
    watch = StepWatch()
    found = [watch.look(reading(passed_s, passed_s + (3600 if passed_s >= 2 else 0))) for passed_s in range(5)]
    assert [step is not None for step in found] == [False, False, True, False, False]
