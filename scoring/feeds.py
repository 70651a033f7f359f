"""A terminal's feed: what it must know, of each kind the present state, sealed under the version that it shows."""

from __future__ import annotations

import base64
from typing import Any

from sqlalchemy import Connection

from scoring import boxes, registry
from scoring.centre import Centre
from scoring.directory import Snapshot
from sync.events import Event
from sync.feed import KINDS, Manifest, seal_manifest


def versions(centre: Centre, snapshot: Snapshot, origin: str) -> dict[str, int]:
    """Return the present version of each kind for a terminal: it fetches what it holds in another."""
    return {kind: snapshot.version_of(kind, origin) + centre.lifts.of(origin, kind) for kind in KINDS}


def manifest_of(centre: Centre, snapshot: Snapshot, terminal: registry.Terminal, kind: str, version: int) -> Manifest:
    """Return the signed manifest of a kind for a terminal.

    Only the roster has more than lines of the ledger: hashes of PINs, the keys of the hall's terminals and the
    centre's own sealing key; and templates are boxes, not lines.
    """
    contents: dict[str, Any] = {"kind": kind, "hall": terminal.hall}
    if kind != "templates":
        contents["events"] = [event.line.decode() for event in _lines(snapshot, terminal.hall, kind)]
    with centre.store.reading() as connection:
        if kind == "roster":
            contents |= _of_roster(centre, connection, snapshot, terminal.hall)
        elif kind == "templates":
            contents["templates"] = _boxes(connection, terminal.origin)
    return seal_manifest(centre.key, terminal.origin, kind, version, contents)


def _lines(snapshot: Snapshot, hall: str, kind: str) -> list[Event]:
    if kind == "roster":
        return snapshot.roster_of(hall)
    if kind == "schedule":
        return snapshot.schedule_of(hall)
    if kind == "policy":
        return snapshot.policy_of(hall)
    return snapshot.tasks_of(hall) if kind == "tasks" else snapshot.releases()


def _of_roster(centre: Centre, connection: Connection, snapshot: Snapshot, hall: str) -> dict[str, Any]:
    sealing = boxes.sealing_keys(connection)
    beside = [each for each in registry.terminals(connection) if each.hall == hall and each.revoked_at is None]
    return {
        "pins": registry.pins_of(connection, snapshot.people_by_hall.get(hall, ())),
        "terminals": [
            {"origin": each.origin, "public_key": each.public_key, "sealing_key": sealing.get(each.origin)}
            for each in beside
        ],
        "centre_sealing_key": centre.sealing.public_text,
    }


def _boxes(connection: Connection, recipient: str) -> list[dict[str, str]]:
    return [
        {"person": box.person, "sender": box.sender, "box": base64.b64encode(box.box).decode()}
        for box in boxes.for_terminal(connection, recipient)
    ]
