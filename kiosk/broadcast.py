"""Server-sent events to the terminal's own screens: named texts enter, each listener gets the newest of each name.

A slow screen misses what was overtaken, never the latest, and holds up nobody.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

_KEEPALIVE_S = 10.0


@dataclass(slots=True)
class Channel:
    """One page's stream of named texts."""

    _latest: dict[str, str] = field(default_factory=dict)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _version: int = 0
    _versions: dict[str, int] = field(default_factory=dict)
    _closed: bool = False

    def publish(self, name: str, text: str) -> None:
        """Make `text` the newest under `name`; the same text again is not sent again."""
        with self._changed:
            if self._latest.get(name) == text:
                return
            self._version += 1
            self._latest[name] = text
            self._versions[name] = self._version
            self._changed.notify_all()

    def close(self) -> None:
        """End every listener's stream."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def listen(self) -> Iterator[bytes]:
        """Yield the stream for one screen: first the newest of every name, then what follows, until `close`."""
        seen = 0
        yield b"retry: 1000\n\n"
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._version > seen, _KEEPALIVE_S)  # noqa: B023 (waited for at once)
                if self._closed:
                    return
                fresh = {name: self._latest[name] for name, version in self._versions.items() if version > seen}
                seen = self._version
            yield b"".join(_message(name, text) for name, text in fresh.items()) or b": still here\n\n"


def _message(name: str, text: str) -> bytes:
    body = "".join(f"data: {line}\n" for line in text.split("\n"))
    return f"event: {name}\n{body}\n".encode()
