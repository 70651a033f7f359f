"""What people do at the centre, as events of its own: all of a request's acts are valid, or none is written.

Until access control is built, the one who holds the admin token may do all of this and names himself as actor.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, request

from rules.facts import gather
from scoring import gate, ledger, registry
from scoring.answers import answer, centre, json_object, text_field
from scoring.directory import CREDENTIAL_CHANGED, Snapshot
from scoring.errors import Refusal
from scoring.overlays import check_overlay
from sync.errors import SyncError
from sync.events import CENTRE, Event, encode_event, instant_text, new_event_id, parse_event, parse_instant, payload_of
from sync.notices import check_notice
from sync.schema import UnknownTypeError
from sync.speakers import is_ignored

acts = Blueprint("acts", __name__, url_prefix="/v1/centre")

_MAX_BODY_BYTES = 4 * 1024 * 1024
_MAX_ACTS = 5000
_MAX_CODE_MINUTES = 7 * 24 * 60
_PIN = re.compile(r"[0-9]{6,8}\Z", re.ASCII)
_ORIGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z", re.ASCII)
_ONLY_TERMINALS = (
    "punch",
    "terminal.reported",
    "evaluator.",
    "device.",
    "template.",
    "attachment.",
    CREDENTIAL_CHANGED,
)
"""What nobody types in: a terminal saw it, a heartbeat proves it, or a call of its own makes it."""


@dataclass(frozen=True, slots=True)
class _Draft:
    """One requested act with its place in the request, for messages."""

    index: int
    act: ledger.Act

    def refused(self, reason: str) -> Refusal:
        return Refusal(400, "invalid", f"events[{self.index}]: {reason}; none was written", index=self.index)


@acts.before_request
def only_the_administrator() -> None:
    """Refuse everybody without the token."""
    gate.check_administrator(request, centre())
    request.max_content_length = _MAX_BODY_BYTES


@acts.post("/events")
def append_events() -> Response:
    """Append acts to the centre's own epoch; 201 with their ids, or 400 with the index and the reason."""
    here, now = centre(), centre().now()
    fields = json_object(request.get_data())
    actor = text_field(fields, "actor")
    wanted = fields.get("events")
    if not isinstance(wanted, list) or not 1 <= len(wanted) <= _MAX_ACTS:
        raise Refusal(400, "malformed", f"events is not a list of 1 to {_MAX_ACTS} objects")
    drafts = [_draft(index, item, now) for index, item in enumerate(wanted)]
    _check_against_directory(drafts, here.directory.snapshot())
    with here.store.writing() as connection:
        written = ledger.append_acts(connection, [draft.act for draft in drafts], actor, now)
    return answer(201, events=[{"id": event_id, "seq": seq} for event_id, seq in written])


def _draft(index: int, item: object, now: datetime) -> _Draft:
    place = f"events[{index}]"
    if not isinstance(item, dict):
        raise Refusal(400, "malformed", f"{place} is not an object; none was written", index=index)
    try:
        occurred_at = parse_instant(item["occurred_at"]) if "occurred_at" in item else now
        draft = _Draft(index, ledger.Act(str(item.get("type")), item.get("data", {}), occurred_at))
        event = _as_event(draft.act, index + 1)
        if not is_ignored(event.type):
            payload_of(event)
        check_notice(event.type, event.data)
        check_overlay(event.type, event.data)
    except UnknownTypeError as error:
        raise Refusal(400, "invalid", f"{place}: {error}; none was written", index=index) from error
    except (SyncError, ValueError, ArithmeticError, TypeError, RecursionError) as error:
        raise Refusal(400, "invalid", f"{place}: {error}; none was written", index=index) from error
    if event.type.startswith(_ONLY_TERMINALS) and event.type != "punch.withdrawn":
        raise draft.refused(f"{event.type} is not said by people at the centre")
    return draft


def _as_event(act: ledger.Act, seq: int) -> Event:
    """Return the act as the ledger would hold it: what cannot be written there and read again is refused."""
    return parse_event(
        encode_event(
            event_id=new_event_id(),
            origin=CENTRE,
            epoch="draft",
            seq=seq,
            type_=act.type,
            occurred_at=act.occurred_at,
            payload=act.payload,
        )
    )


