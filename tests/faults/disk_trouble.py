"""Row 3: the disk is full, fails, or is read-only while citizens press. Nothing is called recorded that is not.

The screen says so, and recording goes on by itself as soon as the disk allows it.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from pathlib import Path

import requests

from deploy.demo.centre import DemoError, wait_for
from tests.faults import compare
from tests.faults.disk import Disk, disk
from tests.faults.fault import Outcome
from tests.faults.site import Citizens, Site, citizens, site
from tests.faults.traced import injected, traced

_WORD_ON_SCREEN = "存储"
_AGAIN_WITHIN_S = 30
_BLOCK = bytes(64 * 1024)


def full(folder: Path, _wanted: int) -> Iterator[Outcome]:
    """Yield one full disk after another, each freed again."""
    with site(folder) as county, disk(folder, "terminal", 16) as card:
        county.begin()
        promises: list[str] = []
        while True:
            with citizens(county.config) as people:
                people.wait_for(10)
                ballast = _fill(card)
                people.wait_for_refusal()
                outcome = Outcome(not card.is_writable()) + _told(county)
                ballast.unlink()
                outcome += _again(people)
            promises += people.promises
            yield outcome + compare.promised(promises, county.ours())


def read_only(folder: Path, _wanted: int) -> Iterator[Outcome]:
    """Yield one failing file system after another, each gone read-only and then repaired by a boot."""
    with site(folder) as county, disk(folder, "terminal", 32, "loop,errors=remount-ro") as card:
        county.begin()
        promises: list[str] = []
        while True:
            with citizens(county.config) as people:
                people.wait_for(10)
                card.fail()
                people.wait_for_refusal()
                outcome = Outcome(not card.is_writable()) + _told(county)
                county.kill(county.terminal)
                card.repair()
                county.start_terminal()
                outcome += _again(people)
            promises += people.promises
            yield outcome + compare.promised(promises, county.ours())


def failing(folder: Path, _wanted: int) -> Iterator[Outcome]:
    """Yield one spell after another in which writes or syncs fail, at random calls of a terminal under strace."""
    log = folder / "strace.log"
    with site(folder) as county:
        county.begin()
        promises: list[str] = []
        while True:
            county.kill(county.terminal)
            first = random.randint(30, 120)
            spell = f"when={first}..{first + random.randint(0, 12)}"
            what = random.choice(["fdatasync:error=EIO", "pwrite64:error=EIO", "pwrite64:error=ENOSPC",
                                  "pwrite64:error=EROFS", "fdatasync:error=ENOSPC", "ftruncate:error=EIO"])  # fmt: skip
            county.prefix["terminal"] = traced(log, f"{what}:{spell}")
            county.start_terminal()
            with citizens(county.config) as people:
                people.wait_for(120)
                outcome = Outcome(injected(log) > 0) + _again(people)
            promises += people.promises
            county.kill(county.terminal)
            county.prefix.clear()
            county.start_terminal()
            yield outcome + compare.promised(promises, county.ours()) + compare.numbered(county.ours())


def _fill(card: Disk) -> Path:
    """Fill the disk to the last byte with a file and return it."""
    ballast = card.place / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for block in (_BLOCK, _BLOCK[:4096], _BLOCK[:512]):
            try:
                while True:
                    file.write(block)
            except OSError:
                continue
    return ballast


def _told(county: Site) -> Outcome:
    """Return whether the clerks' screen says that nothing can be recorded."""
    stream = f"{county.run.terminal_url}/stream/clock"

    def says() -> bool:
        """Return whether a line that a page is sent, now or at the next change, says so."""
        try:
            with requests.get(stream, stream=True, timeout=5) as answer:
                return any(_WORD_ON_SCREEN in line.decode() for line in itertools.islice(answer.iter_lines(), 100))
        except requests.RequestException:
            return False

    try:
        wait_for("the screen to say so", says, 20)
    except DemoError:
        return Outcome(True, broken="no screen says that the disk is in trouble")
    return Outcome(True)


def _again(people: Citizens) -> Outcome:
    """Return whether recording goes on by itself."""
    try:
        people.wait_for(len(people.promises) + 3, _AGAIN_WITHIN_S)
    except DemoError:
        said = people.refusals[-1] if people.refusals else "no answer"
        return Outcome(True, broken=f"recording did not go on by itself: {said}")
    return Outcome(True)
