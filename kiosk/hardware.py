"""The five buttons of each window, by gpiozero: presses leave as (window, grade). One code for real and mock pins."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Generic, TypeVar

from gpiozero import Button, Device
from gpiozero.pins.mock import MockFactory

from kiosk.config import HardwareSettings, WindowSettings
from kiosk.errors import ConfigError

BEST_FIRST = (5, 4, 3, 2, 1)
"""The grades in the order of the pins in the configuration: 5 is 非常满意, 1 is 非常不满意."""

_Outcome = TypeVar("_Outcome")


class ButtonPanel(Generic[_Outcome]):
    """All buttons of one terminal. `on_press(window, grade)` is called once for each press, on the pins' thread."""

    def __init__(
        self,
        windows: Sequence[WindowSettings],
        settings: HardwareSettings,
        on_press: Callable[[str, int], _Outcome],
    ) -> None:
        self._on_press = on_press
        self._outcomes: deque[_Outcome] = deque(maxlen=1)
        self._factory = MockFactory() if settings.simulated else Device._default_pin_factory()  # noqa: SLF001
        self._buttons: dict[tuple[str, int], Button] = {}
        for window in windows:
            for grade, pin in zip(BEST_FIRST, window.pins, strict=False):
                button = Button(pin, bounce_time=settings.bounce_ms / 1000 or None, pin_factory=self._factory)
                button.when_pressed = partial(self._pressed, window.id, grade)
                self._buttons[window.id, grade] = button

    def _pressed(self, window: str, grade: int) -> None:
        self._outcomes.append(self._on_press(window, grade))

    def simulate(self, window: str, grade: int) -> _Outcome:
        """Return what came of pressing and releasing a mock button; ConfigError where there is none to press."""
        button = self._buttons.get((window, grade))
        if button is None:
            raise ConfigError(f"window {window!r} has no button for grade {grade}: give it five pins")
        if not isinstance(self._factory, MockFactory):
            raise ConfigError("the buttons are real: only [hardware] simulated = true can be pressed from here")
        self._outcomes.clear()
        button.pin.drive_low()
        button.pin.drive_high()
        return self._outcomes.pop()

    def close(self) -> None:
        """Give the pins back."""
        for button in self._buttons.values():
            button.close()
        self._factory.close()
