"""What the terminal knows: the feed's events and its own, gathered by the same rules as at the centre.

Reads the ledger, writes nothing, and needs no network.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from datetime import datetime

from kiosk import hall
from kiosk.outlook import Greeting, greet, outlook
from kiosk.store import Ledger
from kiosk.windows import Clerk
from rules.facts import Facts, gather
from rules.policy import Policy
from rules.records import Person
from sync.errors import EnvelopeError
from sync.events import Event, parse_event
from sync.feed import KINDS

_OWN_TYPES = ("punch",)


class Knowledge:
    """The facts of one terminal's hall today, gathered again only when something was added."""

    def __init__(self, ledger: Ledger, hall_id: str, policy: Policy) -> None:
        self._ledger = ledger
        self._hall = hall_id
        self._policy = policy
        self._lock = threading.Lock()
        self._known: tuple[object, Facts, Mapping[str, str]] | None = None
        self._serving: dict[str, tuple[object, Clerk | None]] = {}

    def facts(self, now: datetime) -> Facts:
        """Return what is known today."""
        return self._gathered(now)[0]

    def _gathered(self, now: datetime) -> tuple[Facts, Mapping[str, str]]:
        versions = tuple(self._ledger.held_version(kind) for kind in KINDS)
        state = (now.date(), versions, self._ledger.revision)
        with self._lock:
            if self._known is None or self._known[0] != state:
                self._known = (state, *self._gather(now))
            return self._known[1], self._known[2]

    def _gather(self, now: datetime) -> tuple[Facts, Mapping[str, str]]:
        manifests = [self._ledger.manifest(kind) for kind in KINDS]
        fed = [event for manifest in manifests for event in _events(manifest.get("events", []))]
        own = [event for event in self._ledger.events_on(now.date()) if event.type.startswith(_OWN_TYPES)]
        pins = {person: pin for manifest in manifests for person, pin in manifest.get("pins", {}).items()}
        return gather([*fed, *own]), pins

    def hall_name(self, now: datetime) -> str:
        """Return the hall's name, its id until the roster has come."""
        known = self.facts(now).halls.get(self._hall)
        return known.name if known else self._hall

    def name_of(self, person: str, now: datetime) -> str:
        """Return somebody's name, the id until the roster has come."""
        known = self.facts(now).persons.get(person)
        return known.name if known else person

    def greeting(self, person: str, punch: str, now: datetime) -> Greeting:
        """Return what to say of a punch that was just committed."""
        return greet(outlook(self.facts(now), person, now, self._policy), punch, now, self._policy.on(now.date()))

    def serving(self, window: str, now: datetime) -> Clerk | None:
        """Return who serves at a window, None where the roster names nobody."""
        facts = self.facts(now)
        state = (id(facts), now.replace(second=0, microsecond=0))
        known = self._serving.get(window)
        if known is None or known[0] != state:
            found = hall.serving(facts, self._hall, window, now, self._policy)
            clerk = Clerk(found[0].id, found[0].name, found[0].job_number, found[1]) if found else None
            known = self._serving[window] = (state, clerk)
        return known[1]

    def by_job_number(self, now: datetime) -> tuple[Mapping[str, Person], Mapping[str, str]]:
        """Return the people by job number, and the PIN hash of each job number that has one."""
        facts, pins = self._gathered(now)
        people = {person.job_number: person for person in facts.persons.values() if person.on_register(now.date())}
        return people, {number: pins[person.id] for number, person in people.items() if person.id in pins}


def _events(lines: Iterable[str]) -> list[Event]:
    """Return the feed's events; a line that is broken stops none of the others."""
    read = []
    for line in lines:
        try:
            read.append(parse_event(line.encode()))
        except EnvelopeError:
            continue
    return read
