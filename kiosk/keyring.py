"""This terminal's signing key, the one to come while it is being changed, the one before. Files enter, a key leaves.

The new key is written first, then the centre is told, then the file takes the old one's place. Cut off at any step,
the terminal has both and finds out which one the centre knows. The one before is kept for a centre that was restored
from an older backup, and is shown to no other.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import requests

from kiosk.config import Config
from kiosk.errors import EnrolmentRefusedError
from kiosk.identity import known_identity
from sync.clock import SystemClock
from sync.keys import ALGORITHM, SigningKey, load_or_create, read_secret, sync_folder, write_secret
from sync.link import Link, reason
from sync.wire import compact_json, key_text

_SEED_BYTES = 32


class KeyRing:
    """The key files in a terminal's state folder; also an errand of the uplink that finishes an unfinished change."""

    def __init__(self, state_dir: Path) -> None:
        self._path = state_dir / "terminal.key"
        self._next_path = state_dir / "terminal.key.next"
        self._former_path = state_dir / "terminal.key.former"
        self._paths = (self._path, self._next_path, self._former_path)
        self.key = load_or_create(self._path)
        """The key in use."""

    def begin(self) -> None:
        """Make the key to come, durably, unless a change is already under way."""
        if not self._next_path.exists():
            write_secret(self._next_path, os.urandom(_SEED_BYTES))

    def other(self) -> SigningKey | None:
        """Return the key to use after the centre refused the one in use, None where there is no other."""
        keys = [key for key in map(_read, self._paths) if key is not None]
        names = [key.public_text for key in keys]
        place = names.index(self.key.public_text) if self.key.public_text in names else -1
        after = keys[(place + 1) % len(keys)]
        if after.public_text == self.key.public_text:
            return None
        self.key = after
        return after

    def finish(self, link: Link) -> bool:
        """Return whether a change was completed, False where none was under way; EnrolmentRefusedError with the reason.

        The new key asks first: where the centre knows it already, an older one is never shown again.
        """
        present, coming, former = map(_read, self._paths)
        wanted = coming or present
        if wanted is None or (coming is None and self.key.public_text == wanted.public_text):
            return False
        response: requests.Response | None = None
        for key in (wanted, present, former):
            if key is not None:
                response = self._ask(link, key, wanted)
                if response.status_code == requests.codes.ok:
                    self._promote(wanted)
                    link.key = self.key = wanted
                    return True
                if response.status_code != requests.codes.unauthorized:
                    break
        raise EnrolmentRefusedError(f"the centre did not take the new key: {_words(response)}")

    def _ask(self, link: Link, key: SigningKey, coming: SigningKey) -> requests.Response:
        path = link.path("key")
        proof = coming.sign(key_text(link.origin, coming.public_text))
        wanted = {"public_key": coming.public_text, "alg": ALGORITHM, "proof": proof}
        link.key = key
        try:
            response = link.ask("POST", path, compact_json(wanted))
            if _said(response, "error") == "date":  # the answer told the time: with it, it is another question
                response = link.ask("POST", path, compact_json(wanted))
        except requests.RequestException as error:
            raise EnrolmentRefusedError(
                f"{reason(error)}: the change goes on by itself when the terminal next reaches the centre"
            ) from error
        finally:
            link.key = self.key
        return response

    def _promote(self, coming: SigningKey) -> None:
        """Put the new key's file in the old one's place, unless somebody else has done so."""
        found = _read(self._next_path)
        if found is not None and found.public_text == coming.public_text:
            write_secret(self._former_path, read_secret(self._path, _SEED_BYTES))
            self._next_path.replace(self._path)
            sync_folder(self._path.parent)

    # -- sync.uplink.Errand ------------------------------------------------------------------------------------

    def says(self) -> Mapping[str, Any]:
        """Return nothing: keys are nobody's news."""
        return {}

    def run(self, link: Link, _answer: Mapping[str, Any]) -> None:
        """Finish a change that a power cut, a centre out of reach or a restored centre left in the middle."""
        self.finish(link)

    def centre_went_back(self) -> None:
        """Do nothing: a centre that knows only the key before refuses this one, and `other` goes back to it."""


def rotate(config: Config) -> str:
    """Return the new public key (base64) once the centre knows it; EnrolmentRefusedError with the reason.

    Where the centre is out of reach the change has begun, and the running terminal ends it by itself.
    """
    identity = known_identity(config.state_dir)
    if identity is None:
        raise EnrolmentRefusedError("this terminal is not enrolled yet: `python -m kiosk enrol` makes its first key")
    keys = KeyRing(config.state_dir)
    keys.begin()
    keys.finish(Link(config.centre.address, identity.origin, keys.key, SystemClock()))
    return keys.key.public_text


def _read(path: Path) -> SigningKey | None:
    try:
        return SigningKey.from_seed(read_secret(path, _SEED_BYTES))
    except FileNotFoundError:
        return None


def _words(response: requests.Response | None) -> str:
    return "there is none" if response is None else _said(response, "message") or response.reason


def _said(response: requests.Response, name: str) -> str:
    try:
        return str(response.json()[name])
    except (ValueError, KeyError, TypeError):
        return ""
