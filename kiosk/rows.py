"""How a manifest and a template stand in a ledger's file: each with a digest, by which damage is found."""

from __future__ import annotations

import sqlite3

from kiosk.schema import digest_of
from sync.feed import Manifest


def keep_manifest(connection: sqlite3.Connection, manifest: Manifest) -> None:
    """Keep a manifest in place of the one before of its kind."""
    fields = (manifest.kind, manifest.version, manifest.body, manifest.signature)
    connection.execute("INSERT OR REPLACE INTO manifest VALUES (?, ?, ?, ?, ?)", (*fields, digest_of(*fields)))


def keep_template(connection: sqlite3.Connection, person: str, version: str, sealed: bytes) -> None:
    """Keep somebody's sealed template in place of any before."""
    digest = digest_of(person, version, sealed)
    connection.execute("INSERT OR REPLACE INTO template VALUES (?, ?, ?, ?)", (person, version, sealed, digest))
