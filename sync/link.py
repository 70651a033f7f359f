"""How one terminal asks its centre: requests are signed, answers tell the time, a refusal says how long to wait.

Paths and bodies enter, answers leave. Interprets neither; keeps nothing but the key in use.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote

import requests

from sync import wire
from sync.clock import SystemClock
from sync.errors import SyncError
from sync.events import instant_text, parse_instant
from sync.keys import SigningKey

HELD_BY_HUB = "X-Held-By-Hub"
"""A header of a hub's own answers: it holds what was sent, or cannot reach the centre."""

_TIMEOUT_S = (3.05, 20)
_MAX_BACKOFF_S = 900
_MAX_OBEYED_S = 3600
_MOST_DOUBLINGS = 10
_TAKEN = range(200, 300)
_TOLERATED_OFFSET_S = 300


class UplinkError(SyncError, ConnectionError):
    """The centre did not take what was sent; `wait_s` is how long it asked to be left alone, where it did.

    `at_hub`: the hall's hub answered in its place, and takes batches all the same.
    """

    def __init__(self, message: str, wait_s: float | None = None, *, at_hub: bool = False) -> None:
        super().__init__(message)
        self.wait_s = wait_s
        self.at_hub = at_hub


@dataclass(slots=True)
class Link:
    """One terminal's side of the wire. `other_key` returns the key to try where the centre refuses the one in use."""

    url: str
    origin: str
    key: SigningKey
    clock: SystemClock
    other_key: Callable[[], SigningKey | None] = lambda: None
    http: requests.Session = field(default_factory=requests.Session)

    def path(self, *steps: str) -> str:
        """Return the path of a call of this terminal, each step escaped."""
        return "/".join(["/v1/t", quote(self.origin, safe=""), *(quote(step, safe="") for step in steps)])

    def post_batch(self, batch: wire.Batch) -> requests.Response:
        """Return the answer to a batch, whatever it is."""
        path = self.path("e", batch.epoch, "batches")
        return self._sent("POST", path, batch.body, batch.headers())

    def ask(
        self, method: str, path: str, body: bytes = b"", content_type: str = "application/json"
    ) -> requests.Response:
        """Return the answer to a signed request, whatever it is; a redirection is one, not followed."""
        date = instant_text(self._date())
        signature = self.key.sign(wire.request_text(method, path, date, body))
        headers = {"X-Date": date, "X-Signature": signature}
        return self._sent(method, path, body, {**headers, "Content-Type": content_type} if body else headers)

    def get(self, path: str) -> requests.Response:
        """Return the answer to a signed GET."""
        return self.ask("GET", path)

    def tell(self, method: str, path: str, message: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the JSON object that answers a signed message; UplinkError where it is refused or is none."""
        return self.told(self.ask(method, path, wire.compact_json(message) if message is not None else b""))

    def told(self, response: requests.Response) -> dict[str, Any]:
        """Return the JSON object of an answer; UplinkError where it is a refusal or none of the centre's."""
        self.refuse_failure(response)
        said = _object(response)
        if said is None:
            raise UplinkError(f"what answers at {self.url} is not the centre")
        return said

    def refuse_failure(self, response: requests.Response) -> None:
        """Return if an answer is a good one; else UplinkError with its words and how long it asks to be left alone."""
        if response.status_code in _TAKEN:
            return
        said = _object(response) or {}
        if response.status_code == requests.codes.unauthorized and said.get("error") == "signature":
            self.key = self.other_key() or self.key
        wait_s = retry_after_s(response.headers.get("Retry-After", ""), self.clock.centre_time())
        words = f"the centre answered {response.status_code} {said.get('message') or response.reason}"
        raise UplinkError(words, wait_s, at_hub=HELD_BY_HUB in response.headers)

    def _sent(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> requests.Response:
        asked_s = self.clock.boottime_s()
        response = self.http.request(
            method, self.url + path, data=body, headers=dict(headers), timeout=_TIMEOUT_S, allow_redirects=False
        )
        self._note_time(response, asked_s)
        return response

    def _note_time(self, response: requests.Response, asked_s: float) -> None:
        """Compare the clocks; an answer that a hub kept for a while (it has an Age) tells an old time."""
        if "Age" in response.headers:
            return
        said = _object(response)
        if said is not None and "server_time" in said:
            self.clock.compare(parse_instant(said["server_time"]), asked_s)

    def _date(self) -> datetime:
        offset_s = self.clock.offset_from_centre_s()
        if offset_s is not None and abs(offset_s) > _TOLERATED_OFFSET_S:
            return self.clock.centre_time()
        return self.clock.read().at


def _object(response: requests.Response) -> dict[str, Any] | None:
    if "json" not in response.headers.get("Content-Type", ""):
        return None
    try:
        said = response.json()
    except ValueError:
        return None
    return said if isinstance(said, dict) else None


def retry_after_s(text: str, now: datetime) -> float | None:
    """Return the seconds that a Retry-After asks for, at most an hour: whole seconds or an HTTP date; None for neither.

    Source: RFC 9110, 10.2.3.
    """
    if text.isascii() and text.isdigit():
        return min(float(text), _MAX_OBEYED_S)
    try:
        until = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return min(max(0.0, (until - now).total_seconds()), _MAX_OBEYED_S)


def pause_s(error: Exception, failures: int, chance: Callable[[], float] = random.random) -> float:
    """Return how long to leave the centre alone: what it asked for, or a random time that grows with each failure.

    Full jitter: anything from 0 to min(900, 2·2ⁿ) s after n failures, `chance` being uniform in [0, 1).
    """
    if isinstance(error, UplinkError) and error.wait_s is not None:
        return error.wait_s
    longest_s: float = min(_MAX_BACKOFF_S, 2 * 2 ** min(failures, _MOST_DOUBLINGS))
    return chance() * longest_s


def reason(error: Exception) -> str:
    """Return what a screen's log says of a failure."""
    if isinstance(error, requests.ConnectionError):
        return "the centre cannot be reached"
    if isinstance(error, requests.Timeout):
        return "the centre does not answer in time"
    return str(error)
