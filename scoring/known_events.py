"""Which events of a ledger have come already: repeats are told from new ones, contradictions are raised."""

from __future__ import annotations

from collections.abc import Sequence

from sync.errors import EnvelopeError
from sync.events import Event

_Store = tuple[str, str]


class KnownEvents:
    """Ids and numbers that have come so far. Of the lines only a digest is kept, of numbers in order only the last."""

    def __init__(self) -> None:
        self._digest_by_id: dict[str, int] = {}
        self._through: dict[_Store, int] = {}
        self._early: dict[_Store, set[int]] = {}

    def take_all(self, events: Sequence[Event]) -> bool:
        """Note the events and return True where each is new and has the next number of its store.

        So it is in a ledger that was exported in order; elsewhere nothing is noted, and each is to be taken by itself.
        """
        digests = {event.id: hash(event.line) for event in events}
        if len(digests) != len(events) or self._early or not self._digest_by_id.keys().isdisjoint(digests):
            return False
        through: dict[_Store, int] = {}
        for event in events:
            store = event.origin, event.epoch
            before = through.get(store) or self._through.get(store, 0)
            if event.seq != before + 1:
                return False
            through[store] = event.seq
        self._digest_by_id.update(digests)
        self._through.update(through)
        return True

    def take(self, event: Event) -> bool:
        """Note an event and return whether it comes for the first time; EnvelopeError where it contradicts another."""
        digest = hash(event.line)
        known = self._digest_by_id.get(event.id)
        if known is not None:
            if known != digest:
                raise EnvelopeError(f"the id {event.id} comes a second time, with other bytes")
            return False
        self._digest_by_id[event.id] = digest
        store = event.origin, event.epoch
        through, early = self._through.get(store, 0), self._early.setdefault(store, set())
        if event.seq <= through or event.seq in early:
            stood = f"seq {event.seq} of origin {event.origin!r}, epoch {event.epoch!r}"
            raise EnvelopeError(f"{stood} is another event as well as {event.id}")
        early.add(event.seq)
        while through + 1 in early:
            through += 1
            early.remove(through)
        self._through[store] = through
        if not early:
            del self._early[store]
        return True
