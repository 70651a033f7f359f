"""Whether a ledger's file is what was written into it: connections enter, the first fault found leaves in words.

Only reads. A damaged file is never mended: it is moved aside (`kiosk.quarantine`).
"""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

from kiosk.heads import Remembered
from kiosk.layout import layout_fault
from kiosk.lines import last_of, position
from kiosk.schema import digest_of, open_for_reading
from sync import chain
from sync.errors import EnvelopeError
from sync.events import COUNTY_TIME, parse_event

TAIL_LINES = 1000
"""How many of the newest lines are checked before anything is recorded; the rest is checked while recording goes on."""

_SLICE = 500
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_IN_THE_WAY = {
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH, sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_PROTOCOL,
}  # fmt: skip


def is_damage(error: Exception) -> bool:
    """Return whether SQLite itself says that the file's contents are wrong, or gives a text that is none."""
    if isinstance(error, UnicodeDecodeError) or (
        isinstance(error, sqlite3.OperationalError) and not hasattr(error, "sqlite_errorcode")
    ):  # the second is Python's own word for the same
        return True
    code = getattr(error, "sqlite_errorcode", 0)
    return code == sqlite3.SQLITE_IOERR_SHORT_READ or code & 0xFF in _DAMAGE


def _is_in_the_way(error: sqlite3.Error) -> bool:
    """Return whether the disk or a lock is at fault; what else stops a plain look at sound tables is damage."""
    return not is_damage(error) and getattr(error, "sqlite_errorcode", 0) & 0xFF in _IN_THE_WAY


def page_fault(path: Path) -> str | None:
    """Return what is wrong with a file's pages or tables; reading alone, so that nothing is overwritten.

    Where a file was being made when the power went, SQLite first takes back what was not finished.
    Raises sqlite3.Error where the disk, and not the file, is at fault, StateRefusedError for a newer program's file.
    """

    def look() -> str | None:
        with closing(open_for_reading(path)) as connection:
            return _first(connection.execute("PRAGMA quick_check(1)")) or layout_fault(connection)

    try:
        return _found(look)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_READONLY_ROLLBACK:
            raise
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        return _found(look)


def tail_fault(connection: sqlite3.Connection, origin: str) -> str | None:
    """Return what is wrong with the epochs and the newest lines."""
    return _found(lambda: _epochs_fault(connection, origin) or _tail(connection))


def lost_fault(connection: sqlite3.Connection, known: Remembered | None) -> str | None:
    """Return what a sound ledger lacks of the newest head that is remembered beside it; None where it lacks nothing."""
    return _found(lambda: _known_fault(connection, known))


def whole_fault(connection: sqlite3.Connection, origin: str) -> str | None:
    """Return what is wrong anywhere: every line, every kept row, every page and index. Reads the whole file."""
    return _found(
        lambda: (
            _epochs_fault(connection, origin)
            or _lines_fault(connection)
            or _digests_fault(connection)
            or _first(connection.execute("PRAGMA integrity_check(1)"))
        )
    )


def _found(look: Any) -> str | None:  # noqa: ANN401 (one of the two above)
    try:
        fault: str | None = look()
    except sqlite3.Error as error:
        if _is_in_the_way(error):
            raise
        return str(error)
    except (ValueError, TypeError, AttributeError) as error:  # a value of another form than was written
        return f"a row cannot be read: {error}"
    return fault


def _first(rows: Iterable[Any]) -> str | None:
    (said,) = next(iter(rows))
    return None if said == "ok" else str(said)


def _epochs_fault(connection: sqlite3.Connection, origin: str) -> str | None:
    """Check what the rows of epochs say of each other and of their lines."""
    rows = connection.execute(
        "SELECT number, name, origin, forked, acknowledged, receipt, pruned, fetched FROM epoch ORDER BY number"
    ).fetchall()
    if not rows or rows[-1][3] or rows[-1][7]:
        return "no epoch is being written"
    for number, name, owner, _, acknowledged, receipt, pruned, _ in rows:
        seq, _ = last_of(connection, number)
        told = json.loads(receipt).get("ack", acknowledged)
        if owner != origin or told != acknowledged or not (0 <= pruned <= seq and 0 <= acknowledged <= seq):
            return f"what stands of epoch {name} contradicts itself"
    return None


