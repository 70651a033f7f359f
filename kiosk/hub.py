"""Serves the hub of a hall: HTTP from the hall's other terminals enters, the hub's answers leave. Decides nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from http.client import responses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cheroot.wsgi import Server

from kiosk.errors import ConfigError
from sync.hub import MOST_BODY_BYTES, Hub, Members
from sync.spool import Spool

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_MOST_SPOOLED_BYTES = 256 * 1024 * 1024
_THREADS = 8


class HubServer:
    """The hub's address in the hall. `roster` returns the roster manifest as this terminal holds it."""

    def __init__(
        self,
        listen: str,
        centre_url: str,
        server_key: str,
        state_dir: Path,
        own_origin: str,
        roster: Callable[[], Mapping[str, Any]],
    ) -> None:
        self._own_origin = own_origin
        self._roster = roster
        self._spool = Spool(state_dir / "hub.db", _MOST_SPOOLED_BYTES)
        self._hub = Hub(centre_url, server_key, self._spool, self._members, time.time)
        host, _, port = listen.rpartition(":")
        self._server = Server((host.strip("[]"), int(port)), self._answer, numthreads=_THREADS)
        self._server.max_request_body_size = MOST_BODY_BYTES
        try:
            self._server.prepare()
        except OSError as error:
            self._spool.close()
            raise ConfigError(f"hub.listen {listen}: cannot be served ({error.strerror}): name another") from error

    def start(self, run: Callable[[Callable[[], None], str], None]) -> None:
        """Serve and forward, each in a thread that `run` starts under a name."""
        run(self._server.serve, "hub")
        run(self._hub.run, "hub forwarding")

    def stop(self) -> None:
        """End both after what is under way."""
        self._hub.stop()
        self._server.stop()

    def close(self) -> None:
        """Close the spool, once the threads have ended."""
        self._spool.close()

    def _members(self) -> Members:
        beside = self._roster().get("terminals", [])
        return {each["origin"]: each["public_key"] for each in beside if each["origin"] != self._own_origin}

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        names = {key[5:].replace("_", "-").title(): text for key, text in environ.items() if key.startswith("HTTP_")}
        if environ.get("CONTENT_TYPE"):
            names["Content-Type"] = environ["CONTENT_TYPE"]
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        reply = self._hub.answer(environ["REQUEST_METHOD"], environ["REQUEST_URI"], names, body)
        headers = [*reply.headers.items(), ("Content-Length", str(len(reply.body)))]
        start_response(f"{reply.status} {responses.get(reply.status, 'Answer')}", headers)
        return [reply.body]
