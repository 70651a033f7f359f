"""Somebody with the database's password, and perhaps the centre's key: he alters rows and hides what he did."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, select, update

from scoring import tables
from scoring.centre import Centre
from scoring.verify import verify
from scoring.walk import Report
from sync import chain
from sync.checkpoint import Checkpoint
from sync.events import parse_instant
from tests.scoring.fakes import FakeTerminal

EVENT, HEAD = tables.event, tables.head


@dataclass
class Insider:
    """What he does to one epoch of one terminal."""

    centre: Centre
    terminal: FakeTerminal

    @property
    def epoch(self) -> Any:
        return (EVENT.c.origin == self.terminal.origin) & (EVENT.c.epoch == self.terminal.epoch)

    def row(self, seq: int) -> Any:
        with self.centre.store.reading() as connection:
            return connection.execute(select(EVENT).where(self.epoch, EVENT.c.seq == seq)).one()

    def set(self, seq: int, **columns: Any) -> None:
        with self.centre.store.writing() as connection:
            connection.execute(update(EVENT).where(self.epoch, EVENT.c.seq == seq).values(columns))

    def edit(self, seq: int) -> None:
        """Make another person of the one who punched."""
        self.set(seq, line=bytes(self.row(seq).line).replace(b"P0007", b"P0666"))

    def swap(self, one: int, other: int) -> None:
        """Let two lines change places, each with what stands beside it."""
        first, second = self.row(one), self.row(other)
        for seq, row in ((one, second), (other, first)):
            self.set(seq, id=f"swapped-{seq}", line=row.line, occurred_at=row.occurred_at, hash=row.hash)
        self.set(one, id=second.id)
        self.set(other, id=first.id)

    def rechain(self) -> None:
        """Compute the chain anew behind what was altered, and move the head with it."""
        with self.centre.store.writing() as connection:
            seq, line_hash = 0, chain.GENESIS
            for row in list(connection.execute(select(EVENT).where(self.epoch).order_by(EVENT.c.seq))):
                seq, line_hash = row.seq, chain.link(line_hash, bytes(row.line))
                connection.execute(update(EVENT).where(self.epoch, EVENT.c.seq == seq).values(hash=line_hash))
            self._move_head(connection, seq, line_hash)

    def cut(self, last: int) -> None:
        """Remove every line after number `last`, and move the head back."""
        kept = self.row(last)
        with self.centre.store.writing() as connection:
            connection.execute(delete(EVENT).where(self.epoch, EVENT.c.seq > last))
            self._move_head(connection, kept.seq, bytes(kept.hash))

    def remove(self, seq: int) -> None:
        with self.centre.store.writing() as connection:
            connection.execute(delete(EVENT).where(self.epoch, EVENT.c.seq == seq))

    def _move_head(self, connection: Connection, seq: int, line_hash: bytes) -> None:
        where = (HEAD.c.origin == self.terminal.origin) & (HEAD.c.epoch == self.terminal.epoch)
        connection.execute(update(HEAD).where(where).values(seq=seq, hash=line_hash))

    def wipe_tiles(self) -> None:
        with self.centre.store.writing() as connection:
            connection.execute(delete(tables.log_tile))

    def sign_anew(self) -> list[Checkpoint]:
        """Make the last checkpoint again, with the centre's own key, over the altered rows; return all there are."""
        with self.centre.store.writing() as connection:
            made = list(connection.execute(select(tables.checkpoint).order_by(tables.checkpoint.c.number)))
            connection.execute(delete(tables.checkpoint))
            connection.execute(delete(tables.log_tile))
        self.centre.checkpoints._latest = None
        return [self.centre.checkpoints.make(parse_instant(made[-1].at))]


def verified(centre: Centre, held: Iterable[Checkpoint] = ()) -> Report:
    return verify(centre.store, list(held), centre.key.public_text)


def found(report: Report) -> str:
    """Return the place of the line that is named as the first altered one."""
    named = report.first_altered
    assert named is not None, report.other
    return f"{'/'.join(named.place)}/{named.seq}"
