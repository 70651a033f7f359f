"""What is known of people, halls, punches and findings. Events enter, one immutable `Facts` leaves.

A projection: the same events in any order give the same facts, one event that cannot be believed is set aside
with its reason and stops nothing else. Nothing is judged, and partial knowledge (a terminal's) is enough.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from rules import directory, journal
from rules.policy import Policy, load_policy
from rules.records import (
    CalendarDay,
    Finding,
    Hall,
    Leave,
    Person,
    Punch,
    Quarantined,
    Rating,
    Session,
    Shift,
    Terminal,
)
from rules.sorting import Sorted, sort_out
from sync.events import Event


class HallDay(NamedTuple):
    """Whether a hall works on a day, and the shift then in force."""

    working: bool
    shift: Shift | None


@dataclass(frozen=True)
class Facts:
    """The ledger by person, hall and day. A missing key means that nothing is known; see the methods."""

    persons: Mapping[str, Person]
    halls: Mapping[str, Hall]
    shifts: Mapping[str, tuple[Shift, ...]]
    calendar_days: Mapping[tuple[str | None, date], CalendarDay]
    leaves: Mapping[str, tuple[Leave, ...]]
    punches: Mapping[str, Mapping[date, tuple[Punch, ...]]]
    explained: frozenset[tuple[str, date, str]]
    findings: Mapping[str, tuple[Finding, ...]]
    ratings: Mapping[str, tuple[Rating, ...]]
    terminals: Mapping[str, tuple[Terminal, ...]]
    closings: Mapping[str, frozenset[str]]
    quarantined: tuple[Quarantined, ...]
    known_days: dict[tuple[str, date], HallDay] = field(default_factory=dict, compare=False, repr=False)
    """What `rules.calendar.hall_day` has worked out already: the same for everybody in the hall."""
    known_spans: dict[tuple[str, date, date], tuple[tuple[date, tuple[Session, ...]], ...]] = field(
        default_factory=dict, compare=False, repr=False
    )
    """What `rules.calendar.shift_days` has worked out already."""

    def shift_on(self, hall: str, on: date) -> Shift | None:
        """Return the hall's shift in force: the one with the latest `from` on or before the day."""
        shifts = self.shifts.get(hall, ())
        place = bisect_right(shifts, on, key=lambda shift: shift.from_on)
        return shifts[place - 1] if place else None

    def calendar_day(self, hall: str, on: date) -> CalendarDay | None:
        """Return what the county decided about the day, for this hall before for all."""
        return self.calendar_days.get((hall, on)) or self.calendar_days.get((None, on))

    def punches_on(self, person: str, on: date) -> tuple[Punch, ...]:
        """Return the person's punches of a county day that still count, in no particular order."""
        return self.punches.get(person, {}).get(on, ())

    def terminals_at(self, hall: str, on: date) -> tuple[Terminal, ...]:
        """Return the terminals that serve the hall on a day."""
        return tuple(terminal for terminal in self.terminals.get(hall, ()) if terminal.hall_on(on) == hall)


def gather(events: Iterable[Event], policy: Policy | None = None) -> Facts:
    """Return the facts that the events state, in whatever order they come, each id once.

    `policy` (by default the shipped one) says which findings fit their clause. Those that do not, unknown
    types, broken payloads, people never registered and what a terminal may not say are `quarantined`, by id.
    """
    return gather_under(events, [policy or load_policy()])[0]


def gather_under(events: Iterable[Event], policies: Iterable[Policy]) -> list[Facts]:
    """Return the facts as `gather` does, once under each policy."""
    found = sort_out(events)
    return [facts_of(Sorted(found.by_type, dict(found.refused), found.punches), policy) for policy in policies]


def facts_of(found: Sorted, policy: Policy) -> Facts:
    """Return the facts of sorted events; a finding that fits no clause of the policy is refused in `found`."""
    findings = journal.findings(found, policy)
    return Facts(
        persons=directory.persons(found),
        halls=directory.halls(found),
        shifts=directory.shifts(found),
        calendar_days=directory.calendar_days(found),
        leaves=journal.leaves(found),
        punches=journal.punches(found),
        explained=journal.explained(found),
        findings=findings,
        ratings=journal.ratings(found),
        terminals=directory.terminals_by_hall(found),
        closings=journal.closings(found),
        quarantined=tuple(Quarantined(*each) for each in sorted(found.refused.items())),
    )
