"""The form of a policy file. A parsed TOML table enters, checked records leave; nothing is computed here.

Every value is a list of dated versions, each with its source beside it; a repealed version stays and is
marked with `in_force_until`. A key that is not named here is an error.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Generic, Literal, TypeVar

from msgspec import Meta, Struct, field

T = TypeVar("T")

Text = Annotated[str, Meta(min_length=1)]
Count = Annotated[int, Meta(ge=0, le=1_000_000)]
Times = Annotated[int, Meta(ge=1, le=1_000_000)]
Minutes = Annotated[int, Meta(ge=0, le=24 * 60)]
Share = Decimal | Annotated[int, Meta(ge=0, le=1)]


class Source(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a value stands: the document, its clause, the words, and the day on which they were compared."""

    document: Text
    clause: Text
    quotation: Text
    checked_on: date


class Version(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What every dated version carries. `chosen` says what was decided where the text is silent."""

    in_force_from: date
    source: Source
    in_force_until: date | None = None
    chosen: Text | None = None


class Dated(Version, Generic[T], frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One value for a stretch of time."""

    value: T


class Bar(Struct, frozen=True, forbid_unknown_fields=True):
    """So many counted findings of a clause (and variant) bar somebody from the best grade."""

    clause: Text
    variant: Text | None = None
    at_least: Times = 1


class BadRating(Struct, frozen=True, forbid_unknown_fields=True):
    """What a citizen's bad rating costs, and which grades are bad."""

    points: Count
    grades: Annotated[list[Annotated[int, Meta(ge=1, le=5)]], Meta(min_length=1)]


class Clause(Version, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One clause of the 考核细则; points are magnitudes, the section says whether they are added or taken.

    `case` names the worked case of its points, its range or its bad rating, `variant_cases` that of each variant.
    """

    id: Text
    section: Annotated[int, Meta(ge=1, le=6)]
    points: Count | None = None
    range: tuple[Count, Count] | None = None
    variants: dict[Text, Count] = field(default_factory=dict)
    variant_required: bool = False
    automatic: bool = False
    once_per: Literal["day", "session"] | None = None
    bad_rating: BadRating | None = None
    case: Text | None = None
    variant_cases: dict[Text, Text] = field(default_factory=dict)


class Section(Version, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One of the six aspects; the one without a cap adds."""

    number: Annotated[int, Meta(ge=1, le=6)]
    name: Text
    cap: Count | None = None


class Attendance(Struct, frozen=True, forbid_unknown_fields=True):
    """How punches are read. Lists of dated values; minutes."""

    grace_minutes: list[Dated[Minutes]] = []
    in_window_before_minutes: list[Dated[Minutes]] = []
    out_window_after_minutes: list[Dated[Minutes]] = []
    least_apart_minutes: list[Dated[Minutes]] = []


class Month(Struct, frozen=True, forbid_unknown_fields=True):
    """From points to the month's grade."""

    good_share: list[Dated[Share]] = []
    good_min_total: list[Dated[Count]] = []
    poor_below_total: list[Dated[Count]] = []
    least_share_on_register: list[Dated[Share]] = []
    good_barred_by: list[Dated[list[Bar]]] = []


class Pay(Struct, frozen=True, forbid_unknown_fields=True):
    """Money, in yuan a month."""

    bonus_base_yuan: list[Dated[Count]] = []
    skill_yuan_by_grade: list[Dated[dict[str, Count]]] = []
    seniority_yuan_by_years: list[Dated[dict[str, Count]]] = []
    education_yuan: list[Dated[dict[str, Count]]] = []
    paid_on_probation: list[Dated[list[Literal["bonus", "skill", "seniority", "education"]]]] = []


class Year(Struct, frozen=True, forbid_unknown_fields=True):
    """From the months' grades to the year's."""

    excellent_share: list[Dated[Share]] = []
    excellent_good_months: list[Dated[Count]] = []
    qualified_good_months: list[Dated[Count]] = []
    unqualified_poor_run: list[Dated[Times]] = []
    unqualified_poor_months: list[Dated[Times]] = []
    excellent_barred_by: list[Dated[list[Bar]]] = []


class PolicyText(Struct, frozen=True, forbid_unknown_fields=True):
    """A whole policy, or what an overlay changes of one."""

    name: Text | None = None
    title: Text | None = None
    status: Text | None = None
    published_on: date | None = None
    official_source: Text | None = None
    section: list[Section] = []
    clause: list[Clause] = []
    attendance: Attendance = Attendance()
    month: Month = Month()
    pay: Pay = Pay()
    year: Year = Year()
