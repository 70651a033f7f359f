"""Which days are working days. Facts, a hall and a date enter, yes or no leaves; no clock is read.

The national calendar (State Council notices) comes from the library chinese_calendar. A year that it lacks
goes by weekdays alone: ask `is_published` and say so.
"""

from __future__ import annotations

from datetime import date

from chinese_calendar.constants import holidays, workdays

from rules.facts import Facts, HallDay
from rules.months import days_between
from rules.records import Session, Shift

Sessions = tuple[Session, ...]

_PUBLISHED_YEARS = frozenset(day.year for day in holidays)


def is_published(year: int) -> bool:
    """Return whether the national calendar of the year is known."""
    return year in _PUBLISHED_YEARS


def is_working(facts: Facts, hall: str, on: date) -> bool:
    """Return whether the day is a working day of the hall."""
    return hall_day(facts, hall, on).working


def hall_day(facts: Facts, hall: str, on: date) -> HallDay:
    """Return whether the hall works on the day, and the shift in force.

    The county's word comes first (for this hall before for all), then a made-up working day, then a holiday,
    then the weekdays of the shift in force.
    """
    known = facts.known_days.get((hall, on))
    if known is None:
        shift = facts.shift_on(hall, on)
        known = facts.known_days[hall, on] = HallDay(_is_working(facts, hall, on, shift), shift)
    return known


def shift_days(facts: Facts, hall: str, first_on: date, last_on: date) -> tuple[tuple[date, Sessions], ...]:
    """Return the hall's working days from the first to the last day that have sessions, with their sessions."""
    known = facts.known_spans.get((hall, first_on, last_on))
    if known is None:
        days = ((on, hall_day(facts, hall, on)) for on in days_between(first_on, last_on))
        known = tuple((on, day.shift.sessions) for on, day in days if day.working and day.shift and day.shift.sessions)
        facts.known_spans[hall, first_on, last_on] = known
    return known


def _is_working(facts: Facts, hall: str, on: date, shift: Shift | None) -> bool:
    decided = facts.calendar_day(hall, on)
    if decided is not None:
        return decided.working
    if on in workdays:
        return True
    return on not in holidays and shift is not None and on.isoweekday() in shift.weekdays
