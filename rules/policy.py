"""The law in force on a day. The policy files enter, an exact and checked `Policy` leaves.

What nobody may guess is an error here: an unknown key, a missing source, caps that are not 100 together,
two versions in force on one day. Points are computed elsewhere.
"""

from __future__ import annotations

import functools
import itertools
import tomllib
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from rules.errors import PolicyError
from rules.policy_text import Attendance, Bar, Clause, Dated, Month, Pay, PolicyText, Section, Version, Year

SHIPPED = Path(__file__).parent / "lianshui_2024"

_FULL_MARKS = 100
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

    def on(self, day: date) -> Edition:
        """Return the edition in force on a day; a day before the first is judged by the first."""
        if len(self.editions) == 1:
            return self.editions[0][1]
        return self.editions[max(0, bisect_right(self.editions, day, key=lambda edition: edition[0]) - 1)][1]


def load_policy(path: Path | None = None) -> Policy:
    """Return the county's policy, with the overlay at `path` laid over it if one is given.

    An overlay is one TOML file: `[[section]]`, `[[clause]]`, `[[attendance.…]]`, `[[month.…]]`, `[[pay.…]]`
    and `[[year.…]]`, in the form of the shipped files. A version that begins on the same day as a shipped one
    takes its place, a later one succeeds it. Raises PolicyError naming the file and the key.
    """
    if path is None:
        return _shipped_policy()
    return _compile(_laid_over(_shipped_text(), _read(path, PolicyText)), path.name)


@functools.cache
def _shipped_policy() -> Policy:
    return _compile(_shipped_text(), SHIPPED.name)


@functools.cache
def _shipped_text() -> PolicyText:
    tables: dict[str, Any] = {name: _read(SHIPPED / f"{name}.toml", form) for name, form in _TABLES.items()}
    heads = [_read(SHIPPED / f"{name}.toml", PolicyText) for name in _LISTS]
    return functools.reduce(_laid_over, heads, PolicyText(**tables))


F = TypeVar("F", bound=msgspec.Struct)


def _read(path: Path, form: type[F]) -> F:
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
        return msgspec.convert(table, form, builtin_types=(date, Decimal))
    except OSError as error:
        raise PolicyError(f"{path}: cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise PolicyError(f"{path}: {error}") from error


def _laid_over(below: PolicyText, above: PolicyText) -> PolicyText:
    merged: dict[str, Any] = {
        key: getattr(above, key) or getattr(below, key)
        for key in ("name", "title", "status", "published_on", "official_source")
    }
    merged["section"] = _merged(below.section, above.section, lambda section: section.number)
    merged["clause"] = _merged(below.clause, above.clause, lambda clause: clause.id)
    for name, form in _TABLES.items():
        lower, upper = getattr(below, name), getattr(above, name)
        values = {key: _merged(getattr(lower, key), getattr(upper, key)) for key in form.__struct_fields__}
        merged[name] = form(**values)
    return PolicyText(**merged)


def _merged(below: Sequence[V], above: Sequence[V], identity: Callable[[V], object] = lambda _: None) -> list[V]:
    replaced = {(identity(version), version.in_force_from) for version in above}
    kept = [version for version in below if (identity(version), version.in_force_from) not in replaced]
    return [*kept, *above]


def _compile(text: PolicyText, place: str) -> Policy:
    if text.name is None or text.title is None:
        raise PolicyError(f"{place}: name and title are missing")
    values = _values(text, place)
    sections = _grouped(text.section, lambda section: f"section {section.number}", place)
    clauses = _grouped(text.clause, lambda clause: f"clause {clause.id}", place)
    starts = _turning_days([*values.values(), *sections.values(), *clauses.values()])
    editions = tuple((day, _edition(day, values, sections, clauses, place)) for day in starts)
    return Policy(text.name, text.title, editions)


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


def _in_force(groups: Mapping[str, Sequence[V]], day: date) -> list[V]:
    found = (_version_on(group, day) for group in groups.values())
    return [version for version in found if version is not None]


def _edition(
    day: date,
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
    in_force = {key.partition(".")[2]: _exact(version.value, key, place) for key, version in versions.items()}
    found_sections = _in_force(sections, day)
    found_clauses = _in_force(clauses, day)
    _check_sections(found_sections, day, place)
    _check_clauses(found_clauses, {section.number for section in found_sections}, place)
    return Edition(
        sections=tuple(sorted(found_sections, key=lambda section: section.number)),
        clauses={clause.id: clause for clause in found_clauses},
        versions=versions,
        **in_force,
    )


def _exact(value: Any, key: str, place: str) -> Any:  # noqa: ANN401 - one of the value types of policy_text
    if isinstance(value, Decimal):
        if not 0 <= value <= 1:
            raise PolicyError(f"{place}: {key} is {value}, not a share between 0 and 1")
        return Fraction(value)
    if key in {"pay.skill_yuan_by_grade", "pay.seniority_yuan_by_years"}:
        if not all(number.isascii() and number.isdigit() for number in value):
            raise PolicyError(f"{place}: {key} has a key that is not a whole number")
        return {int(number): yuan for number, yuan in value.items()}
    if key == "pay.paid_on_probation":
        return frozenset(value)
    return tuple(value) if isinstance(value, list) else value


def _check_sections(sections: Sequence[Section], day: date, place: str) -> None:
    total = sum(section.cap or 0 for section in sections)
    if total != _FULL_MARKS:
        raise PolicyError(f"{place}: section caps are {total} together on {day}, not {_FULL_MARKS}")


def _check_clauses(clauses: Iterable[Clause], sections: set[int], place: str) -> None:
    for clause in clauses:
        if clause.section not in sections:
            raise PolicyError(f"{place}: clause {clause.id} is of section {clause.section}, which is not in force")
        if clause.points is None and clause.range is None and not clause.variants:
            raise PolicyError(f"{place}: clause {clause.id} has neither points nor range nor variants")
        if clause.range and clause.range[0] > clause.range[1]:
            raise PolicyError(f"{place}: clause {clause.id} has a range that ends before it begins")
        if clause.variant_required and not clause.variants:
            raise PolicyError(f"{place}: clause {clause.id} requires a variant and names none")
