"""The table of what was tried: tallies enter, Markdown leaves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tests.faults.fault import Tally

_HEAD = ("row", "fault", "tries", "fired", "lost", "doubled", "altered", "promise", "took")


def table(tallies: Iterable[Tally]) -> str:
    """Return the Markdown table of some tallies, one line each."""
    rows: list[Sequence[object]] = [_HEAD, ["---"] * len(_HEAD)]
    rows += [_row(tally) for tally in tallies]
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in rows)


def _row(tally: Tally) -> Sequence[object]:
    said = "held" if tally.held else "BROKEN" if not tally.kept else f"fired too seldom ({tally.wanted} wanted)"
    counts = (tally.tried, tally.fired, tally.lost, tally.doubled, tally.altered)
    return (tally.fault.key, tally.fault.name, *counts, said, f"{tally.took_s:.0f} s")


def remarks(tallies: Iterable[Tally]) -> str:
    """Return what else was not kept, and what is worth saying, a line each."""
    lines = []
    for tally in tallies:
        lines += [f"{tally.fault.key}: NOT KEPT: {said}" for said in dict.fromkeys(tally.broken)]
        lines += [f"{tally.fault.key}: {said}" for said in dict.fromkeys(tally.notes)]
    return "\n".join(lines)
