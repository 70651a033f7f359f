"""What the centre tells a terminal: signed manifests, one per kind, whose version never goes down."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sync.errors import SyncError
from sync.keys import SigningKey, verify
from sync.wire import feed_text

KINDS = ("roster", "schedule", "templates", "policy", "tasks", "release")
"""The kinds that a terminal follows."""
HIGHEST_VERSION = 2**52
"""No terminal may claim to hold a higher one."""


class FeedError(SyncError, ValueError):
    """A manifest that is not what it should be; the one held before stays in force."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """One kind's present state for one terminal: `body` is the JSON as signed, `version` only ever grows."""

    origin: str
    kind: str
    version: int
    body: bytes
    signature: str

    def contents(self) -> dict[str, Any]:
        """Return the parsed body."""
        parsed: dict[str, Any] = json.loads(self.body)
        return parsed


def seal_manifest(key: SigningKey, origin: str, kind: str, version: int, contents: Mapping[str, Any]) -> Manifest:
    """Return the manifest of `contents`, signed by the centre for this terminal, kind and version."""
    body = json.dumps(contents, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    return Manifest(origin, kind, version, body, key.sign(feed_text(origin, kind, version, body)))


def check_manifest(manifest: Manifest, server_key: str, held_version: int) -> None:
    """Return if a manifest is the centre's and not older than the one held; else raise.

    SignatureRejectedError for a wrong signature, FeedError for a version that went down or a body that is no object.
    """
    verify(
        server_key,
        manifest.signature,
        feed_text(manifest.origin, manifest.kind, manifest.version, manifest.body),
    )
    if manifest.version < held_version:
        raise FeedError(f"the {manifest.kind} feed went back from version {held_version} to {manifest.version}")
    try:
        parsed = json.loads(manifest.body)
    except ValueError as error:
        raise FeedError(f"the {manifest.kind} feed is not JSON: {error}") from error
    if not isinstance(parsed, dict):
        raise FeedError(f"the {manifest.kind} feed is not an object")
