"""The law in force on a day. The policy files enter, an exact and checked `Policy` leaves.

What nobody may guess is an error here: an unknown key, a missing source, caps that are not 100 together, two
versions in force on one day, a clause or variant that names no worked case. Points are computed elsewhere.
"""

from __future__ import annotations

import functools
import itertools
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from rules.errors import PolicyError
from rules.policy_checks import check_bars, check_clauses, check_sections, exact_value
from rules.policy_file import read_policy_file
from rules.policy_overlay import Laid, Unheard, laid_by
from rules.policy_text import Attendance, Bar, Clause, Dated, Month, Pay, PolicyText, Section, Version, Year
from rules.worked_cases import check_cases, with_inherited_cases

SHIPPED = Path(__file__).parent / "lianshui_2024"

_TABLES: dict[str, type[msgspec.Struct]] = {
    "attendance": Attendance,
    "month": Month,
    "pay": Pay,
    "year": Year,
}
_LISTS = ("policy", "sections", "clauses")

V = TypeVar("V", bound=Version)


@dataclass(frozen=True, eq=False)
class Edition:
    """The law between two changes. Minutes, points and yuan are whole; shares are exact fractions."""

    sections: tuple[Section, ...]
    clauses: Mapping[str, Clause]
    grace_minutes: int
    in_window_before_minutes: int
    out_window_after_minutes: int
    least_apart_minutes: int
    good_share: Fraction
    good_min_total: int
    poor_below_total: int
    least_share_on_register: Fraction
    good_barred_by: tuple[Bar, ...]
    bonus_base_yuan: int
    skill_yuan_by_grade: Mapping[int, int]
    seniority_yuan_by_years: Mapping[int, int]
    education_yuan: Mapping[str, int]
    paid_on_probation: frozenset[str]
    excellent_share: Fraction
    excellent_good_months: int
    qualified_good_months: int
    unqualified_poor_run: int
    unqualified_poor_months: int
    excellent_barred_by: tuple[Bar, ...]
    versions: Mapping[str, Dated[Any]]
    repealed: Mapping[str, date]

    def absence_of(self, clause_id: str) -> str:
        """Return why a clause is not in force, for whoever names it: repealed since when, or never heard of."""
        last_on = self.repealed.get(clause_id)
        if last_on is None:
            return f"there is no clause {clause_id}"
        return f"clause {clause_id} is repealed: the last day on which it was in force is {last_on}"

    def points_of(self, clause_id: str, variant: str | None = None) -> int:
        """Return the magnitude of a clause, or of its variant; 0 where it is not in force."""
        clause = self.clauses.get(clause_id)
        if clause is None:
            return 0
        return clause.variants.get(variant, 0) if variant else clause.points or 0


@dataclass(frozen=True)
class Policy:
    """A named policy: its editions, each from the day on which it begins."""

    name: str
    title: str
    editions: tuple[tuple[date, Edition], ...]
    laid: tuple[Laid, ...] = ()

    def on(self, day: date) -> Edition:
        """Return the edition in force on a day; a day before the first is judged by the first."""
        if len(self.editions) == 1:
            return self.editions[0][1]
        return self.editions[max(0, bisect_right(self.editions, day, key=lambda edition: edition[0]) - 1)][1]

    def unheard(self, first_on: date, last_on: date) -> tuple[Unheard, ...]:
        """Return what was laid over and changes no day or month from the first to the last day, both of one year."""
        return tuple(each for laid in self.laid for each in laid.unheard(first_on, last_on))


def load_policy(path: Path | None = None) -> Policy:
    """Return the county's policy, with the overlay at `path` laid over it if one is given.

    An overlay is one TOML file: `[[section]]`, `[[clause]]`, `[[attendance.…]]`, `[[month.…]]`, `[[pay.…]]`
    and `[[year.…]]`, in the form of the shipped files. A version that begins on the same day as a shipped one
    takes its place, a later one succeeds it; a clause keeps the worked cases that it does not name anew. Raises
    PolicyError naming the file and the key.
    """
    if path is None:
        return _shipped_policy()
    above = read_policy_file(path, PolicyText)
    return _compile(_laid_over(_shipped_text(), above), path.name, above)


@functools.cache
def _shipped_policy() -> Policy:
    return _compile(_shipped_text(), SHIPPED.name)


@functools.cache
def _shipped_text() -> PolicyText:
    tables: dict[str, Any] = {name: read_policy_file(SHIPPED / f"{name}.toml", form) for name, form in _TABLES.items()}
    heads = [read_policy_file(SHIPPED / f"{name}.toml", PolicyText) for name in _LISTS]
    return functools.reduce(_laid_over, heads, PolicyText(**tables))


def _laid_over(below: PolicyText, above: PolicyText) -> PolicyText:
    merged: dict[str, Any] = {
        key: getattr(above, key) or getattr(below, key)
        for key in ("name", "title", "status", "published_on", "official_source")
    }
    merged["section"] = _merged(below.section, above.section, lambda section: section.number)
    changed = with_inherited_cases(below.clause, above.clause)
    merged["clause"] = _merged(below.clause, changed, lambda clause: clause.id)
    for name, form in _TABLES.items():
        lower, upper = getattr(below, name), getattr(above, name)
        values = {key: _merged(getattr(lower, key), getattr(upper, key)) for key in form.__struct_fields__}
        merged[name] = form(**values)
    return PolicyText(**merged)


