"""Row 6: thirty days without a network, then 64 kbit/s. Everything drains within ten minutes, and nothing is dropped.

The line is a network namespace behind `tc tbf`; the backlog is dated as it would have been, by a clock handed in.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import shutil
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

from deploy.demo.centre import DemoError, wait_for
from deploy.demo.county import HALL, TERMINAL
from kiosk.store import Ledger
from sync.clock import Kernel, SystemClock
from tests.faults import compare
from tests.faults.disk import command
from tests.faults.fault import Outcome
from tests.faults.site import Site, site

BACKLOG = 60_000
"""Events of the long form: a busy hall's thirty days. The short form has a hundredth, and a hundredth of the time."""
_DAYS_S = 30 * 86400
_LINE_BITS_S = 64_000
_DRAINED_WITHIN_S = 600.0
_START_S = 30.0
_AT_ONCE = 500
_ADDRESSES = ("10.211.64.1", "10.211.64.2")


def impossible() -> str:
    """Return why no slow line can be made here, nothing where one can."""
    if os.geteuid() != 0:
        return "only root can make a network namespace"
    if shutil.which("tc") is None or shutil.which("ip") is None:
        return "iproute2 is not installed"
    return ""


@contextlib.contextmanager
def slow_line(name: str) -> Iterator[list[str]]:
    """Yield the words that run a command at the far end of a 64 kbit/s line; the near end is on this machine."""
    near, far = f"{name}n", f"{name}f"
    inside = ["ip", "netns", "exec", name]
    command("ip", "netns", "add", name)
    try:
        command("ip", "link", "add", near, "type", "veth", "peer", "name", far, "netns", name)
        command("ip", "address", "add", f"{_ADDRESSES[0]}/30", "dev", near)
        command("ip", "link", "set", near, "up")
        for words in (
            ["ip", "link", "set", "lo", "up"],
            ["ip", "address", "add", f"{_ADDRESSES[1]}/30", "dev", far],
            ["ip", "link", "set", far, "up"],
        ):
            command(*inside, *words)
        shape = ["root", "tbf", "rate", f"{_LINE_BITS_S}bit", "burst", "4kb", "latency", "2s"]
        command("tc", "qdisc", "add", "dev", near, *shape)
        command(*inside, "tc", "qdisc", "add", "dev", far, *shape)
        yield inside
    finally:
        command("ip", "netns", "del", name)


def month(folder: Path, wanted: int) -> Iterator[Outcome]:
    """Yield one drained month after another, of sixty thousand events where more than one is wanted, else of few."""
    share = 1.0 if wanted > 1 else 0.01
    for number in itertools.count():
        with slow_line(f"lkb{os.getpid() % 10**6}") as far, site(folder / f"{number}") as county:
            yield _drained(county, far, round(BACKLOG * share), _DRAINED_WITHIN_S * share + _START_S)


def _drained(county: Site, far: list[str], events: int, within_s: float) -> Outcome:
    county.listen = "0.0.0.0"  # noqa: S104 (the far end of the line is on another address)
    county.start_centre()
    county.found()
    _write(county.terminal_folder / "ledger.db", events)
    county.meet(f"http://{_ADDRESSES[0]}:{county.run.centre_port}")
    county.prefix["terminal"] = far
    began_s = time.monotonic()
    county.launch_terminal()
    outcome = Outcome(True)
    try:
        wait_for("the backlog at the centre", lambda: _count(county) >= events, within_s * 2)
    except DemoError:
        outcome += Outcome(True, broken=f"after {within_s * 2:.0f} s only {_count(county)} of {events} had arrived")
    took_s = time.monotonic() - began_s
    if took_s > within_s:
        outcome += Outcome(True, broken=f"draining {events} events took {took_s:.0f} s")
    sent = _bytes(far)
    county.end()
    ours, theirs = county.ours(), county.theirs()
    per_line = sent / max(1, len(theirs))
    said = f"{len(theirs)} lines in {took_s:.0f} s, {sent} bytes on the line, {per_line:.0f} each"
    slow = sent * 8 / took_s <= _LINE_BITS_S * 1.2  # or the line was not as slow as it should have been
    return Outcome(slow, note=said) + outcome + compare.arrived(ours, theirs)


def _write(path: Path, events: int) -> None:
    """Write a month of visits into a terminal's ledger, ending now, as its own clock would have dated them."""
    step_s = _DAYS_S / events
    written = itertools.count()
    now_s, boot_ns = time.time(), time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    at = [0.0]
    clock = SystemClock(
        lambda: now_s - _DAYS_S + at[0],
        lambda: boot_ns + int(at[0] * 1e9),
        lambda: Kernel("ntp", 12),
        "00000000-0000-4000-8000-000000000000",
    )
    ledger = Ledger(path, TERMINAL, clock)
    while (done := next(written) * 2) < events:
        at[0] = done * step_s
        where = {"visit": f"V-{done}", "hall": HALL, "window": str(done % 3 + 1), "person": "P1001"}
        given = ("rating.given", {**where, "grade": random.randint(1, 5), "channel": "button"})
        ledger.record_all([("rating.requested", where), given])
    ledger.close()


def _count(county: Site) -> int:
    """Return how many of the terminal's lines the centre has committed."""
    file = county.centre_folder / "ledger.db"
    with contextlib.closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as connection:
        query = "SELECT count(*) FROM event WHERE origin = ?"
        return int(connection.execute(query, (TERMINAL,)).fetchone()[0])


def _bytes(far: list[str]) -> int:
    """Return how many bytes the terminal has put on the line, all headers included."""
    for line in command(*far, "tc", "-s", "qdisc").splitlines():
        if "Sent" in line and " 0 bytes" not in line:
            return int(line.split()[1])
    return 0
