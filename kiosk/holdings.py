"""What a terminal keeps beside its lines: the centre's manifests and sealed templates. Rows enter and leave.

Each row carries a digest, by which damage is found; boxes are opened only by `kiosk.vault`.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from kiosk.reading import Reader
from kiosk.rows import keep_manifest
from kiosk.schema import digest_of
from kiosk.spare import write_spare
from kiosk.writer import Writer
from sync.feed import Manifest


class Holdings:
    """The manifests and templates in one ledger's file."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        self._writer = writer
        self._reader = reader
        self._spared = b""

    def held_version(self, kind: str) -> int:
        """Return the version of the manifest held of a kind, 0 for none."""
        rows = self._reader.rows("SELECT version FROM manifest WHERE kind = ?", (kind,))
        return int(rows[0][0]) if rows else 0

    def hold(self, manifest: Manifest) -> None:
        """Keep a manifest durably in place of the one before."""
        self._writer.submit(lambda connection: keep_manifest(connection, manifest)).result()
        self._spare_now()

    def manifest(self, kind: str) -> dict[str, Any]:
        """Return the contents of the manifest held of a kind, empty for none."""
        rows = self._reader.rows("SELECT body FROM manifest WHERE kind = ?", (kind,))
        try:
            parsed: dict[str, Any] = json.loads(rows[0][0]) if rows else {}
        except ValueError as error:
            raise self._reader.damaged(f"the {kind} manifest", error) from error
        return parsed

    def templates(self) -> list[tuple[str, str, bytes]]:
        """Return (person, version, sealed box) of everybody enrolled here."""
        rows = self._reader.rows("SELECT person, version, sealed FROM template ORDER BY person")
        return [(person, version, sealed) for person, version, sealed in rows]

    def keep_spare(self) -> None:
        """Write a second copy of both beside the ledger where they are others than were written last."""
        manifests = self._sound("SELECT kind, version, body, signature, digest FROM manifest ORDER BY kind")
        templates = self._sound("SELECT person, version, sealed, digest FROM template ORDER BY person")
        fingerprint = digest_of(repr(manifests), repr(templates))
        if self._spared != fingerprint:
            write_spare(self._reader.folder, manifests, templates)
            self._spared = fingerprint

    def _spare_now(self) -> None:
        """Write the second copy; where the disk does not take it, the regular upkeep tries again."""
        with suppress(OSError):
            self.keep_spare()

    def _sound(self, query: str) -> list[Any]:
        """Return rows without their digests, each of which fits."""
        rows = []
        for *fields, digest in self._reader.rows(query):
            if digest_of(*fields) != digest:
                raise self._reader.damaged(str(fields[0]), "it does not fit its digest")
            rows.append(tuple(fields))
        return rows
