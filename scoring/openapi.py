"""The published description of every call below /v1, as OpenAPI 3.1. Nothing enters, one document leaves.

A test compares it with the calls that exist, and asks a running centre whatever it allows. What is signed, and why,
stands in docs/wire.md.
"""

from __future__ import annotations

from typing import Any

from flask import Response

from scoring.attachments import MAX_BYTES as MAX_ATTACHMENT_BYTES
from scoring.boxes import MAX_BOX_BYTES
from scoring.wire import MAX_SEQ, wire
from sync.feed import HIGHEST_VERSION, KINDS
from sync.wire import MAX_LINES, compact_json

Schema = dict[str, Any]

_HASH: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_INSTANT: Schema = {"type": "string", "format": "date-time", "description": "RFC 3339 with an offset"}
_NAME: Schema = {"type": "string", "minLength": 1, "maxLength": 200}
_KEY: Schema = {"type": "string", "description": "standard base64 of 32 raw bytes"}
_SIGNATURE: Schema = {"type": "string", "description": "standard base64 of an Ed25519 signature"}
_COUNT: Schema = {"type": "integer", "minimum": 0}
_BINARY: Schema = {"type": "string", "format": "binary", "minLength": 1}
_TEXT: Schema = {"type": "string"}
_FREE: Schema = {"type": "object"}

_PATH: dict[str, Schema] = {
    "origin": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"},
    "recipient": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"},
    "person": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"},
    "epoch": {"type": "string", "pattern": "^[A-Za-z0-9]{1,64}$"},
    "digest": _HASH,
    "kind": {"enum": list(KINDS)},
    "number": {"type": "integer", "minimum": 1, "maximum": MAX_SEQ},
}
_REASONS = {
    304: "the terminal holds this version",
    400: "malformed; the message names the place",
    401: "signature, date or token; `server_time` lets a terminal with a lost clock try again",
    403: "unknown, revoked, or not allowed",
    404: "there is no such thing",
    409: "used, forked, or a gap before the batch",
    410: "expired or erased",
    413: "too large: halve it",
    429: "too fast: obey Retry-After",
    503: "busy or out of order: obey Retry-After",
}
_TERMINAL = (400, 401, 403, 413, 429, 503)
_OFFICE = (400, 401, 413, 503)


def _object(required: dict[str, Schema], optional: dict[str, Schema] | None = None) -> Schema:
    return {"type": "object", "properties": {**required, **(optional or {})}, "required": list(required)}


def _told(**required: Schema) -> Schema:
    """Return the schema of an answer, which always carries the server's time."""
    return _object({**required, "server_time": _INSTANT})


def _header(name: str, schema: Schema) -> Schema:
    return {"name": name, "in": "header", "required": True, "schema": schema}


def _query(name: str, highest: int = MAX_SEQ) -> Schema:
    return {"name": name, "in": "query", "schema": {**_COUNT, "maximum": highest}}


def _content(schema: Schema, media_type: str = "application/json") -> Schema:
    return {"content": {media_type: {"schema": schema}}}


def _call(
    summary: str,
    path: str,
    answers: dict[int, Schema],
    refusals: tuple[int, ...],
    *,
    body: Schema | None = None,
    more: list[Schema] | None = None,
    security: str | None = None,
) -> Schema:
    named = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    parameters = [{"name": name, "in": "path", "required": True, "schema": _PATH[name]} for name in named]
    if security == "terminal":
        parameters += [_header("X-Date", _INSTANT), _header("X-Signature", _SIGNATURE)]
    responses = {str(status): {"description": "done", **said} for status, said in answers.items()}
    for status in refusals:
        refusal = {"$ref": "#/components/schemas/Refusal"}
        responses[str(status)] = {"description": _REASONS[status], **({} if status == 304 else _content(refusal))}  # noqa: PLR2004
    call: Schema = {"summary": summary, "parameters": [*parameters, *(more or [])], "responses": responses}
    if body is not None:
        call["requestBody"] = {"required": True, **body}
    if security == "office":
        call["security"] = [{"office": []}]
    return call


