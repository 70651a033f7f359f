"""Face templates between the terminals of a hall, sealed to each: what was enrolled here goes out, what came in opens.

The centre relays the boxes and can open none. A template that is no longer held here is withdrawn from the others.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import requests

from camera.templates import Template
from sync.keys import write_secret
from sync.link import Link
from sync.sealing import SealError, SealingKey, seal, template_context
from sync.wire import compact_json, sha256

_REFUSED = {requests.codes.forbidden, requests.codes.not_found, requests.codes.bad_request}


class _Neighbour(NamedTuple):
    origin: str
    sealing_key: str


class SharedTemplates:
    """Implements `sync.uplink.Errand`. `roster` returns the roster manifest, `enrolled` the templates made here."""

    def __init__(
        self,
        state_dir: Path,
        origin: str,
        key: SealingKey,
        roster: Callable[[], Mapping[str, Any]],
        enrolled: Callable[[], Mapping[str, Template]],
    ) -> None:
        self._path = state_dir / "shared-templates.json"
        self._origin = origin
        self._key = key
        self._roster = roster
        self._enrolled = enrolled
        self._told = _read(self._path)
        self._refused: set[tuple[str, str]] = set()

    def says(self) -> Mapping[str, Any]:
        """Return nothing: who enrolled whom stands in the ledger."""
        return {}

    def run(self, link: Link, _answer: Mapping[str, Any]) -> None:
        """Tell the centre this terminal's sealing key, and bring what the others hold up to date."""
        beside = {each["origin"]: each.get("sealing_key") or "" for each in self._roster().get("terminals", [])}
        if beside.get(self._origin, self._key.public_text) != self._key.public_text:
            link.tell("PUT", link.path("sealing-key"), {"sealing_key": self._key.public_text})
        others = [_Neighbour(name, key) for name, key in beside.items() if key and name != self._origin]
        wanted = self._wanted(others)
        for place, digest in wanted.items():
            if self._told.get(place) != digest and (place, digest) not in self._refused:
                self._send(link, place, digest, dict(others)[place.partition("/")[0]])
        for place in [place for place in self._told if place not in wanted]:
            self._withdraw(link, place)

    def centre_went_back(self) -> None:
        """Offer everything again: the centre may have lost what was told it since."""
        self._keep({})

    def _wanted(self, others: list[_Neighbour]) -> dict[str, str]:
        """Return what the others should hold: by `recipient/person`, what tells one state of it from another."""
        return {
            f"{other.origin}/{person}": sha256(other.sealing_key.encode() + _packed(template))
            for person, template in self._enrolled().items()
            for other in others
        }

    def _send(self, link: Link, place: str, digest: str, sealing_key: str) -> None:
        recipient, _, person = place.partition("/")
        plain = _packed(self._enrolled()[person])
        box = seal(sealing_key, plain, template_context(recipient, person))
        response = link.ask("PUT", link.path("templates", recipient, person), box, "application/octet-stream")
        if response.status_code in _REFUSED:  # he does not work there, or it is gone: asked again after a restart
            self._refused.add((place, digest))
            return
        link.refuse_failure(response)
        self._keep({**self._told, place: digest})

    def _withdraw(self, link: Link, place: str) -> None:
        recipient, _, person = place.partition("/")
        response = link.ask("DELETE", link.path("templates", recipient, person))
        if response.status_code not in _REFUSED:
            link.refuse_failure(response)
        self._keep({other: digest for other, digest in self._told.items() if other != place})

    def _keep(self, told: Mapping[str, str]) -> None:
        write_secret(self._path, compact_json(told))
        self._told = dict(told)


def received(
    manifest: Mapping[str, Any], origin: str, key: SealingKey, complain: Callable[[str], None]
) -> dict[str, Template]:
    """Return the templates that other terminals sealed for this one; one that does not open is said and passed over."""
    opened: dict[str, Template] = {}
    for each in manifest.get("templates", []):
        person = str(each["person"])
        try:
            plain = key.open(base64.b64decode(each["box"], validate=True), template_context(origin, person))
            opened[person] = _unpacked(plain)
        except (SealError, binascii.Error, ValueError) as error:
            complain(f"the template of {person} from {each['sender']} cannot be used: {error}")
    return opened


def _packed(template: Template) -> bytes:
    vector = np.ascontiguousarray(template.vector, dtype="<f4")
    return template.version.encode() + b"\n" + vector.tobytes()


def _unpacked(plain: bytes) -> Template:
    version, _, vector = plain.partition(b"\n")
    return Template(np.frombuffer(vector, dtype="<f4").astype(np.float32), version.decode(), 0)


def _read(path: Path) -> dict[str, str]:
    try:
        told: dict[str, str] = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return told
