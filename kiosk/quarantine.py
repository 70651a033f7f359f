"""Where a damaged ledger is moved to, and what may still be taken from it. Files enter, none is ever deleted.

Its events are never taken over: what a damaged file says of pay is no evidence. What proves itself may be: a sealed
template that this terminal's key opens, a manifest that the centre signed. Which numbers it still mentions is heeded
only to say which lines are missing.
"""

from __future__ import annotations

import mmap
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from kiosk.schema import open_for_reading
from sync.events import COUNTY_TIME
from sync.keys import write_secret
from sync.wire import compact_json

FOLDER = "quarantine"
_PARTS = ("", "-wal", "-shm", "-journal")
_MENTION = re.compile(rb'"epoch":"([0-9a-f]{8})","seq":([0-9]{1,9}),"type":"')


def move_aside(path: Path, at: datetime, why: str) -> Path:
    """Return the folder, new below `quarantine/` beside the ledger, in which its files now lie, durably.

    Raises OSError where the disk does not take it; what was moved by then is found and moved by the next try.
    """
    folder = _new_folder(path.parent / FOLDER, at)
    write_secret(folder / "why.json", compact_json({"at": at.astimezone(COUNTY_TIME).isoformat(), "why": why}))
    for part in _PARTS:  # the ledger itself first: without it the next start cannot take what is left for whole
        with suppress(FileNotFoundError):
            path.with_name(path.name + part).rename(folder / (path.name + part))
    for changed in (folder, folder.parent, path.parent):
        _sync(changed)
    return folder


def quarantined(state_dir: Path) -> list[Path]:
    """Return the folders of what was moved aside and that nobody has taken away, oldest first."""
    place = state_dir / FOLDER
    return sorted(folder for folder in place.iterdir() if folder.is_dir()) if place.is_dir() else []


def templates_in(folder: Path) -> Iterator[tuple[str, str, bytes]]:
    """Yield (person, version, sealed box) as far as the damaged file still gives them; none is to be trusted."""
    for person, version, sealed in _rows(folder, "SELECT person, version, sealed FROM template"):
        if isinstance(person, str) and isinstance(version, str) and isinstance(sealed, bytes):
            yield person, version, sealed


def manifests_in(folder: Path) -> Iterator[tuple[str, int, bytes, str]]:
    """Yield (kind, version, body, signature) as far as the damaged file still gives them; none is to be trusted."""
    for kind, version, body, signature in _rows(folder, "SELECT kind, version, body, signature FROM manifest"):
        if (
            isinstance(kind, str)
            and isinstance(version, int)
            and isinstance(body, bytes)
            and isinstance(signature, str)
        ):
            yield kind, version, body, signature


def _rows(folder: Path, sql: str) -> Iterator[Any]:
    found = sorted(folder.glob("*.db"))
    if not found:
        return
    with suppress(sqlite3.Error, UnicodeDecodeError), closing(open_for_reading(found[0])) as connection:
        yield from connection.execute(sql)


def mentioned(folder: Path) -> dict[str, int]:
    """Return, for each epoch that the moved files mention, the highest number that stands in them.

    A number counts only where the one before it stands there too, so that one flipped digit names no line that never
    was. Reads the raw bytes: neither a broken tree nor a broken log hides a line.
    """
    seen: dict[str, set[int]] = {}
    for path in (*folder.glob("*.db"), *folder.glob("*.db-wal")):
        for epoch, seq in _mentions(path):
            seen.setdefault(epoch, set()).add(seq)
    counted = {epoch: [seq for seq in numbers if seq == 1 or seq - 1 in numbers] for epoch, numbers in seen.items()}
    return {epoch: max(numbers) for epoch, numbers in counted.items() if numbers}


def _mentions(path: Path) -> Iterator[tuple[str, int]]:
    if not path.stat().st_size:
        return
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as raw:
        for match in _MENTION.finditer(raw):
            yield match[1].decode(), int(match[2])


def _new_folder(place: Path, at: datetime) -> Path:
    place.mkdir(mode=0o700, exist_ok=True)
    stem = at.astimezone(COUNTY_TIME).strftime("%Y%m%dT%H%M%S")
    for number in range(1, 1000):
        folder = place / (stem if number == 1 else f"{stem}-{number}")
        with suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            return folder
    raise FileExistsError(f"{place}: a thousand ledgers were moved here within one second")


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