_NEXT: dict[str, Schema] = {
    "cursors": {"type": "object", "additionalProperties": _COUNT},
    "next_s": {"type": "number", "exclusiveMinimum": 0},
}
_RECEIPT = _object(
    {
        "origin": _NAME,
        "epoch": _NAME,
        "ack": _COUNT,
        "ack_hash": _HASH,
        "received_at": _INSTANT,
        "signature": _SIGNATURE,
    }
)
_BATCH_HEADERS = [
    _header("X-Start", {"type": "integer", "minimum": 1, "maximum": 10**15 - 1}),
    _header("X-Count", {"type": "integer", "minimum": 1, "maximum": MAX_LINES}),
    _header("X-Prev", _HASH),
    _header("X-Head", _HASH),
    _header("X-Signature", _SIGNATURE),
]
_NEW_KEY: dict[str, Schema] = {"public_key": _KEY, "alg": {"const": "ed25519"}}
_CHECKPOINT = _told(number=_COUNT, at=_INSTANT, heads=_COUNT, root=_HASH, lines=_COUNT, log_root=_HASH, previous=_HASH,
                    signature=_SIGNATURE)  # fmt: skip
_EPOCH = _object({"epoch": _NAME, "seq": _COUNT, "hash": _HASH, "forked": {"type": "boolean"}})
_HEARTBEAT = _object(
    {"epoch": _NAME, "seq": {**_COUNT, "maximum": MAX_SEQ}, "at": _INSTANT},
    {
        "health": _FREE,
        "held": {"type": "object", "additionalProperties": {**_COUNT, "maximum": HIGHEST_VERSION}},
        "checkpoint": _object({"number": {"type": "integer", "minimum": 1}, "root": _HASH}, {"hash": _HASH}),
    },
)


def _terminal_calls() -> dict[str, Schema]:
    of = "/v1/t/{origin}"
    sealed_to = f"{of}/templates/{{recipient}}/{{person}}"
    epoch, signed = f"{of}/e/{{epoch}}", "terminal"
    kept = _content(_told(recipient=_NAME, person=_NAME))
    removed = _content(_told(recipient=_NAME, person=_NAME, removed={"type": "boolean"}))
    sealing = _content(_object({"sealing_key": _KEY}))
    attached = _content(_told(sha256=_HASH))
    batch = _content(_told(ack=_COUNT, ack_hash=_HASH, receipt=_RECEIPT, **_NEXT))
    key = _content(_object({**_NEW_KEY, "proof": _SIGNATURE}))
    return {
        f"{epoch}/batches": {"post": _call(
            "Commit lines and acknowledge them", f"{epoch}/batches", {200: batch}, (*_TERMINAL, 409),
            body=_content(_BINARY, "application/zstd"), more=_BATCH_HEADERS)},
        f"{of}/heartbeat": {"post": _call(
            "Say that all is sent up to an instant", of, {200: _content(_told(checkpoint=_COUNT, **_NEXT))}, _TERMINAL,
            body=_content(_HEARTBEAT), security=signed)},
        f"{epoch}/head": {"get": _call(
            "The last line held of an epoch", epoch, {200: _content(_told(seq=_COUNT, hash=_HASH))}, _TERMINAL,
            security=signed)},
        f"{of}/epochs": {"get": _call(
            "Every epoch held, with its head", of,
            {200: _content(_told(epochs={"type": "array", "items": _EPOCH}))}, _TERMINAL, security=signed)},
        f"{epoch}/lines": {"get": _call(
            "Lines after a number, as they were received", epoch,
            {200: _content(_BINARY, "application/zstd"), 204: {}}, _TERMINAL, more=[_query("after")], security=signed)},
        f"{of}/feed/{{kind}}": {"get": _call(
            "A signed manifest", f"{of}/feed/{{kind}}", {200: _content(_FREE)}, (304, *_TERMINAL, 404),
            more=[_query("cursor")], security=signed)},
        f"{of}/key": {"post": _call(
            "Put a new signing key in the old one's place", of,
            {200: _content(_told(origin=_NAME, alg=_TEXT))}, (*_TERMINAL, 409), body=key, security=signed)},
        f"{of}/sealing-key": {"put": _call(
            "Tell the key that others seal to", of, {200: _content(_told(origin=_NAME))}, _TERMINAL,
            body=sealing, security=signed)},
        sealed_to: {
            "put": _call(
                "Relay a sealed template", sealed_to, {200: kept, 201: kept}, (*_TERMINAL, 404), security=signed,
                body=_content({**_BINARY, "maxLength": MAX_BOX_BYTES}, "application/octet-stream")),
            "delete": _call(
                "Withdraw a sealed template", sealed_to, {200: removed}, (*_TERMINAL, 404), security=signed),
        },
        f"{of}/attachments/{{digest}}": {"put": _call(
            "Keep an attachment sealed to the centre", f"{of}/attachments/{{digest}}", {200: attached, 201: attached},
            (*_TERMINAL, 410), security=signed,
            body=_content({**_BINARY, "maxLength": MAX_ATTACHMENT_BYTES}, "application/octet-stream"))},
    }  # fmt: skip


