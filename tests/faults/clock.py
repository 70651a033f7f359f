"""Row 10: the terminal's clock is up to ten years off, and is set forwards and backwards while citizens press.

Nothing is lost or reordered, and the true time of each event lies within the error that the event itself states.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from deploy.demo.centre import wait_for
from tests.faults import compare, startup
from tests.faults.fault import Outcome
from tests.faults.site import Citizens, Site, citizens, site

_TEN_YEARS_S = 10 * 365 * 86400
_STEPS_S = (1, 30, 3600, 86400 * 40, _TEN_YEARS_S)
_READ_S = 0.002  # a clock is read in whole milliseconds
_SHOWN_S = 60


def connected(folder: Path, _wanted: int) -> Iterator[Outcome]:
    """Yield one wrong start and a few steps after another, while the centre can be reached."""
    with site(folder) as county:
        county.begin()
        yield from _sweep(county, offline=False)


def alone(folder: Path, _wanted: int) -> Iterator[Outcome]:
    """Yield the same for a terminal that starts without its centre, and finds it later."""
    with site(folder) as county:
        county.begin()
        yield from _sweep(county, offline=True)


def _sweep(county: Site, *, offline: bool) -> Iterator[Outcome]:
    setting = county.run.path / "offset"
    _set(setting, 0)
    started = startup.environment(county.run.path / "startup", "tests.faults.shifted", "install", str(setting))
    county.environment["terminal"] = started
    promises: list[str] = []
    while True:
        county.kill(county.terminal)
        if offline:
            county.kill(county.centre)
        offset_s = random.uniform(-_TEN_YEARS_S, _TEN_YEARS_S)
        _set(setting, offset_s)
        county.start_terminal()
        with citizens(county.config) as people:
            people.wait_for(10)
            for _ in range(2):
                _set(setting, offset_s + random.choice([-1, 1]) * random.choice(_STEPS_S))
                people.wait_for(len(people.promises) + 10)
            if offline:
                county.start_centre()
                wait_for("contact", lambda: county.health()["contact_at"], 120)
                people.wait_for(len(people.promises) + 10)
        promises += people.promises
        outcome = Outcome(abs(offset_s) > _SHOWN_S and _is_off(county.ours(), people))
        if not county.wait_until_arrived(120):
            outcome += Outcome(True, broken="the centre did not get everything")
        ours, theirs = county.ours(), county.theirs()
        outcome += compare.promised(promises, ours) + compare.arrived(ours, theirs) + compare.numbered(ours)
        yield outcome + _truth(ours, people)


def _set(setting: Path, offset_s: float) -> None:
    new = setting.with_suffix(".new")
    new.write_text(f"{offset_s:+.3f}", encoding="ascii")
    new.rename(setting)


def _stated(lines: Sequence[bytes], people: Citizens) -> Iterator[tuple[float, float, float, float]]:
    """Yield, of each promise, its stated time and error in seconds, and the true instants around it."""
    for line in lines:
        event = json.loads(line)
        identity = event["data"].get("visit") if event["type"] == "rating.requested" else event["id"]
        if identity in people.happened_s:
            stated_s = datetime.fromisoformat(event["occurred_at"]).timestamp()
            yield stated_s, event["clock"]["uncertainty_ms"] / 1000, *people.happened_s[identity]


def _is_off(lines: Sequence[bytes], people: Citizens) -> bool:
    return any(abs(stated_s - began_s) > _SHOWN_S for stated_s, _, began_s, _ in _stated(lines, people))


def _truth(lines: Sequence[bytes], people: Citizens) -> Outcome:
    """Return how many events state an error within which the truth does not lie."""
    every = list(_stated(lines, people))
    false = [
        (stated_s - began_s, error_s)
        for stated_s, error_s, began_s, ended_s in every
        if max(began_s - stated_s, stated_s - ended_s) > error_s + _READ_S
    ]
    if not false:
        return Outcome(True)
    off_s, error_s = max(false, key=lambda one: abs(one[0]) - one[1])
    worst = f"the worst is {off_s:.0f} s off and says {error_s:.3f} s"
    return Outcome(True, broken=f"{len(false)} of {len(every)} events state too small an error: {worst}")
