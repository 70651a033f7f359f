"""A centre that answers over real HTTP what a test has written down, and remembers what it was asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from sync.keys import SigningKey
from sync.wire import receipt_text

CENTRE_KEY = SigningKey.from_seed(b"c" * 32)
NOW = "2026-10-08T08:30:00.000+08:00"


@dataclass
class Asked:
    """One request: method, path with query, headers and body."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Answer:
    """One answer: status, body (JSON, or bytes as they are) and further headers."""

    status: int = 200
    body: dict[str, Any] | bytes = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)


Script = Callable[[Asked], Answer]


@contextmanager
def scripted(script: Script) -> Iterator[tuple[str, list[Asked]]]:
    """Yield the address of a centre that follows `script`, and the list of what it was asked."""
    asked: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = Asked(self.command, self.path, dict(self.headers), body)
            asked.append(request)
            answer = script(request)
            content = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            self.send_response(answer.status)
            for name, text in {"Content-Type": "application/json", **answer.headers}.items():
                self.send_header(name, text)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 (the names that http.server looks for)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def accepted(request: Asked, epoch: str, key: SigningKey = CENTRE_KEY) -> Answer:
    """Return the answer to a batch that was taken whole."""
    ack = int(request.headers["X-Start"]) + int(request.headers["X-Count"]) - 1
    receipt = {"origin": "t1", "epoch": epoch, "ack": ack, "ack_hash": request.headers["X-Head"], "received_at": NOW}
    receipt["signature"] = key.sign(receipt_text(receipt))
    return Answer(200, {"ack": ack, "ack_hash": receipt["ack_hash"], "receipt": receipt, "server_time": NOW,
                        "cursors": {}, "next_s": 30})  # fmt: skip
