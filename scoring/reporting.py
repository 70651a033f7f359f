"""When a heartbeat lets the centre say that everything of a terminal has arrived up to an instant. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from sync.events import COUNTY_TIME

AT_MOST_EVERY = timedelta(minutes=10)


def reported_through(at: datetime, now: datetime, seq: int, held_seq: int, before: datetime | None) -> datetime | None:
    """Return up to which instant to state `terminal.reported`, None where there is nothing new to state.

    Never beyond the centre's own `now`: a terminal whose clock runs ahead cannot settle hours that are to come.
    Source: contract, rule 11; a statement at most every 10 minutes, and at once on a new county day.
    """
    through = min(at, now)
    if held_seq < seq:
        return None
    if before is None:
        return through
    if through <= before:
        return None
    new_day = through.astimezone(COUNTY_TIME).date() != before.astimezone(COUNTY_TIME).date()
    return through if new_day or through - before >= AT_MOST_EVERY else None
