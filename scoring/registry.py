"""The terminals that may speak, the one-time codes that let one in, and the PINs of staff (as argon2id hashes).

Rows enter and leave; secrets are stored only as hashes. Decides no refusal's HTTP status.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from argon2 import PasswordHasher
from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from scoring import tables
from sync.events import instant_text, parse_instant

_CODE_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # no 0/O, 1/I/L: a code is read off a screen and typed in
_CODE_LENGTH = 10
_NOTE_CONTACT = (
    update(tables.terminal)
    .where(tables.terminal.c.origin == bindparam("o"))
    .values(contact_at=bindparam("at"), health=bindparam("said"))
)
_TERMINAL = select(tables.terminal).where(tables.terminal.c.origin == bindparam("o"))


@dataclass(frozen=True, slots=True)
class Terminal:
    """An enrolled terminal. Instants are aware; `health` is what it last said of itself."""

    origin: str
    hall: str
    public_key: str
    alg: str
    serial: str
    enrolled_at: datetime
    revoked_at: datetime | None
    contact_at: datetime | None
    health: Mapping[str, Any]
    reported_through: datetime | None


class CodeState(Enum):
    """What became of an enrolment code that somebody shows."""

    UNKNOWN = "unknown"
    USED = "used"
    EXPIRED = "expired"


def terminals(connection: Connection) -> list[Terminal]:
    """Return every terminal ever enrolled, by id."""
    return [_terminal(row) for row in connection.execute(select(tables.terminal).order_by(tables.terminal.c.origin))]


def terminal_of(connection: Connection, origin: str) -> Terminal | None:
    """Return the terminal of an id, None where none was enrolled."""
    row = connection.execute(_TERMINAL, {"o": origin}).first()
    return _terminal(row) if row is not None else None


def _terminal(row: Row[Any]) -> Terminal:
    return Terminal(
        origin=row.origin,
        hall=row.hall,
        public_key=row.public_key,
        alg=row.alg,
        serial=row.serial,
        enrolled_at=parse_instant(row.enrolled_at),
        revoked_at=_instant(row.revoked_at),
        contact_at=_instant(row.contact_at),
        health=json.loads(row.health) if row.health else {},
        reported_through=_instant(row.reported_through),
    )


def _instant(text: str | None) -> datetime | None:
    return parse_instant(text) if text is not None else None


def issue_code(connection: Connection, origin: str, hall: str, expires_at: datetime) -> str:
    """Return a fresh one-time code for a terminal of a hall; only its hash is kept."""
    code = "".join(secrets.choice(_CODE_LETTERS) for _ in range(_CODE_LENGTH))
    row = {"hash": _code_hash(code), "origin": origin, "hall": hall, "expires_at": instant_text(expires_at)}
    connection.execute(insert(tables.enrol_code).values(row))
    return code


def consume_code(connection: Connection, code: str, now: datetime) -> tuple[str, str] | CodeState:
    """Return (origin, hall) of a valid code, now used up; else why it is none."""
    where = tables.enrol_code.c.hash == _code_hash(code)
    row = connection.execute(select(tables.enrol_code).where(where)).first()
    if row is None:
        return CodeState.UNKNOWN
    if row.used_at is not None:
        return CodeState.USED
    if parse_instant(row.expires_at) <= now:
        return CodeState.EXPIRED
    connection.execute(update(tables.enrol_code).where(where).values(used_at=instant_text(now)))
    return str(row.origin), str(row.hall)


def _code_hash(code: str) -> str:
    plain = code.strip().upper().replace("-", "").replace(" ", "")
    return hashlib.sha256(plain.encode(errors="replace")).hexdigest()


def enrol(
    connection: Connection, origin: str, hall: str, public_key: str, alg: str, serial: str, now: datetime
) -> None:
    """Keep a terminal's key; a terminal that is enrolled again (new card, new hall) replaces its old key."""
    row = {
        "hall": hall,
        "public_key": public_key,
        "alg": alg,
        "serial": serial,
        "enrolled_at": instant_text(now),
    }
    before = terminal_of(connection, origin)
    if before is not None and before.public_key != public_key:
        _give_up(connection, origin, before.public_key, now)
    again = update(tables.terminal).where(tables.terminal.c.origin == origin).values(**row, revoked_at=None)
    if connection.execute(again).rowcount == 0:
        connection.execute(insert(tables.terminal).values(origin=origin, **row))


def change_key(connection: Connection, terminal: Terminal, public_key: str, now: datetime) -> bool:
    """Put a key in the place of a terminal's present one, which is kept as a former one; return whether it was done.

    It is not where the present key is another by now, or where the new one was or is anybody's.
    """
    former, columns = tables.former_key, tables.terminal.c
    taken = select(columns.origin).where(columns.public_key == public_key)
    if connection.scalar(taken) or connection.scalar(select(former.c.origin).where(former.c.public_key == public_key)):
        return False
    where = (columns.origin == terminal.origin) & (columns.public_key == terminal.public_key)
    if connection.execute(update(tables.terminal).where(where).values(public_key=public_key)).rowcount == 0:
        return False
    _give_up(connection, terminal.origin, terminal.public_key, now)
    return True


def _give_up(connection: Connection, origin: str, public_key: str, now: datetime) -> None:
    former = tables.former_key
    connection.execute(delete(former).where(former.c.origin == origin, former.c.public_key == public_key))
    connection.execute(insert(former).values(origin=origin, public_key=public_key, retired_at=instant_text(now)))


def revoke(connection: Connection, origin: str, now: datetime) -> bool:
    """Shut a terminal out and return whether it is known."""
    where = tables.terminal.c.origin == origin
    return connection.execute(update(tables.terminal).where(where).values(revoked_at=instant_text(now))).rowcount > 0


def note_contacts(connection: Connection, heard: Mapping[str, tuple[datetime, Mapping[str, Any]]]) -> None:
    """Note of each terminal when it was last heard, and what it then said of itself."""
    rows = [{"o": origin, "at": instant_text(at), "said": json.dumps(said)} for origin, (at, said) in heard.items()]
    if rows:
        connection.execute(_NOTE_CONTACT, rows)


def note_reported(connection: Connection, origin: str, through: datetime) -> None:
    """Note up to which instant a terminal's events are known to have arrived."""
    row = {"reported_through": instant_text(through)}
    connection.execute(update(tables.terminal).where(tables.terminal.c.origin == origin).values(row))


def set_pin(connection: Connection, person: str, pin: str, now: datetime) -> None:
    """Keep the argon2id hash of somebody's PIN in place of the one before."""
    row = {"argon2id": PasswordHasher().hash(pin), "changed_at": instant_text(now)}
    if connection.execute(update(tables.pin).where(tables.pin.c.person == person).values(row)).rowcount == 0:
        connection.execute(insert(tables.pin).values(person=person, **row))


def pins_of(connection: Connection, people: Iterable[str]) -> dict[str, str]:
    """Return the argon2id hashes of those people who have a PIN."""
    query = select(tables.pin.c.person, tables.pin.c.argon2id).where(tables.pin.c.person.in_(sorted(people)))
    return {row.person: row.argon2id for row in connection.execute(query)}
