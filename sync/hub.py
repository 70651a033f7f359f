"""Takes what a hall's other terminals have for the centre, and forwards it unchanged. Requests enter, answers leave.

Batches are kept on the disk while the centre is out of reach, and forwarded in the order in which they came; all else
is passed through at once or not at all. Every batch and every receipt is signed by others: what passes here can be
read, but neither altered nor made up.
"""

from __future__ import annotations

import json
import random
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import requests

from sync import wire
from sync.errors import SignatureRejectedError, SyncError
from sync.keys import verify
from sync.link import HELD_BY_HUB, pause_s, retry_after_s
from sync.spool import Reply, Request, Spool, SpoolError

MOST_BODY_BYTES = 4 * 1024 * 1024
_MOST_BATCH_BYTES = wire.MAX_BYTES + 4096
_TIMEOUT_S = (3.05, 20)
_ASK_AGAIN_S = (10, 20)
_FULL_S = 60
_NEXT_S = 30
_OF_A_TERMINAL = re.compile(r"/v1/t/([^/?]+)/")
_BATCH = re.compile(r"/v1/t/[^/?]+/e/([^/?]+)/batches\Z")
_OF_EVERYBODY = re.compile(r"/v1/(enrol|checkpoints/[a-z0-9]+(\?[^#]*)?)\Z")
_CARRIED_UP = re.compile(r"(x-.*|content-type|if-none-match)\Z", re.IGNORECASE)
_OF_A_BATCH = {"x-start", "x-count", "x-prev", "x-head", "x-signature", "content-type"}
_CARRIED_DOWN = re.compile(r"(x-.*|content-type|etag|retry-after)\Z", re.IGNORECASE)

Members = Mapping[str, str]
"""The hall's other terminals by id, each with its public key (base64) as the roster tells it."""


class CentreUnreachableError(SyncError, ConnectionError):
    """The centre did not answer, or not as itself; `wait_s` is how long it asked to be left alone."""

    def __init__(self, message: str, wait_s: float | None = None) -> None:
        super().__init__(message)
        self.wait_s = wait_s


