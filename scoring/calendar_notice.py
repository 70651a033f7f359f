"""The holidays of a coming year in one paste. The official notice's text enters, events to record leave.

They are printed, not recorded: `python -m scoring record` takes them once somebody has looked at them.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from rules.notice import NoticeError, read_notice
from scoring.asked import answered, year_named


def events_of(text: str, year: int | None = None) -> Iterator[str]:
    """Yield one line of JSON a day, `{"type":"calendar.day","data":{…}}`; NoticeError where the text is not clear."""
    for day in read_notice(text, year):
        said = {"on": day.on.isoformat(), "working": day.working, "name": day.name}
        yield json.dumps({"type": "calendar.day", "data": said}, ensure_ascii=False, separators=(",", ":"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command (the arguments after `calendar-notice`) and return its exit code: 0, or 2 where refused."""
    asked = build_parser().parse_args(arguments)
    return answered(asked.file, lambda: _lines(asked.file, asked.year))


def _lines(place: str, year: int | None) -> str:
    pasted = sys.stdin.buffer.read() if place == "-" else Path(place).read_bytes()
    try:
        return "".join(f"{line}\n" for line in events_of(pasted.decode("utf-8-sig"), year))
    except (NoticeError, UnicodeDecodeError) as error:
        raise NoticeError(f"{place}: {error}") from error


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command."""
    parser = argparse.ArgumentParser(
        prog="python -m scoring calendar-notice", description="Print the events of the yearly notice of holidays."
    )
    parser.add_argument("file", metavar="FILE", help="the notice's text, whole, UTF-8; - is standard input")
    parser.add_argument("--year", type=year_named, help="the year, where the text has no heading that names it")
    return parser
