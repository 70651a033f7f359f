"""What travels beside the events, sealed to the centre. Plain bytes enter, a hash for the event and sealed files leave.

An event carries the SHA-256 of the sealed bytes, not of the plain ones: after an erasure nothing can be guessed from
it, and whoever holds the bytes can check them without opening them. Even this terminal cannot open them again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import requests

from sync.errors import SyncError
from sync.keys import sync_folder, write_secret
from sync.link import Link
from sync.sealing import attachment_context, seal
from sync.wire import sha256

MAX_BYTES = 2 * 1024 * 1024
"""Of one attachment as sealed."""

_FILE = re.compile(r"[0-9a-f]{64}\.(held|due|sent)\Z", re.ASCII)
_DAY_S = 86_400
_SETTLED = {requests.codes.created, requests.codes.ok}


class AttachmentTooLargeError(SyncError, ValueError):
    """An attachment over the limit."""


class AttachmentBox:
    """A terminal's attachments, one file each: held until their event stands in the ledger, due, sent.

    Implements `sync.uplink.Errand`. Sent ones stay for `keep_days`, for a centre that is restored from a backup;
    `wall_s` is the clock that ages them.
    """

    def __init__(
        self, folder: Path, origin: str, centre_key: str, wall_s: Callable[[], float], keep_days: int = 90
    ) -> None:
        self._folder = folder
        self._origin = origin
        self._centre_key = centre_key
        self._wall_s = wall_s
        self._keep_s = keep_days * _DAY_S
        for path in self._files("held"):  # a crash between the file and the word that its event stands: offer it
            self._turn(path, "due")

    def hold(self, plain: bytes) -> str:
        """Return the hash that the event is to carry, once the sealed bytes are durable here."""
        sealed = seal(self._centre_key, plain, attachment_context(self._origin))
        if len(sealed) > MAX_BYTES:
            raise AttachmentTooLargeError(f"{len(plain)} bytes: an attachment is at most {MAX_BYTES} sealed")
        digest = sha256(sealed)
        write_secret(self._folder / f"{digest}.held", sealed)
        return digest

    def release(self, digest: str) -> None:
        """Say that the event of an attachment stands in the ledger: it follows once that is acknowledged."""
        self._turn(self._folder / f"{digest}.held", "due")

    def waiting(self) -> int:
        """Return how many the centre does not have yet."""
        return len(self._files("due"))

    # -- sync.uplink.Errand ------------------------------------------------------------------------------------

    def says(self) -> Mapping[str, Any]:
        """Return nothing: events name their attachments themselves."""
        return {}

    def run(self, link: Link, _answer: Mapping[str, Any]) -> None:
        """Send what is due; every event before it has been sent, for errands follow the lines."""
        for path in self._files("due"):
            self._send(link, path)
        for path in self._files("sent"):
            if self._wall_s() - path.stat().st_mtime >= self._keep_s:
                path.unlink()

    def centre_went_back(self) -> None:
        """Offer again what was sent: the centre may have lost it."""
        for path in self._files("sent"):
            self._turn(path, "due")

    def _send(self, link: Link, path: Path) -> None:
        sealed = path.read_bytes()
        if sha256(sealed) != path.stem:
            path.unlink()  # the disk changed it: the centre could not open it, and will say that it is missing
            return
        response = link.ask("PUT", link.path("attachments", path.stem), sealed, "application/octet-stream")
        if response.status_code == requests.codes.gone:
            path.unlink()
        elif response.status_code in _SETTLED:
            path.touch()  # its days count from now
            self._turn(path, "sent")
        else:
            link.refuse_failure(response)

    def _turn(self, path: Path, state: str) -> None:
        path.replace(path.with_suffix(f".{state}"))
        sync_folder(self._folder)

    def _files(self, state: str) -> list[Path]:
        if not self._folder.is_dir():
            return []
        named = (path for path in self._folder.iterdir() if _FILE.match(path.name))
        return sorted(path for path in named if path.suffix == f".{state}")
