"""Who this terminal is to the centre: a key made here, and what the centre answered when it was enrolled."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import requests

from kiosk.config import Config
from kiosk.errors import EnrolmentRefusedError
from sync.keys import ALGORITHM, SigningKey, is_public_key, load_or_create, write_secret
from sync.sealing import SealingKey, load_or_create_sealing

_TIMEOUT_S = 20


@dataclass(frozen=True, slots=True)
class Identity:
    """The terminal's origin and hall as the centre knows them, and the centre's public keys (base64).

    `sealing_key` is the one to which attachments are sealed; empty where the centre did not tell one.
    """

    origin: str
    hall: str
    server_key: str
    sealing_key: str = ""


def signing_key(state_dir: Path) -> SigningKey:
    """Return this terminal's own key, made first where there is none."""
    return load_or_create(state_dir / "terminal.key")


def sealing_key(state_dir: Path) -> SealingKey:
    """Return the key that opens what other terminals seal for this one, made first where there is none."""
    return load_or_create_sealing(state_dir / "sealing.key")


def known_identity(state_dir: Path) -> Identity | None:
    """Return what an earlier enrolment left, None before the first."""
    path = state_dir / "identity.json"
    return Identity(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None


def enrol(config: Config, code: str, serial: str) -> Identity:
    """Return the identity that the centre gives for a one-time code, kept for the next start.

    Raises EnrolmentRefusedError with the centre's reason: an unknown, used or expired code, another terminal's code.
    """
    offered = {
        "code": code,
        "public_key": signing_key(config.state_dir).public_text,
        "alg": ALGORITHM,
        "serial": serial,
        "sealing_key": sealing_key(config.state_dir).public_text,
    }
    try:
        response = requests.post(f"{config.centre.address}/v1/enrol", json=offered, timeout=_TIMEOUT_S)
        answer = response.json()
    except (requests.RequestException, ValueError) as error:
        raise EnrolmentRefusedError(f"the centre at {config.centre.url} cannot be reached: {error}") from error
    if response.status_code != requests.codes.created:
        reason = answer.get("message", response.reason)
        raise EnrolmentRefusedError(f"the centre did not take this terminal: {reason}")
    identity = Identity(answer["origin"], answer["hall"], answer["server_key"], answer.get("sealing_key", ""))
    if (identity.origin, identity.hall) != (config.terminal.id, config.terminal.hall):
        raise EnrolmentRefusedError(
            f"the code is for {identity.origin} in {identity.hall}, the configuration says"
            f" {config.terminal.id} in {config.terminal.hall}: correct one of them and ask for a new code"
        )
    if not is_public_key(identity.server_key):
        raise EnrolmentRefusedError("the centre's key is no Ed25519 key: check that this is the centre")
    write_secret(config.state_dir / "identity.json", json.dumps(asdict(identity)).encode())
    return identity
