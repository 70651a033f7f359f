"""How long a line is kept after it arrived at the centre: receipts enter, what is old enough leaves the file.

A line that the centre has not acknowledged is never removed. The days are the centre's own, as its receipts state
them: a terminal's clock that jumps by ten years removes nothing.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from kiosk.lines import position
from sync.errors import EnvelopeError
from sync.events import COUNTY_TIME, parse_instant

LEAST_DAYS = 90
"""The contract's: a centre that was restored from a backup of that age is still healed by its terminals."""
LINES_A_TIME = 500


def note_arrival(connection: sqlite3.Connection, number: int, seq: int, receipt: Mapping[str, Any]) -> None:
    """Note, once a day, up to which line of an epoch the centre has everything; what it lost again is not noted."""
    connection.execute("DELETE FROM arrived WHERE epoch = ? AND seq > ?", (number, seq))
    on = _received_on(receipt)
    if on is not None:
        connection.execute("INSERT OR IGNORE INTO arrived VALUES (?, ?, ?)", (number, on.isoformat(), seq))


def prune(connection: sqlite3.Connection, days: int) -> int:
    """Return how many lines were removed that arrived more than `days` days before the centre's latest receipt.

    At most 500, so that nobody waits for long: call it again until it returns 0. The hash of the last one stays, from
    which the chain goes on. Raises ValueError for less than 90 days.
    """
    if days < LEAST_DAYS:
        raise ValueError(f"lines are kept for at least {LEAST_DAYS} days after they arrived, not {days}")
    epochs = connection.execute(
        "SELECT number, pruned, acknowledged, receipt, fetched FROM epoch ORDER BY number"
    ).fetchall()
    received = {number: _received_on(json.loads(receipt)) for number, _, _, receipt, _ in epochs}
    signed = [received[number] for number, *_, fetched in epochs if not fetched]
    latest = max((on for on in signed if on is not None), default=None)
    if latest is None:
        return 0
    before = latest - timedelta(days=days)
    for number, pruned, acknowledged, *_ in epochs:
        noted = connection.execute(
            "SELECT max(seq) FROM arrived WHERE epoch = ? AND received_on < ?", (number, before.isoformat())
        ).fetchone()[0]
        received_on = received[number]
        if received_on is not None and received_on < before:
            noted = acknowledged
        old = min(noted or 0, acknowledged, pruned + LINES_A_TIME)
        if old > pruned:
            return _remove(connection, number, old)
    return 0


def _remove(connection: sqlite3.Connection, number: int, upto: int) -> int:
    (hash_,) = connection.execute("SELECT hash FROM event WHERE position = ?", (position(number, upto),)).fetchone()
    removed = connection.execute(
        "DELETE FROM event WHERE position > ? AND position <= ?", (position(number, 0), position(number, upto))
    ).rowcount
    connection.execute("UPDATE epoch SET pruned = ?, pruned_hash = ? WHERE number = ?", (upto, hash_, number))
    return int(removed)


def beginnings(connection: sqlite3.Connection) -> list[tuple[str, int]]:
    """Return (epoch, number of the first line that is still kept) of each epoch whose oldest lines were removed."""
    return [tuple(row) for row in connection.execute("SELECT name, pruned + 1 FROM epoch WHERE pruned ORDER BY name")]


def _received_on(receipt: Mapping[str, Any]) -> date | None:
    try:
        return parse_instant(receipt.get("received_at")).astimezone(COUNTY_TIME).date()
    except EnvelopeError:
        return None
