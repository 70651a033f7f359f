"""What happened: punches, leave, findings, ratings, closings. Sorted events enter, records leave.

What another event took back (a punch withdrawn, a finding revoked, a second rating of one visit) is left out.
Nothing is judged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from typing import TypeVar

from rules.findings import FindingError, magnitude_of
from rules.policy import Policy
from rules.records import Finding, Leave, Punch, Rating, Review
from rules.sorting import Said, Sorted
from sync.instants import COUNTY_TIME

P = TypeVar("P", Finding, Leave, Rating)


def punches(found: Sorted) -> dict[str, dict[date, tuple[Punch, ...]]]:
    """Return the punches that count, by person and county day, in no particular order.

    Source: 考核细则 1.1, 1.2; 不是我 takes a punch back.
    """
    withdrawn = {said.payload.punch for said in found.unordered("punch.withdrawn")}
    by_person: defaultdict[str, defaultdict[date, list[Punch]]] = defaultdict(lambda: defaultdict(list))
    for punch in found.punches:
        if punch.id not in withdrawn:
            by_person[punch.person][punch.at.date()].append(punch)
    return {person: {on: tuple(group) for on, group in days.items()} for person, days in by_person.items()}


def leaves(found: Sorted) -> dict[str, tuple[Leave, ...]]:
    """Return everybody's leave, in order of its beginning."""
    closed_on: defaultdict[str, set[date]] = defaultdict(set)
    for said in found.payloads("leave.closed"):
        closed_on[said.leave].add(said.on)
    by_id: dict[str, Leave] = {}
    for each in found.of("leave.granted"):
        said = each.payload
        from_at, to_at = said.from_at.astimezone(COUNTY_TIME), said.to_at.astimezone(COUNTY_TIME)
        closings_on = tuple(sorted(closed_on[said.leave]))
        by_id[said.leave] = Leave(said.leave, each.id, said.person, said.kind, from_at, to_at, said.filed, closings_on)
    return _by_person(sorted(by_id.values(), key=lambda leave: (leave.from_at, leave.event)))


def explained(found: Sorted) -> frozenset[tuple[str, date, str]]:
    """Return (person, day, session) of the sessions that an accepted explanation excuses."""
    return frozenset((said.person, said.on, said.session) for said in found.payloads("explanation.accepted"))


def findings(found: Sorted, policy: Policy) -> dict[str, tuple[Finding, ...]]:
    """Return everybody's findings that stand, confirmed or not; one that its clause does not fit is refused."""
    recorded = {each.payload.finding: each for each in found.of("finding.recorded") if _fits(each, found, policy)}
    confirmed: defaultdict[str, list[str]] = defaultdict(list)
    for each in found.unordered("finding.confirmed"):
        confirmed[each.payload.finding].append(each.id)
    revoked = {said.finding for said in found.payloads("finding.revoked")}
    standing = (_finding(each, confirmed.get(id_, []), policy) for id_, each in recorded.items() if id_ not in revoked)
    return _by_person(sorted(standing, key=lambda finding: (finding.on, finding.events)))


def _fits(each: Said, found: Sorted, policy: Policy) -> bool:
    try:
        magnitude_of(each.payload, policy.on(each.payload.on))
    except FindingError as error:
        found.refuse(each.id, each.type, str(error))
        return False
    return True


def _finding(each: Said, confirmations: list[str], policy: Policy) -> Finding:
    said = each.payload
    return Finding(
        id=said.finding,
        person=said.person,
        clause=said.clause,
        variant=said.variant,
        on=said.on,
        session=said.session,
        points=magnitude_of(said, policy.on(said.on)),
        hall=said.hall,
        note=said.note,
        confirmed=said.confirmed or bool(confirmations),
        events=tuple(sorted([each.id, *confirmations])),
    )


def ratings(found: Sorted) -> dict[str, tuple[Rating, ...]]:
    """Return the one rating of each visit, by the person rated, in order of their instants.

    Source: 考核细则 4.4, 一次服务一次评价. A rating of a visit that nobody opened has no effect.
    """
    visits = _first_of_each_visit(found, "rating.requested")
    reviews = {
        each.payload.visit: Review(each.id, each.payload.valid, each.payload.attributable)
        for each in found.of("rating.reviewed")
    }
    rated = [
        _rating(each, bool(visits[visit].payload.unsolicited), reviews.get(visit))
        for visit, each in _first_of_each_visit(found, "rating.given").items()
        if visit in visits
    ]
    return _by_person(sorted(rated, key=lambda rating: (rating.at, rating.event)))


def _rating(each: Said, unsolicited: bool, review: Review | None) -> Rating:  # noqa: FBT001 (one call, above)
    said = each.payload
    return Rating(
        event=each.id,
        visit=said.visit,
        person=said.person,
        hall=said.hall,
        window=str(said.window),
        grade=said.grade,
        at=each.occurred_at.astimezone(COUNTY_TIME),
        unsolicited=unsolicited,
        review=review,
    )


def _first_of_each_visit(found: Sorted, type_: str) -> dict[str, Said]:
    """Return the first by seq within a store, across stores the earliest (instant, then id)."""
    first: dict[str, Said] = {}
    several: defaultdict[str, list[Said]] = defaultdict(list)
    for each in found.unordered(type_):
        visit = each.payload.visit
        if first.setdefault(visit, each) is not each:
            several[visit].append(each)
    for visit, others in several.items():
        first[visit] = _first_of([first[visit], *others])
    return first


def _first_of(said: Sequence[Said]) -> Said:
    by_store: dict[tuple[str, str], Said] = {}
    for each in said:
        other = by_store.setdefault((each.origin, each.epoch), each)
        if each.seq < other.seq:
            by_store[each.origin, each.epoch] = each
    return min(by_store.values(), key=_instant_and_id)


def closings(found: Sorted) -> dict[str, frozenset[str]]:
    """Return whom the committee chose, by month closed; the last closing of a month counts."""
    return {said.month: frozenset(said.good or ()) for said in found.payloads("month.closed")}


def _instant_and_id(each: Said) -> tuple[datetime, str]:
    return each.occurred_at, each.id


def _by_person(records: list[P]) -> dict[str, tuple[P, ...]]:
    groups: defaultdict[str, list[P]] = defaultdict(list)
    for record in records:
        groups[record.person].append(record)
    return {person: tuple(group) for person, group in groups.items()}
