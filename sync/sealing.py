"""Boxes that one recipient alone can open: face templates between terminals, attachments for the centre.

HPKE in base mode (RFC 9180): X25519, HKDF-SHA256, AES-256-GCM, one box for one message. `context` is bound into the
box: it opens only where the same words are stated. Who sealed it is not proved by the box but by the signed request
that brought it.
"""

from __future__ import annotations

import base64
import binascii
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from sync.errors import SyncError
from sync.keys import read_secret, write_secret

ALGORITHM = "hpke-x25519-hkdf-sha256-aes-256-gcm"
"""How boxes are made; another name will name another suite."""

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_KEY_BYTES = 32


class SealError(SyncError, ValueError):
    """A box that does not open here, or a key to which nothing can be sealed."""


class SealingKey:
    """A private key that opens what was sealed to `public_text`; its secret never leaves by `repr` or log."""

    def __init__(self, private: X25519PrivateKey) -> None:
        self._private = private

    @classmethod
    def from_seed(cls, seed: bytes) -> SealingKey:
        """Return the key of 32 bytes."""
        return cls(X25519PrivateKey.from_private_bytes(seed))

    @property
    def public_text(self) -> str:
        """Return the public key as standard base64 of its 32 raw bytes."""
        return base64.b64encode(self._private.public_key().public_bytes_raw()).decode()

    def open(self, box: bytes, context: bytes) -> bytes:
        """Return what was sealed to this key under these words; SealError where it was not."""
        try:
            return _SUITE.decrypt(box, self._private, context)
        except (InvalidTag, ValueError) as error:
            raise SealError("the box does not open with this key: it was sealed to another, or altered") from error


def seal(public_text: str, plain: bytes, context: bytes) -> bytes:
    """Return a box of `plain` that opens with this public key's private one under the same `context`."""
    try:
        return _SUITE.encrypt(plain, _public(public_text), context)
    except (binascii.Error, ValueError) as error:
        raise SealError("nothing can be sealed to this key: it is no X25519 public key") from error


def is_sealing_key(public_text: str) -> bool:
    """Return whether something can be sealed to the key that a text names."""
    try:
        seal(public_text, b"", b"")
    except SealError:
        return False
    return True


def load_or_create_sealing(path: Path) -> SealingKey:
    """Return the key kept at `path` (32 raw bytes, readable by its owner alone), made first where there is none."""
    if not path.exists():
        write_secret(path, os.urandom(_KEY_BYTES))
    return SealingKey.from_seed(read_secret(path, _KEY_BYTES))


def template_context(recipient: str, person: str) -> bytes:
    """Return what binds a sealed template to the terminal and the person that it is for."""
    return f"evt1-template\n{recipient}\n{person}".encode()


def attachment_context(origin: str) -> bytes:
    """Return what binds an attachment to the terminal that sends it."""
    return f"evt1-attachment\n{origin}".encode()


def _public(public_text: str) -> X25519PublicKey:
    return X25519PublicKey.from_public_bytes(base64.b64decode(public_text, validate=True))
