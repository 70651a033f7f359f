"""One more event without starting anew. A ledger enters event by event, its facts and its month leave at any time.

What is said of a person is worked out from that person's events alone; what is said of halls, shifts, days,
terminals or a closing from all events. The answer is the one that `gather` and `judge_month` give of the same
events.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import TypeVar

from rules.facts import Facts, gather
from rules.policy import Policy, load_policy
from sync.events import Event
from sync.schema import is_ignored

V = TypeVar("V")

_KEYS_OF_NAMES = ("finding", "leave", "visit", "punch")
_OF_ONE_PERSON = frozenset(
    {"person.registered", "person.assigned", "person.left", "certificate.recorded", "investigation.opened"}
    | {"investigation.closed", "punch", "punch.withdrawn", "leave.granted", "leave.closed", "explanation.accepted"}
    | {"finding.recorded", "finding.confirmed", "finding.revoked", "rating.requested", "rating.given"}
    | {"rating.lapsed", "rating.reviewed"}
)


class GrowingFacts:
    """The facts of a ledger that grows: `facts` is up to date after each `add`."""

    def __init__(self, events: Iterable[Event], policy: Policy | None = None) -> None:
        """Take what is known so far; `policy` (by default the shipped one) says which findings fit their clause."""
        self._policy = policy or load_policy()
        self._events: dict[str, Event] = {}
        self._of_all: list[Event] = []
        self._by_person: defaultdict[str, list[Event]] = defaultdict(list)
        self._by_name: defaultdict[str, list[Event]] = defaultdict(list)
        self._people_of: defaultdict[str, set[str]] = defaultdict(set)
        self._names_of: defaultdict[str, set[str]] = defaultdict(set)
        for event in events:
            self._file(event)
        self.facts = gather(self._events.values(), self._policy)

    def add(self, event: Event) -> frozenset[str] | None:
        """Take one more event and return whose cards it may change; None where anybody's may.

        An id that is known already changes nothing.
        """
        if event.id in self._events:
            return frozenset()
        named = self._file(event)
        if is_ignored(event.type):
            return frozenset()
        if named is None or event.type == "person.registered":
            self.facts = gather(self._events.values(), self._policy)
            return None
        people = self._connected(named)
        own = list(self._events_of(people)) if people else [event]
        self.facts = _merged(self.facts, gather([*self._of_all, *own], self._policy), people, own)
        return people

    def _file(self, event: Event) -> set[str] | None:
        """Put an event where it is found again; return the people it names, None where it is of all."""
        if event.id in self._events:
            return set()
        self._events[event.id] = event
        if event.type not in _OF_ONE_PERSON:
            if not is_ignored(event.type):
                self._of_all.append(event)
            return None
        names = {f"{key} {event.data[key]}" for key in _KEYS_OF_NAMES if key in event.data}
        if event.type == "punch":
            names = {f"punch {event.id}"}
        person = event.data.get("person")
        if not isinstance(person, str):
            for name in names:
                self._by_name[name].append(event)
            return set().union(*(self._people_of[name] for name in names))
        self._by_person[person].append(event)
        self._names_of[person] |= names
        for name in names:
            self._people_of[name].add(person)
        return {person}

    def _connected(self, people: Iterable[str]) -> frozenset[str]:
        """Return these people and all with whom they share a finding, a leave or a visit."""
        found: set[str] = set()
        waiting = list(people)
        while waiting:
            person = waiting.pop()
            if person not in found:
                found.add(person)
                for name in self._names_of[person]:
                    waiting.extend(self._people_of[name] - found)
        return frozenset(found)

    def _events_of(self, people: AbstractSet[str]) -> Iterator[Event]:
        for person in people:
            yield from self._by_person[person]
        for name in set().union(*(self._names_of[person] for person in people)):
            yield from self._by_name.get(name, ())


def _merged(facts: Facts, part: Facts, people: AbstractSet[str], events: Iterable[Event]) -> Facts:
    """Return the facts with those of these people, and what was set aside of these events, taken from `part`."""
    ids = {event.id for event in events}
    set_aside = {each.id: each for each in (*facts.quarantined, *part.quarantined) if each.id not in ids}
    set_aside.update((each.id, each) for each in part.quarantined)
    explained = (each for each in facts.explained if each[0] not in people)
    return replace(
        facts,
        persons=_with(facts.persons, part.persons, people),
        leaves=_with(facts.leaves, part.leaves, people),
        punches=_with(facts.punches, part.punches, people),
        findings=_with(facts.findings, part.findings, people),
        ratings=_with(facts.ratings, part.ratings, people),
        explained=part.explained.union(explained),
        quarantined=tuple(set_aside[id_] for id_ in sorted(set_aside)),
    )


def _with(known: Mapping[str, V], part: Mapping[str, V], people: AbstractSet[str]) -> dict[str, V]:
    kept = dict(known)
    for person in people:
        kept.pop(person, None)
        if person in part:
            kept[person] = part[person]
    return kept