def _open_calls() -> dict[str, Schema]:
    wish = _content(_object({"code": _NAME, **_NEW_KEY, "serial": _NAME}, {"sealing_key": _KEY}))
    taken = _content(_told(origin=_NAME, hall=_NAME, server_key=_KEY, sealing_key=_KEY))
    return {
        "/v1/enrol": {"post": _call(
            "Let a terminal in by its one-time code", "", {201: taken}, (400, 404, 409, 410, 413, 503), body=wish)},
        "/v1/checkpoints/latest": {"get": _call(
            "The newest signed checkpoint", "", {200: _content(_CHECKPOINT)}, (400, 404, 503), more=[_query("from")])},
        "/v1/checkpoints/{number}": {"get": _call(
            "A signed checkpoint", "/{number}", {200: _content(_CHECKPOINT)}, (400, 404, 503), more=[_query("from")])},
        "/v1/openapi.json": {"get": _call("This document", "", {200: _content(_FREE)}, ())},
    }  # fmt: skip


def _office_calls() -> dict[str, Schema]:
    act = _object({"type": _NAME, "data": _FREE}, {"occurred_at": _INSTANT})
    acts = _object({"actor": _NAME, "events": {"type": "array", "items": act, "minItems": 1, "maxItems": 5000}})
    written = {"type": "array", "items": _object({"id": _TEXT, "seq": _COUNT})}
    minutes: Schema = {"type": "integer", "minimum": 1, "maximum": 7 * 24 * 60}
    code = _object({"origin": _PATH["origin"], "hall": _NAME}, {"minutes": minutes})
    pin = _object({"person": _NAME, "pin": {"type": "string", "pattern": "^[0-9]{6,8}$"}})
    reason = {"type": "string", "minLength": 1, "maxLength": 500}
    erasure = _object({"sha256": _HASH, "actor": _NAME, "reason": reason})
    posts = {
        "events": ("Record acts of the office: all of them, or none", acts, 201, _told(events=written), ()),
        "enrol-codes": ("A one-time code for one terminal", code, 201, _told(code=_TEXT, expires_at=_INSTANT), ()),
        "pins": ("Set somebody's PIN", pin, 201, _told(person=_NAME), ()),
        "revocations": ("Shut a terminal out", _object({"origin": _NAME}), 200, _told(origin=_NAME), (404,)),
        "attachment-erasures": ("Erase an attachment for good", erasure, 200, _told(sha256=_HASH), (404,)),
    }
    calls = {
        f"/v1/centre/{name}": {"post": _call(
            summary, "", {status: _content(said)}, (*_OFFICE, *more), body=_content(body), security="office")}
        for name, (summary, body, status, said, more) in posts.items()
    }  # fmt: skip
    listed = _content(_told(terminals={"type": "array", "items": _FREE}))
    calls["/v1/centre/terminals"] = {"get": _call("Every terminal", "", {200: listed}, (401, 503), security="office")}
    calls["/v1/centre/attachments/{digest}"] = {"get": _call(
        "An attachment, opened", "/{digest}", {200: _content(_BINARY, "application/octet-stream")},
        (400, 401, 404, 409, 503), security="office")}  # fmt: skip
    return calls


def document() -> Schema:
    """Return the OpenAPI 3.1 document."""
    refusal = _object({"error": _TEXT, "message": _TEXT}, {"server_time": _INSTANT})
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "涟快办 centre",
            "version": "1",
            "description": "The calls of terminals and of the county's office. docs/wire.md says what is signed.",
        },
        "paths": {**_terminal_calls(), **_open_calls(), **_office_calls()},
        "components": {
            "schemas": {"Refusal": refusal},
            "securitySchemes": {"office": {"type": "http", "scheme": "bearer"}},
        },
    }


@wire.get("/openapi.json")
def openapi() -> Response:
    """Return the description of every call, for programs that read it."""
    return Response(compact_json(document()), 200, mimetype="application/json")
