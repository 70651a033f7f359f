"""Buttons are gpiozero's, real or mock: a press says its window and grade once."""

from __future__ import annotations

import pytest

from kiosk.config import HardwareSettings, WindowSettings
from kiosk.errors import ConfigError
from kiosk.hardware import ButtonPanel

WINDOWS = [
    WindowSettings(id="1", name="一", pins=[4, 5, 6, 12, 13]),
    WindowSettings(id="2", name="二", pins=[16, 17, 18, 19, 20]),
    WindowSettings(id="3", name="无键"),
]


def test_each_pin_is_its_windows_grade_best_first() -> None:
    panel = ButtonPanel(WINDOWS, HardwareSettings(simulated=True), lambda window, grade: (window, grade))
    pressed = [panel.simulate(window, grade) for window in ("1", "2") for grade in (5, 4, 3, 2, 1)]
    panel.close()
    assert pressed == [(window, grade) for window in ("1", "2") for grade in (5, 4, 3, 2, 1)]


def test_the_first_pin_of_the_configuration_is_the_best_grade() -> None:
    told: list[tuple[str, int]] = []
    panel = ButtonPanel(WINDOWS, HardwareSettings(simulated=True), lambda window, grade: told.append((window, grade)))
    for pin in (4, 13, 20):
        panel._factory.pin(pin).drive_low()
    panel.close()
    assert told == [("1", 5), ("1", 1), ("2", 1)]


def test_a_press_is_told_once() -> None:
    told: list[tuple[str, int]] = []
    panel = ButtonPanel(WINDOWS, HardwareSettings(simulated=True), lambda window, grade: told.append((window, grade)))
    panel.simulate("1", 1)
    panel.close()
    assert told == [("1", 1)]


def test_a_window_without_buttons_says_so() -> None:
    panel = ButtonPanel(WINDOWS, HardwareSettings(simulated=True), lambda window, grade: (window, grade))
    with pytest.raises(ConfigError, match="window '3' has no button for grade 5"):
        panel.simulate("3", 5)
    panel.close()
