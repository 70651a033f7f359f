"""A network that drops, delays, cuts short, flips and repeats: bytes enter on one side, other bytes leave.

It knows nothing of HTTP. A repeated connection brings old batches again, after newer ones.
"""

from __future__ import annotations

import random
import socket
import threading
from collections import Counter
from dataclasses import dataclass, field

_CHUNK_BYTES = 65536
_PATIENCE_S = 20.0
_MOST_DELAY_S = 0.15
_KEPT_REQUESTS = 20


@dataclass
class Chaos:
    """How often each thing happens, as a share of connections (or of chunks, for flips); `calm` ends it all."""

    refuse: float = 0.15
    cut: float = 0.15
    cut_answer: float = 0.15
    flip: float = 0.12
    delay: float = 0.3
    repeat: float = 0.4
    calm: bool = False
    happened: Counter[str] = field(default_factory=Counter)

    def strikes(self, what: str) -> bool:
        """Return whether a thing happens now, and count it."""
        happens = not self.calm and random.random() < getattr(self, what)
        self.happened[what] += happens
        return happens


class Proxy:
    """Listens on a port of its own and passes everything on to another, as far as chaos lets it."""

    def __init__(self, target_port: int, chaos: Chaos) -> None:
        self.chaos = chaos
        self._target_port = target_port
        self._requests: list[bytes] = []
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = int(self._listener.getsockname()[1])
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        """Return the address to give to a client."""
        return f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        """Stop listening."""
        self._closing.set()
        self._listener.close()

    def _listen(self) -> None:
        while not self._closing.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client:
            client.settimeout(_PATIENCE_S)
            if self.chaos.strikes("refuse"):
                return
            try:
                server = socket.create_connection(("127.0.0.1", self._target_port), _PATIENCE_S)
            except OSError:
                return
            with server:
                server.settimeout(_PATIENCE_S)
                heard: list[bytes] = []
                back = threading.Thread(target=self._pass, args=(server, client, "cut_answer", None), daemon=True)
                back.start()
                self._pass(client, server, "cut", heard)
                back.join()
            self._keep(b"".join(heard))
        if self.chaos.strikes("repeat"):
            self._repeat()

    def _pass(self, source: socket.socket, sink: socket.socket, cut: str, heard: list[bytes] | None) -> None:
        """Carry bytes one way until either end closes, or until they are cut off in the middle."""
        try:
            while chunk := source.recv(_CHUNK_BYTES):
                if heard is not None:
                    heard.append(chunk)
                if self.chaos.strikes("delay"):
                    self._closing.wait(random.uniform(0, _MOST_DELAY_S))
                if self.chaos.strikes(cut):
                    sink.sendall(chunk[: random.randrange(len(chunk))])
                    break
                sink.sendall(self._flipped(chunk) if self.chaos.strikes("flip") else chunk)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    @staticmethod
    def _flipped(chunk: bytes) -> bytes:
        place = random.randrange(len(chunk))
        return chunk[:place] + bytes([chunk[place] ^ (1 << random.randrange(8))]) + chunk[place + 1 :]

    def _keep(self, request: bytes) -> None:
        if b"/batches " in request:
            with self._lock:
                self._requests = [*self._requests, request][-_KEPT_REQUESTS:]

    def _repeat(self) -> None:
        """Send again, byte for byte, what some earlier connection had sent; nobody hears the answer."""
        with self._lock:
            request = random.choice(self._requests) if self._requests else b""
        try:
            with socket.create_connection(("127.0.0.1", self._target_port), _PATIENCE_S) as server:
                server.sendall(request)
                server.settimeout(1.0)
                server.recv(_CHUNK_BYTES)
        except OSError:
            return
