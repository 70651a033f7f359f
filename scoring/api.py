"""The calls that carry the ledger: batches, heads, lines given back, heartbeats. The ledger decides what is taken."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response, request
from sqlalchemy import Connection

from scoring import former_keys, ledger, registry, returning
from scoring.answers import answer, centre, json_object, refuse_halves, text_field
from scoring.echoes import heed_echo
from scoring.errors import Refusal
from scoring.examine import Place
from scoring.reporting import reported_through
from scoring.wire import (
    MAX_MESSAGE_BYTES,
    MAX_SEQ,
    body_within,
    keep_pace,
    named_epoch,
    next_beat,
    signed,
    speaker,
    too_large,
    whole_argument,
    wire,
)
from sync.errors import ChainBrokenError, EnvelopeError, SignatureRejectedError
from sync.events import COUNTY_TIME, instant_text, parse_instant
from sync.feed import HIGHEST_VERSION, KINDS
from sync.intake import Fork, Gap
from sync.wire import (
    MAX_BYTES,
    Batch,
    BatchMalformedError,
    BatchTooLargeError,
    open_batch,
    read_batch,
    receipt_text,
    seal_lines,
)

_MAX_BODY_BYTES = MAX_BYTES + 4096
"""A batch that zstd cannot make smaller is a little larger than its lines."""


@wire.post("/t/<origin>/e/<epoch>/batches")
def batches(origin: str, epoch: str) -> Response:
    """Commit a batch and acknowledge it; a repeat is acknowledged with the same receipt."""
    here, now = centre(), centre().now()
    named_epoch(epoch)
    body = body_within(_MAX_BODY_BYTES)
    terminal = speaker(origin)
    lines = _opened(terminal, epoch, body)
    keep_pace(origin)
    verdict = ledger.append_batch(here.store, Place(origin, epoch, terminal.hall), lines, now)
    if isinstance(verdict, Gap):
        message = f"lines before this batch are missing: send again from {verdict.expected}"
        raise Refusal(409, "gap", message, expected=verdict.expected)
    if isinstance(verdict, Fork):
        message = f"another line {verdict.seq} is held: this epoch is closed, go on recording in a new one"
        raise Refusal(409, "fork", message, seq=verdict.seq)
    receipt: dict[str, Any] = {
        "origin": origin,
        "epoch": epoch,
        "ack": verdict.ack,
        "ack_hash": verdict.ack_hash,
        "received_at": verdict.received_at,
    }
    receipt["signature"] = here.key.sign(receipt_text(receipt))
    return answer(ack=verdict.ack, ack_hash=verdict.ack_hash, receipt=receipt, **next_beat(origin))


def _opened(terminal: registry.Terminal, epoch: str, body: bytes) -> ledger.Lines:
    try:
        batch: Batch = read_batch(terminal.origin, epoch, dict(request.headers.items()), body)
    except BatchMalformedError as error:
        raise Refusal(400, "malformed", str(error)) from error
    try:
        lines, hashes = open_batch(batch, terminal.public_key)
    except SignatureRejectedError as error:
        former_keys.heed(centre().store, terminal, batch.signature, batch.signed_text(), centre().now())
        message = f"X-Signature is not {terminal.origin}'s over this batch: sign it anew, or enrol again"
        raise Refusal(401, "signature", message) from error
    except BatchTooLargeError as error:
        raise too_large(str(error)) from error
    except (BatchMalformedError, ChainBrokenError) as error:
        raise Refusal(400, "malformed", str(error)) from error
    return ledger.Lines(batch.start, bytes.fromhex(batch.prev), lines, hashes)


@wire.post("/t/<origin>/heartbeat")
def heartbeat(origin: str) -> Response:
    """Note that a terminal lives and how it is, and state how far everything of it has arrived."""
    here, now = centre(), centre().now()
    terminal, body = signed(origin, MAX_MESSAGE_BYTES)
    fields = json_object(body)
    epoch, seq, at = _reported(fields)
    health = fields.get("health", {})
    if not isinstance(health, dict):
        raise Refusal(400, "malformed", "health is not an object")
    refuse_halves(health)
    through = reported_through(at, now, seq, seq, terminal.reported_through)
    if through is not None:  # worth stating if all of it is held, which only the writer's own view decides
        _state_reported(origin, epoch, seq, through)
    heed_echo(here, origin, fields.get("checkpoint"), now)
    here.contacts.note(origin, now, health)
    held = here.checkpoints.latest()
    lifted = _lifted(origin, fields.get("held", {}))
    told = {"checkpoint": held.number if held is not None else 0, **lifted, **next_beat(origin)}
    return answer(**told)


def _lifted(origin: str, held: object) -> dict[str, object]:
    """Lift the feed above what the terminal holds already; `lifted`, if any, says that the centre went back."""
    if not isinstance(held, dict):
        raise Refusal(400, "malformed", "held is not an object")
    for kind, version in held.items():
        if not isinstance(version, int) or isinstance(version, bool) or not 0 <= version <= HIGHEST_VERSION:
            raise Refusal(400, "malformed", f"held: {kind!r} is not a whole number from 0 to {HIGHEST_VERSION}")
    here = centre()
    snapshot = here.directory.snapshot()
    kinds = here.lifts.lift(origin, {kind: snapshot.version_of(kind, origin) for kind in KINDS}, held)
    return {"lifted": kinds} if kinds else {}


def _state_reported(origin: str, epoch: str, seq: int, through: datetime) -> None:
    """State in the ledger how far a terminal has reported, unless a line of it is missing or its epoch forked."""
    here = centre()
    with here.store.reading() as connection:
        if not _holds(connection, origin, epoch, seq):
            return
    with here.store.writing() as connection:
        if _holds(connection, origin, epoch, seq):
            registry.note_reported(connection, origin, through)
            stated = {"terminal": origin, "through": instant_text(through)}
            now = here.now()
            ledger.append_acts(connection, [ledger.Act("terminal.reported", stated, now)], "heartbeat", now)


def _holds(connection: Connection, origin: str, epoch: str, seq: int) -> bool:
    held = ledger.held_head(connection, origin, epoch)
    return seq == 0 if held is None else held.seq >= seq and not held.forked


def _reported(fields: dict[str, Any]) -> tuple[str, int, datetime]:
    """Return what a heartbeat says of its ledger, in county time; a 400 that names what is wrong."""
    epoch, seq = text_field(fields, "epoch"), fields.get("seq")
    if not isinstance(seq, int) or isinstance(seq, bool) or not 0 <= seq <= MAX_SEQ:
        raise Refusal(400, "malformed", "seq is not a whole number from 0")
    try:
        at = parse_instant(fields.get("at")).astimezone(COUNTY_TIME)
    except (EnvelopeError, OverflowError) as error:
        raise Refusal(400, "malformed", f"at: {error}") from error
    return epoch, seq, at


@wire.get("/t/<origin>/e/<epoch>/head")
def head(origin: str, epoch: str) -> Response:
    """Return the last line held of an epoch: `seq` 0 and the genesis hash before its first."""
    signed(origin)
    with centre().store.reading() as connection:
        held = ledger.held_head(connection, origin, epoch) if epoch.isprintable() else None
    return answer(seq=held.seq if held else 0, hash=(bytes(held.hash) if held else bytes(32)).hex())


@wire.get("/t/<origin>/epochs")
def epochs(origin: str) -> Response:
    """Return every epoch held of a terminal with its head, for a terminal that lost its store."""
    signed(origin)
    with centre().store.reading() as connection:
        held = returning.epochs_of(connection, origin)
    return answer(epochs=held)


@wire.get("/t/<origin>/e/<epoch>/lines")
def lines(origin: str, epoch: str) -> Response:
    """Return lines after a number as they are held, signed by the centre; 204 where there are none."""
    signed(origin)
    named_epoch(epoch)
    after, here = whole_argument("after"), centre()
    with here.store.reading() as connection:
        held = returning.lines_after(connection, origin, epoch, after)
    if held is None:
        return Response(status=204)
    sealed = seal_lines(here.key, origin, epoch, after + 1, held.prev, held.head, held.lines)
    return Response(sealed.body, 200, sealed.headers(), mimetype="application/zstd")
