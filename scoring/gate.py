"""Who is speaking: a terminal by its signature, the administrator by the token. A request enters, a name leaves."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from urllib.parse import quote

from flask import Request
from sqlalchemy import Connection

from scoring import former_keys, registry
from scoring.centre import Centre
from scoring.errors import Refusal
from scoring.store import Store
from sync.errors import EnvelopeError, SignatureRejectedError
from sync.events import parse_instant
from sync.keys import verify
from sync.wire import request_text

DATE_TOLERANCE = timedelta(minutes=10)


def known_terminal(connection: Connection, origin: str) -> registry.Terminal:
    """Return the terminal of an origin; 403 where it was never enrolled, or revoked."""
    terminal = registry.terminal_of(connection, origin) if origin.isprintable() else None
    if terminal is None:
        raise Refusal(403, "unknown_terminal", "no terminal of this name was enrolled: enrol it with a code first")
    if terminal.revoked_at is not None:
        raise Refusal(403, "revoked", f"{origin} was revoked: ask the county's office, enrol again with a new code")
    return terminal


def known_recipient(connection: Connection, origin: str) -> registry.Terminal:
    """Return the terminal to which another one sends something; 404 where there is none that may get it."""
    terminal = registry.terminal_of(connection, origin) if origin.isprintable() else None
    if terminal is None or terminal.revoked_at is not None:
        raise Refusal(404, "unknown_recipient", f"there is no terminal {origin!r} in this county")
    return terminal


def check_signed(request: Request, terminal: registry.Terminal, store: Store, now: datetime) -> None:
    """Return if a request other than a batch is this terminal's and of these minutes; else raise a 401."""
    date = request.headers.get("X-Date", "")
    try:
        date_at = parse_instant(date)
    except EnvelopeError as error:
        raise Refusal(401, "date", f"X-Date: {error}") from error
    if abs(date_at - now) > DATE_TOLERANCE:
        raise Refusal(401, "date", "X-Date is more than 10 minutes off: set the clock by server_time and try again")
    signature = request.headers.get("X-Signature", "")
    signed = request_text(request.method, path_with_query(request), date, request.get_data())
    try:
        verify(terminal.public_key, signature, signed)
    except SignatureRejectedError as error:
        former_keys.heed(store, terminal, signature, signed, now)
        message = f"X-Signature is not {terminal.origin}'s over this request: sign it anew, or enrol again"
        raise Refusal(401, "signature", message) from error


def path_with_query(request: Request) -> str:
    """Return the path and query as the sender wrote them (origins and kinds need no escape, a query is kept raw)."""
    query = request.query_string.decode("latin-1")
    return quote(request.path) + (f"?{query}" if query else "")


def check_administrator(request: Request, centre: Centre) -> None:
    """Return if the request bears the admin token; else raise a 401."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secrets.compare_digest(token.strip().encode(), centre.admin_token.encode()):
        message = "Authorization: Bearer <token> is missing or wrong: use the token in admin.token of the centre"
        raise Refusal(401, "token", message)
