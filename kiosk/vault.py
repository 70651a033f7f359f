"""Seals face templates: vectors enter, boxes leave that only this terminal opens, for that person and version.

The key lies in a file beside the ledger, never in it; a box copied to another person or terminal does not open.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kiosk.errors import EnrolmentRefusedError
from sync.keys import read_secret, write_secret

_KEY_BYTES = 32
_NONCE_BYTES = 12
_PROFILE = b"A1"
"""AES-256-GCM; another letter will name another cipher."""


class Vault:
    """The key that opens this terminal's templates."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    @classmethod
    def at(cls, path: Path) -> Vault:
        """Return the vault whose key is kept at `path`, made first where there is none."""
        if not path.exists():
            write_secret(path, os.urandom(_KEY_BYTES))
        return cls(read_secret(path, _KEY_BYTES))

    def seal(self, person: str, version: str, vector: np.ndarray) -> bytes:
        """Return the box of a template vector (float32, any length)."""
        nonce = os.urandom(_NONCE_BYTES)
        plain = np.ascontiguousarray(vector, dtype="<f4").tobytes()
        return _PROFILE + nonce + self._cipher.encrypt(nonce, plain, _bound_to(person, version))

    def open(self, person: str, version: str, sealed: bytes) -> np.ndarray:
        """Return the vector in a box; EnrolmentRefusedError where it is not this person's, version's or terminal's."""
        profile, nonce, box = sealed[:2], sealed[2 : 2 + _NONCE_BYTES], sealed[2 + _NONCE_BYTES :]
        if profile != _PROFILE:
            raise EnrolmentRefusedError(
                f"the template of {person} is sealed in an unknown form: enrol this person again"
            )
        try:
            plain = self._cipher.decrypt(nonce, box, _bound_to(person, version))
        except (InvalidTag, ValueError) as error:
            raise EnrolmentRefusedError(
                f"the template of {person} does not open with this terminal's key: enrol this person again"
            ) from error
        return np.frombuffer(plain, dtype="<f4").astype(np.float32)


def _bound_to(person: str, version: str) -> bytes:
    return f"{person}\n{version}".encode()