def _known_fault(connection: sqlite3.Connection, known: Remembered | None) -> str | None:
    """Check that the newest head which was remembered elsewhere stands here, or is noted here as lost."""
    head = known.newest if known else None
    if head is None or connection.execute("SELECT 1 FROM lost WHERE epoch = ?", (head.epoch,)).fetchone():
        return None
    row = connection.execute("SELECT number, pruned FROM epoch WHERE name = ?", (head.epoch,)).fetchone()
    if row is None:
        return f"epoch {head.epoch} is not there"
    number, pruned = row
    if head.seq <= pruned:
        return None
    line = connection.execute("SELECT hash FROM event WHERE position = ?", (position(number, head.seq),)).fetchone()
    if line is None:
        return f"line {head.seq} of epoch {head.epoch} is not there"
    return None if bytes(line[0]) == head.hash else f"line {head.seq} of epoch {head.epoch} is another than it was"


def _tail(connection: sqlite3.Connection) -> str | None:
    number, name, origin = connection.execute(
        "SELECT number, name, origin FROM epoch ORDER BY number DESC LIMIT 1"
    ).fetchone()
    seq, _ = last_of(connection, number)
    return _chain_fault(connection, number, name, origin, max(0, seq - TAIL_LINES))


def _lines_fault(connection: sqlite3.Connection) -> str | None:
    for number, name, origin in connection.execute("SELECT number, name, origin FROM epoch").fetchall():
        fault = _chain_fault(connection, number, name, origin, 0)
        if fault:
            return fault
    return None


def _chain_fault(connection: sqlite3.Connection, number: int, name: str, origin: str, after: int) -> str | None:
    """Check the lines of an epoch from number `after` + 1, or from the first that was not pruned, to its end."""
    seq, previous = connection.execute("SELECT pruned, pruned_hash FROM epoch WHERE number = ?", (number,)).fetchone()
    if after > seq:
        at = connection.execute("SELECT hash FROM event WHERE position = ?", (position(number, after),)).fetchone()
        if at is None:
            return f"line {after} of epoch {name} is not there"
        seq, previous = after, at[0]
    first_of = dict(connection.execute("SELECT occurred_on, first FROM day").fetchall())
    while rows := connection.execute(
        "SELECT seq, type, occurred_on, line, hash FROM event WHERE position > ? AND position < ?"
        " ORDER BY position LIMIT ?",
        (position(number, seq), position(number + 1, 0), _SLICE),
    ).fetchall():
        for stands, type_, on, line, hash_ in rows:
            seq += 1
            previous = chain.link(bytes(previous), line)
            if stands != seq or previous != hash_ or _place(line) != (origin, name, seq, type_, on):
                return f"line {seq} of epoch {name} is not what was written"
            if first_of.get(on, math.inf) > position(number, seq):
                return f"line {seq} of epoch {name} stands before the first of its day"
    return None


def _place(line: bytes) -> tuple[str, str, int, str, str] | None:
    try:
        event = parse_event(line)
    except EnvelopeError:
        return None
    on = event.occurred_at.astimezone(COUNTY_TIME).date().isoformat()
    return event.origin, event.epoch, event.seq, event.type, on


def _digests_fault(connection: sqlite3.Connection) -> str | None:
    for *fields, digest in connection.execute("SELECT kind, version, body, signature, digest FROM manifest"):
        if digest_of(*fields) != digest:
            return f"the {fields[0]} manifest is not what was kept"
    for *fields, digest in connection.execute("SELECT person, version, sealed, digest FROM template"):
        if digest_of(*fields) != digest:
            return f"the template of {fields[0]} is not what was kept"
    return None
