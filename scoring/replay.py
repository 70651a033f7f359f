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
from pathlib import Path
from typing import Any

from rules.answer import month_answer, year_answer
from rules.errors import RulesError
from rules.facts import Facts, gather
from rules.months import Month
from rules.policy import Policy, load_policy
from sync.errors import EnvelopeError
from sync.events import Event, parse_event

REFUSED = 2


def read_ledger(lines: Iterable[bytes]) -> list[Event]:
    """Return the events of a ledger's lines, each id once.

    Raises EnvelopeError naming the line (from 1) and the reason: a line that is no event, an id that comes again
    with other bytes, two ids at one (origin, epoch, seq).
    """
    by_id: dict[str, Event] = {}
    by_place: dict[tuple[str, str, int], str] = {}
    for number, line in enumerate(lines, 1):
        try:
            _add(parse_event(line.rstrip(b"\r\n")), by_id, by_place)
        except EnvelopeError as error:
            raise EnvelopeError(f"line {number}: {error}") from error
    return list(by_id.values())


def replay_month(lines: Iterable[bytes], month: Month, policy: Policy, as_of: date | None = None) -> dict[str, Any]:
    """Return the answer for a month, judged at the end of `as_of`, by default the month's last day."""
    return month_answer(_facts(lines, policy), policy, month, as_of or month.last_on)


def replay_year(lines: Iterable[bytes], year: int, policy: Policy, as_of: date | None = None) -> dict[str, Any]:
    """Return the answer for a year, judged at the end of `as_of`, by default 31 December."""
    return year_answer(_facts(lines, policy), policy, year, as_of or date(year, 12, 31))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command (the arguments after `replay`) and return its exit code: 0, or 2 where it was refused."""
    asked = _parser().parse_args(arguments)
    try:
        with _collector_resting():
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
def _collector_resting() -> Iterator[None]:
    """Spare the search for cycles among a county's events: there are none, and looking takes a third of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _add(event: Event, by_id: dict[str, Event], by_place: dict[tuple[str, str, int], str]) -> None:
    known = by_id.setdefault(event.id, event)
    if known.line != event.line:
        raise EnvelopeError(f"the id {event.id} comes a second time, with other bytes")
    place = (event.origin, event.epoch, event.seq)
    if by_place.setdefault(place, event.id) != event.id:
        stood = f"seq {event.seq} of origin {event.origin!r}, epoch {event.epoch!r}"
        raise EnvelopeError(f"{stood} is {by_place[place]} as well as {event.id}")


def _facts(lines: Iterable[bytes], policy: Policy) -> Facts:
    return gather(read_ledger(lines), policy)


def _answer(asked: argparse.Namespace) -> dict[str, Any]:
    policy = load_policy(asked.policy)
    if asked.ledger == "-":
        return _replay(sys.stdin.buffer, asked, policy)
    with Path(asked.ledger).open("rb") as lines:
        return _replay(lines, asked, policy)


def _replay(lines: Iterable[bytes], asked: argparse.Namespace, policy: Policy) -> dict[str, Any]:
    if asked.month is not None:
        return replay_month(lines, asked.month, policy, asked.as_of)
    return replay_year(lines, asked.year, policy, asked.as_of)


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
    return parser


def _year(text: str) -> int:
    return Month.parse(f"{text}-01").year
