"""What the administrator's commands ask of a running centre. Words enter, parsed answers leave; stores nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import requests

from scoring.errors import CommandError
from sync.wire import compact_json

Link = tuple[str, str]
"""The centre's address and its admin token."""
_TIMEOUT_S = (3.05, 60)


def post(link: Link, path: str, message: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer to a message; CommandError with the centre's own words where it refuses."""
    return _ask("POST", link, path, compact_json(message))


def get(link: Link, path: str) -> dict[str, Any]:
    """Return what the centre holds at `path`; CommandError as above."""
    return _ask("GET", link, path, None)


def record(link: Link, actor: str, ndjson: bytes) -> list[dict[str, Any]]:
    """Return (id, seq) of each act that the lines `{type, data, occurred_at?}` became: all of them, or none."""
    events: list[Any] = []
    for number, line in enumerate(ndjson.splitlines(), 1):
        if line.strip():
            try:
                events.append(json.loads(line))
            except ValueError as error:
                raise CommandError(f"line {number} is not JSON: {error}; nothing was recorded") from error
    if not events:
        raise CommandError("there is no line to record")
    written: list[dict[str, Any]] = post(link, "/v1/centre/events", {"actor": actor, "events": events})["events"]
    return written


def _ask(method: str, link: Link, path: str, body: bytes | None) -> dict[str, Any]:
    address, token = link
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        response = requests.request(method, address + path, data=body, headers=headers, timeout=_TIMEOUT_S)
        answer = response.json()
    except requests.ConnectionError as error:
        raise CommandError(f"the centre at {address} cannot be reached: start it, or check --centre") from error
    except (requests.RequestException, ValueError) as error:
        raise CommandError(f"{address} did not answer as a centre does: {error}") from error
    if not response.ok or not isinstance(answer, dict):
        raise CommandError(f"the centre answered {response.status_code}: {answer.get('message', response.reason)}")
    return answer
