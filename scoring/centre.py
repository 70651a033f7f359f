"""Wires the centre: a database URL and a state folder enter, one object with everything a request needs leaves."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from scoring.attachments import Attachments
from scoring.checkpoints import Checkpoints
from scoring.contacts import Contacts
from scoring.directory import Directory
from scoring.errors import StoreUnavailableError
from scoring.lifts import Lifts
from scoring.pace import Pace
from scoring.projection import Projection
from scoring.store import Store, open_store, sqlite_path
from sync.keys import SigningKey, load_or_create, read_secret, write_secret
from sync.sealing import SealingKey, load_or_create_sealing

DEFAULT_HEARTBEAT_S = 30.0
_TOKEN_HEX_DIGITS = 64


@dataclass(frozen=True, slots=True)
class Centre:
    """What the requests of one server share. `now` is the only clock they read."""

    store: Store
    directory: Directory
    projection: Projection
    contacts: Contacts
    checkpoints: Checkpoints
    lifts: Lifts
    attachments: Attachments
    pace: Pace
    key: SigningKey
    sealing: SealingKey
    admin_token: str
    heartbeat_s: float
    now: Callable[[], datetime]


def open_centre(
    url: str,
    state: Path | None = None,
    heartbeat_s: float = DEFAULT_HEARTBEAT_S,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Centre:
    """Return the centre on a store, its key and admin token made in `state` at the first start."""
    store = open_store(url)
    folder = state if state is not None else default_state(url)
    try:
        key = load_or_create(folder / "centre.key")
        sealing = load_or_create_sealing(folder / "centre.sealing.key")
        token = _admin_token(folder / "admin.token")
        attachments = Attachments(store, folder / "attachments")
        attachments.sweep()
    except OSError as error:
        store.close()
        raise StoreUnavailableError(f"{folder}: {error}") from error
    return Centre(
        store,
        Directory(store),
        Projection(store),
        Contacts(store),
        Checkpoints(store, key),
        Lifts(store),
        attachments,
        Pace(),
        key,
        sealing,
        token,
        heartbeat_s,
        now,
    )


def default_state(url: str) -> Path:
    """Return the folder of secrets that goes with a store: beside the SQLite file, else var/centre."""
    path = sqlite_path(url)
    return path.parent if path is not None else Path("var/centre")


def _admin_token(path: Path) -> str:
    if not path.exists():
        write_secret(path, secrets.token_hex(_TOKEN_HEX_DIGITS // 2).encode())
    return read_secret(path, _TOKEN_HEX_DIGITS).decode()
