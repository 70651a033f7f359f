"""Sealed templates on their way between terminals, and the keys to which terminals seal. Opaque bytes enter and leave.

The centre has no key that opens one. It decides only who may send what to whom.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from scoring import tables
from sync.events import instant_text

MAX_BOX_BYTES = 64 * 1024

_TEMPLATE = tables.sealed_template.c


@dataclass(frozen=True, slots=True)
class Box:
    """A template that `sender` sealed for its recipient."""

    person: str
    sender: str
    box: bytes


def sealing_keys(connection: Connection) -> dict[str, str]:
    """Return the X25519 key (base64) of each terminal that has told one."""
    return {row.origin: row.public_key for row in connection.execute(select(tables.sealing_key))}


def set_sealing_key(connection: Connection, origin: str, public_key: str, now: datetime) -> bool:
    """Keep a terminal's sealing key; return whether it is another than before. What was sealed to the old one goes."""
    where = tables.sealing_key.c.origin == origin
    held = connection.scalar(select(tables.sealing_key.c.public_key).where(where))
    if held == public_key:
        return False
    row = {"public_key": public_key, "changed_at": instant_text(now)}
    if held is None:
        connection.execute(insert(tables.sealing_key).values(origin=origin, **row))
    else:
        connection.execute(update(tables.sealing_key).where(where).values(row))
        connection.execute(delete(tables.sealed_template).where(_TEMPLATE.recipient == origin))
    return True


def for_terminal(connection: Connection, recipient: str) -> list[Box]:
    """Return what waits for a terminal, by person."""
    query = select(tables.sealed_template).where(_TEMPLATE.recipient == recipient).order_by(_TEMPLATE.person)
    return [Box(row.person, row.sender, bytes(row.box)) for row in connection.execute(query)]


def put(connection: Connection, recipient: str, box: Box, now: datetime) -> bool:
    """Keep a box in place of the one before; return whether it is another."""
    where = (_TEMPLATE.recipient == recipient) & (_TEMPLATE.person == box.person)
    held = connection.execute(select(tables.sealed_template).where(where)).first()
    if held is not None and (held.sender, bytes(held.box)) == (box.sender, box.box):
        return False
    connection.execute(delete(tables.sealed_template).where(where))
    row = {"recipient": recipient, "person": box.person, "sender": box.sender, "box": box.box}
    connection.execute(insert(tables.sealed_template).values(**row, relayed_at=instant_text(now)))
    return True


def withdraw(connection: Connection, recipient: str, person: str) -> bool:
    """Remove a box for good; return whether there was one."""
    where = (_TEMPLATE.recipient == recipient) & (_TEMPLATE.person == person)
    return connection.execute(delete(tables.sealed_template).where(where)).rowcount > 0
