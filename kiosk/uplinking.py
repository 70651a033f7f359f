"""Composes what a terminal sends and hears: its link to the centre, and the hub where it is one. Parts enter."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kiosk.config import Config
from kiosk.hub import HubServer
from kiosk.identity import Identity
from kiosk.keyring import KeyRing
from kiosk.store import Ledger
from sync.attachments import AttachmentBox
from sync.clock import SystemClock
from sync.uplink import Errand, Uplink


def make_uplink(
    config: Config,
    identity: Identity,
    ledger: Ledger,
    clock: SystemClock,
    health: Callable[[], Mapping[str, Any]],
    on_change: Callable[[], None],
    errands: Sequence[Errand],
) -> Uplink:
    """Return the link of an enrolled terminal, with a change of its key and its attachments among the errands."""
    keys = KeyRing(config.state_dir)
    own: list[Errand] = [keys]
    if identity.sealing_key:
        own.append(attachments(config, identity))
    return Uplink(
        config.centre.address,
        identity.server_key,
        keys.key,
        ledger,
        ledger,
        clock,
        health,
        on_change=on_change,
        errands=(*own, *errands),
        other_key=keys.other,
    )


def attachments(config: Config, identity: Identity) -> AttachmentBox:
    """Return the box in which this terminal keeps what follows its events."""
    folder = config.state_dir / "attachments"
    return AttachmentBox(folder, identity.origin, identity.sealing_key, time.time, config.terminal.retention_days)


def make_hub(config: Config, identity: Identity, ledger: Ledger) -> HubServer | None:
    """Return the hub of the hall where this terminal is it; ConfigError where its address cannot be served."""
    if not config.hub.listen:
        return None
    return HubServer(
        config.hub.listen,
        config.centre.url,
        identity.server_key,
        config.state_dir,
        identity.origin,
        lambda: ledger.manifest("roster"),
    )
