"""The replay command. Ledger lines enter, one JSON answer leaves; the ledger itself is never changed.

The same functions serve the centre's own pages. A broken envelope stops everything: nothing is printed but its
line number and the reason.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from rules.answer import explained_answer, explained_year_answer, month_answer, year_answer
from rules.facts import gather
from rules.months import Month
from rules.policy import Policy, load_policy
from scoring.asked import answered, day_named, month_named, told, year_named
from scoring.known_events import KnownEvents
from sync.errors import EnvelopeError
from sync.events import LINES_AT_A_TIME, Event, parse_event, plain_events


def read_ledger(lines: Iterable[bytes]) -> Iterator[Event]:
    """Yield the events of a ledger's lines, each id once, so that a whole county's need not be held at a time.

    Raises EnvelopeError naming the line (from 1) and the reason: a line that is no event, an id that comes again
    with other bytes, two ids at one (origin, epoch, seq).
    """
    known, ended, place = KnownEvents(), iter(lines), 1
    while block := [line.rstrip(b"\r\n") for line in islice(ended, LINES_AT_A_TIME)]:
        events = plain_events(block)
        if events is not None and known.take_all(events):
            yield from events
        else:
            yield from _one_by_one(events or block, place, known)
        place += len(block)


def _one_by_one(block: Sequence[Event | bytes], first: int, known: KnownEvents) -> Iterator[Event]:
    for place, each in enumerate(block, first):
        try:
            event = parse_event(each) if isinstance(each, bytes) else each
            is_new = known.take(event)
        except EnvelopeError as error:
            raise EnvelopeError(f"line {place}: {error}") from error
        if is_new:
            yield event


@contextmanager
def opened(place: str) -> Iterator[BinaryIO]:
    """Yield the lines of the file at `place`, or of standard input for -; OSError where it cannot be read."""
    if place == "-":
        yield sys.stdin.buffer
    else:
        with Path(place).open("rb") as lines:
            yield lines


def replay_month(lines: Iterable[bytes], month: Month, policy: Policy, as_of: date | None = None) -> dict[str, Any]:
    """Return the answer for a month, judged at the end of `as_of`, by default the month's last day."""
    return month_answer(gather(read_ledger(lines), policy), policy, month, as_of or month.last_on)


def replay_year(lines: Iterable[bytes], year: int, policy: Policy, as_of: date | None = None) -> dict[str, Any]:
    """Return the answer for a year, judged at the end of `as_of`, by default 31 December."""
    return year_answer(gather(read_ledger(lines), policy), policy, year, as_of or date(year, 12, 31))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command (the arguments after `replay`) and return its exit code: 0, or 2 where it was refused."""
    asked = _parser().parse_args(arguments)
    return answered(asked.ledger, lambda: json.dumps(_answer(asked), ensure_ascii=False, allow_nan=False) + "\n")


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


def _answer(asked: argparse.Namespace) -> dict[str, Any]:
    policy = load_policy(asked.policy)
    of_year = asked.month is None
    first_on = date(asked.year, 1, 1) if of_year else asked.month.first_on
    last_on = date(asked.year, 12, 31) if of_year else asked.month.last_on
    with collector_resting():
        with opened(asked.ledger) as lines:
            facts = gather(read_ledger(lines), policy)
        as_of = asked.as_of or last_on
        if of_year:
            answer = (explained_year_answer if asked.explain else year_answer)(facts, policy, asked.year, as_of)
        else:
            answer = (explained_answer if asked.explain else month_answer)(facts, policy, asked.month, as_of)
    told(each for each in policy.unheard(first_on, last_on) if each.succeeded_on is not None)
    return answer


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scoring replay", description="Print what a ledger comes to, as one JSON object."
    )
    parser.add_argument("ledger", metavar="LEDGER", help="NDJSON file, one event a line; - is standard input")
    span = parser.add_mutually_exclusive_group(required=True)
    span.add_argument("--month", type=month_named, help="the month to judge, such as 2026-10")
    span.add_argument("--year", type=year_named, help="the year to judge, such as 2026")
    parser.add_argument("--policy", type=Path, help="a TOML file laid over the county's policy")
    parser.add_argument("--as-of", type=day_named, help="the day at whose end it is judged: its last")
    parser.add_argument(
        "--explain", action="store_true", help="say of everybody in Chinese why this grade and no other"
    )
    return parser
