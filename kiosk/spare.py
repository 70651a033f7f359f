"""A second copy of what a terminal cannot work without when its ledger is gone and the centre is out of reach.

Manifests as the centre signed them and templates as they were sealed enter, and come back as they are: whoever takes
them over asks for the proof again (`kiosk.takeover`). No event is ever kept here.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from pathlib import Path

from sync.keys import write_secret
from sync.wire import compact_json

Sealed = tuple[str, str, bytes]
"""A template: person, version, sealed box."""
Signed = tuple[str, int, bytes, str]
"""A manifest: kind, version, body, the centre's signature."""


def write_spare(folder: Path, manifests: Iterable[Signed], templates: Iterable[Sealed]) -> None:
    """Write both durably and atomically, in place of what was there; what was withdrawn is not kept."""
    content = {
        "manifests": [[kind, version, _text(body), signature] for kind, version, body, signature in manifests],
        "templates": [[person, version, _text(sealed)] for person, version, sealed in templates],
    }
    write_secret(folder / "spare.json", compact_json(content))


def read_spare(folder: Path) -> tuple[list[Signed], list[Sealed]]:
    """Return what was written last; nothing where there is none, or it is damaged."""
    try:
        content = json.loads((folder / "spare.json").read_bytes())
        manifests = [
            (str(kind), int(version), _bytes(body), str(signature))
            for kind, version, body, signature in content["manifests"]
        ]
        templates = [(str(person), str(version), _bytes(sealed)) for person, version, sealed in content["templates"]]
    except (OSError, ValueError, KeyError, TypeError):
        return [], []
    return manifests, templates


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _bytes(text: str) -> bytes:
    return base64.b64decode(text, validate=True)
