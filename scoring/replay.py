"""The replay command. Ledger lines enter, one JSON answer leaves; the ledger itself is never changed.

The same functions serve the centre's own pages. A broken envelope stops everything: nothing is printed but its
line number and the reason.
"""

from __future__ import annotations

import argparse
import gc
import json
import multiprocessing
import os
import sys
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from rules.answer import explained_answer, month_answer, year_answer
from rules.errors import RulesError
from rules.facts import gather
from rules.months import Month
from rules.policy import Policy, load_policy
from sync.errors import EnvelopeError
from sync.events import Event, glance_at, parse_event

REFUSED = 2
_WORTH_ANOTHER_PROCESS = 4_000_000  # bytes; below, starting it takes longer than it saves


def read_ledger(lines: Iterable[bytes]) -> list[Event]:
    """Return the events of a ledger's lines, each id once.

    Raises EnvelopeError naming the line (from 1) and the reason: a line that is no event, an id that comes again
    with other bytes, two ids at one (origin, epoch, seq).
    """
    return list(_events_of(lines))


@contextmanager
def ledger_events(place: str) -> Iterator[Iterable[Event]]:
    """Yield the events of a ledger: the file at `place`, or standard input for -.

    What came of them counts only once the block has ended without an error: a great file is examined by a second
    process meanwhile, which is sooner where there are two cores. Raises as `read_ledger` does, and OSError.
    """
    if place == "-":
        yield _events_of(sys.stdin.buffer)
        return
    with Path(place).open("rb") as lines:
        if os.fstat(lines.fileno()).st_size < _WORTH_ANOTHER_PROCESS or len(os.sched_getaffinity(0)) < 2:  # noqa: PLR2004 (two cores)
            yield _events_of(lines)
        else:
            with _examined_meanwhile(place):
                yield (glance_at(line.rstrip(b"\r\n")) for line in lines)


@contextmanager
def _examined_meanwhile(place: str) -> Iterator[None]:
    """Have a second process read the ledger; raise at the end of the block what it has found wrong."""
    ways = multiprocessing.get_context("fork")
    verdict, report = ways.Pipe(duplex=False)
    examiner = ways.Process(target=_examine, args=(place, report), daemon=True)
    examiner.start()
    report.close()
    with suppress(EnvelopeError):  # which line it is, only the examiner knows
        yield
    try:
        fault = verdict.recv()
    except EOFError:
        fault = "the ledger could not be examined: the second process was ended, perhaps for want of memory"
    examiner.join()
    if fault is not None:
        raise EnvelopeError(fault)


def _examine(place: str, report: Connection) -> None:
    try:
        with Path(place).open("rb") as lines:
            deque(_events_of(lines), maxlen=0)
    except EnvelopeError as error:
        report.send(str(error))
    else:
        report.send(None)


def _events_of(lines: Iterable[bytes]) -> Iterator[Event]:
    """Yield each event once, so that a whole county's need not be held at a time; raise as `read_ledger` does."""
    line_by_id: dict[str, bytes] = {}
    stores: defaultdict[tuple[str, str], dict[int, str]] = defaultdict(dict)
    for number, line in enumerate(lines, 1):
        try:
            event = parse_event(line.rstrip(b"\r\n"))
            if _is_new(event, line_by_id, stores[event.origin, event.epoch]):
                yield event
        except EnvelopeError as error:
            raise EnvelopeError(f"line {number}: {error}") from error


def replay_month(lines: Iterable[bytes], month: Month, policy: Policy, as_of: date | None = None) -> dict[str, Any]:
    """Return the answer for a month, judged at the end of `as_of`, by default the month's last day."""
    return month_answer(gather(_events_of(lines), policy), policy, month, as_of or month.last_on)


def replay_year(lines: Iterable[bytes], year: int, policy: Policy, as_of: date | None = None) -> dict[str, Any]:
    """Return the answer for a year, judged at the end of `as_of`, by default 31 December."""
    return year_answer(gather(_events_of(lines), policy), policy, year, as_of or date(year, 12, 31))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command (the arguments after `replay`) and return its exit code: 0, or 2 where it was refused."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    if asked.explain and asked.month is None:
        parser.error("--explain goes with --month")
    try:
        with collector_resting():
            answer = _answer(asked)
    except (EnvelopeError, RulesError) as error:
        sys.stderr.write(f"{error}\n")
        return REFUSED
    except OSError as error:
        sys.stderr.write(f"{asked.ledger}: cannot be read: {error.strerror}\n")
        return REFUSED
    text = json.dumps(answer, ensure_ascii=False, allow_nan=False)
    sys.stdout.buffer.write(text.encode() + b"\n")
    return 0


@contextmanager
def collector_resting() -> Iterator[None]:
    """Spare the search for cycles among a county's events: there are none, and looking takes a third of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _is_new(event: Event, line_by_id: dict[str, bytes], id_by_seq: dict[int, str]) -> bool:
    """Note the event and return whether it comes for the first time; raise where it contradicts another."""
    known = line_by_id.get(event.id)
    if known is not None:
        if known != event.line:
            raise EnvelopeError(f"the id {event.id} comes a second time, with other bytes")
        return False
    line_by_id[event.id] = event.line
    if id_by_seq.setdefault(event.seq, event.id) != event.id:
        stood = f"seq {event.seq} of origin {event.origin!r}, epoch {event.epoch!r}"
        raise EnvelopeError(f"{stood} is {id_by_seq[event.seq]} as well as {event.id}")
    return True


def _answer(asked: argparse.Namespace) -> dict[str, Any]:
    policy = load_policy(asked.policy)
    with ledger_events(asked.ledger) as events:
        facts = gather(events, policy)
        if asked.explain:
            return explained_answer(facts, policy, asked.month, asked.as_of or asked.month.last_on)
        if asked.month is not None:
            return month_answer(facts, policy, asked.month, asked.as_of or asked.month.last_on)
        return year_answer(facts, policy, asked.year, asked.as_of or date(asked.year, 12, 31))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scoring replay", description="Print what a ledger comes to, as one JSON object."
    )
    parser.add_argument("ledger", metavar="LEDGER", help="NDJSON file, one event a line; - is standard input")
    span = parser.add_mutually_exclusive_group(required=True)
    span.add_argument("--month", type=Month.parse, help="the month to judge, such as 2026-10")
    span.add_argument("--year", type=_year, help="the year to judge, such as 2026")
    parser.add_argument("--policy", type=Path, help="a TOML file laid over the county's policy")
    parser.add_argument("--as-of", type=date.fromisoformat, help="the day at whose end it is judged: its last")
    parser.add_argument("--explain", action="store_true", help="say of everybody why 好 or not (with --month)")
    return parser


def _year(text: str) -> int:
    return Month.parse(f"{text}-01").year
