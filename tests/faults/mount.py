"""Row 16: the state folder lies on an overlay or in memory. A real terminal refuses to record there, and says why."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from tests.faults.disk import command, disk
from tests.faults.fault import Outcome
from tests.faults.site import Site, site

_KINDS = ("overlay", "tmpfs", "ext4")


def wrong(folder: Path, _wanted: int) -> Iterator[Outcome]:
    """Yield a start on an overlay, in memory and, to see that the refusal is not for everything, on a real disk."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in itertools.count():
        with ExitStack() as around:
            county = around.enter_context(site(folder / f"{number}"))
            text = county.run.config.read_text(encoding="utf-8").replace("simulated = true", "simulated = false")
            county.run.config.write_text(_without_pins(text), encoding="utf-8")
            county.environment["terminal"] = {"GPIOZERO_PIN_FACTORY": "mock"}  # no pins here, a real terminal otherwise
            kind = _KINDS[number % len(_KINDS)]
            if kind == "ext4":
                around.enter_context(disk(county.run.path, "terminal", 32))
            else:
                _mount(county.terminal_folder, kind)
                around.callback(command, "umount", county.terminal_folder)
            yield _started(county, kind)


def _without_pins(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("pins"))


def _mount(place: Path, kind: str) -> None:
    place.mkdir()
    if kind == "tmpfs":
        command("mount", "-t", "tmpfs", "tmpfs", place)
        return
    parts = [place.with_name(name) for name in ("lower", "upper", "work")]
    for part in parts:
        part.mkdir()
    options = "lowerdir={},upperdir={},workdir={}".format(*parts)
    command("mount", "-t", "overlay", "overlay", "-o", options, place)


def _started(county: Site, kind: str) -> Outcome:
    """Return whether a terminal that is started ends at once and leaves no ledger, on a real disk the opposite."""
    fired = kind == "ext4" or f" {county.terminal_folder} " in Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    county.start_terminal()
    words = (county.run.path / "terminal.log").read_text(encoding="utf-8")
    has_ledger = (county.terminal_folder / "ledger.db").exists()
    if kind == "ext4":
        refused = county.terminal_has_ended or not has_ledger
        said = "a real disk is refused as well" if refused else ""
    else:
        refused = county.terminal_has_ended and not has_ledger and f"({kind})" in words
        said = "" if refused else f"it records on {kind}, or does not say why it ended"
    county.kill(county.terminal)
    return Outcome(fired, broken=said)
