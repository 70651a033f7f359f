"""The county's page: its halls, who is in, the terminals, what waits, and what was quarantined."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Response
from sqlalchemy import Connection, Row, func, select

from rules.facts import Facts
from rules.records import Hall, Rating
from scoring import echoes, registry, tables, words
from scoring.answers import centre
from scoring.desk import county_now, desk, page, policy
from scoring.today import PersonNow, person_now
from sync.events import COUNTY_TIME

_SILENT_AFTER = timedelta(minutes=10)
_LATEST = 20


@dataclass(frozen=True, slots=True)
class RatingTotals:
    """A day's ratings as totals of the first `given`; the newest stay hidden until they are three at once."""

    given: int
    shares: tuple[tuple[str, int], ...]
    is_hidden: bool


@dataclass(frozen=True, slots=True)
class HallNow:
    """One hall today."""

    hall: Hall
    people: tuple[PersonNow, ...]
    ratings: RatingTotals
    terminals: tuple[registry.Terminal, ...]

    @property
    def expected(self) -> int:
        """Return how many have a session today."""
        return sum(bool(person.sessions) for person in self.people)

    @property
    def present(self) -> int:
        """Return how many are in now."""
        return sum(person.is_in for person in self.people)

    @property
    def troubled(self) -> int:
        """Return for how many something is amiss today."""
        return sum(any(tag.tone == "bad" for s in person.sessions for tag in s.tags) for person in self.people)


@desk.get("/")
def county() -> Response:
    """Show the county."""
    here, now = centre(), county_now()
    facts = here.projection.current()
    with here.store.reading() as connection:
        terminals = here.contacts.freshened(registry.terminals(connection))
        alarms = list(connection.execute(select(tables.alarm).order_by(tables.alarm.c.number.desc()).limit(_LATEST)))
        forks = connection.scalar(select(func.count()).select_from(tables.alarm).where(tables.alarm.c.kind == "fork"))
        doubts = _doubts(connection)
        kept = tables.event.c.quarantined.is_not(None)
        quarantined = list(
            connection.execute(select(tables.event).where(kept).order_by(tables.event.c.position.desc()).limit(_LATEST))
        )
        quarantined_count = connection.scalar(select(func.count()).select_from(tables.event).where(kept))
        ratings_among = _ratings_among(connection, [each.id for each in facts.quarantined[:_LATEST]])
    halls = [hall_now(facts, hall, terminals, now) for hall in _in_order(facts.halls.values())]
    return page(
        "county.html",
        levels=[(name, [each for each in halls if each.hall.level == level]) for level, name in words.LEVELS.items()],
        halls=halls,
        ratings=together([each.ratings for each in halls]),
        terminals=terminals,
        waits=_waits(facts, terminals, now),
        alarms=alarms,
        forks=forks,
        doubts=doubts,
        checkpoint_trouble=here.checkpoints.trouble,
        quarantined=[(row, _place(row)) for row in quarantined],
        quarantined_count=(quarantined_count or 0) + len(facts.quarantined),
        not_believed=[
            (each.reason, "" if each.id in ratings_among else each.id) for each in facts.quarantined[:_LATEST]
        ],
        now=now,
    )


def _doubts(connection: Connection) -> list[Row[Any]]:
    """Return the latest alarms of terminals that hold another checkpoint than ours, however many others there are."""
    columns = tables.alarm.c
    query = select(tables.alarm).where(columns.kind == echoes.ALARM).order_by(columns.number.desc()).limit(_LATEST)
    return list(connection.execute(query))


def _ratings_among(connection: Connection, ids: Sequence[str]) -> frozenset[str]:
    """Return which events of these ids are ratings, whose ids are not shown: they contain the minute."""
    columns = tables.event.c
    return frozenset(connection.scalars(select(columns.id).where(columns.id.in_(ids), columns.type.like("rating.%"))))


def hall_now(facts: Facts, hall: Hall, terminals: Iterable[registry.Terminal], now: datetime) -> HallNow:
    """Return how a hall stands at `now`: those assigned to it and not gone, by id."""
    on = now.date()
    members = [p for p in facts.persons.values() if p.hall_on(on) == hall.id and p.on_register(on)]
    people = tuple(person_now(facts, policy(), person, now) for person in sorted(members, key=lambda p: p.id))
    own = tuple(terminal for terminal in terminals if terminal.hall == hall.id)
    return HallNow(hall, people, totals(todays_ratings(facts, hall.id, now)), own)


def todays_ratings(facts: Facts, hall: str, now: datetime) -> list[Rating]:
    """Return the asked-for ratings of a hall's windows today."""
    return [
        rating
        for ratings in facts.ratings.values()
        for rating in ratings
        if rating.hall == hall and not rating.unsolicited and rating.at.astimezone(COUNTY_TIME).date() == now.date()
    ]


def totals(ratings: Sequence[Rating]) -> RatingTotals:
    """Return ratings as totals that grow by three at once, so that nobody can tell one from the one before."""
    told = len(ratings) - len(ratings) % words.LEAST_RATINGS_SHOWN
    counted = Counter(rating.grade for rating in sorted(ratings, key=lambda rating: rating.at)[:told])
    shares = tuple((name, counted[grade]) for grade, name in words.GRADES.items()) if told else ()
    return RatingTotals(told, shares, is_hidden=0 < len(ratings) < words.LEAST_RATINGS_SHOWN)


def together(halls: Sequence[RatingTotals]) -> RatingTotals:
    """Return what the halls show, added up: a total of its own would tell what they hide."""
    counted = Counter[str]()
    for hall in halls:
        counted.update(dict(hall.shares))
    given = sum(hall.given for hall in halls)
    shares = tuple((name, counted[name]) for name in words.GRADES.values()) if given else ()
    return RatingTotals(given, shares, is_hidden=not given and any(hall.is_hidden for hall in halls))


def is_silent(terminal: registry.Terminal, now: datetime) -> bool:
    """Return whether a terminal has not been heard for so long that somebody should look."""
    if terminal.revoked_at is not None:
        return False
    return terminal.contact_at is None or now - terminal.contact_at > _SILENT_AFTER


def _waits(facts: Facts, terminals: Sequence[registry.Terminal], now: datetime) -> list[tuple[str, int, str]]:
    open_findings = sum(not found.confirmed for each in facts.findings.values() for found in each)
    bad = sum(
        rating.grade <= 2  # noqa: PLR2004 (考核细则 4.4)
        and not rating.unsolicited
        and rating.review is None
        and rating.at.astimezone(COUNTY_TIME).date() < now.date()  # at once would tell who pressed
        for each in facts.ratings.values()
        for rating in each
    )
    silent = sum(is_silent(terminal, now) for terminal in terminals)
    waits = [
        ("检查记录待核实", open_findings, "核实之前不扣分"),
        ("差评待审核", bad, "次日列出；审核有效且由本人造成的，按 4.4 扣分"),
        ("终端失去联系", silent, "未报齐之前，缺卡一律等待终端，不扣分"),
    ]
    return [each for each in waits if each[1]]


def _in_order(halls: Iterable[Hall]) -> list[Hall]:
    levels = list(words.LEVELS)
    return sorted(halls, key=lambda hall: (levels.index(hall.level), hall.id))


def _place(row: Row[Any]) -> str:
    return f"{row.origin} / {row.epoch} / {row.seq}"
