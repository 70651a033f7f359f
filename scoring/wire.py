"""What every call of a terminal begins with: its body within limits, who signed it, how fast it comes. Decides nothing.

The calls themselves hang on the blueprint here and stand in `scoring.api` and `scoring.api_*`.
"""

from __future__ import annotations

import math
from typing import Any

from flask import Blueprint, request

from scoring import feeds, gate, registry
from scoring.answers import centre
from scoring.errors import Refusal
from sync.wire import MAX_BYTES, MAX_LINES

wire = Blueprint("wire", __name__, url_prefix="/v1")

MAX_MESSAGE_BYTES = 64 * 1024
MAX_SEQ = 2**53
_LONGEST_EPOCH = 200


def body_within(limit: int) -> bytes:
    """Return the request's body of at most `limit` bytes; a 413 before more than that is read."""
    if request.content_length is not None and request.content_length > limit:
        raise too_large(f"{request.content_length} bytes: at most {limit} here")
    request.max_content_length = limit
    return request.get_data()


def too_large(message: str) -> Refusal:
    """Return the 413 that names the limits of a batch."""
    return Refusal(413, "too_large", f"{message}; halve it", max_lines=MAX_LINES, max_bytes=MAX_BYTES)


def speaker(origin: str) -> registry.Terminal:
    """Return the terminal of an origin whatever it signs; 403 unknown or revoked."""
    with centre().store.reading() as connection:
        return gate.known_terminal(connection, origin)


def signed(origin: str, limit: int = MAX_MESSAGE_BYTES) -> tuple[registry.Terminal, bytes]:
    """Return the terminal that signed this request, and the body of at most `limit` bytes; 401, 403 or 413."""
    body = body_within(limit)
    terminal = speaker(origin)
    gate.check_signed(request, terminal, centre().store, centre().now())
    keep_pace(origin)
    return terminal, body


def keep_pace(origin: str) -> None:
    """Refuse with a 429 a terminal that asks too fast; asked only after its signature, so nobody slows another."""
    wait_s = centre().pace.wait_s(origin)
    if wait_s > 0:
        raise Refusal(429, "pace", f"{origin} asks too fast", retry_after_s=max(1, math.ceil(wait_s)))


def named_epoch(epoch: str) -> str:
    """Return an epoch that can be one; a 400 otherwise."""
    if not (1 <= len(epoch) <= _LONGEST_EPOCH and epoch.isprintable()):
        raise Refusal(400, "malformed", "the epoch is not a text of 1 to 200 printable characters")
    return epoch


def whole_argument(name: str, default: int = 0) -> int:
    """Return a whole number of the query, `default` where it is not given; a 400 for anything else."""
    text = request.args.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MAX_SEQ))):
        raise Refusal(400, "malformed", f"{name} is not a whole number from 0")
    return int(text)


def next_beat(origin: str) -> dict[str, Any]:
    """Return what every answer to a terminal ends with: the feed's present versions, and when to report again."""
    here = centre()
    return {"cursors": feeds.versions(here, here.directory.snapshot(), origin), "next_s": here.heartbeat_s}
