"""A month of the calendar. Text such as 2026-10 enters, first and last day leave; no clock is read."""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

from rules.errors import RulesError

_MONTH = re.compile(r"([12][0-9]{3})-(0[1-9]|1[0-2])\Z", re.ASCII)


class MonthError(RulesError, ValueError):
    """A text that is not a month of the years 1000 to 2999."""


class Month(NamedTuple):
    """A calendar month; earlier ones compare as less."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Month:
        """Return the month that a text such as 2026-10 names; MonthError if it names none."""
        matched = _MONTH.match(text)
        if not matched:
            raise MonthError(f"{text!r} is not a month such as 2026-10")
        return cls(int(matched[1]), int(matched[2]))

    @classmethod
    def of(cls, on: date) -> Month:
        """Return the month of a day."""
        return cls(on.year, on.month)

    @property
    def first_on(self) -> date:
        """Return the first day."""
        return date(self.year, self.number, 1)

    @property
    def last_on(self) -> date:
        """Return the last day."""
        return date(self.year, self.number, calendar.monthrange(self.year, self.number)[1])

    def days(self) -> Iterator[date]:
        """Yield every day of the month in order."""
        return days_between(self.first_on, self.last_on)

    def __str__(self) -> str:
        return f"{self.year:04}-{self.number:02}"


def days_between(first_on: date, last_on: date) -> Iterator[date]:
    """Yield the days from the first to the last, both included; none if the last lies before the first."""
    for ordinal in range(first_on.toordinal(), last_on.toordinal() + 1):
        yield date.fromordinal(ordinal)
