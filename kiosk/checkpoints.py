"""The centre's checkpoints as this terminal keeps them: signed checkpoints enter, one line of a file each.

The file is only ever appended to, and lies beside the ledger, not in it: a damaged or replaced ledger leaves it whole.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from sync.checkpoint import Checkpoint, CheckpointError, read_checkpoint
from sync.errors import SignatureRejectedError
from sync.events import instant_text, parse_instant
from sync.wire import compact_json

FILE = "checkpoints.ndjson"
CONFLICT = "device.checkpoint_conflict"
"""The event that says that the centre signed two histories; both checkpoints stand in it and in the file."""


class CheckpointBook:
    """The checkpoints that one terminal holds of one centre; implements `sync.following.CheckpointHolder`.

    `record` writes an event into the terminal's ledger, `sync` waits for the disk. `conflict_at` is when the centre
    last contradicted itself.
    """

    def __init__(
        self,
        state_dir: Path,
        server_key: str,
        now: Callable[[], datetime],
        record: Callable[[str, Mapping[str, Any]], object],
        sync: Callable[[int], None] = os.fsync,
    ) -> None:
        self._path = state_dir / FILE
        self._now = now
        self._record = record
        self._sync = sync
        self._held: Checkpoint | None = None
        self.conflict_at: datetime | None = None
        for kept in kept_checkpoints(self._path):
            checkpoint = read_checkpoint(kept)
            try:
                checkpoint.check(server_key)
            except SignatureRejectedError:  # of another centre, before this terminal was enrolled here
                continue
            self._held = checkpoint
            if kept.get("conflict"):
                self.conflict_at = parse_instant(kept["kept_at"])

    def held(self) -> Checkpoint | None:
        """Return the checkpoint kept last that this centre signed, None where there is none."""
        return self._held

    def hold(self, checkpoint: Checkpoint, conflict: str | None) -> None:
        """Append a signed checkpoint durably, record a contradiction in the ledger too; OSError where it cannot."""
        before, at = self._held, self._now()
        line = {**checkpoint.as_json(), "kept_at": instant_text(at), "conflict": conflict}
        _append(self._path, compact_json(line), self._sync)
        self._held = checkpoint
        if conflict is not None and before is not None:
            self.conflict_at = at
            said = {"held": before.as_json(), "told": checkpoint.as_json(), "because": conflict}
            self._record(CONFLICT, said)


def kept_checkpoints(path: Path) -> Iterator[dict[str, Any]]:
    """Yield each checkpoint of the file as it was kept; a line that a power cut tore is passed over."""
    try:
        lines = path.read_bytes().split(b"\n")
    except FileNotFoundError:
        return
    for line in lines:
        try:
            kept = json.loads(line)
            read_checkpoint(kept)
            parse_instant(kept.get("kept_at"))
        except (ValueError, CheckpointError):
            continue
        yield kept


def _append(path: Path, line: bytes, sync: Callable[[int], None]) -> None:
    """Write one line behind what is there, on a line of its own even where a power cut tore the one before."""
    is_new = not path.exists()
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "r+b") as stream:
        stream.seek(0, os.SEEK_END)
        torn = stream.tell() and os.pread(stream.fileno(), 1, stream.tell() - 1) != b"\n"
        stream.write((b"\n" if torn else b"") + line + b"\n")
        stream.flush()
        sync(stream.fileno())
    if is_new:
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            sync(folder)
        finally:
            os.close(folder)
