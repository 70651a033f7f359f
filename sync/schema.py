"""What `data` of each type of event must look like: one Struct for each type.

Keys that a type does not name are tolerated, so that a newer terminal can talk to an older centre. Whether
the people, halls and findings that a payload names exist is not asked here, nor what follows for anybody.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from types import NoneType
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from sync.errors import SyncError
from sync.instants import COUNTY_TIME


class UnknownTypeError(SyncError, LookupError):
    """An event of a type that this project does not know."""


class PayloadError(SyncError, ValueError):
    """An event whose `data` breaks the schema of its type."""


Name = Annotated[str, Meta(min_length=1, max_length=200)]
Instant = Annotated[datetime, Meta(tz=True)]
Label = Annotated[str, Meta(min_length=1, max_length=200)] | int
MonthName = Annotated[str, Meta(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$")]
OneToFive = Annotated[int, Meta(ge=1, le=5)]
Weekday = Annotated[int, Meta(ge=1, le=7)]
LeaveKind = Literal[
    "personal", "sick", "annual", "marriage", "maternity", "paternity",
    "bereavement", "injury", "time_off", "official", "field_work", "training",
]  # fmt: skip

_TIME_OF_DAY = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]\Z", re.ASCII)


class HallOpened(Struct, frozen=True, gc=False):
    """A hall exists; `level` is its place: county centre, branch, town centre or village station."""

    hall: Name
    name: Name
    level: Literal["county", "branch", "town", "village"]
    parent: Name | None = None


class PersonRegistered(Struct, frozen=True, gc=False):
    """A member of staff is known, or is known better than before."""

    person: Name
    name: Name
    job_number: Label
    hired_on: date
    education: Literal["none", "bachelor", "above_bachelor"]
    probation_until: date | None = None
    filed_on: date | None = None


class PersonAssigned(Struct, frozen=True, gc=False):
    """A person belongs to a hall from a date on; a later date is a transfer."""

    person: Name
    hall: Name
    from_on: date = field(name="from")
    window: Label | None = None


class PersonLeft(Struct, frozen=True, gc=False):
    """`on` is the last day of a person's service."""

    person: Name
    on: date
    notice_on: date | None = None


class CertificateRecorded(Struct, frozen=True, gc=False):
    """A certificate of skill: 5 is 五级/初级工 … 2 技师, 1 高级技师."""

    person: Name
    grade: OneToFive
    issued_on: date


class Investigation(Struct, frozen=True, gc=False):
    """立案 opened or closed on a day."""

    person: Name
    on: date


class ShiftSession(Struct, frozen=True, gc=False):
    """One stretch of work in a shift; `start` and `end` are times of day of the county, HH:MM."""

    name: Name
    start: str
    end: str

    def __post_init__(self) -> None:
        for key, text in (("start", self.start), ("end", self.end)):
            if not _TIME_OF_DAY.match(text):
                raise ValueError(f"session {self.name}: {key} is {text!r}, not a time of day such as 08:30")
        if self.start >= self.end:
            raise ValueError(f"session {self.name}: start {self.start} is not before end {self.end}")


class ShiftSet(Struct, frozen=True, gc=False):
    """The shift of a hall from a date on: weekdays (1 is Monday) and the sessions of each working day."""

    hall: Name
    weekdays: list[Weekday]
    sessions: list[ShiftSession]
    from_on: date = field(name="from")

    def __post_init__(self) -> None:
        names = [session.name for session in self.sessions]
        if len(set(names)) != len(names):
            raise ValueError(f"sessions: the names {', '.join(names)} are not unique")


class CalendarDay(Struct, frozen=True, gc=False):
    """A day is, or is not, a working day, whatever the national calendar says; for one hall or for all."""

    on: date
    working: bool
    name: str | None = None
    hall: Name | None = None


class Punch(Struct, frozen=True, gc=False):
    """Somebody clocked in or out; which of the two is derived, never stated."""

    person: Name
    hall: Name
    method: Literal["face", "pin", "card"]
    score: float | None = None
    liveness: Any = None


class PunchWithdrawn(Struct, frozen=True, gc=False):
    """不是我: the named punch counts no more."""

    punch: Name


class TerminalAssigned(Struct, frozen=True, gc=False):
    """A terminal serves a hall from a date on."""

    terminal: Name
    hall: Name
    from_on: date = field(name="from")


class TerminalRetired(Struct, frozen=True, gc=False):
    """A terminal is not waited for on days later than `on`."""

    terminal: Name
    on: date


