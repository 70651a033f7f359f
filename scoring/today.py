"""A person's day as it stands now, for pages: sessions with a word for each, and what it will come to. Pure.

The day's points are the scorecard's; here stands what may still change, since the session is not over.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from rules.attendance import Day, SessionDay, day_of
from rules.facts import Facts
from rules.policy import Edition, Policy
from rules.records import Person
from rules.wording import session_name
from scoring import words


@dataclass(frozen=True, slots=True)
class Tag:
    """A word and its tone: `good`, `warn`, `bad` or `soft`. The word alone says it; the tone only helps."""

    word: str
    tone: str


@dataclass(frozen=True, slots=True)
class SessionNow:
    """One session of today: when it was due, what was punched, what to call it, and what it will come to."""

    name: str
    due: str
    arrived: str
    left: str
    methods: str
    tags: tuple[Tag, ...]
    is_open: bool
    is_in: bool
    forecast: str


@dataclass(frozen=True, slots=True)
class PersonNow:
    """Somebody's today; `note` says why nothing is due where nothing is."""

    person: Person
    window: str
    sessions: tuple[SessionNow, ...]
    is_in: bool
    note: str


def person_now(facts: Facts, policy: Policy, person: Person, now: datetime) -> PersonNow:
    """Return how the person's day stands at `now` (county time)."""
    on = now.date()
    day = day_of(facts, person.id, on, policy)
    law = policy.on(on)
    sessions = tuple(_session_now(facts, person, on, each, law, now) for each in day.sessions)
    return PersonNow(person, _window(person, on), sessions, any(each.is_in for each in sessions), _why_nothing(day))


def open_sessions(facts: Facts, policy: Policy, person: str, now: datetime) -> frozenset[tuple[str, date, str]]:
    """Return (person, day, session) of today's sessions whose last punch may still come."""
    on = now.date()
    law = policy.on(on)
    day = day_of(facts, person, on, policy)
    return frozenset((person, on, each.name) for each in day.sessions if _is_open(each, law, now))


def without_open_sessions(facts: Facts, policy: Policy, people: Sequence[str], now: datetime) -> Facts:
    """Return the facts with today's unfinished sessions set aside, so that nobody is charged for hours to come."""
    aside = frozenset().union(*(open_sessions(facts, policy, person, now) for person in people))
    return replace(facts, explained=facts.explained | aside)


def _is_open(session: SessionDay, law: Edition, now: datetime) -> bool:
    """Return whether a punch that would change the session may still come; once somebody left in time, none does."""
    if session.in_punch is not None and session.out_punch is not None and not session.early_minutes:
        return False
    return now < session.out_due_at + timedelta(minutes=law.out_window_after_minutes)


def _session_now(
    facts: Facts, person: Person, on: date, session: SessionDay, law: Edition, now: datetime
) -> SessionNow:
    punches = [punch for punch in (session.in_punch, session.out_punch) if punch is not None]
    explained = (person.id, on, session.name) in facts.explained
    is_open = _is_open(session, law, now)
    awaits = _awaits_terminal(facts, person, on, session, now)
    return SessionNow(
        name=session_name(session.name),
        due=f"{words.clock(session.in_due_at)}–{words.clock(session.out_due_at)}",
        arrived=words.clock(session.in_punch.at if session.in_punch else None),
        left=words.clock(session.out_punch.at if session.out_punch else None),
        methods="、".join(dict.fromkeys(words.METHODS.get(punch.method, punch.method) for punch in punches)),
        tags=(Tag("情况说明已采纳", "soft"),) if explained else _tags(session, now, is_open=is_open, awaits=awaits),
        is_open=is_open,
        is_in=session.in_punch is not None and session.out_punch is None and is_open,
        forecast="" if explained or not is_open else _forecast(session, law, now),
    )


def _awaits_terminal(facts: Facts, person: Person, on: date, session: SessionDay, now: datetime) -> bool:
    """Return whether a punch that is missed now may still lie in a terminal that has not reported."""
    hall = person.hall_on(on)
    missed_at = session.in_due_at if session.in_punch is None else session.out_due_at
    if hall is None or now < missed_at:
        return False
    return any(
        terminal.reported_through_at is None or terminal.reported_through_at < missed_at
        for terminal in facts.terminals_at(hall, on)
    )


def _tags(session: SessionDay, now: datetime, *, is_open: bool, awaits: bool) -> tuple[Tag, ...]:
    return tuple(filter(None, (_arrival(session, now, awaits=awaits), _leaving(session, now, is_open, awaits=awaits))))


def _arrival(session: SessionDay, now: datetime, *, awaits: bool) -> Tag | None:
    if session.in_punch is None:
        if now <= session.in_due_at:
            return Tag("未到上班时间", "soft")
        if awaits:
            return Tag("等待终端", "warn")
        return Tag("未到" if session.out_punch is None else "上班未打卡", "bad")
    if session.late_uncertain:
        return Tag(f"迟到 {session.late_minutes} 分钟（时钟待核）", "warn")
    if session.late_minutes:
        return Tag(f"迟到 {session.late_minutes} 分钟", "bad")
    return Tag("正常", "good")


def _leaving(session: SessionDay, now: datetime, is_open: bool, *, awaits: bool) -> Tag | None:  # noqa: FBT001
    if session.out_punch is not None:
        if session.early_uncertain:
            return Tag(f"早退 {session.early_minutes} 分钟（时钟待核）", "warn")
        return Tag(f"早退 {session.early_minutes} 分钟", "bad") if session.early_minutes else None
    if session.in_punch is None:
        return None
    if now < session.out_due_at:
        return Tag("在岗", "soft")
    if awaits:
        return Tag("等待终端", "warn")
    return Tag("待下班打卡", "warn") if is_open else Tag("下班未打卡", "bad")


def _forecast(session: SessionDay, law: Edition, now: datetime) -> str:
    late, missing = law.points_of("1.1", "late"), law.points_of("1.2")
    if session.in_punch is None:
        if now <= session.in_due_at:
            return ""
        return f"上班未打卡：如无情况说明，按 1.2 扣 {missing} 分"
    if session.late_uncertain:
        return f"迟到 {session.late_minutes} 分钟，终端时钟有误差，待核实后再定"
    if session.late_minutes:
        return (
            f"迟到 {session.late_minutes} 分钟，下班打卡后计入：按 1.1 扣 {late} 分；"
            f"下班未打卡的，改按 1.2 扣 {missing} 分"
        )
    if session.early_minutes:
        return f"早退 {session.early_minutes} 分钟：{words.clock(session.out_due_at)} 后再打一次卡即可，否则按 1.1 扣分"
    return "" if session.out_punch is not None else f"目前正常；下班请打卡，未打卡的按 1.2 扣 {missing} 分"


def _why_nothing(day: Day) -> str:
    if day.sessions:
        return ""
    if not day.working:
        return "今日休息"
    return "今日请假" if day.planned else "今日无班次"


def _window(person: Person, on: date) -> str:
    for assignment in reversed(person.assignments):
        if assignment.from_on <= on:
            return assignment.window or ""
    return ""
