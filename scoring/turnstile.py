"""Sends some terminals away while too many wait, so that those who are let in are answered soon.

Requests and the length of the queue enter; the application's answer or a 503 with Retry-After leaves. Pages for people
are always let in: they are few.
"""

from __future__ import annotations

import json
import math
import random
import threading
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MOST_WAITING = 128
"""How many requests may wait for a thread; at some milliseconds each, the last of them is answered within a second."""
_TERMINALS = "/v1/t/"
_SHORTEST_S, _LONGEST_S = 1.0, 120.0
_BODY = json.dumps({"error": "busy", "message": "too many terminals at once: come back as Retry-After says"}).encode()


class Turnstile:
    """A WSGI application before another. `waiting` says how many requests wait, `clock` gives monotonic seconds."""

    def __init__(
        self, application: WSGIApplication, waiting: Callable[[], int], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._application = application
        self._waiting = waiting
        self._clock = clock
        self._lock = threading.Lock()
        self._chance = random.SystemRandom()
        self._since_s = clock()
        self._let_in = self._sent_away = 0
        self.wait_s = _SHORTEST_S
        """How long, on average, those who are sent away are asked to stay away."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer as the application does, or with a 503 where too many wait already."""
        if not environ["PATH_INFO"].startswith(_TERMINALS) or self._may_enter():
            return self._application(environ, start_response)
        wait_s = math.ceil(self.wait_s * self._chance.uniform(0.5, 1.5))
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(_BODY)))]
        start_response("503 Service Unavailable", [*headers, ("Retry-After", str(wait_s))])
        return [_BODY]

    def _may_enter(self) -> bool:
        """Count one request, and each second fit the wait to the crowd: one may be sent away for two let in."""
        enters = self._waiting() <= MOST_WAITING
        with self._lock:
            now_s = self._clock()
            if now_s - self._since_s >= 1:
                crowded = 2 * self._sent_away / max(self._let_in, 1)
                self.wait_s = min(max(self.wait_s * min(max(crowded, 0.5), 2), _SHORTEST_S), _LONGEST_S)
                self._since_s, self._let_in, self._sent_away = now_s, 0, 0
            if enters:
                self._let_in += 1
            else:
                self._sent_away += 1
        return enters
