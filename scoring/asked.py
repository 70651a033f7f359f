"""What the commands that read one file share: days as they are typed, an answer printed or a refusal said."""

from __future__ import annotations

import os
import re
import sys
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import date

from rules.errors import RulesError
from rules.months import Month, MonthError
from sync.errors import EnvelopeError

DONE, REFUSED = 0, 2
_DAY = re.compile(r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}", re.ASCII)
_YEAR = re.compile(r"[12][0-9]{3}", re.ASCII)


def month_named(text: str) -> Month:
    """Return the month that an argument such as 2026-10 names; ArgumentTypeError, with an example, if it names none."""
    try:
        return Month.parse(text)
    except MonthError as error:
        raise ArgumentTypeError(f"{text!r} is not a month of a year, 01 to 12: write it as 2026-10") from error


def year_named(text: str) -> int:
    """Return the year that an argument such as 2026 names; ArgumentTypeError, with an example, if it names none."""
    if not _YEAR.fullmatch(text):
        raise ArgumentTypeError(f"{text!r} is not a year of four digits: write it as 2026")
    return int(text)


def day_named(text: str) -> date:
    """Return the day that an argument such as 2026-11-05 names; ArgumentTypeError, with an example, if none."""
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is no day of the calendar ({error}): write it as 2026-11-05") from error
    raise ArgumentTypeError(f"{text!r} is not a day: write it as 2026-11-05")


def answered(place: str, answer: Callable[[], str]) -> int:
    """Print what `answer` returns, as UTF-8, and return the exit code: 0, or 2 where it was refused.

    A refusal prints its reason on standard error and nothing else. `place` is the file that `answer` reads. An
    answer that cannot be written whole is refused too, but for a reader that went away, who wants no more of it.
    """
    try:
        text = answer()
    except (EnvelopeError, RulesError) as error:
        return _refused(str(error))
    except OSError as error:
        return _refused(f"{place}: cannot be read: {error.strerror}")
    return _written(text)


def told(warnings: Iterable[object]) -> None:
    """Say each warning in one line on standard error."""
    for warning in warnings:
        sys.stderr.write(f"warning: {warning}\n")


def _written(text: str) -> int:
    if sys.stdout is None:  # closed before this program began
        return _refused("standard output is closed: the answer cannot be written")
    try:
        left = memoryview(text.encode())
        while left:  # where Python runs unbuffered, a write may take only a part
            left = left[sys.stdout.buffer.write(left) :]
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        _give_up_writing()
    except OSError as error:
        _give_up_writing()
        return _refused(f"standard output: the answer cannot be written whole: {error.strerror}")
    return DONE


def _give_up_writing() -> None:
    """Let what is still unwritten go nowhere, or the interpreter would complain of it once more at its end."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _refused(reason: str) -> int:
    sys.stderr.write(f"{reason}\n")
    return REFUSED
