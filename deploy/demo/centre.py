"""The demonstration's words to its centre, over the same interface that the county office uses."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import requests

from deploy.demo.county import ACTOR, Run

_TIMEOUT_S = 10
_PATIENCE_S = 60

_Found = TypeVar("_Found")


class DemoError(RuntimeError):
    """The demonstration cannot go on; the message says why."""


def wait_for(what: str, look: Callable[[], _Found | None], patience_s: float = _PATIENCE_S) -> _Found:
    """Return the first thing that `look` finds; DemoError naming `what` when patience ends."""
    until_s = time.monotonic() + patience_s
    while time.monotonic() < until_s:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    raise DemoError(f"gave up waiting for {what} after {patience_s:.0f} s")


def answers(url: str) -> bool:
    """Return whether something answers at an address."""
    try:
        return requests.get(url, timeout=_TIMEOUT_S).status_code < 500  # noqa: PLR2004
    except requests.RequestException:
        return False


def record(run: Run, events: Sequence[Mapping[str, Any]]) -> None:
    """Record acts of the county office."""
    call(run, "/v1/centre/events", {"actor": ACTOR, "events": list(events)})


def call(run: Run, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the centre's answer to an act of its administrator."""
    token = run.admin_token.read_text(encoding="ascii").strip()
    response = requests.post(
        run.centre_url + path, json=body, headers={"Authorization": f"Bearer {token}"}, timeout=_TIMEOUT_S
    )
    if not response.ok:
        raise DemoError(f"the centre refused {path}: {response.status_code} {response.text}")
    answer: dict[str, Any] = response.json()
    return answer
