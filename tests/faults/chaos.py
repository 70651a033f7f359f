"""Row 5: a bad network, kills of both sides and power cuts at the terminal, while citizens press. Each event once."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from tests.faults import compare
from tests.faults.disk import Disk, disk, impossible
from tests.faults.fault import Outcome
from tests.faults.proxy import Chaos, Proxy
from tests.faults.site import Citizens, Site, citizens, site

EVENTS_EACH = 300
"""Events of one run; 40 runs on one county are the 12,000 of the long form."""
_STRIKE_EVERY = 100
_LEAST_STRIKES = 5


def network(folder: Path, _wanted: int) -> Iterator[Outcome]:
    """Yield the outcome of one run after another on the same county, whose ledger grows."""
    with ExitStack() as around:
        county = around.enter_context(site(folder))
        card = None if impossible() else around.enter_context(disk(folder, "terminal", 256))
        proxy = Proxy(county.run.centre_port, Chaos(calm=True))
        around.callback(proxy.close)
        county.begin()
        county.kill(county.terminal)
        county.meet(proxy.url)
        county.start_terminal()
        storm = Storm(county, card, proxy)
        while True:
            yield storm.run()


class Storm:
    """Everything at once, again and again; `happened` counts what struck."""

    def __init__(self, county: Site, card: Disk | None, proxy: Proxy) -> None:
        self._county = county
        self._card = card
        self._proxy = proxy
        self._turn = itertools.cycle(["client kill", "server kill", "power cut"])
        self.happened: Counter[str] = Counter()
        self.promises: list[str] = []

    def run(self) -> Outcome:
        """Return what became of all events so far, after some more with a strike after each hundred."""
        self._proxy.chaos.calm = False
        with citizens(self._county.config) as people:
            for threshold in range(_STRIKE_EVERY, EVENTS_EACH + 1, _STRIKE_EVERY):
                people.wait_for(threshold, 300)
                self._strike(next(self._turn), people)
        self.promises += people.promises
        self._proxy.chaos.calm = True
        for process in (self._county.terminal, self._county.centre):
            self._county.kill(process)
        self._county.start_centre()
        self._county.start_terminal()
        return self._outcome()

    def _strike(self, what: str, people: Citizens) -> None:
        """Strike while people press, and bring back what was struck."""
        self.happened[what] += 1
        if what == "server kill":
            self._county.kill(self._county.centre)
            people.wait_for(len(people.promises) + 5)
            self._county.start_centre()
            return
        promised = len(people.promises)
        if what == "power cut" and self._card is not None:
            self.happened[what] += self._card.cut() - 1
        self._county.kill(self._county.terminal)
        if what == "power cut" and self._card is not None:
            people.forget_after(promised)
            self._card.revive()
        self._county.start_terminal()

    def _outcome(self) -> Outcome:
        struck = {**self._proxy.chaos.happened, **self.happened}
        arrived = self._county.wait_until_arrived(120)
        ours, theirs = self._county.ours(), self._county.theirs()
        said = ", ".join(f"{times} x {name.replace('_', ' ')}" for name, times in sorted(struck.items()) if times)
        outcome = Outcome(
            sum(self._proxy.chaos.happened.values()) >= _LEAST_STRIKES,
            note=f"{len(theirs)} lines at the centre; {said}",
        )
        outcome += compare.promised(self.promises, ours) + compare.arrived(ours, theirs) + compare.numbered(theirs)
        if not arrived or ours != theirs:
            outcome += Outcome(True, broken="the exports of both sides differ")
        if len({json.loads(line)["epoch"] for line in ours}) > 1:
            outcome += Outcome(True, broken="the terminal began a new epoch, though nothing had forked")
        return outcome
