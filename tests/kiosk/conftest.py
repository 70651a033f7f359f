"""A terminal's parts on a real disk, with a clock that a test can turn."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from kiosk.store import Ledger
from sync.clock import Kernel, SystemClock
from sync.events import COUNTY_TIME

START = datetime(2026, 10, 8, 8, 20, tzinfo=COUNTY_TIME)


class TurnedClock:
    """A machine's clock at `at_s` seconds after 08:20 on 8 October 2026, disciplined to 12 ms."""

    def __init__(self) -> None:
        self.at_s = 0.0
        self.set_s = 0.0  # by how much somebody set the wall clock forward
        self.clock = SystemClock(
            lambda: START.timestamp() + self.at_s + self.set_s,
            lambda: round((1000 + self.at_s) * 1e9),
            lambda: Kernel("ntp", 12),
            boot="b1",
        )

    def now_s(self) -> float:
        return self.at_s


@pytest.fixture
def turned() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def ledger(tmp_path: Path, turned: TurnedClock) -> Iterator[Ledger]:
    opened = Ledger(tmp_path / "ledger.db", "gaogou-t01", turned.clock)
    yield opened
    opened.close()
