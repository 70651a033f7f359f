"""Ledgers with a past, and ways to damage their files."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np

from kiosk.errors import LedgerUnavailableError
from kiosk.store import Ledger
from kiosk.takeover import Proven, Takeover
from kiosk.vault import Vault
from sync.clock import SystemClock
from sync.events import Event
from sync.feed import seal_manifest
from sync.keys import SigningKey, write_secret

ORIGIN = "gaogou-t01"
PUNCH = {"person": "P1", "hall": "gaogou", "method": "face"}
CENTRE_KEY = SigningKey.from_seed(b"c" * 32)
PARTS = ("ledger.db", "ledger.db-wal", "ledger.db-shm")


def opened(folder: Path, clock: SystemClock, takeover: Takeover | None = None) -> Ledger:
    return Ledger(folder / "ledger.db", ORIGIN, clock, takeover)


def with_a_past(folder: Path, clock: SystemClock, punches: int = 30) -> list[bytes]:
    """Return the lines of a ledger that was closed: punches, a roster of the centre's and a template."""
    identity = b'{"origin":"%s","hall":"gaogou","server_key":"%s"}'
    write_secret(folder / "identity.json", identity % (ORIGIN.encode(), CENTRE_KEY.public_text.encode()))
    ledger = opened(folder, clock, Proven(folder))
    for _ in range(punches):
        ledger.record("punch", PUNCH)
    ledger.hold(seal_manifest(CENTRE_KEY, ORIGIN, "roster", 7, {"events": ["a" * 3000], "pins": {}}))
    vault = Vault.at(folder / "vault.key")
    sealed = vault.seal("P1", "v1", np.ones(128, dtype=np.float32))
    ledger.enrol("P1", "v1", sealed, [("enrolment.completed", {"person": "P1", "hall": "gaogou"})])
    lines = ledger.lines()
    ledger.close()
    return lines


def killed(folder: Path, ledger: Ledger, to: Path) -> Path:
    """Return a folder as a kill would leave it while the ledger is open: files with their log, nothing closed."""
    shutil.copytree(folder, to)
    ledger.close()
    return to


def flip(path: Path, position: int, with_: int = 0xFF) -> None:
    """Change one byte."""
    with path.open("r+b") as stream:
        stream.seek(position)
        byte = stream.read(1)[0]
        stream.seek(position)
        stream.write(bytes([byte ^ with_]))


def first_event(ledger: Ledger) -> Event:
    """Return the first event of the epoch that is being written."""
    epoch = ledger.epochs()[-1].epoch
    return next(event for event in ledger.events() if (event.epoch, event.seq) == (epoch, 1))


def overwrite_under_it(folder: Path) -> None:
    """Destroy all but the first page of a file that is in use."""
    with (folder / "ledger.db").open("r+b") as stream:
        stream.seek(4096)
        stream.write(b"\xa5" * (folder / "ledger.db").stat().st_size)


def elsewhere(work: Callable[[], object]) -> object:
    """Return what `work` returns or raises on a thread of its own, with a connection of its own."""
    found: list[object] = []

    def do() -> None:
        try:
            found.append(work())
        except LedgerUnavailableError as error:
            found.append(error)

    thread = threading.Thread(target=do)
    thread.start()
    thread.join()
    return found[0]
