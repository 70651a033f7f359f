"""`python -m tests.faults`, `make faults`: makes every fault happen, prints the table of what was lost.

Exit 0 only where every promise held, in as many runs in which the fault fired as were wanted.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.fault import Fault, Outcome, Tally, run
from tests.faults.mutants import MARK
from tests.faults.rows import chosen
from tests.faults.startup import environment
from tests.faults.table import remarks, table

_MUTANT_TRIES = {
    "1t": 6,
    "1c": 6,
    "2t": 40,
    "2c": 40,
    "3e": 6,
    "4": 8,
    "5": 3,
    "6": 1,
    "10c": 4,
    "11w": 6000,
    "11t": 200,
}
_MUTANT_S = 600.0
_SAY_EVERY_S = 5.0


def main() -> int:
    """Run what was asked for and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--row", action="append", default=[], help="only this row, such as 1 or 1t; may be repeated")
    parser.add_argument("--tries", type=int, help="counted runs wanted, instead of those of the long form")
    parser.add_argument("--short", action="store_true", help="the few runs of the short form")
    parser.add_argument("--mutants", action="store_true", help="each row with its mutants, which it must catch")
    parser.add_argument("--folder", type=Path, help="keep the files of the runs here")
    parser.add_argument("--write", type=Path, help="write the table here as well")
    parser.add_argument("--until-broken", action="store_true", help="end a row at the first promise that is broken")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started and mounted is ended
    faults = chosen(asked.row)
    with tempfile.TemporaryDirectory(prefix="faults-") as temporary:
        folder = asked.folder or Path(temporary)
        if asked.mutants:
            return _mutants(faults, folder)
        tallies = [_tally(fault, asked, folder) for fault in faults if _is_possible(fault)]
    text = f"{table(tallies)}\n\n{remarks(tallies)}\n"
    print(text)
    if asked.write:
        asked.write.write_text(text, encoding="utf-8")
    return 0 if tallies and all(tally.held for tally in tallies) else 1


def _is_possible(fault: Fault) -> bool:
    why = fault.needs()
    if why:
        print(f"{fault.key} {fault.name}: left out, {why}", flush=True)
    return not why


def _tally(fault: Fault, asked: argparse.Namespace, folder: Path) -> Tally:
    wanted = asked.tries or (fault.short if asked.short else fault.long)
    said_s = [time.monotonic()]

    def say(tally: Tally, outcome: Outcome) -> None:
        if outcome.broken or time.monotonic() - said_s[0] > _SAY_EVERY_S:
            said_s[0] = time.monotonic()
            counts = f"lost {tally.lost}, doubled {tally.doubled}, altered {tally.altered}"
            print(f"  {fault.key} {tally.fired}/{wanted}: {counts} {outcome.broken}", flush=True)

    print(f"{fault.key} {fault.name}: {wanted} runs", flush=True)
    return run(fault, wanted, folder / fault.key, fault.long_s, say, until_broken=asked.until_broken)


def _mutants(faults: list[Fault], folder: Path) -> int:
    """Run each row with its mutants; return 0 only where every mutant was at work and was caught."""
    print("| row | mutant | caught |\n| --- | --- | --- |", flush=True)
    missed = 0
    for fault in faults:
        for mutant in fault.mutants:
            caught = (
                _caught(fault, mutant, folder / f"{fault.key}-{mutant}") if not fault.needs() else "impossible here"
            )
            missed += not caught.startswith(("yes", "impossible"))
            print(f"| {fault.key} | `{mutant}` | {caught} |", flush=True)
    return 1 if missed else 0


def _caught(fault: Fault, mutant: str, folder: Path) -> str:
    """Return "yes" and how, or why not, in words."""
    started = environment(folder / "startup", "tests.faults.mutants", "install", mutant)
    mark = folder / "reached"
    tries = str(_MUTANT_TRIES.get(fault.key, max(fault.short, 2)))
    report = folder / "table.md"
    words = ["--row", fault.key, "--tries", tries, "--until-broken", "--write", str(report)]
    said = _run(words, {**os.environ, **started, MARK: str(mark)})
    if not mark.exists():
        return f"NO: it was never reached; {said}"
    if not report.exists():
        return f"yes: the row could not be run to its end ({said})"
    row = report.read_text(encoding="utf-8").splitlines()[2]
    lost, doubled, altered, said = [cell.strip() for cell in row.split("|")][5:9]
    return f"{'yes' if said == 'BROKEN' else 'NO'}: lost {lost}, doubled {doubled}, altered {altered}, {said}"


def _run(words: list[str], environ: dict[str, str]) -> str:
    """Run this program with other words to its end, or until its time is over; return its last words."""
    words = [sys.executable, "-m", "tests.faults", *words]
    with subprocess.Popen(words, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as row:
        try:
            said, _ = row.communicate(timeout=_MUTANT_S)
        except subprocess.TimeoutExpired:
            row.terminate()
            said, _ = row.communicate()
    return " ".join((said.strip().splitlines() or [""])[-1].split())[-160:]


if __name__ == "__main__":
    sys.exit(main())
