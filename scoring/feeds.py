"""A terminal's feed: the directory's lines of its hall, sealed under the version that they show."""

from __future__ import annotations

from typing import Any

from scoring import registry
from scoring.centre import Centre
from scoring.directory import Snapshot
from sync.feed import KINDS, Manifest, seal_manifest


def cursors(snapshot: Snapshot) -> dict[str, int]:
    """Return the present version of each kind: a terminal fetches what it holds in another."""
    return dict.fromkeys(KINDS, snapshot.version)


def manifest_of(centre: Centre, snapshot: Snapshot, terminal: registry.Terminal, kind: str) -> Manifest:
    """Return the signed manifest of a kind for a terminal. PINs go only with the roster, and only as hashes."""
    events = snapshot.roster_of(terminal.hall) if kind == "roster" else snapshot.schedule_of(terminal.hall)
    lines = [event.line.decode() for event in events]
    contents: dict[str, Any] = {"kind": kind, "hall": terminal.hall, "events": lines}
    if kind == "roster":
        with centre.store.reading() as connection:
            contents["pins"] = registry.pins_of(connection, snapshot.people_by_hall.get(terminal.hall, ()))
    return seal_manifest(centre.key, terminal.origin, kind, snapshot.version, contents)
