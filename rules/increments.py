"""One more event without starting anew. A ledger enters event by event, its facts and its month leave at any time.

What is said of a person is worked out from that person's events alone; what is said of halls, shifts, days or a
closing from all events. The answer is the one that `gather` and `judge_month` give of the same events. Of the lines
themselves nothing is kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from itertools import chain
from typing import TypeVar

from rules import directory
from rules.facts import Facts, facts_of
from rules.policy import Policy, load_policy
from rules.records import Punch, Quarantined
from rules.sorting import Said, Sorted, believed, typed, world_of
from sync.events import Event

V = TypeVar("V")
Record = Said | Punch

_REPORTED, _REGISTERED, _WITHDRAWN = "terminal.reported", "person.registered", "punch.withdrawn"
_NOBODYS = ("", "")
_KINDS_OF_NAMES = ("finding", "leave", "visit")
_OF_ALL = frozenset(
    {"hall.opened", "shift.set", "calendar.day", "terminal.assigned", "terminal.retired", "month.closed"} | {_REPORTED}
)


class GrowingFacts:
    """The facts of a ledger that grows: `facts` is up to date after each `add`."""

    def __init__(self, events: Iterable[Event], policy: Policy | None = None) -> None:
        """Take what is known so far; `policy` (by default the shipped one) says which findings fit their clause."""
        self._policy = policy or load_policy()
        self._of_all: defaultdict[str, list[Said]] = defaultdict(list)
        self._reported: dict[str, Said] = {}
        self._by_person: defaultdict[str, list[Record]] = defaultdict(list)
        self._nameless: defaultdict[tuple[str, str], list[Record]] = defaultdict(list)
        self._people_of: dict[tuple[str, str], tuple[str, ...]] = {}
        self._alone: dict[str, tuple[str, ...]] = {}
        found = typed(events)
        self._set_aside = dict(found.refused)
        for record in found.records():
            self._file(record)
        self.facts = self._gathered()

    def add(self, event: Event) -> frozenset[str] | None:
        """Take one more event and return whose cards it may change; None where anybody's may.

        An id that is known already changes nothing.
        """
        return self.add_all([event])

    def add_all(self, events: Iterable[Event]) -> frozenset[str] | None:
        """Take more events, at the cost of one for each person concerned, and return as `add` does."""
        found = typed(events)
        self._set_aside = {**found.refused, **self._set_aside}
        fresh = [record for record in found.records() if not self._is_known(record)]
        for record in fresh:
            self._file(record)
        if any(self._concerns_all(record) for record in fresh):
            self.facts = self._gathered()
            return None
        self._world.registered.update(said.payload.person for said in found.unordered(_REGISTERED))
        people = self._connected(person for record in fresh for person in self._named(record))
        self._regather(people, [*self._records_of(people), *(each for each in fresh if not self._named(each))])
        return people | self._reported_by(found.unordered(_REPORTED))

    # -- filing -------------------------------------------------------------------------------------------------

    def _file(self, record: Record) -> None:
        """Put a record where it is found again. Of a terminal's reports the furthest says all."""
        if isinstance(record, Said) and record.type in _OF_ALL - {_REPORTED}:
            self._of_all[record.type].append(record)
            return
        if isinstance(record, Said) and record.type == _REPORTED:
            known = self._reported.get(record.payload.terminal)
            if known is None or known.payload.through < record.payload.through:
                self._reported[record.payload.terminal] = record
            return
        person = _person_of(record)
        names = _names_of(record)
        if person is None:
            for name in names or [_NOBODYS]:
                self._nameless[name].append(record)
            return
        self._by_person[person].append(record)
        alone = self._alone.setdefault(person, (person,))
        for name in names:
            before = self._people_of.get(name, ())
            if person not in before:
                self._people_of[name] = before + alone if before else alone

    def _is_known(self, record: Record) -> bool:
        person = _person_of(record)
        if isinstance(record, Said) and record.type in _OF_ALL:
            known: Iterable[Record] = () if record.type == _REPORTED else self._of_all[record.type]
        elif person is not None:
            known = self._by_person[person]
        else:
            known = (each for name in _names_of(record) or [_NOBODYS] for each in self._nameless[name])
        return any(each.id == record.id for each in known)

    def _named(self, record: Record) -> set[str]:
        """Return the people whom a record names, by themselves or by something of theirs."""
        person = _person_of(record)
        if person is not None:
            return {person}
        people = {person for name in _names_of(record) for person in self._people_of.get(name, ())}
        if isinstance(record, Said) and record.type == _WITHDRAWN:
            people.update(self._owner_of(record.payload.punch))
        return people

    def _owner_of(self, punch: str) -> Iterator[str]:
        for person, records in self._by_person.items():
            if any(isinstance(each, Punch) and each.id == punch for each in reversed(records)):
                yield person

    def _connected(self, people: Iterable[str]) -> frozenset[str]:
        """Return these people and all with whom they share a finding, a leave or a visit."""
        found: set[str] = set()
        waiting = list(people)
        while waiting:
            person = waiting.pop()
            if person not in found:
                found.add(person)
                for record in self._by_person[person]:
                    for name in _names_of(record):
                        waiting.extend(each for each in self._people_of[name] if each not in found)
        return frozenset(found)

    def _records_of(self, people: AbstractSet[str]) -> Iterator[Record]:
        names: set[tuple[str, str]] = set()
        for person in people:
            for record in self._by_person[person]:
                yield record
                names.update(_names_of(record))
                if isinstance(record, Punch):
                    yield from self._nameless.get(("punch", record.id), ())
        for name in names:
            yield from self._nameless.get(name, ())

    # -- gathering ----------------------------------------------------------------------------------------------

    def _gathered(self) -> Facts:
        """Return the facts of everything, made anew."""
        found = Sorted()
        for type_, said in self._of_all.items():
            found.by_type[type_] = list(said)
        found.by_type[_REPORTED] = list(self._reported.values())
        for records in chain(self._by_person.values(), self._nameless.values()):
            found.file(records)
        self._world = world_of(found)
        facts = facts_of(believed(found, self._world), self._policy)
        self._faults = {each.id: each.reason for each in facts.quarantined}
        return replace(facts, quarantined=self._quarantined())

    def _concerns_all(self, record: Record) -> bool:
        """Return whether what the record says may change what another's event is worth."""
        if isinstance(record, Punch):
            return False
        if record.type == _REGISTERED:
            return any(record.payload.person in (said.payload.good or ()) for said in self._of_all["month.closed"])
        return record.type in _OF_ALL and record.type != _REPORTED

    def _reported_by(self, reports: Iterable[Said]) -> frozenset[str]:
        """Bring the terminals up to date and return the people of their halls."""
        assignments = self._world.assignments
        halls = {each.hall for said in reports for each in assignments.get(said.payload.terminal, ())}
        if not halls:
            return frozenset()
        found = Sorted(dict(self._of_all))
        found.by_type[_REPORTED] = list(self._reported.values())
        assigned = found.unordered("terminal.assigned")
        found.by_type["terminal.assigned"] = [said for said in assigned if said.payload.hall in self._world.opened]
        self.facts = replace(self.facts, terminals=directory.terminals_by_hall(found))
        persons = self.facts.persons.values()
        return frozenset(each.id for each in persons if any(own.hall in halls for own in each.assignments))

    def _regather(self, people: AbstractSet[str], own: Iterable[Record]) -> None:
        """Take what is said of these people anew from their own events, and what is to be set aside of the others."""
        found = Sorted()
        found.file(own)
        ids = {record.id for record in found.records()}
        part = facts_of(believed(found, self._world), self._policy)
        self._faults = {id_: reason for id_, reason in self._faults.items() if id_ not in ids}
        self._faults.update((each.id, each.reason) for each in part.quarantined)
        facts = self.facts
        self.facts = replace(
            facts,
            persons=_with(facts.persons, part.persons, people),
            leaves=_with(facts.leaves, part.leaves, people),
            punches=_with(facts.punches, part.punches, people),
            findings=_with(facts.findings, part.findings, people),
            ratings=_with(facts.ratings, part.ratings, people),
            explained=facts.explained | part.explained,
            quarantined=self._quarantined(),
        )

    def _quarantined(self) -> tuple[Quarantined, ...]:
        return tuple(Quarantined(*each) for each in sorted({**self._set_aside, **self._faults}.items()))


def _person_of(record: Record) -> str | None:
    if isinstance(record, Punch):
        return record.person
    person: str | None = getattr(record.payload, "person", None)
    return person


def _names_of(record: Record) -> list[tuple[str, str]]:
    """Return what a record names that may belong to somebody: a finding, a leave, a visit; a punch taken back."""
    if isinstance(record, Punch):
        return []
    payload = record.payload
    if record.type == _WITHDRAWN:
        return [("punch", payload.punch)]
    return [(kind, getattr(payload, kind)) for kind in _KINDS_OF_NAMES if hasattr(payload, kind)]


def _with(known: Mapping[str, V], part: Mapping[str, V], people: AbstractSet[str]) -> dict[str, V]:
    kept = dict(known)
    for person in people:
        kept.pop(person, None)
        if person in part:
            kept[person] = part[person]
    return kept
