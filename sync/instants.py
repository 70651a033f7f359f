"""Instants as text. RFC 3339 enters, aware datetimes leave, and back; the county's time is UTC+8."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from sync.errors import EnvelopeError

COUNTY_TIME = timezone(timedelta(hours=8), "UTC+8")
"""Times of day, and the day an instant belongs to, are the county's."""

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)\Z", re.ASCII)


def instant_text(at: datetime) -> str:
    """Return an aware instant as county time with milliseconds, such as 2026-10-08T08:29:41.123+08:00."""
    return at.astimezone(COUNTY_TIME).isoformat(timespec="milliseconds")


def parse_instant(text: object) -> datetime:
    """Return the aware instant that an RFC 3339 text names; EnvelopeError if it names none."""
    if not isinstance(text, str) or not _INSTANT.match(text):
        raise EnvelopeError(f"{text!r} is not an instant such as 2026-10-08T08:29:41.123+08:00")
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise EnvelopeError(f"{text!r} is not an instant: {error}") from error


def in_county_time(at: datetime) -> datetime:
    """Return the same instant in the county's time; at no cost where it is stated so already."""
    return at if at.tzinfo == COUNTY_TIME else at.astimezone(COUNTY_TIME)
