"""A PIN opens its own number, and guessing is stopped."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher

from kiosk.pins import PinDesk, PinRefusedError
from tests.kiosk.conftest import TurnedClock

HASHES = {"1001": PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash("2468")}


def test_the_right_pin_opens(turned: TurnedClock) -> None:
    PinDesk(turned.now_s).check("1001", "2468", HASHES)


@pytest.mark.parametrize(("number", "pin"), [("1001", "2469"), ("1002", "2468"), ("", ""), ("1001", "")])
def test_a_wrong_number_or_pin_does_not_say_which_was_wrong(turned: TurnedClock, number: str, pin: str) -> None:
    with pytest.raises(PinRefusedError, match="工号或密码不对"):
        PinDesk(turned.now_s).check(number, pin, HASHES)


def test_after_five_wrong_tries_even_the_right_pin_waits_a_minute(turned: TurnedClock) -> None:
    desk = PinDesk(turned.now_s)
    for _ in range(5):
        with pytest.raises(PinRefusedError, match="不对"):
            desk.check("1001", "0000", HASHES)
    with pytest.raises(PinRefusedError, match="次数过多"):
        desk.check("1001", "2468", HASHES)
    turned.at_s = 61
    desk.check("1001", "2468", HASHES)


def test_somebody_elses_failures_lock_nobody_else(turned: TurnedClock) -> None:
    desk = PinDesk(turned.now_s)
    hashes = HASHES | {"1002": HASHES["1001"]}
    for _ in range(6):
        with pytest.raises(PinRefusedError):
            desk.check("1002", "0000", hashes)
    desk.check("1001", "2468", hashes)
