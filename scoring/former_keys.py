"""Recognises a copied card by what it signs: a signature that is not the present key's enters, an alarm may leave.

A key that was given up is valid for nothing. Within a day of the change it may still come from the terminal itself
(cut off in the middle, or its hall's hub forwarding what it had signed before); later only from a copy.
"""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta

from sqlalchemy import insert, select

from scoring import tables
from scoring.registry import Terminal
from scoring.store import Store
from sync.errors import SignatureRejectedError
from sync.events import instant_text, parse_instant
from sync.keys import verify

ALARM = "former_key"
GRACE = timedelta(days=1)

_FORMER, _ALARM = tables.former_key.c, tables.alarm.c


def heed(store: Store, terminal: Terminal, signature: str, signed: bytes, now: datetime) -> None:
    """Raise an alarm, once for each key, where a key made this signature that the terminal gave up a day ago."""
    with store.reading() as connection:
        query = select(_FORMER.public_key, _FORMER.retired_at).where(_FORMER.origin == terminal.origin)
        former = {row.public_key: parse_instant(row.retired_at) for row in connection.execute(query)}
    for public_key, retired_at in former.items():
        if now - retired_at >= GRACE and _signs(public_key, signature, signed):
            _raise_once(store, terminal.origin, public_key, retired_at, now)


def _signs(public_key: str, signature: str, signed: bytes) -> bool:
    with contextlib.suppress(SignatureRejectedError):
        verify(public_key, signature, signed)
        return True
    return False


def _raise_once(store: Store, origin: str, public_key: str, retired_at: datetime, now: datetime) -> None:
    message = f"a copy of this terminal signs with the key {public_key} that it gave up at {instant_text(retired_at)}"
    known = select(_ALARM.number).where(_ALARM.kind == ALARM, _ALARM.origin == origin, _ALARM.message == message)
    with store.writing() as connection:
        if connection.scalar(known.limit(1)) is None:
            row = {"raised_at": instant_text(now), "kind": ALARM, "origin": origin, "epoch": "", "seq": 0}
            connection.execute(insert(tables.alarm).values(**row, message=message))
