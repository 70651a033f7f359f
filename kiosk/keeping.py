"""A terminal's ledger with all that keeps it whole: settings enter, a ledger and what to say of it leave."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from kiosk import VERSION, quarantine
from kiosk.config import Config
from kiosk.errors import LedgerUnavailableError
from kiosk.mount import check_mount
from kiosk.recovery import Recovery, missing_of
from kiosk.store import Ledger
from kiosk.takeover import Proven
from kiosk.upkeep import Upkeep
from sync.clock import SystemClock

_log = logging.getLogger("kiosk")


@dataclass(frozen=True, slots=True)
class Kept:
    """What the screens say of the store: ledgers moved aside, lines missing for good, a place that forgets.

    `trouble` is why it cannot be written or read now (`LedgerUnavailableError.reason`), None where it can.
    """

    quarantined: int
    missing: int
    forgets: bool
    unsent: int = 0
    forked: bool = False
    trouble: str | None = None


class Keeping:
    """The ledger of one terminal and what is done for it. `on_return` is called when lines came back."""

    def __init__(self, config: Config, clock: SystemClock, on_return: Callable[[], None]) -> None:
        """Open the ledger; StateRefusedError where it must not be used, LedgerUnavailableError where it cannot be."""
        warning = check_mount(config.state_dir, simulated=config.hardware.simulated)
        if warning:
            _log.warning("simulated: %s", warning)
        self._forgets = warning is not None
        self._hall = config.terminal.hall
        self._started = False
        self.ledger = Ledger(config.state_dir / "ledger.db", config.terminal.id, clock, Proven(config.state_dir))
        self.recovery = Recovery(self.ledger, on_return)
        self.upkeep = Upkeep(self.ledger, config.terminal.retention_days, time.monotonic)
        self._lock = threading.Lock()

    def tell(self) -> None:
        """Record what the box has to say of itself: once that it started, and each time that its clock was set.

        Raises LedgerUnavailableError; then it is told the next time.
        """
        with self._lock:
            if not self._started:
                clock = self.ledger.clock.read().clock
                said = {"boot_id": clock.boot_id, "boottime_ns": clock.boottime_ns}
                self.ledger.record("device.started", {"hall": self._hall, "version": VERSION, **said})
                self._started = True
            self.ledger.watch_clock()

    def state(self) -> Kept:
        """Return what the screens say of the store, as far as it can be read."""
        ledger = self.ledger
        moved = len(quarantine.quarantined(ledger.path.parent))
        try:
            ranges = [each for ranges in missing_of(ledger).values() for each in ranges]
            missing = sum(last - first + 1 for first, last in ranges)
            trouble = ledger.trouble.reason if ledger.trouble else None
            return Kept(moved, missing, self._forgets, ledger.unsent(), ledger.has_forked(), trouble)
        except LedgerUnavailableError as error:
            return Kept(moved, 0, self._forgets, trouble=error.reason)

    def close(self) -> None:
        """Finish what was submitted, then close the ledger."""
        self.upkeep.stop()
        self.ledger.close()
