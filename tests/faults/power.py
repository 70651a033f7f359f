"""Row 1: the power is cut while citizens press, and while batches arrive. What was acknowledged before is there."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from tests.faults import compare
from tests.faults.disk import disk
from tests.faults.fault import Outcome
from tests.faults.sender import Sender, senders
from tests.faults.site import citizens, site

_MOST_PROMISES = 120
_SENDERS = 3
_MOST_ACKNOWLEDGED = 60


def terminal(folder: Path, _wanted: int) -> Iterator[Outcome]:
    """Yield one cut after another of one terminal, whose ledger grows; at last both exports are compared."""
    folder.mkdir(parents=True, exist_ok=True)
    with site(folder) as county, disk(folder, "terminal", 64) as card:
        county.begin()
        everything: list[str] = []
        seen: list[bytes] = []
        while True:
            with citizens(county.config) as people:
                people.wait_for(random.randint(5, _MOST_PROMISES))
                before_cut = list(people.promises)
                fired = card.cut()
                county.kill(county.terminal)
            everything += before_cut
            card.revive()
            lines = county.left(county.ours)
            outcome = Outcome(fired) + compare.promised(everything, lines) + compare.extends(seen, lines)
            outcome += compare.numbered(lines)
            if not outcome.kept:
                yield outcome
                return  # what comes after a loss says nothing more
            seen = lines
            county.start_terminal()
            if not county.wait_until_arrived():
                outcome += Outcome(True, broken="the centre did not get everything after the cut")
            yield outcome + compare.arrived(county.ours(), county.theirs())


def centre(folder: Path, _wanted: int) -> Iterator[Outcome]:
    """Yield one cut after another of one centre that several terminals send to."""
    folder.mkdir(parents=True, exist_ok=True)
    with site(folder) as county, disk(folder, "centre", 64) as store:
        county.start_centre()
        county.open_halls()
        people = [Sender.enrolled(county.run, f"t{number}") for number in range(_SENDERS)]
        while True:
            with senders(people):
                Sender.wait_for(people, random.randint(2, _MOST_ACKNOWLEDGED))
                promised = [sender.promise() for sender in people]
                fired = store.cut()
                county.kill(county.centre)
            store.revive()
            held = county.left(county.centre_lines)
            outcome = Outcome(fired) + compare.numbered(held)
            for promise in promised:
                outcome += promise.compared(held)
            if not outcome.kept:
                yield outcome
                return
            county.start_centre()
            for sender in people:
                outcome += sender.finished()
            yield outcome + _all_there(people, county.centre_lines())


def _all_there(people: list[Sender], held: list[bytes]) -> Outcome:
    outcome = Outcome(True)
    for sender in people:
        outcome += compare.arrived(sender.lines, compare.of_origin(held, sender.origin))
    return outcome
