"""What a terminal echoes of the checkpoint it holds, compared with ours: an echo enters, an alarm is left.

A checkpoint that a terminal holds and the centre does not have was signed over another past than the one here: the
database was edited, or restored from a backup. The terminal proves which, for it keeps what was signed.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert, select

from scoring import tables
from scoring.centre import Centre
from scoring.errors import Refusal
from sync.checkpoint import Checkpoint, CheckpointError, hex_hash, whole
from sync.events import instant_text

ALARM = "checkpoint"
"""The kind of the alarm; its `seq` is the checkpoint's number."""


def heed_echo(here: Centre, origin: str, echo: object, now: datetime) -> None:
    """Raise an alarm where a terminal holds a checkpoint that is not ours; once for each that it holds.

    A 400 where `checkpoint` is neither absent nor `{number, root, hash?}`.
    """
    if echo is None:
        return
    if not isinstance(echo, dict):
        raise Refusal(400, "malformed", "checkpoint is not an object")
    try:
        number, root = whole(echo, "number", least=1), hex_hash(echo, "root")
        told = hex_hash(echo, "hash") if "hash" in echo else None
    except CheckpointError as error:
        raise Refusal(400, "malformed", f"checkpoint: {error}") from error
    ours = here.checkpoints.at(number)
    if ours is None:
        message = f"{origin} holds checkpoint {number} with root {root}, which this centre does not have"
    elif _differs(ours, root, told):
        message = f"{origin} holds checkpoint {number} with root {root}, this centre has {ours.root} ({ours.hash})"
    else:
        return
    _raise_once(here, origin, number, f"{message}: restored from a backup, or edited; run verify with --roots", now)


def _differs(ours: Checkpoint, root: str, told: str | None) -> bool:
    return ours.root != root or (told is not None and ours.hash != told)


def _raise_once(here: Centre, origin: str, number: int, message: str, now: datetime) -> None:
    columns = tables.alarm.c
    alike = (columns.kind == ALARM) & (columns.origin == origin) & (columns.seq == number)
    known = select(columns.number).where(alike, columns.message == message).limit(1)
    with here.store.reading() as connection:
        if connection.scalar(known) is not None:
            return
    with here.store.writing() as connection:
        if connection.scalar(known) is None:
            row = {"raised_at": instant_text(now), "kind": ALARM, "origin": origin, "epoch": "", "seq": number}
            connection.execute(insert(tables.alarm).values(**row, message=message))
