"""The calls for attachments: a terminal brings sealed bytes, the office reads or erases them. Bytes enter and leave."""

from __future__ import annotations

import re

from flask import Response, request

from scoring import attachments, ledger
from scoring.acts import acts
from scoring.answers import answer, centre, json_object, text_field
from scoring.errors import Refusal
from scoring.wire import signed, wire
from sync.sealing import SealError, attachment_context
from sync.wire import sha256

_DIGEST = re.compile(r"[0-9a-f]{64}\Z", re.ASCII)
_ASK_AGAIN_S = 3600


@wire.put("/t/<origin>/attachments/<digest>")
def put_attachment(origin: str, digest: str) -> Response:
    """Keep an attachment that is sealed to the centre; 201, 200 where it is here already, 410 where it was erased."""
    here, now = centre(), centre().now()
    _, body = signed(origin, attachments.MAX_BYTES)
    if _named(digest) != sha256(body):
        raise Refusal(400, "malformed", "the path does not name the SHA-256 of the body as sent")
    kept = here.attachments.keep(origin, digest, body, now)
    if kept is attachments.Kept.ERASED:
        raise Refusal(410, "erased", "this attachment was erased: remove it there as well")
    if kept is attachments.Kept.TOO_MANY:
        message = (
            f"more than {attachments.MAX_BYTES_EACH_TERMINAL} bytes of {origin} are here: have the office erase some"
        )
        raise Refusal(429, "quota", message, retry_after_s=_ASK_AGAIN_S)
    return answer(201 if kept is attachments.Kept.NEW else 200, sha256=digest)


@acts.get("/attachments/<digest>")
def read_attachment(digest: str) -> Response:
    """Return an attachment opened, as it was before it was sealed."""
    here = centre()
    found = here.attachments.sealed(_named(digest))
    if found is None:
        raise Refusal(404, "unknown_attachment", "no such attachment is here: it never came, or was erased")
    origin, sealed = found
    try:
        plain = here.sealing.open(sealed, attachment_context(origin))
    except SealError as error:
        raise Refusal(409, "sealed", f"it cannot be opened: {error}") from error
    response = Response(plain, 200, mimetype="application/octet-stream")
    response.headers["Cache-Control"] = "no-store"
    return response


@acts.post("/attachment-erasures")
def erase_attachment() -> Response:
    """Erase an attachment for good, and say so in the ledger."""
    here, now = centre(), centre().now()
    fields = json_object(request.get_data())
    digest, actor = _named(text_field(fields, "sha256")), text_field(fields, "actor")
    reason = text_field(fields, "reason", 500)
    with here.store.writing() as connection:
        origin = here.attachments.mark_erased(connection, digest, now)
        if origin is None:
            raise Refusal(404, "unknown_attachment", "no such attachment is here: it never came, or was erased")
        said = {"sha256": digest, "terminal": origin, "reason": reason}
        ledger.append_acts(connection, [ledger.Act("attachment.erased", said, now)], actor, now)
    here.attachments.sweep()
    return answer(sha256=digest)


def _named(digest: str) -> str:
    if not _DIGEST.match(digest):
        raise Refusal(400, "malformed", "an attachment is named by its SHA-256 in lower-case hex")
    return digest
