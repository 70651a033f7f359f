"""Clauses that somebody found or a citizen pressed. Findings and ratings enter; lines and pending ones leave.

Only confirmed findings and reviewed bad ratings count; the others are pending. Punches are not known here.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date
from fractions import Fraction

from msgspec import Struct

from rules import wording
from rules.lines import Line, Pending, Tally, joined
from rules.policy import Edition, Policy
from rules.policy_text import Bar
from rules.records import Finding, Rating
from rules.timekeeping import replaced_sessions

_LATE, _RATED = "1.1", "4.4"


class Rated(Struct, frozen=True):
    """What citizens said: the tally, how many ratings were given, and how many bad ones were counted."""

    tally: Tally
    given: int
    bad: int


def findings_between(findings: Iterable[Finding], first_on: date, last_on: date) -> tuple[Finding, ...]:
    """Return the findings dated from the first to the last day, both included."""
    return tuple(found for found in findings if first_on <= found.on <= last_on)


def is_barred(bars: Iterable[Bar], findings: Sequence[Finding]) -> bool:
    """Return whether the confirmed findings bar somebody from the best grade. Source: 考核细则 1.6, 5.5."""
    return any(counted_against(bar, findings) >= bar.at_least for bar in bars)


def counted_against(bar: Bar, findings: Sequence[Finding]) -> int:
    """Return how many of the findings are confirmed and of the bar's clause (and variant)."""
    return sum(
        found.confirmed and found.clause == bar.clause and bar.variant in {None, found.variant} for found in findings
    )


def count_findings(findings: Sequence[Finding], policy: Policy) -> Tally:
    """Return the lines of the confirmed findings, and the others as pending.

    One line each, but one a day or a session where the clause says so; a 1.1 in a session that a confirmed 1.3
    names gives way to it.
    """
    replaced = replaced_sessions(findings)
    groups: defaultdict[tuple[object, ...], list[Finding]] = defaultdict(list)
    pending = []
    for found in findings:
        if not found.confirmed:
            detail = wording.finding(found, _quotation(found, policy))
            why = wording.FINDING_OPEN
            pending.append(Pending(found.clause, found.on, found.session, why, found.events, detail))
        elif found.clause != _LATE or (found.on, found.session) not in replaced:
            groups[_counted_with(found, policy)].append(found)
    lines = (_finding_line(group, policy) for group in groups.values())
    return Tally(tuple(line for line in lines if line.points), tuple(pending))


def count_ratings(ratings: Sequence[Rating], policy: Policy, first_on: date, last_on: date) -> Rated:
    """Return what the ratings of these days come to; those that nobody asked for do not count.

    Source: 考核细则 4.4; a bad rating counts once its last review calls it valid and the person's doing.
    """
    first = bisect_left(ratings, first_on, key=_county_day)
    last = bisect_right(ratings, last_on, key=_county_day)
    counted = [rating for rating in ratings[first:last] if not rating.unsolicited]
    grades = {grade for _, law in policy.editions for grade in _bad_grades(law)}
    tallies = [_rating_tally(rating, policy) for rating in counted if rating.grade in grades]
    return Rated(joined(tallies), len(counted), sum(len(tally.lines) for tally in tallies))


def _counted_with(found: Finding, policy: Policy) -> tuple[object, ...]:
    once_per = policy.on(found.on).clauses[found.clause].once_per
    if once_per == "day":
        return found.clause, found.on
    if once_per == "session":
        return found.clause, found.on, found.session
    return (found.id,)


def _finding_line(group: Sequence[Finding], policy: Policy) -> Line:
    gravest = max(group, key=lambda found: found.points)
    clause = policy.on(gravest.on).clauses[gravest.clause]
    sessions = {found.session for found in group}
    return Line(
        clause=clause.id,
        points=Fraction(gravest.points if _adds(clause.section, gravest.on, policy) else -gravest.points),
        on=gravest.on,
        session=gravest.session if len(sessions) == 1 else None,
        note=wording.finding(gravest, clause.source.quotation),
        evidence=tuple(sorted({event for found in group for event in found.events})),
    )


def _adds(number: int, on: date, policy: Policy) -> bool:
    return any(section.number == number and section.cap is None for section in policy.on(on).sections)


def _quotation(found: Finding, policy: Policy) -> str:
    return policy.on(found.on).clauses[found.clause].source.quotation


def _county_day(rating: Rating) -> date:
    return rating.at.date()


def _bad_grades(law: Edition) -> Collection[int]:
    clause = law.clauses.get(_RATED)
    return clause.bad_rating.grades if clause and clause.bad_rating else ()


def _rating_tally(rating: Rating, policy: Policy) -> Tally:
    clause = policy.on(rating.at.date()).clauses.get(_RATED)
    bad = clause.bad_rating if clause else None
    if bad is None or rating.grade not in bad.grades:
        return Tally()
    on = rating.at.date()
    if rating.review is None:
        return Tally(pending=(Pending(_RATED, on, None, wording.RATING_OPEN, (rating.event,)),))
    if not (rating.review.valid and rating.review.attributable and bad.points):
        return Tally()
    evidence = tuple(sorted((rating.event, rating.review.event)))
    return Tally(lines=(Line(_RATED, Fraction(-bad.points), on, None, wording.BAD_RATING, evidence),))