def _check_against_directory(drafts: Sequence[_Draft], snapshot: Snapshot) -> None:
    """Raise a 400 for an act that would have no effect: an unknown hall or person, a clause or variant that is none."""
    people = {person for draft in drafts if isinstance(person := draft.act.payload.get("person"), str)}
    known = [event for event in snapshot.events if _is_about(event, people)]
    offset = 1 + max((event.seq for event in known), default=0)
    events = [_as_event(draft.act, offset + draft.index) for draft in drafts]
    halls = {event.data["hall"] for event in [*known, *events] if event.type == "hall.opened"}
    reasons = {refused.id: refused.reason for refused in gather([*known, *events]).quarantined}
    for draft, event in zip(drafts, events, strict=True):
        if event.id in reasons:
            raise draft.refused(reasons[event.id])
        hall = event.data.get("hall")
        if hall is not None and not (isinstance(hall, str) and hall in halls):
            raise draft.refused(f"no hall {hall!r} was opened: record its hall.opened first")


def _is_about(event: Event, people: set[str]) -> bool:
    return event.type == "hall.opened" or (event.type == "person.registered" and event.data["person"] in people)


@acts.post("/enrol-codes")
def enrol_codes() -> Response:
    """Return a one-time code that lets one terminal in."""
    here, now = centre(), centre().now()
    fields = json_object(request.get_data())
    origin, hall, minutes = (
        text_field(fields, "origin"),
        text_field(fields, "hall"),
        fields.get("minutes", 60),
    )
    if not _ORIGIN.match(origin) or origin == CENTRE:
        raise Refusal(400, "malformed", "origin: 1 to 64 letters, digits, dots, dashes or underscores, not 'centre'")
    if not isinstance(minutes, int) or isinstance(minutes, bool) or not 1 <= minutes <= _MAX_CODE_MINUTES:
        raise Refusal(400, "malformed", f"minutes is not a whole number from 1 to {_MAX_CODE_MINUTES}")
    if not any(e.type == "hall.opened" and e.data["hall"] == hall for e in here.directory.snapshot().events):
        raise Refusal(400, "unknown_hall", f"no hall {hall!r} was opened: record its hall.opened first")
    expires_at = now + timedelta(minutes=minutes)
    with here.store.writing() as connection:
        code = registry.issue_code(connection, origin, hall, expires_at)
    return answer(201, code=code, expires_at=instant_text(expires_at))


@acts.post("/pins")
def pins() -> Response:
    """Set somebody's PIN (6 to 8 digits); only its argon2id hash is kept, and the rosters move to a new version."""
    here, now = centre(), centre().now()
    fields = json_object(request.get_data())
    person, pin = text_field(fields, "person"), text_field(fields, "pin")
    if not _PIN.match(pin):
        raise Refusal(400, "malformed", "pin is not 6 to 8 digits")
    if person not in here.directory.snapshot().registered():
        raise Refusal(400, "unknown_person", f"nobody is registered as {person!r}: record person.registered first")
    changed: Mapping[str, Any] = {"person": person}
    with here.store.writing() as connection:
        registry.set_pin(connection, person, pin, now)
        ledger.append_acts(connection, [ledger.Act(CREDENTIAL_CHANGED, changed, now)], "pin", now)
    return answer(201, person=person)


@acts.get("/terminals")
def terminals() -> Response:
    """Return every terminal with its hall, last contact and health."""
    with centre().store.reading() as connection:
        return answer(
            terminals=[_described(each) for each in centre().contacts.freshened(registry.terminals(connection))]
        )


def _described(terminal: registry.Terminal) -> dict[str, Any]:
    instants = {
        "enrolled_at": terminal.enrolled_at,
        "revoked_at": terminal.revoked_at,
        "contact_at": terminal.contact_at,
        "reported_through": terminal.reported_through,
    }
    texts = {name: instant_text(at) if at is not None else None for name, at in instants.items()}
    return {
        "origin": terminal.origin,
        "hall": terminal.hall,
        "serial": terminal.serial,
        **texts,
        "health": dict(terminal.health),
    }


@acts.post("/revocations")
def revocations() -> Response:
    """Shut a terminal out: its key is refused from now on, what it sent stays."""
    here = centre()
    origin = text_field(json_object(request.get_data()), "origin")
    with here.store.writing() as connection:
        if not registry.revoke(connection, origin, here.now()):
            raise Refusal(404, "unknown_terminal", f"no terminal {origin!r} was enrolled")
        told = {"terminal": origin}  # so that the hall's hub takes nothing from it either
        ledger.append_acts(connection, [ledger.Act(CREDENTIAL_CHANGED, told, here.now())], "revocation", here.now())
    return answer(origin=origin)
