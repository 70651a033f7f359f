"""Rows 7 and 8: a terminal's card is cloned or rolled back, the centre is restored from an old backup."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

from deploy.demo.centre import DemoError, wait_for
from tests.faults import compare
from tests.faults.fault import Outcome
from tests.faults.site import Site, citizens, site

_PRESSES = 12


def cloned(folder: Path, _wanted: int) -> Iterator[Outcome]:
    """Yield one clone after another: two boxes record with one identity, and the centre tells them apart."""
    for number in itertools.count():
        with site(folder / f"{number}") as county:
            county.begin()
            promised = [*_press(county)]
            county.wait_until_arrived()
            county.kill(county.terminal)
            with closing(county.beside(county.run.path / "clone")) as clone:
                shutil.copytree(county.terminal_folder, clone.terminal_folder)
                county.start_terminal()
                clone.start_terminal()
                promised += [*_press(county), *_press(clone)]
                yield _told_apart(county, clone, promised)


def rolled_back(folder: Path, _wanted: int) -> Iterator[Outcome]:
    """Yield one old copy of a card after another, put back after the terminal had gone on."""
    for number in itertools.count():
        with site(folder / f"{number}") as county:
            county.begin()
            promised = [*_press(county)]
            county.kill(county.terminal)
            old = county.run.path / "old"
            shutil.copytree(county.terminal_folder, old)
            county.start_terminal()
            promised += _press(county)
            county.wait_until_arrived()
            before = county.theirs()
            county.kill(county.terminal)
            shutil.rmtree(county.terminal_folder)
            old.rename(county.terminal_folder)
            outcome, epochs = Outcome(bool(set(before) - set(county.ours()))), _epochs(before)
            county.start_terminal()
            promised += _press(county)
            yield outcome + _gone_on(county, promised, before, epochs)


def _gone_on(county: Site, promised: Sequence[str], before: Sequence[bytes], epochs: set[str]) -> Outcome:
    """Compare a rolled-back terminal with the centre, which it may overwrite nothing of."""
    outcome = _new_epoch(lambda: _epochs(county.ours()) > epochs)
    outcome += _arrives(lambda: _newest(county.ours()) <= set(county.theirs()))
    held = county.theirs()
    outcome += compare.extends(before, held) + compare.numbered(held)
    return outcome + compare.promised(promised, list({*held, *county.ours()}))


def restored(folder: Path, _wanted: int) -> Iterator[Outcome]:
    """Yield one old backup of the centre after another, put back after it had acknowledged more."""
    with site(folder) as county:
        county.begin()
        promised: list[str] = []
        while True:
            promised += _press(county)
            county.wait_until_arrived()
            county.kill(county.centre)
            shutil.copytree(county.centre_folder, folder / "backup")
            county.start_centre()
            promised += _press(county)
            county.wait_until_arrived()
            county.kill(county.centre)
            shutil.rmtree(county.centre_folder)
            (folder / "backup").rename(county.centre_folder)
            missing = set(county.ours()) - set(county.theirs())
            county.start_centre()
            outcome = Outcome(bool(missing))
            if not county.wait_until_arrived():
                outcome += Outcome(True, broken="the restored centre did not get back what it had acknowledged")
            ours, theirs = county.ours(), county.theirs()
            yield outcome + compare.promised(promised, theirs) + compare.arrived(ours, theirs)


def _press(county: Site) -> Sequence[str]:
    with citizens(county.config) as people:
        people.wait_for(_PRESSES)
    return people.promises


def _told_apart(county: Site, clone: Site, promised: Sequence[str]) -> Outcome:
    """Compare both boxes with the centre: every newest epoch arrives whole, nothing held there belongs to neither."""
    outcome = Outcome(True) + _new_epoch(lambda: len(_epochs([*county.ours(), *clone.ours()])) > 1)
    wanted = (county, clone)
    outcome += _arrives(lambda: all(_newest(box.ours()) <= set(county.theirs()) for box in wanted))
    ours, others, held = set(county.ours()), set(clone.ours()), county.theirs()
    altered = sum(1 for line in held if line not in ours | others)
    outcome += compare.promised([], held) + compare.numbered(held) + Outcome(True, altered=altered)
    kept = {json.loads(line)["id"] for line in ours | others}
    kept |= {json.loads(line)["data"].get("visit") for line in ours | others}
    return outcome + Outcome(True, lost=len(set(promised) - kept))


def _epochs(lines: Sequence[bytes]) -> set[str]:
    return {json.loads(line)["epoch"] for line in lines}


def _newest(lines: Sequence[bytes]) -> set[bytes]:
    """Return the lines of the epoch that is being written: that of the newest event."""
    newest = max((json.loads(line) for line in lines), key=lambda event: str(event["id"]))["epoch"]
    return {line for line in lines if json.loads(line)["epoch"] == newest}


def _new_epoch(look: Callable[[], bool]) -> Outcome:
    try:
        wait_for("a new epoch", look)
    except DemoError:
        return Outcome(True, broken="the fork was not found")
    return Outcome(True)


def _arrives(look: Callable[[], bool]) -> Outcome:
    try:
        wait_for("the new epoch at the centre", look)
    except DemoError:
        return Outcome(True, broken="what was recorded after the fork did not arrive")
    return Outcome(True)
