"""Speaking to a running terminal from the same machine: a clerk's ask, a simulated press. Words enter, ids leave."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import requests

from kiosk.config import Config
from kiosk.errors import ControlError
from sync.keys import write_secret

HEADER = "X-Control-Token"
_TIMEOUT_S = 30


def control_token(config: Config) -> str:
    """Return the secret that tells this machine's own programs from a page in its browser, made first if need be."""
    path = config.state_dir / "control.token"
    if not path.exists():
        write_secret(path, secrets.token_hex(32).encode())
    return path.read_text(encoding="ascii").strip()


def call(config: Config, act: str, fields: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """Return the HTTP status and the answer of a running terminal; ControlError where none answers."""
    try:
        token = control_token(config)
        response = requests.post(
            f"{config.url}/control/{act}", json=dict(fields), headers={HEADER: token}, timeout=_TIMEOUT_S
        )
        answer = response.json()
    except (OSError, ValueError) as error:  # requests' own errors are OSErrors
        raise ControlError(
            f"no terminal answers at {config.url}: start it with `python -m kiosk run`, with the same configuration"
        ) from error
    if not isinstance(answer, dict):
        raise ControlError(f"what answers at {config.url} is not this terminal")
    return response.status_code, answer
