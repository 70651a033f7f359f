"""What a fresh ledger gets back of the ones before it: checked lines enter, and stand under their old epochs.

They count as acknowledged and are never sent again. What is missing in the end stands in the ledger and on the screen.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from kiosk import lines, quarantine
from kiosk.lines import Fact, Kept
from kiosk.store import Ledger
from sync.chain import GENESIS
from sync.events import instant_text, parse_event
from sync.outbox import KnownHead, StoredLine
from sync.refetch import Wanted

_T = TypeVar("_T")

Range = tuple[int, int]
"""The first and the last number of lines that stand in a row."""


class Recovery:
    """Implements `sync.refetch.RefetchHolder` over a terminal's ledger. `on_change` is called when lines came back."""

    def __init__(self, ledger: Ledger, on_change: Callable[[], None] = lambda: None) -> None:
        self._ledger = ledger
        self._on_change = on_change
        self._settled: int | None = None
        self._asked: dict[str, KnownHead] = {}
        self._mentioned: dict[Path, dict[str, int]] = {}

    @property
    def origin(self) -> str:
        """Return the terminal's id."""
        return self._ledger.origin

    def refetch_due(self) -> bool:
        """Return whether the centre is to be asked what it holds: at a start, and after the store was replaced."""
        return self._settled != self._ledger.writer.replacements

    def learn(self, held_there: Sequence[KnownHead]) -> None:
        """Take note of how far the centre holds each epoch of this terminal, and what the moved files mention."""
        self._asked = {head.epoch: head for head in held_there}
        mentioned = self._mentions()

        def note(connection: sqlite3.Connection) -> None:
            own = {name for (name,) in connection.execute("SELECT name FROM epoch WHERE fetched = 0").fetchall()}
            for epoch in [*mentioned, *self._asked]:
                if epoch not in own:
                    _make_room(connection, epoch)
            for epoch, seq in mentioned.items():
                connection.execute("UPDATE lost SET mentioned = max(mentioned, ?) WHERE epoch = ?", (seq, epoch))
            self._lay_out(connection)

        self._ledger.writer.submit(note).result()

    def _mentions(self) -> dict[str, int]:
        """Return the highest number that any moved file mentions of each epoch; each file is read once."""
        highest: dict[str, int] = {}
        for folder in quarantine.quarantined(self._ledger.path.parent):
            if folder not in self._mentioned:
                self._mentioned[folder] = quarantine.mentioned(folder)
            for epoch, seq in self._mentioned[folder].items():
                highest[epoch] = max(seq, highest.get(epoch, 0))
        return highest

    def _lay_out(self, connection: sqlite3.Connection) -> None:
        """Give each lost epoch that the centre holds a place before all others, the newest nearest to the present."""
        born_at = instant_text(self._ledger.clock.read().at)
        names = [name for (name,) in connection.execute("SELECT epoch FROM lost ORDER BY number DESC").fetchall()]
        for name in names:
            if name in self._asked:
                connection.execute(
                    "INSERT OR IGNORE INTO epoch (number, name, origin, born_at, fetched)"
                    " SELECT min(min(number), 1) - 1, ?, ?, ?, 1 FROM epoch",
                    (name, self.origin, born_at),
                )

    def wanted(self) -> list[Wanted]:
        """Return the epochs of which more is to be fetched, the newest first."""
        held = self._look(_fetched_heads)
        return [
            Wanted(head.epoch, head.seq, head.hash)
            for head in held
            if head.epoch in self._asked and head.seq < self._asked[head.epoch].seq
        ]

    def _look(self, work: Callable[[sqlite3.Connection], list[_T]]) -> list[_T]:
        return self._ledger.writer.submit(work, writes=False).result()

    def keep(self, epoch: str, fetched: Sequence[StoredLine]) -> None:
        """Keep checked lines that follow those held; they are never sent again."""
        on = self._ledger.clock.centre_time()

        def put(connection: sqlite3.Connection) -> Kept:
            (number,) = connection.execute(
                "SELECT number FROM epoch WHERE name = ? AND fetched = 1", (epoch,)
            ).fetchone()
            for stored in fetched:
                lines.insert(connection, number, stored.seq, parse_event(stored.line), stored.hash)
            last = fetched[-1].seq
            receipt = json.dumps({"ack": last, "received_at": instant_text(on)}, separators=(",", ":"))
            connection.execute(
                "UPDATE epoch SET acknowledged = ?, receipt = ? WHERE number = ?", (last, receipt, number)
            )
            return Kept()

        self._ledger.writer.submit(put).result()
        self._on_change()

    def settle(self) -> None:
        """Record, once for each lost epoch, how much of it came back and which numbers did not."""
        replacements = self._ledger.writer.replacements
        if self._look(_unsettled):
            self._ledger.write(_settle)
            self._on_change()
        self._settled = replacements


def missing_of(ledger: Ledger) -> dict[str, list[Range]]:
    """Return, for each epoch that was lost, the lines that could not be got back, as far as that is known by now."""
    rows = ledger.reader.rows("SELECT epoch, missing FROM lost WHERE missing != '[]' ORDER BY number")
    return {epoch: [(first, last) for first, last in json.loads(missing)] for epoch, missing in rows}


def _make_room(connection: sqlite3.Connection, epoch: str) -> None:
    """Note an epoch of which nothing was remembered, older than all that is: only that it was there."""
    connection.execute(
        "INSERT OR IGNORE INTO lost (number, epoch, seq, hash) SELECT coalesce(min(number), 1) - 1, ?, 0, ? FROM lost",
        (epoch, GENESIS),
    )


def _fetched_heads(connection: sqlite3.Connection) -> list[KnownHead]:
    rows = connection.execute("SELECT number, name FROM epoch WHERE fetched = 1 ORDER BY number DESC").fetchall()
    return [KnownHead(name, *lines.last_of(connection, number)) for number, name in rows]


def _unsettled(connection: sqlite3.Connection) -> list[Any]:
    return connection.execute(
        "SELECT lost.epoch, lost.seq, lost.hash, mentioned, epoch.number FROM lost"
        " LEFT JOIN epoch ON epoch.name = lost.epoch WHERE settled = 0 ORDER BY lost.number"
    ).fetchall()


def _settle(connection: sqlite3.Connection) -> list[Fact]:
    facts: list[Fact] = []
    for epoch, seq, hash_, mentioned, number in _unsettled(connection):
        held = lines.last_of(connection, number)[0] if number is not None else 0
        known = max(seq, mentioned)
        missing = [[held + 1, known]] if known > held else []
        said: dict[str, Any] = {"epoch": epoch, "held": held, "missing": missing}
        if 0 < seq <= held and _hash_of(connection, number, seq) != hash_:
            said["differs_at"] = seq  # the centre holds another history of this epoch than stood here
        facts.append(("device.refetched", said))
        connection.execute("UPDATE lost SET settled = 1, missing = ? WHERE epoch = ?", (json.dumps(missing), epoch))
    return facts


def _hash_of(connection: sqlite3.Connection, number: int, seq: int) -> bytes | None:
    found = connection.execute("SELECT hash FROM event WHERE position = ?", (lines.position(number, seq),)).fetchone()
    return bytes(found[0]) if found else None
