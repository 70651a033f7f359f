"""What a fresh ledger takes over from a damaged one: only what proves itself. Rows enter, kept or left.

A template is proved by the vault's key (AES-GCM, bound to person and version), a manifest by the centre's signature.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Protocol

from kiosk import quarantine
from kiosk.errors import EnrolmentRefusedError
from kiosk.identity import known_identity
from kiosk.rows import keep_manifest, keep_template
from kiosk.spare import read_spare
from kiosk.vault import Vault
from sync.errors import SyncError
from sync.feed import Manifest, check_manifest


class Takeover(Protocol):
    """Says what of a damaged ledger may be believed."""

    def opens(self, person: str, version: str, sealed: bytes) -> bool:
        """Return whether a sealed template is this terminal's own, for that person and version."""

    def believes(self, manifest: Manifest) -> bool:
        """Return whether a manifest is the centre's."""


class Nothing:
    """Takes nothing over: everything comes again from the centre, or is enrolled again."""

    def opens(self, person: str, version: str, sealed: bytes) -> bool:  # noqa: ARG002 (the Protocol's)
        """Return False."""
        return False

    def believes(self, manifest: Manifest) -> bool:  # noqa: ARG002
        """Return False."""
        return False


class Proven:
    """Takes over what the keys in a terminal's state folder prove."""

    def __init__(self, state_dir: Path) -> None:
        self._state_dir = state_dir

    def opens(self, person: str, version: str, sealed: bytes) -> bool:
        """Return whether the vault's key opens the box, for that person and version."""
        key = self._state_dir / "vault.key"
        try:
            return key.exists() and Vault.at(key).open(person, version, sealed).size > 0
        except (EnrolmentRefusedError, OSError):
            return False

    def believes(self, manifest: Manifest) -> bool:
        """Return whether the centre that enrolled this terminal signed the manifest."""
        identity = known_identity(self._state_dir)
        if identity is None:
            return False
        try:
            check_manifest(manifest, identity.server_key, 0)
        except SyncError:
            return False
        return True


def take_over(connection: sqlite3.Connection, folder: Path, origin: str, what: Takeover) -> None:
    """Copy into a fresh ledger, inside its transaction, what proves itself.

    It comes from the spare copy beside the ledger and from the files that were moved to `folder`.
    """
    manifests, templates = read_spare(folder.parent.parent)
    for person, version, sealed in [*templates, *quarantine.templates_in(folder)]:
        if what.opens(person, version, sealed):
            keep_template(connection, person, version, sealed)
    newest: dict[str, int] = {}
    for kind, number, body, signature in [*manifests, *quarantine.manifests_in(folder)]:
        manifest = Manifest(origin, kind, number, body, signature)
        if number >= newest.get(kind, 0) and what.believes(manifest):
            newest[kind] = number
            keep_manifest(connection, manifest)
