"""What a county's replay costs, from the ledger, in processes of their own, beside plain queries for attendance.

`python -m tests.bench.replay` measures a month and a year of 3,000 people; with `all`, a month of 30,000 too.
"""

from __future__ import annotations

import importlib.util
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rules.facts import gather
from rules.increments import GrowingFacts
from rules.month import judge_month
from rules.months import Month
from rules.policy import load_policy
from rules.timekeeping import keep_time
from scoring.replay import collector_resting, opened, read_ledger
from scoring.replay import main as replay
from tests.bench.attendance_queries import QUERIES
from tests.bench.made_up_county import PEOPLE, YEAR, write_ledger

_MONTH = f"{YEAR}-11"


@dataclass(frozen=True)
class Cost:
    """Seconds from the start of a process to its end, and the peak memory of it and of its helpers, in MB."""

    name: str
    lines: int
    seconds: float
    peak_mb: float
    helper_mb: float = 0.0
    note: str = ""

    def __str__(self) -> str:
        memory = f"{self.peak_mb:7.0f} MB" + (f" and {self.helper_mb:.0f} MB beside it" if self.helper_mb else "")
        return f"  {self.name:34} {self.lines:10,} lines {self.seconds:8.2f} s {memory}  {self.note}"


def measure(*, great: bool = False) -> Iterator[str]:
    """Yield the rows of the table: month, queries beside it, one late event, year; a month of 30,000 if `great`."""
    with tempfile.TemporaryDirectory(prefix="lkb-bench-") as folder:
        ledger = Path(folder) / "ledger.ndjson"
        lines = write_ledger(ledger)
        month = _replayed("a county-month, all of it", ledger, lines, ["--month", _MONTH])
        yield str(month)
        yield from _attendance(Path(folder) / "punches.ndjson")
        yield _late_event(ledger)
        if great:
            lines = write_ledger(ledger, 10 * PEOPLE)
            yield str(_replayed("a month of 30,000 people", ledger, lines, ["--month", _MONTH]))
        lines = write_ledger(ledger, months=range(1, 13))
        yield str(_replayed("a county-year", ledger, lines, ["--year", str(YEAR)]))


def _replayed(name: str, ledger: Path, lines: int, asked: Sequence[str]) -> Cost:
    return _run(name, lines, ["replay", str(ledger), *asked])


def _attendance(ledger: Path) -> Iterator[str]:
    """Yield what a month's late, early and incomplete sessions cost, ours and by queries, from the same ledger."""
    lines = write_ledger(ledger, punches_alone=True)
    ours = _run("attendance alone", lines, ["attendance", str(ledger)])
    yield str(ours)
    for library in QUERIES:
        if importlib.util.find_spec(library) is None:
            yield f"  {library + ', attendance alone':34} skipped: {library} is not installed"
            continue
        cost = _run(f"{library}, attendance alone", lines, [library, str(ledger)])
        yield f"{cost} ours takes {ours.seconds / cost.seconds:.1f} x as long"


def count_attendance(ledger: str) -> str:
    """Return how many late, early and incomplete sessions there were, as a replay finds them."""
    policy, month = load_policy(), Month.parse(_MONTH)
    with collector_resting():
        with opened(ledger) as lines:
            facts = gather(read_ledger(lines), policy)
        clauses = Counter(
            line.clause
            for person in facts.persons.values()
            for line in keep_time(facts, policy, person, month.first_on, month.last_on).tally.lines
        )
    return str(dict(clauses))


def _late_event(ledger: Path) -> str:
    with ledger.open("rb") as lines:
        events = list(read_ledger(lines))
    late = events.pop(next(place for place, event in enumerate(events) if event.type == "punch"))
    policy, month = load_policy(), Month.parse(_MONTH)
    growing = GrowingFacts(events, policy)
    before = judge_month(growing.facts, policy, month, month.last_on)
    began_s = time.perf_counter()
    changed = growing.add(late)
    judge_month(growing.facts, policy, month, month.last_on, known=before, changed=changed or ())
    return f"  {'one late event, ranking included':34} {'':16} {(time.perf_counter() - began_s) * 1000:8.1f} ms"


def _run(name: str, lines: int, arguments: Sequence[str]) -> Cost:
    command = [sys.executable, "-m", "tests.bench.replay", *arguments]
    began_s = time.perf_counter()
    done = subprocess.run(command, capture_output=True, check=True)
    seconds = time.perf_counter() - began_s
    peak_mb, helper_mb = json.loads(done.stderr)
    return Cost(name, lines, seconds, peak_mb, helper_mb)


def main(arguments: Sequence[str]) -> int:
    """Replay a ledger or query it, and say on standard error what memory it took; or print the whole table."""
    if arguments[:1] == ["replay"]:
        replay(arguments[1:])
    elif arguments[:1] == ["attendance"]:
        sys.stdout.write(f"{count_attendance(arguments[1])}\n")
    elif arguments[:1] and arguments[0] in QUERIES:
        sys.stdout.write(f"{QUERIES[arguments[0]](arguments[1])}\n")
    else:
        for row in measure(great=arguments == ["all"]):
            sys.stdout.write(f"{row}\n")
        return 0
    peaks = [resource.getrusage(who).ru_maxrss / 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    json.dump(peaks, sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
