"""Ed25519 keys of terminals and of the centre: made, kept in a file of their owner alone, used to sign and verify."""

from __future__ import annotations

import base64
import binascii
import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from sync.errors import SignatureRejectedError, SyncError

ALGORITHM = "ed25519"
"""The `alg` on the wire; P-256 and SM2 are to follow behind the same functions."""


class KeyFileError(SyncError, OSError):
    """A key file that cannot be used."""


class SigningKey:
    """A private key. It signs texts; its secret never leaves by `repr` or log."""

    def __init__(self, private: Ed25519PrivateKey) -> None:
        self._private = private

    @classmethod
    def from_seed(cls, seed: bytes) -> SigningKey:
        """Return the key of a 32-byte seed."""
        return cls(Ed25519PrivateKey.from_private_bytes(seed))

    @property
    def public_text(self) -> str:
        """Return the public key as standard base64 of its 32 raw bytes."""
        return base64.b64encode(self._private.public_key().public_bytes_raw()).decode()

    def sign(self, text: bytes) -> str:
        """Return the signature over `text` as standard base64 of its 64 raw bytes."""
        return base64.b64encode(self._private.sign(text)).decode()


def verify(public_text: str, signature: str, text: bytes) -> None:
    """Return if `signature` (base64) is this key's over `text`; else raise SignatureRejectedError."""
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_text, validate=True))
        key.verify(_exactly(signature), text)
    except (InvalidSignature, binascii.Error, ValueError) as error:
        raise SignatureRejectedError("the signature does not match the sender's key") from error


def _exactly(signature: str) -> bytes:
    """Return the bytes of a base64 text that is the only one for them: its last letter may have no idle bits set."""
    raw = base64.b64decode(signature, validate=True)
    if base64.b64encode(raw) != signature.encode():
        raise binascii.Error("not the canonical base64 of its bytes")
    return raw


def is_public_key(public_text: str) -> bool:
    """Return whether a text is the base64 of an Ed25519 public key."""
    try:
        Ed25519PublicKey.from_public_bytes(_exactly(public_text))
    except (binascii.Error, ValueError):
        return False
    return True


def load_or_create(path: Path) -> SigningKey:
    """Return the key kept at `path` (32 raw bytes, readable by its owner alone), made first where there is none."""
    if not path.exists():
        write_secret(path, os.urandom(32))
    return SigningKey.from_seed(read_secret(path, 32))


def read_secret(path: Path, length: int) -> bytes:
    """Return the `length` bytes of a secret file; KeyFileError where others may read it or its length is wrong."""
    if path.stat().st_mode & 0o077:
        raise KeyFileError(f"{path} can be read by others: chmod 600 it, and make a new key if it was copied")
    secret = path.read_bytes()
    if len(secret) != length:
        raise KeyFileError(f"{path} holds {len(secret)} bytes, not {length}: restore it, or enrol this terminal again")
    return secret


def write_secret(path: Path, secret: bytes) -> None:
    """Write a secret durably and atomically, readable by its owner alone (temporary file, fsync, rename, fsync)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".new")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as stream:
        stream.write(secret)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make what was created, renamed or removed in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
