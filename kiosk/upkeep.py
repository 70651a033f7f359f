"""What a ledger needs done now and then, beside recording: checked whole, its heads remembered, old lines removed.

One thread runs it. A fault that it finds condemns the file, which its writer then replaces.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, suppress

from kiosk import retention
from kiosk.errors import LedgerUnavailableError
from kiosk.schema import open_for_reading
from kiosk.soundness import whole_fault
from kiosk.store import Ledger

REMEMBER_EVERY_S = 60.0
PRUNE_EVERY_S = 3600.0
CHECK_EVERY_S = 86400.0


class Upkeep:
    """Looks after one ledger. `now_s` is any clock that does not jump, in seconds."""

    def __init__(self, ledger: Ledger, retention_days: int, now_s: Callable[[], float]) -> None:
        self._ledger = ledger
        self._retention_days = retention_days
        self._now_s = now_s
        self._wake = threading.Event()
        self._suspected = threading.Event()
        self._stopping = threading.Event()
        self._done_s: dict[str, float] = {}
        ledger.reader.on_suspicion(self._suspect)

    def run(self) -> None:
        """Do what is due, at once and then every minute, until `stop`; a reader's suspicion is looked into at once."""
        while not self._stopping.is_set():
            with suppress(LedgerUnavailableError):  # a disk in trouble is said on every screen; it is due again then
                self.turn()
            self._wake.wait(REMEMBER_EVERY_S)
            self._wake.clear()

    def stop(self) -> None:
        """End `run` after the work under way."""
        self._stopping.set()
        self._wake.set()

    def turn(self) -> None:
        """Do once what is due."""
        if self._suspected.is_set() or self._is_due("check", CHECK_EVERY_S):
            self._suspected.clear()
            self.check()
        if self._is_due("remember", REMEMBER_EVERY_S):
            self._ledger.remember_heads()
            self._ledger.keep_spare()
        if self._is_due("prune", PRUNE_EVERY_S):
            self.prune()

    def check(self) -> str | None:
        """Return what is wrong anywhere in the file, after having it replaced; None where all is as it was written."""
        writer = self._ledger.writer
        replacements = writer.replacements
        try:
            with closing(open_for_reading(self._ledger.path)) as connection:
                fault = whole_fault(connection, self._ledger.origin)
        except sqlite3.Error:
            return None  # the disk is in the way, or the file is just being replaced: the next turn looks again
        if fault:
            writer.condemn(fault, replacements)
        return fault

    def prune(self) -> None:
        """Remove the lines that have been at the centre for long enough, a few at a time."""
        days = self._retention_days
        while self._ledger.writer.submit(lambda connection: retention.prune(connection, days)).result():
            if self._stopping.is_set():
                return

    def _suspect(self, _: str) -> None:
        self._suspected.set()
        self._wake.set()

    def _is_due(self, what: str, every_s: float) -> bool:
        now_s = self._now_s()
        if what in self._done_s and now_s - self._done_s[what] < every_s:
            return False
        self._done_s[what] = now_s
        return True
