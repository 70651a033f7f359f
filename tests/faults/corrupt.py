"""Row 4: bytes of the ledger's files are flipped, pages overwritten, files cut short or gone while the power is off.

It is always found; recording goes on at once in a new epoch; what the centre holds comes back, and every other number
is listed as missing. Nothing damaged is taken for what was written.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from deploy.demo.centre import DemoError, wait_for
from tests.faults import compare
from tests.faults.fault import Outcome
from tests.faults.site import Site, citizens, site

_WITHIN_S = 5.0
_PAGE = 4096
_LINES = 40


def pages(folder: Path, _wanted: int) -> Iterator[Outcome]:
    """Yield one damaged ledger after another, each on the terminal that lived through the last."""
    with site(folder) as county:
        county.begin()
        plain_s = _restarted_s(county)
        while True:
            with citizens(county.config) as people:
                people.wait_for(_LINES)
            county.wait_until_arrived()
            county.kill(county.centre)
            with citizens(county.config) as people:  # these the centre never gets, if the ledger does not survive
                people.wait_for(6)
            county.kill(county.terminal)
            lines = county.ours()
            what = random.choice(list(DAMAGES))
            DAMAGES[what](_file(county.terminal_folder))
            county.start_centre()
            aside = len(_aside(county))
            took_s = _restarted_s(county)
            outcome = _judged(county, lines, is_found=len(_aside(county)) > aside)
            if took_s > plain_s + _WITHIN_S:
                outcome += Outcome(True, broken=f"{what}: {took_s - plain_s:.1f} s passed until it recorded again")
            yield outcome


def _restarted_s(county: Site) -> float:
    """Return how long the terminal took from its start to the first promise, after a kill."""
    county.kill(county.terminal)
    began_s = time.monotonic()
    county.start_terminal()
    with citizens(county.config) as people:
        people.wait_for(1)
    return time.monotonic() - began_s


def _judged(county: Site, lines: Sequence[bytes], *, is_found: bool) -> Outcome:
    """Compare what stands at the terminal now with the lines that stood there before it was damaged."""
    if not is_found:  # either it hit bytes that mean nothing, or it was not noticed
        kept = compare.extends(lines, county.ours())
        return Outcome(bool(kept.lost or kept.altered)) + kept
    wanted = set(lines)

    def whole() -> bool:
        return not wanted - set(county.ours()) - _missing(county.ours(), lines)

    outcome = Outcome(True)
    try:
        wait_for("what the centre holds", whole)
    except DemoError:
        outcome += Outcome(True, lost=len(wanted - set(county.ours()) - _missing(county.ours(), lines)))
    if not county.wait_until_arrived():
        outcome += Outcome(True, broken="both sides differ after the repair")
    return outcome + compare.arrived(county.ours(), county.theirs()) + _unchanged(lines, county.ours())


def _unchanged(before: Sequence[bytes], after: Sequence[bytes]) -> Outcome:
    """Return how many lines stand with other bytes than before."""
    held = compare.extends(before, after)
    return Outcome(True, altered=held.altered)


def _missing(now: Sequence[bytes], before: Sequence[bytes]) -> set[bytes]:
    """Return the lines whose numbers the terminal's own events list as missing."""
    listed: set[tuple[str, int]] = set()
    for line in now:
        event = json.loads(line)
        if event["type"] == "device.refetched":
            for first, last in event["data"]["missing"]:
                listed |= {(event["data"]["epoch"], seq) for seq in range(first, last + 1)}
    return {line for line in before if (json.loads(line)["epoch"], json.loads(line)["seq"]) in listed}


def _aside(county: Site) -> list[Path]:
    return list((county.terminal_folder / "quarantine").glob("*"))


def _file(folder: Path) -> Path:
    """Return the ledger's file, or its log where that holds something, one as likely as the other."""
    log = folder / "ledger.db-wal"
    return log if log.exists() and log.stat().st_size and random.random() < 0.5 else folder / "ledger.db"


def _overwrite(file: Path, place: int, content: bytes) -> None:
    with file.open("r+b") as opened:
        opened.seek(place)
        opened.write(content)


def _flip_many(file: Path) -> None:
    for _ in range(40):
        _overwrite(file, random.randrange(file.stat().st_size), random.randbytes(1))


def _blank_page(file: Path) -> None:
    _overwrite(file, random.randrange(max(1, file.stat().st_size // _PAGE)) * _PAGE, bytes(_PAGE))


def _scramble_pages(file: Path) -> None:
    for _ in range(4):
        _overwrite(file, random.randrange(max(1, file.stat().st_size // _PAGE)) * _PAGE, random.randbytes(_PAGE))


def _truncate(file: Path) -> None:
    os.truncate(file, random.randrange(file.stat().st_size))


def _empty(file: Path) -> None:
    os.truncate(file, 0)


def _remove(file: Path) -> None:
    for part in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            file.with_name(f"ledger.db{part}").unlink()


DAMAGES = {
    "40 bytes flipped": _flip_many,
    "a page of zeros": _blank_page,
    "four pages of noise": _scramble_pages,
    "cut short": _truncate,
    "emptied": _empty,
    "gone": _remove,
}
