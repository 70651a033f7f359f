"""`python -m tests.faults.recorder FOLDER ROUNDS`: a terminal's ledger at work, which prints each promise it makes.

One JSON object a line, printed only after the ledger has said that it is done.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Protocol

from kiosk.store import Ledger
from sync.clock import SystemClock
from sync.events import Event
from sync.feed import Manifest

ORIGIN = "t1"
_PUNCH = {"person": "P1", "hall": "h", "method": "pin"}


class Promise(Protocol):
    """Whoever is told of a promise."""

    def __call__(self, kind: str, **said: object) -> None:
        """Take note of a promise of a kind."""


def printed(kind: str, **said: object) -> None:
    """Print a promise at once."""
    sys.stdout.write(json.dumps({"kind": kind, **said}) + "\n")
    sys.stdout.flush()


def work(ledger: Ledger, round_: int, promise: Promise = printed) -> None:
    """Write everything that a ledger is ever asked to write, once."""

    def recorded(event: Event) -> None:
        promise("line", line=event.line.decode())

    event = ledger.record("punch", _PUNCH)
    recorded(event)
    for each in ledger.record_all([("punch", _PUNCH), ("punch", _PUNCH)]):
        recorded(each)
    ledger.acknowledge(event.epoch, event.seq, {"ack": event.seq})
    promise("acknowledged", epoch=event.epoch, seq=event.seq)
    version = ledger.held_version("roster") + 1
    ledger.hold(Manifest(ORIGIN, "roster", version, b'{"events":[]}', "signature"))
    promise("held", version=version)
    ledger.enrol("P1", f"v{version}", b"sealed", [("enrolment.recorded", {"person": "P1", "version": f"v{version}"})])
    promise("template", version=f"v{version}")
    if round_ % 3 == 2:
        ledger.fork(event.epoch)
        promise("forked", epoch=event.epoch)


def main(folder: Path, rounds: int) -> None:
    """Work for some rounds on the ledger in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    ledger = Ledger(folder / "ledger.db", ORIGIN, SystemClock())
    for round_ in range(rounds):
        work(ledger, round_)
    ledger.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
