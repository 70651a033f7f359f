"""The calls by which a terminal follows its centre: signed manifests down, sealed templates for its neighbours up."""

from __future__ import annotations

from flask import Response, request
from sqlalchemy import Connection

from scoring import boxes, feeds, gate, ledger, registry
from scoring.answers import answer, centre
from scoring.errors import Refusal
from scoring.wire import signed, whole_argument, wire
from sync.feed import KINDS


@wire.get("/t/<origin>/feed/<kind>")
def feed(origin: str, kind: str) -> Response:
    """Return a kind's manifest with its version and signature, or 304 where the terminal holds it already."""
    here = centre()
    terminal, _ = signed(origin)
    if kind not in KINDS:
        raise Refusal(404, "unknown_kind", f"there is no feed {kind!r} here: this centre has {', '.join(KINDS)}")
    cursor = whole_argument("cursor", -1)
    snapshot = here.directory.snapshot()
    version = feeds.versions(here, snapshot, origin)[kind]
    tag = str(version)
    if version and (cursor == version or tag in request.if_none_match):  # who holds version 0 holds nothing yet
        response = Response(status=304)
    else:
        manifest = feeds.manifest_of(here, snapshot, terminal, kind, version)
        response = Response(manifest.body, 200, mimetype="application/json")
        response.headers["X-Signature"] = manifest.signature
    response.headers["X-Version"] = tag
    response.set_etag(tag)
    return response


@wire.put("/t/<origin>/templates/<recipient>/<person>")
def put_template(origin: str, recipient: str, person: str) -> Response:
    """Keep a sealed template for another terminal; 201, or 200 where the same box is kept already."""
    here, now = centre(), centre().now()
    terminal, body = signed(origin, boxes.MAX_BOX_BYTES)
    if not body:
        raise Refusal(400, "malformed", "the body is empty: it is the sealed template")
    with here.store.writing() as connection:
        _check_halls(connection, terminal, recipient, person)
        changed = boxes.put(connection, recipient, boxes.Box(person, origin, body), now)
        if changed:
            _note(connection, "template.relayed", origin, recipient, person)
    return answer(201 if changed else 200, recipient=recipient, person=person)


@wire.delete("/t/<origin>/templates/<recipient>/<person>")
def withdraw_template(origin: str, recipient: str, person: str) -> Response:
    """Remove a sealed template, kept or not: consent was withdrawn, or the person went."""
    terminal, _ = signed(origin)
    with centre().store.writing() as connection:
        _check_halls(connection, terminal, recipient, person)
        removed = boxes.withdraw(connection, recipient, person)
        if removed:
            _note(connection, "template.withdrawn", origin, recipient, person)
    return answer(recipient=recipient, person=person, removed=removed)


def _check_halls(connection: Connection, sender: registry.Terminal, recipient: str, person: str) -> None:
    """Refuse what does not concern both terminals: nobody's face goes where he does not work."""
    other = gate.known_recipient(connection, recipient)
    people_by_hall = centre().directory.snapshot().people_by_hall
    for hall in (sender.hall, other.hall):
        if person not in people_by_hall.get(hall, frozenset()):
            raise Refusal(
                403, "elsewhere", f"{person!r} never belonged to {hall}: no template of that hall concerns him"
            )


def _note(connection: Connection, type_: str, sender: str, recipient: str, person: str) -> None:
    now = centre().now()
    said = {"person": person, "sender": sender, "recipient": recipient}
    ledger.append_acts(connection, [ledger.Act(type_, said, now)], "relay", now)