@dataclass(slots=True)
class Hub:
    """One hall's hub. `members` returns the hall's other terminals, `wall_s` the time for the age of an answer."""

    centre_url: str
    server_key: str
    spool: Spool
    members: Callable[[], Members]
    wall_s: Callable[[], float]
    _reached: bool = True
    _forwarding: threading.Lock = field(default_factory=threading.Lock)
    _wake: threading.Event = field(default_factory=threading.Event)
    _stopping: threading.Event = field(default_factory=threading.Event)

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Return the answer to a request; `target` is path and query exactly as they came."""
        carried = {name: text for name, text in headers.items() if _CARRIED_UP.match(name)}
        if _OF_EVERYBODY.match(target):
            return self._passed_on(method, Request("", target, carried, body))
        named = _OF_A_TERMINAL.match(target)
        origin = unquote(named[1]) if named else ""
        if not named:
            return self._said(404, "not_found", "a hub passes on what terminals ask, nothing else")
        if origin not in self.members():
            return self._said(403, "not_this_hall", f"the roster names no terminal {origin!r} of this hall")
        request = Request(origin, target, carried, body)
        if method == "POST" and _BATCH.match(target):
            try:
                stated = {name: text for name, text in carried.items() if name.lower() in _OF_A_BATCH}
                return self._take_batch(Request(origin, target, stated, body))
            except SpoolError as error:
                return self._said(503, "spool", str(error), wait_s=_FULL_S)
        return self._passed_on(method, request)

    def run(self) -> None:
        """Forward what is held whenever the centre can be reached, until `stop`."""
        failures = 0
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                self._forward_all()
                failures = 0
                self._wake.wait()
            except (CentreUnreachableError, SpoolError) as error:
                wait_s = getattr(error, "wait_s", None)
                self._stopping.wait(wait_s if wait_s is not None else pause_s(error, failures))
                failures += 1

    def stop(self) -> None:
        """End `run` after the request under way."""
        self._stopping.set()
        self._wake.set()

    # -- batches -----------------------------------------------------------------------------------------------

    def _take_batch(self, request: Request) -> Reply:
        last = self._last_line(request)
        if last is None:  # not the key that the roster names: the centre may know a newer one, or refuse it
            return self._passed_on("POST", request)
        known = self.spool.take_answer(request)
        if known is not None:
            return self._handed_on(request, known)
        if not self.spool.hold(request):
            return self._said(503, "spool_full", "the hub has no more room: keep it and come back", wait_s=_FULL_S)
        if self._reached and self.spool.waiting(request.origin) == 1:
            try:
                self._forward_now(request.origin)
            except CentreUnreachableError:
                pass
            else:
                fresh = self.spool.take_answer(request)
                if fresh is not None:
                    return fresh
        self._wake.set()
        content = wire.compact_json({"held": last, "next_s": _NEXT_S})
        return Reply(202, {"Content-Type": "application/json", HELD_BY_HUB: "1"}, content, self.wall_s())

    def _last_line(self, request: Request) -> int | None:
        """Return the number of the last line of a batch that its terminal signed, None where it did not."""
        epoch = _BATCH.match(request.path)
        if epoch is None or len(request.body) > _MOST_BATCH_BYTES:
            return None
        headers = {name.title(): text for name, text in request.headers.items()}
        try:
            batch = wire.read_batch(request.origin, unquote(epoch[1]), headers, request.body)
            verify(self.members()[request.origin], batch.signature, batch.signed_text())
        except (wire.BatchMalformedError, SignatureRejectedError, KeyError):
            return None
        return batch.start + batch.count - 1

    def _handed_on(self, request: Request, known: Reply) -> Reply:
        """Return an answer that was kept, marked with its age so that nobody takes its time for the present."""
        if known.status == requests.codes.ok:
            self.spool.forget_answers(request.origin)
        age_s = max(1, int(self.wall_s() - known.at_s))
        return Reply(known.status, {**known.headers, "Age": str(age_s)}, known.body, known.at_s)

    def _forward_all(self) -> None:
        """Forward everything; one terminal whose batch the centre cannot take holds up no other."""
        trouble: CentreUnreachableError | None = None
        for origin in self.spool.origins():
            try:
                self._forward(origin)
            except CentreUnreachableError as error:
                trouble = error
                if not self._reached:
                    break
        if trouble is not None:
            raise trouble

    def _forward(self, origin: str) -> None:
        """Forward one terminal's batches in order, until none waits."""
        with self._forwarding:
            self._drain(origin)

    def _forward_now(self, origin: str) -> None:
        """Forward one terminal's batches while it waits for its answer, unless others are being forwarded."""
        if self._forwarding.acquire(blocking=False):
            try:
                self._drain(origin)
            finally:
                self._forwarding.release()

    def _drain(self, origin: str) -> None:
        while not self._stopping.is_set() and (waiting := self.spool.oldest(origin)) is not None:
            number, request = waiting
            reply = self._asked("POST", request)
            if not self._is_the_centres(reply):
                wait_s = retry_after_s(reply.headers.get("Retry-After", ""), datetime.now(UTC))
                raise CentreUnreachableError(f"the centre answered {reply.status} to a batch of {origin}", wait_s)
            self.spool.answered(number, request, reply)

    def _is_the_centres(self, reply: Reply) -> bool:
        """Return whether a batch is settled: by a receipt that the centre signed, or by a refusal in its words."""
        try:
            said = json.loads(reply.body)
            if reply.status == requests.codes.ok:
                receipt: dict[str, Any] = said["receipt"]
                verify(self.server_key, receipt["signature"], wire.receipt_text(receipt))
                return True
            refused = 400 <= reply.status < 500 and reply.status != requests.codes.too_many_requests  # noqa: PLR2004
            return refused and isinstance(said["error"], str)
        except (ValueError, KeyError, TypeError, SignatureRejectedError):
            return False

    # -- everything else ---------------------------------------------------------------------------------------

    def _passed_on(self, method: str, request: Request) -> Reply:
        try:
            return self._asked(method, request)
        except CentreUnreachableError as error:
            wait_s = random.randint(*_ASK_AGAIN_S)  # noqa: S311 (spread, not secrecy)
            return self._said(503, "centre_unreachable", str(error), wait_s=wait_s)

    def _asked(self, method: str, request: Request) -> Reply:
        try:
            response = requests.request(
                method,
                self.centre_url + request.path,
                data=request.body,
                headers=dict(request.headers),
                timeout=_TIMEOUT_S,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            self._reached = False
            raise CentreUnreachableError("the hub cannot reach the centre") from error
        if not self._reached:
            self._reached = True
            self._wake.set()
        headers = {name: text for name, text in response.headers.items() if _CARRIED_DOWN.match(name)}
        return Reply(response.status_code, headers, response.content, self.wall_s())

    def _said(self, status: int, code: str, message: str, wait_s: int | None = None) -> Reply:
        headers = {"Content-Type": "application/json", HELD_BY_HUB: "0"}
        if wait_s is not None:
            headers["Retry-After"] = str(wait_s)
        return Reply(status, headers, wire.compact_json({"error": code, "message": message}), self.wall_s())
