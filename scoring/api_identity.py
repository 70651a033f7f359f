"""The calls by which a terminal comes in and changes its keys. A code or a signed request enters, JSON leaves."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from sqlalchemy import Connection

from scoring import boxes, gate, ledger, registry
from scoring.answers import answer, centre, json_object, text_field
from scoring.directory import CREDENTIAL_CHANGED
from scoring.errors import Refusal
from scoring.wire import MAX_MESSAGE_BYTES, body_within, signed, speaker, wire
from sync.errors import SignatureRejectedError
from sync.events import COUNTY_TIME
from sync.keys import ALGORITHM, is_public_key, verify
from sync.sealing import is_sealing_key
from sync.wire import key_text


@wire.post("/enrol")
def enrol() -> Response:
    """Let a terminal in by its one-time code; 404 unknown, 409 used, 410 expired."""
    fields = json_object(body_within(MAX_MESSAGE_BYTES))
    code, serial = text_field(fields, "code"), text_field(fields, "serial")
    public_key = _signing_key(fields)
    sealing_key = _sealing_key(fields) if "sealing_key" in fields else None
    here, now = centre(), centre().now()
    with here.store.writing() as connection:
        found = registry.consume_code(connection, code, now)
        if isinstance(found, registry.CodeState):
            raise _code_refusal(found)
        origin, hall = found
        registry.enrol(connection, origin, hall, public_key, ALGORITHM, serial, now)
        if sealing_key is not None:
            boxes.set_sealing_key(connection, origin, sealing_key, now)
        assigned = {"terminal": origin, "hall": hall, "from": now.astimezone(COUNTY_TIME).date().isoformat()}
        ledger.append_acts(connection, [ledger.Act("terminal.assigned", assigned, now)], "enrolment", now)
    keys = {"server_key": here.key.public_text, "sealing_key": here.sealing.public_text}
    return answer(201, origin=origin, hall=hall, **keys)


def _code_refusal(state: registry.CodeState) -> Refusal:
    if state is registry.CodeState.USED:
        return Refusal(409, "code_used", "this code was used: ask for a new one")
    if state is registry.CodeState.EXPIRED:
        return Refusal(410, "code_expired", "this code has expired: ask for a new one")
    return Refusal(404, "unknown_code", "no such code: check it, or ask for a new one")


@wire.post("/t/<origin>/key")
def change_key(origin: str) -> Response:
    """Put a new key in the place of the one that signed this request, which is valid for nothing from now on.

    `proof` is the new key's own signature. Asked again, signed with the new key itself, it is answered the same: so a
    terminal that was cut off in the middle finds out which of both counts.
    """
    here, now = centre(), centre().now()
    body = body_within(MAX_MESSAGE_BYTES)
    terminal = speaker(origin)
    gate.check_signed(request, terminal, here.store, now)
    fields = json_object(body)
    public_key = _signing_key(fields)
    try:
        verify(public_key, text_field(fields, "proof"), key_text(origin, public_key))
    except SignatureRejectedError as error:
        raise Refusal(
            400, "proof", "proof is not the new key's signature over itself: make it with the new key"
        ) from error
    with here.store.writing() as connection:
        if public_key != terminal.public_key:
            if not registry.change_key(connection, terminal, public_key, now):
                raise Refusal(409, "used_key", "this key was given up before, or is another terminal's: make a new one")
            _note(connection, origin)
    return answer(origin=origin, alg=ALGORITHM)


@wire.put("/t/<origin>/sealing-key")
def change_sealing_key(origin: str) -> Response:
    """Keep the key to which others seal what is for this terminal; what was sealed to an older one is dropped."""
    terminal, body = signed(origin)
    sealing_key = _sealing_key(json_object(body))
    with centre().store.writing() as connection:
        if boxes.set_sealing_key(connection, terminal.origin, sealing_key, centre().now()):
            _note(connection, origin)
    return answer(origin=origin)


def _note(connection: Connection, origin: str) -> None:
    """Say that a terminal's key changed, so that the rosters name the new one."""
    now = centre().now()
    ledger.append_acts(connection, [ledger.Act(CREDENTIAL_CHANGED, {"terminal": origin}, now)], "key", now)


def _signing_key(fields: dict[str, Any]) -> str:
    alg, public_key = text_field(fields, "alg"), text_field(fields, "public_key")
    if alg != ALGORITHM:
        raise Refusal(400, "algorithm", f"alg is {alg!r}: this centre knows {ALGORITHM}")
    if not is_public_key(public_key):
        raise Refusal(400, "malformed", "public_key is not the base64 of an Ed25519 public key")
    return public_key


def _sealing_key(fields: dict[str, Any]) -> str:
    sealing_key = text_field(fields, "sealing_key")
    if not is_sealing_key(sealing_key):
        raise Refusal(400, "malformed", "sealing_key is not the base64 of an X25519 public key")
    return sealing_key
