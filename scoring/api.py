"""The calls of a terminal: enrol, batches, heartbeat, head, feed. Requests enter, JSON leaves; the ledger decides."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request

from scoring import feeds, gate, ledger, registry
from scoring.answers import answer, centre, json_object, refuse_halves, text_field
from scoring.errors import Refusal
from scoring.examine import Place
from scoring.reporting import reported_through
from sync.errors import ChainBrokenError, EnvelopeError, SignatureRejectedError
from sync.events import COUNTY_TIME, instant_text, parse_instant
from sync.feed import KINDS
from sync.intake import Fork, Gap
from sync.keys import ALGORITHM, is_public_key
from sync.wire import (
    MAX_BYTES,
    MAX_LINES,
    Batch,
    BatchMalformedError,
    BatchTooLargeError,
    open_batch,
    read_batch,
    receipt_text,
)

wire = Blueprint("wire", __name__, url_prefix="/v1")

_MAX_MESSAGE_BYTES = 64 * 1024
_MAX_BODY_BYTES = MAX_BYTES + 4096
"""A batch that zstd cannot make smaller is a little larger than its lines."""
_MAX_SEQ = 2**53
_LONGEST_EPOCH = 200


@wire.post("/enrol")
def enrol() -> Response:
    """Let a terminal in by its one-time code; 404 unknown, 409 used, 410 expired."""
    fields = json_object(_body(_MAX_MESSAGE_BYTES))
    code, alg = text_field(fields, "code"), text_field(fields, "alg")
    public_key, serial = text_field(fields, "public_key"), text_field(fields, "serial")
    if alg != ALGORITHM:
        raise Refusal(400, "algorithm", f"alg is {alg!r}: this centre knows {ALGORITHM}")
    if not is_public_key(public_key):
        raise Refusal(400, "malformed", "public_key is not the base64 of an Ed25519 public key")
    here, now = centre(), centre().now()
    with here.store.writing() as connection:
        found = registry.consume_code(connection, code, now)
        if isinstance(found, registry.CodeState):
            raise _code_refusal(found)
        origin, hall = found
        registry.enrol(connection, origin, hall, public_key, alg, serial, now)
        assigned = {"terminal": origin, "hall": hall, "from": now.astimezone(COUNTY_TIME).date().isoformat()}
        ledger.append_acts(connection, [ledger.Act("terminal.assigned", assigned, now)], "enrolment", now)
    return answer(201, origin=origin, hall=hall, server_key=here.key.public_text)


def _code_refusal(state: registry.CodeState) -> Refusal:
    if state is registry.CodeState.USED:
        return Refusal(409, "code_used", "this code was used: ask for a new one")
    if state is registry.CodeState.EXPIRED:
        return Refusal(410, "code_expired", "this code has expired: ask for a new one")
    return Refusal(404, "unknown_code", "no such code: check it, or ask for a new one")


@wire.post("/t/<origin>/e/<epoch>/batches")
def batches(origin: str, epoch: str) -> Response:
    """Commit a batch and acknowledge it; a repeat is acknowledged with the same receipt."""
    here, now = centre(), centre().now()
    if not (1 <= len(epoch) <= _LONGEST_EPOCH and epoch.isprintable()):
        raise Refusal(400, "malformed", "the epoch is not a text of 1 to 200 printable characters")
    body = _body(_MAX_BODY_BYTES)
    with here.store.reading() as connection:
        terminal = gate.known_terminal(connection, origin)
    lines = _opened(terminal, epoch, body)
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
    return answer(ack=verdict.ack, ack_hash=verdict.ack_hash, receipt=receipt, **_next())


def _opened(terminal: registry.Terminal, epoch: str, body: bytes) -> ledger.Lines:
    try:
        batch: Batch = read_batch(terminal.origin, epoch, dict(request.headers.items()), body)
        lines, hashes = open_batch(batch, terminal.public_key)
    except SignatureRejectedError as error:
        message = f"X-Signature is not {terminal.origin}'s over this batch: sign it anew, or enrol again"
        raise Refusal(401, "signature", message) from error
    except BatchTooLargeError as error:
        raise _too_large(str(error)) from error
    except (BatchMalformedError, ChainBrokenError) as error:
        raise Refusal(400, "malformed", str(error)) from error
    return ledger.Lines(batch.start, bytes.fromhex(batch.prev), lines, hashes)


@wire.post("/t/<origin>/heartbeat")
def heartbeat(origin: str) -> Response:
    """Note that a terminal lives and how it is, and state how far everything of it has arrived."""
    here, now = centre(), centre().now()
    body = _body(_MAX_MESSAGE_BYTES)
    with here.store.reading() as connection:
        terminal = gate.known_terminal(connection, origin)
    gate.check_signed(request, terminal, now)
    fields = json_object(body)
    epoch, seq = text_field(fields, "epoch"), fields.get("seq")
    if not isinstance(seq, int) or isinstance(seq, bool) or not 0 <= seq <= _MAX_SEQ:
        raise Refusal(400, "malformed", "seq is not a whole number from 0")
    health = fields.get("health", {})
    if not isinstance(health, dict):
        raise Refusal(400, "malformed", "health is not an object")
    refuse_halves(health)
    try:
        at = parse_instant(fields.get("at")).astimezone(COUNTY_TIME)
    except (EnvelopeError, OverflowError) as error:
        raise Refusal(400, "malformed", f"at: {error}") from error
    with here.store.writing() as connection:
        held = ledger.held_head(connection, origin, epoch)
        registry.note_contact(connection, origin, now, health)
        held_seq = -1 if held is not None and held.forked else held.seq if held is not None else 0
        through = reported_through(at, now, seq, held_seq, terminal.reported_through)
        if through is not None:
            registry.note_reported(connection, origin, through)
            stated = {"terminal": origin, "through": instant_text(through)}
            ledger.append_acts(connection, [ledger.Act("terminal.reported", stated, now)], "heartbeat", now)
    return answer(**_next())


@wire.get("/t/<origin>/e/<epoch>/head")
def head(origin: str, epoch: str) -> Response:
    """Return the last line held of an epoch: `seq` 0 and the genesis hash before its first."""
    here = centre()
    with here.store.reading() as connection:
        terminal = gate.known_terminal(connection, origin)
        gate.check_signed(request, terminal, here.now())
        held = ledger.held_head(connection, origin, epoch) if epoch.isprintable() else None
    return answer(seq=held.seq if held else 0, hash=(bytes(held.hash) if held else bytes(32)).hex())


@wire.get("/t/<origin>/feed/<kind>")
def feed(origin: str, kind: str) -> Response:
    """Return a kind's manifest with its version and signature, or 304 where the terminal holds it already."""
    here = centre()
    with here.store.reading() as connection:
        terminal = gate.known_terminal(connection, origin)
    gate.check_signed(request, terminal, here.now())
    if kind not in KINDS:
        raise Refusal(404, "unknown_kind", f"there is no feed {kind!r} here: this centre has {', '.join(KINDS)}")
    cursor = request.args.get("cursor", "")
    if cursor and not (cursor.isascii() and cursor.isdigit() and len(cursor) <= len(str(_MAX_SEQ))):
        raise Refusal(400, "malformed", "cursor is not a whole number from 0")
    snapshot = here.directory.snapshot()
    tag = str(snapshot.version)
    if (cursor and int(cursor) == snapshot.version) or tag in request.if_none_match:
        response = Response(status=304)
    else:
        manifest = feeds.manifest_of(here, snapshot, terminal, kind)
        response = Response(manifest.body, 200, mimetype="application/json")
        response.headers["X-Signature"] = manifest.signature
    response.headers["X-Version"] = tag
    response.set_etag(tag)
    return response


def _next() -> dict[str, Any]:
    here = centre()
    return {"cursors": feeds.cursors(here.directory.snapshot()), "next_s": here.heartbeat_s}


def _body(limit: int) -> bytes:
    if request.content_length is not None and request.content_length > limit:
        raise _too_large(f"{request.content_length} bytes: at most {limit} here")
    request.max_content_length = limit
    return request.get_data()


def _too_large(message: str) -> Refusal:
    return Refusal(413, "too_large", f"{message}; halve it", max_lines=MAX_LINES, max_bytes=MAX_BYTES)
