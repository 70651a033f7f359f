"""What the ledger says, as records. Values enter, immutable values stay; nothing is judged here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from msgspec import Struct

MINUTE_US = 60_000_000


def since_midnight_us(at: time | datetime) -> int:
    """Return the time of day in microseconds."""
    return ((at.hour * 60 + at.minute) * 60 + at.second) * 1_000_000 + at.microsecond


class Hall(Struct, frozen=True):
    """A service hall; `level` is county, branch, town or village."""

    id: str
    name: str
    level: str
    parent: str | None


class Assignment(Struct, frozen=True):
    """Somebody, or a terminal, belongs to a hall from a date on."""

    from_on: date
    hall: str
    window: str | None = None


def hall_of(assignments: Sequence[Assignment], on: date) -> str | None:
    """Return the hall of the latest assignment that has begun by that day; they are in order."""
    for assignment in reversed(assignments):
        if assignment.from_on <= on:
            return assignment.hall
    return None


class Certificate(Struct, frozen=True):
    """A certificate of skill, 5 (五级) to 1 (高级技师)."""

    grade: int
    issued_on: date


class Investigation(Struct, frozen=True):
    """立案 from a day to the day on which it was closed, if it was."""

    opened_on: date
    closed_on: date | None


class Person(Struct, frozen=True):
    """A member of staff and the dates that matter. `assignments` are in order of `from_on`, one a day."""

    id: str
    name: str
    job_number: str
    hired_on: date
    education: str
    probation_until: date | None = None
    filed_on: date | None = None
    assignments: tuple[Assignment, ...] = ()
    left_on: date | None = None
    certificates: tuple[Certificate, ...] = ()
    investigations: tuple[Investigation, ...] = ()

    def hall_on(self, on: date) -> str | None:
        """Return the hall that the person was last assigned to by that day, on the register or not."""
        return hall_of(self.assignments, on)

    def on_register(self, on: date) -> bool:
        """Return whether the person is assigned (from that day or before) and has not left."""
        if not self.assignments or on < self.assignments[0].from_on:
            return False
        return self.left_on is None or on <= self.left_on

    def was_on_register(self, first_on: date, last_on: date) -> bool:
        """Return whether the person was on the register on any day from the first to the last."""
        if not self.assignments or self.assignments[0].from_on > last_on:
            return False
        return self.on_register(max(first_on, self.assignments[0].from_on))


class Session(NamedTuple):
    """One stretch of work of a shift; times of day of the county, in microseconds since midnight as well."""

    name: str
    starts_at: time
    ends_at: time
    start_us: int
    end_us: int


class Shift(Struct, frozen=True):
    """A hall's shift from a date on; weekdays are 1 (Monday) to 7, sessions in order of time."""

    from_on: date
    weekdays: frozenset[int]
    sessions: tuple[Session, ...]


class CalendarDay(Struct, frozen=True):
    """What the county decided about one day."""

    working: bool
    name: str | None


class Punch(Struct, frozen=True, gc=False):
    """Somebody at a terminal; `at` is an instant in county time, with the bound of its error."""

    id: str
    at: datetime
    uncertainty_ms: int
    hall: str
    method: str
    origin: str
    person: str

    @property
    def minute_us(self) -> int:
        """Return its minute, in microseconds since midnight: seconds make nobody late."""
        return (self.at.hour * 60 + self.at.minute) * MINUTE_US


class Leave(Struct, frozen=True):
    """Leave from an instant up to another (county time), and the days on which it was reported over."""

    id: str
    event: str
    person: str
    kind: str
    from_at: datetime
    to_at: datetime
    filed: bool
    closed_on: tuple[date, ...] = ()

    @property
    def last_on(self) -> date:
        """Return the date of the leave's last instant."""
        return (self.to_at - timedelta(microseconds=1)).date()


class Finding(Struct, frozen=True):
    """A fact found by somebody. `points` is a magnitude; `events` decided it, in order of their ids."""

    id: str
    person: str
    clause: str
    variant: str | None
    on: date
    session: str | None
    points: int
    hall: str
    note: str | None
    confirmed: bool
    events: tuple[str, ...]


class Review(Struct, frozen=True):
    """What the last review of a rating found."""

    event: str
    valid: bool
    attributable: bool


class Rating(Struct, frozen=True):
    """The one rating of a visit that counts: 5 非常满意 … 1 非常不满意."""

    event: str
    visit: str
    person: str
    hall: str
    window: str
    grade: int
    at: datetime
    unsolicited: bool
    review: Review | None = None


class Terminal(Struct, frozen=True):
    """A terminal: where it stands, when it went, and up to when everything it recorded has arrived."""

    id: str
    assignments: tuple[Assignment, ...]
    retired_on: date | None = None
    reported_through_at: datetime | None = None

    def hall_on(self, on: date) -> str | None:
        """Return the hall that the terminal serves on a day; none before its first or after its last day."""
        if self.retired_on is not None and on > self.retired_on:
            return None
        return hall_of(self.assignments, on)


class Quarantined(NamedTuple):
    """An event that was kept and not believed, and why."""

    id: str
    reason: str
