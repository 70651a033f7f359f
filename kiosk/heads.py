"""What a terminal remembers of its ledger outside of it: heads enter, and are there when the ledger is not.

`heads.json` is written durably, now and then; the mark beside it after every commit, without waiting for the disk.
Both lag behind what is committed and never run ahead of it, so that a ledger that ends before them has lost lines.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sync.chain import GENESIS
from sync.keys import write_secret
from sync.outbox import KnownHead
from sync.wire import compact_json, sha256

_MARK_BYTES = 192


@dataclass(frozen=True, slots=True)
class Remembered:
    """Whose ledger it was, and the heads of its epochs, the newest last."""

    origin: str
    heads: tuple[KnownHead, ...]

    @property
    def newest(self) -> KnownHead | None:
        """Return the head of the newest epoch, None where none is known."""
        return self.heads[-1] if self.heads else None


def remember(folder: Path, origin: str, heads: Sequence[KnownHead]) -> None:
    """Write the heads durably and atomically where they are not written yet; call it only when they are committed."""
    if _read(folder / "heads.json") == (origin, list(heads)):
        return
    epochs = [{"epoch": head.epoch, "seq": head.seq, "hash": head.hash.hex()} for head in heads]
    write_secret(folder / "heads.json", compact_json({"origin": origin, "epochs": epochs}))


def recall(folder: Path) -> Remembered | None:
    """Return what was remembered last, the mark included; None where there never was a ledger.

    A sidecar that was torn or damaged is as good as none: it adds to what the ledger says, and proves nothing alone.
    """
    origin, heads = _read(folder / "heads.json")
    marked = _marked(folder / "ledger.mark")
    if marked is not None:
        origin, mark = origin or marked[0], marked[1]
        known = {head.epoch: head for head in heads}
        if mark.epoch not in known:
            heads.append(mark)
        elif known[mark.epoch].seq < mark.seq:
            heads[heads.index(known[mark.epoch])] = mark
    return Remembered(origin, tuple(heads)) if origin else None


def _read(path: Path) -> tuple[str, list[KnownHead]]:
    try:
        said = json.loads(path.read_bytes())
        heads = [KnownHead(str(one["epoch"]), int(one["seq"]), bytes.fromhex(one["hash"])) for one in said["epochs"]]
        return str(said["origin"]), [head for head in heads if len(head.hash) == len(GENESIS)]
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return "", []


def _marked(path: Path) -> tuple[str, KnownHead] | None:
    try:
        origin, epoch, seq, hash_, check = path.read_text(encoding="utf-8").split()
        if check != _check(f"{origin} {epoch} {seq} {hash_}"):
            return None
        return origin, KnownHead(epoch, int(seq), bytes.fromhex(hash_))
    except (FileNotFoundError, ValueError):
        return None


def _check(text: str) -> str:
    return sha256(text.encode())[:16]


class Mark:
    """The head after the last commit, in a file of one sector that is overwritten in place."""

    def __init__(self, folder: Path, origin: str) -> None:
        self._path = folder / "ledger.mark"
        self._origin = origin
        self._handle: int | None = None

    def set(self, head: KnownHead) -> None:
        """Overwrite the mark. Where that fails the older mark stays, which says less and nothing false."""
        text = f"{self._origin} {head.epoch} {head.seq} {head.hash.hex()}"
        try:
            if self._handle is None:
                self._handle = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
            os.pwrite(self._handle, f"{text} {_check(text)}".encode().ljust(_MARK_BYTES), 0)
        except OSError:
            return

    def close(self) -> None:
        """Close the file."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