def _merged(below: Sequence[V], above: Sequence[V], identity: Callable[[V], object] = lambda _: None) -> list[V]:
    replaced = {(identity(version), version.in_force_from) for version in above}
    kept = [version for version in below if (identity(version), version.in_force_from) not in replaced]
    return [*kept, *above]


def _compile(text: PolicyText, place: str, above: PolicyText | None = None) -> Policy:
    if text.name is None or text.title is None:
        raise PolicyError(f"{place}: name and title are missing")
    check_cases(text.clause, place)
    values = _values(text, place)
    sections = _grouped(text.section, lambda section: f"section {section.number}", place)
    clauses = _grouped(text.clause, lambda clause: f"clause {clause.id}", place)
    versions_of = {versions[0].id: versions for versions in clauses.values()}
    for key in ("month.good_barred_by", "year.excellent_barred_by"):
        check_bars((bar for version in values[key] for bar in version.value), versions_of, key, place)
    starts = _turning_days([*values.values(), *sections.values(), *clauses.values()])
    complete_on = max(dated[0].in_force_from for dated in values.values())
    editions = tuple((day, _edition(day, complete_on, values, sections, clauses, place)) for day in starts)
    laid = laid_by(above, {**values, **sections, **clauses}, complete_on) if above is not None else ()
    return Policy(text.name, text.title, editions, laid)


def _values(text: PolicyText, place: str) -> dict[str, list[Dated[Any]]]:
    values: dict[str, list[Dated[Any]]] = {}
    for name, form in _TABLES.items():
        for key in form.__struct_fields__:
            versions = getattr(getattr(text, name), key)
            if not versions:
                raise PolicyError(f"{place}: {name}.{key} has no value")
            values[f"{name}.{key}"] = _in_order(versions, f"{name}.{key}", place)
    return values


def _grouped(versions: Iterable[V], key_of: Callable[[V], str], place: str) -> dict[str, list[V]]:
    groups: dict[str, list[V]] = {}
    for version in versions:
        groups.setdefault(key_of(version), []).append(version)
    return {key: _in_order(group, key, place) for key, group in groups.items()}


def _in_order(versions: Iterable[V], key: str, place: str) -> list[V]:
    ordered = sorted(versions, key=lambda version: version.in_force_from)
    for version in ordered:
        if version.in_force_until and version.in_force_until < version.in_force_from:
            raise PolicyError(f"{place}: {key} ends on {version.in_force_until}, before it begins")
    for earlier, later in itertools.pairwise(ordered):
        last_on = earlier.in_force_until
        if earlier.in_force_from == later.in_force_from or (last_on and last_on >= later.in_force_from):
            raise PolicyError(f"{place}: {key} has two versions in force on {later.in_force_from}")
    return ordered


def _turning_days(groups: Iterable[Sequence[Version]]) -> list[date]:
    days = set()
    for version in (version for group in groups for version in group):
        days.add(version.in_force_from)
        if version.in_force_until and version.in_force_until < date.max:
            days.add(version.in_force_until + timedelta(days=1))
    return sorted(days)


def _version_on(versions: Sequence[V], day: date) -> V | None:
    begun = [version for version in versions if version.in_force_from <= day] or [versions[0]]
    last = begun[-1]
    return None if last.in_force_until and last.in_force_until < day else last


def _in_force(groups: Mapping[str, Sequence[V]], day: date, complete_on: date) -> list[V]:
    """Return what is in force; before the policy was complete, what it began with, but nothing that was added later."""
    begun = (group for group in groups.values() if group[0].in_force_from <= max(day, complete_on))
    found = (_version_on(group, day) for group in begun)
    return [version for version in found if version is not None]


def _edition(
    day: date,
    complete_on: date,
    values: Mapping[str, list[Dated[Any]]],
    sections: Mapping[str, list[Section]],
    clauses: Mapping[str, list[Clause]],
    place: str,
) -> Edition:
    versions: dict[str, Dated[Any]] = {}
    for key, dated in values.items():
        version = _version_on(dated, day)
        if version is None:
            raise PolicyError(f"{place}: {key} has no value in force on {day}")
        versions[key] = version
    in_force = {key.partition(".")[2]: exact_value(version.value, key, place) for key, version in versions.items()}
    found_sections = _in_force(sections, day, complete_on)
    found_clauses = _in_force(clauses, day, complete_on)
    check_sections(found_sections, day, place)
    check_clauses(found_clauses, {section.number for section in found_sections}, place)
    return Edition(
        sections=tuple(sorted(found_sections, key=lambda section: section.number)),
        clauses={clause.id: clause for clause in found_clauses},
        versions=versions,
        repealed=_repealed(clauses, day),
        **in_force,
    )


def _repealed(clauses: Mapping[str, Sequence[Clause]], day: date) -> dict[str, date]:
    """Return the last day of each clause that was in force and is not on this day."""
    last = {versions[0].id: versions[bisect_right(versions, day, key=_begins) - 1] for versions in clauses.values()}
    ended = ((id_, clause.in_force_until) for id_, clause in last.items() if clause.in_force_from <= day)
    return {id_: last_on for id_, last_on in ended if last_on is not None and last_on < day}


def _begins(version: Version) -> date:
    return version.in_force_from
