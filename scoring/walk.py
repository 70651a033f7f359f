"""One reading of a ledger beside what was signed over it: rows enter in the order of arrival, a report leaves.

Every chain is computed anew from the bytes, every column compared with its line, every checkpoint with the rows that
it covers. Memory grows with the number of epochs and of checkpoints, not with the number of lines. Asks no store.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from scoring.checkpoints import MovedHead, checkpoint_of, pack_heads, unpack_heads
from scoring.errors import StoreAlteredError
from scoring.suspicion import Named, Place, Suspicion
from sync import chain, merkle
from sync.checkpoint import Checkpoint, heads_root, line_leaf
from sync.errors import EnvelopeError
from sync.events import Event, parse_event

_MOST_NAMED = 50


@dataclass(slots=True)
class Report:
    """What was read and what was found; `proven` is the newest checkpoint that agrees with the rows."""

    lines: int = 0
    chains: int = 0
    checkpoints: int = 0
    held: int = 0
    proven: Checkpoint | None = None
    altered: list[Named] = field(default_factory=list)
    other: list[str] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        """Return whether nothing was found."""
        return not self.altered and not self.other

    @property
    def first_altered(self) -> Named | None:
        """Return the altered line that arrived first, None where no single line is."""
        return min(self.altered, key=lambda named: named.position, default=None)

    def note(self, named: Named) -> None:
        """Add an altered line; beyond fifty, those that come later are left out."""
        self.altered.append(named)
        if len(self.altered) > _MOST_NAMED:
            self.altered.remove(max(self.altered, key=lambda each: each.position))


@dataclass(slots=True)
class _Chain:
    seq: int = 0
    hash: bytes = chain.GENESIS
    is_broken: bool = False
    position: int = 0


@dataclass(slots=True)
class _Held:
    """Checkpoints that terminals hold: which are ours too, which are not, and where they last agreed with the rows."""

    ours: frozenset[str]
    strange: list[Checkpoint]
    agreed: Checkpoint | None = None
    first_since: str = ""
    last_since: str = ""

    def agree(self, checkpoint: Checkpoint) -> None:
        """Note that the rows up to here are what this checkpoint says."""
        self.agreed, self.first_since = checkpoint, ""

    def pass_line(self, named: str) -> None:
        """Note a line that no checkpoint held elsewhere has confirmed yet."""
        self.first_since, self.last_since = self.first_since or named, named


class Walk:
    """One reading of a ledger from its first line to its last, beside its checkpoints and those held elsewhere.

    `moved_of` gives the packed heads kept with the checkpoint of a number.
    """

    def __init__(self, ours: Sequence[Row[Any]], held: Sequence[Checkpoint], moved_of: Callable[[int], bytes]) -> None:
        self.report = Report(checkpoints=len(ours), held=len(held))
        self.suspicion: Suspicion | None = None
        self._chains: dict[Place, _Chain] = {}
        self._ours = deque(ours)
        self._moved_of = moved_of
        known = {checkpoint_of(row).hash for row in ours}
        strange = {each.hash: each for each in held if each.hash not in known}
        in_order = sorted(strange.values(), key=lambda each: (each.lines, each.number))
        self._held = _Held(frozenset(each.hash for each in held if each.hash in known), in_order)
        self._tree = merkle.Growth()
        self._tree_then = self._tree.copy()
        self._touched: dict[Place, tuple[int, bytes]] = {}
        self._position_then = 0

    def take(self, row: Row[Any]) -> None:
        """Read one more line."""
        while self._ours and self._ours[0].position < row.position:
            self._close(self._ours.popleft())
        self.report.lines += 1
        line_hash = self._follow(row)
        self._compare(row)
        counts = row.quarantined is None
        self._tree.add(line_leaf(row.origin, row.epoch, row.seq, line_hash, row.received_at, counts=counts))
        if self._held.strange:
            self._held.pass_line(f"{row.origin}/{row.epoch}/{row.seq} ({row.id})")
            self._meet_strange()

    def end(self) -> None:
        """Close what the rows did not reach."""
        while self._ours:
            self._close(self._ours.popleft())
        for held in self._held.strange:
            wrong = f"it covers {held.lines} lines, the database holds {self._tree.size}"
            self._note_held(held, wrong)
        self.report.chains = len(self._chains)

    def heads(self) -> dict[Place, tuple[int, bytes]]:
        """Return where each chain ends, computed from the bytes."""
        return {place: (each.seq, each.hash) for place, each in self._chains.items()}

    def _follow(self, row: Row[Any]) -> bytes:
        """Return the hash that a row's bytes give behind those before them; note where its chain breaks first."""
        place = (row.origin, row.epoch)
        here = self._chains.setdefault(place, _Chain())
        self._touched.setdefault(place, (here.seq, here.hash))
        found = chain.link(here.hash, bytes(row.line))
        if not here.is_broken:
            here.is_broken = True
            if row.seq > here.seq + 1:
                wrong = f"missing where it should have arrived: line {row.seq} follows line {here.seq}"
                self._note(Named(place, here.seq + 1, None, wrong, here.position))
            elif row.seq != here.seq + 1:
                self._note(_named(row, f"out of order: it arrived after line {here.seq}"))
            elif found != bytes(row.hash):
                self._note(_named(row, "its bytes, behind those before them, do not give the hash beside it"))
            else:
                here.is_broken = False
        here.seq, here.hash, here.position = row.seq, found, row.position
        return found

    def _compare(self, row: Row[Any]) -> None:
        """Compare what stands beside a line with what stands in it."""
        try:
            said: Event | None = parse_event(bytes(row.line))
        except EnvelopeError:
            said = None
        wanted = (said.id, said.type, said.occurred_at) if said is not None else (None, None, None)
        if (row.id, row.type, _instant(row.occurred_at)) != wanted:
            self._note(_named(row, "the id, type or time beside it is not the one in its line"))
        at_home = said is not None and (said.origin, said.epoch, said.seq) == (row.origin, row.epoch, row.seq)
        if not at_home and row.quarantined is None:
            self._note(_named(row, "it counts, although its line cannot be read or names another place"))

    def _close(self, row: Row[Any]) -> None:
        """Compare a checkpoint with everything read so far; beyond the first that disagrees none can be compared."""
        if self.suspicion is not None:
            return
        found, heads = checkpoint_of(row), self.heads()
        count, root = heads_root((*place, *head) for place, head in heads.items())
        rows_say = (self._tree.size, self._tree.root().hex(), count, root.hex())
        if rows_say != (found.lines, found.log_root, found.heads, found.root):
            then = {place: head for place, head in {**heads, **self._touched}.items() if head[0]}
            moved = self._moved_of(found.number)
            self.suspicion = Suspicion(row, moved, self._position_then, then, self._tree_then)
            return
        kept = pack_heads((*place, *heads[place]) for place in sorted(self._touched))
        if _unpacked(self._moved_of(found.number)) != _unpacked(kept):
            self.report.other.append(f"the heads kept with checkpoint {found.number} are not those that it signed")
        self.report.proven = found
        self._tree_then, self._position_then = self._tree.copy(), row.position
        self._touched.clear()
        if found.hash in self._held.ours:
            self._held.agree(found)

    def _meet_strange(self) -> None:
        """Compare checkpoints that terminals hold, and the database does not, with the lines that they cover."""
        while self._held.strange and self._held.strange[0].lines <= self._tree.size:
            held = self._held.strange.pop(0)
            if (held.lines, held.log_root) != (self._tree.size, self._tree.root().hex()):
                agreed = f"checkpoint {self._held.agreed.number}" if self._held.agreed is not None else "none"
                self._note_held(
                    held,
                    "other lines were signed than stand here; the first that was altered is one of those from"
                    f" {self._held.first_since} to {self._held.last_since} (the last that still agrees: {agreed})",
                )
                self._held.strange.clear()  # whatever covers more disagrees as well
                return
            self._note_held(held, "its lines stand here unaltered, but the database does not have it")
            self._held.agree(held)

    def _note(self, named: Named) -> None:
        proven = self.report.proven
        since = f"came after checkpoint {proven.number} of {proven.at}" if proven else "came before any checkpoint"
        self.report.note(replace(named, wrong=f"{named.wrong}; it {since}"))

    def _note_held(self, held: Checkpoint, wrong: str) -> None:
        self.report.other.append(f"a terminal holds checkpoint {held.number} of {held.at}, signed otherwise: {wrong}")


def _named(row: Row[Any], wrong: str) -> Named:
    return Named((row.origin, row.epoch), row.seq, row.id, wrong, row.position)


def _instant(text: str | None) -> datetime | str | None:
    try:
        return datetime.fromisoformat(text) if text is not None else None
    except ValueError:
        return text


def _unpacked(packed: bytes) -> list[MovedHead] | None:
    try:
        return unpack_heads(packed)
    except StoreAlteredError:
        return None
