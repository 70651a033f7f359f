"""What the centre has not got of what was recorded here: since when it cannot be said that everything arrived.

A ledger's rows enter, instants leave. As long as lines are missing no absence since then becomes final at the centre:
nobody is charged for a punch that a damaged card took with it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from kiosk.lines import position
from kiosk.quarantine import quarantined
from kiosk.reading import Reader

_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


def withheld_since(reader: Reader, state_dir: Path) -> list[datetime]:
    """Return the instants from which on something has not arrived and will not by itself.

    The first line of each forked epoch that the centre will not take; the last line held of each lost epoch, until it
    is known that all of it came back, or until somebody has taken the moved files away and so seen to what is missing.
    """
    forked = reader.rows(
        "SELECT line FROM epoch JOIN event ON position = (number << 32 | acknowledged + 1) WHERE forked = 1"
    )
    since = [event.occurred_at for event in reader.events(row[0] for row in forked)]
    seen_to = not quarantined(state_dir)
    for number, is_settled in reader.rows(
        "SELECT number_of.number, settled FROM lost LEFT JOIN epoch AS number_of ON number_of.name = lost.epoch"
        " WHERE settled = 0 OR missing != '[]'"
    ):
        if not (is_settled and seen_to):
            since.append(_BEGINNING if number is None else _last_at(reader, number))
    return since


def _last_at(reader: Reader, number: int) -> datetime:
    rows = reader.rows(
        "SELECT line FROM event WHERE position > ? AND position < ? ORDER BY position DESC LIMIT 1",
        (position(number, 0), position(number + 1, 0)),
    )
    events = reader.events(row[0] for row in rows)
    return events[0].occurred_at if events else _BEGINNING