class TerminalReported(Struct, frozen=True, gc=False):
    """Everything that a terminal recorded up to `through` has arrived."""

    terminal: Name
    through: Instant


class LeaveGranted(Struct, frozen=True, gc=False):
    """Leave from one instant up to another; `filed` says whether it was put on file (备案)."""

    leave: Name
    person: Name
    kind: LeaveKind
    filed: bool
    from_at: Instant = field(name="from")
    to_at: Instant = field(name="to")

    def __post_init__(self) -> None:
        try:
            _ = self.from_at.astimezone(COUNTY_TIME), self.to_at.astimezone(COUNTY_TIME)
        except OverflowError as error:
            raise ValueError("from or to is outside the calendar") from error
        if self.from_at >= self.to_at:
            raise ValueError("from is not before to")


class LeaveClosed(Struct, frozen=True, gc=False):
    """销假: the person reported back on a day."""

    leave: Name
    on: date


class ExplanationAccepted(Struct, frozen=True, gc=False):
    """情况说明, or an outage, excuses one session of one day."""

    person: Name
    on: date
    session: Name
    reason: str


class FindingRecorded(Struct, frozen=True, gc=False):
    """A fact found by somebody, named by clause. `points` is the magnitude of a discretionary clause.

    A whole number is an int, any other an exact Decimal, so that the binary form of a fraction decides nothing.
    """

    finding: Name
    person: Name
    clause: Name
    on: date
    hall: Name
    confirmed: bool
    variant: str | None = None
    session: Name | None = None
    points: Any = None
    note: str | None = None
    evidence: Any = None

    def __post_init__(self) -> None:
        if isinstance(self.points, bool) or not isinstance(self.points, (int, Decimal, NoneType)):
            raise TypeError(f"points are {self.points!r}, not a number")


class FindingDecided(Struct, frozen=True, gc=False):
    """A finding is confirmed, or revoked for good."""

    finding: Name
    reason: str | None = None


class EvaluatorSwitched(Struct, frozen=True, gc=False):
    """The rating device of a window was opened or closed."""

    hall: Name
    window: Label
    person: Name | None = None


class RatingRequested(Struct, frozen=True, gc=False):
    """A visit: one service to one citizen, who may now rate it."""

    visit: Name
    hall: Name
    window: Label
    person: Name
    ticket: Label | None = None
    case_number: Label | None = None
    task_code: Label | None = None
    unsolicited: bool | None = None


class RatingGiven(Struct, frozen=True, gc=False):
    """A citizen's rating of a visit: 5 非常满意 … 1 非常不满意."""

    visit: Name
    hall: Name
    window: Label
    person: Name
    grade: OneToFive
    channel: Literal["button", "screen", "qr"]
    reasons: list[str | int] | None = None
    text_sha256: str | None = None


class RatingLapsed(Struct, frozen=True, gc=False):
    """Nobody pressed: 未评价, never a default good rating."""

    visit: Name


class RatingReviewed(Struct, frozen=True, gc=False):
    """What the review of a bad rating found."""

    visit: Name
    valid: bool
    attributable: bool


class MonthClosed(Struct, frozen=True, gc=False):
    """A month is closed; `good` names whom the committee chose among those tied across the line."""

    month: MonthName
    scorecards_sha256: str
    good: list[Name] | None = None


PAYLOADS: dict[str, type[Struct]] = {
    "hall.opened": HallOpened,
    "person.registered": PersonRegistered,
    "person.assigned": PersonAssigned,
    "person.left": PersonLeft,
    "certificate.recorded": CertificateRecorded,
    "investigation.opened": Investigation,
    "investigation.closed": Investigation,
    "shift.set": ShiftSet,
    "calendar.day": CalendarDay,
    "punch": Punch,
    "punch.withdrawn": PunchWithdrawn,
    "terminal.assigned": TerminalAssigned,
    "terminal.retired": TerminalRetired,
    "terminal.reported": TerminalReported,
    "leave.granted": LeaveGranted,
    "leave.closed": LeaveClosed,
    "explanation.accepted": ExplanationAccepted,
    "finding.recorded": FindingRecorded,
    "finding.confirmed": FindingDecided,
    "finding.revoked": FindingDecided,
    "evaluator.opened": EvaluatorSwitched,
    "evaluator.closed": EvaluatorSwitched,
    "rating.requested": RatingRequested,
    "rating.given": RatingGiven,
    "rating.lapsed": RatingLapsed,
    "rating.reviewed": RatingReviewed,
    "month.closed": MonthClosed,
}
"""The types that a replay reads, each with the form of its `data`."""
