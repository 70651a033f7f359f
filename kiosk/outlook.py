"""What a punch means at the moment it is made: facts and the time enter, the day's outlook and a greeting leave. Pure.

The rules read a finished day. At half past eight the day is not finished, so whatever is still to be punched is
taken as done on time: then the first punch of a morning is its in, as a clerk expects.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from operator import attrgetter

from rules.attendance import Day, SessionDay, day_of
from rules.facts import Facts
from rules.policy import Edition, Policy
from rules.records import Punch

_STILL_TO_COME = "~"
"""Begins the id of a punch that is only expected; sorts after every real id."""

SESSION_NAMES = {"am": "上午", "pm": "下午", "noon": "午间", "night": "晚间", "day": "全天"}


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a clerk reads: `meaning` is in, out or none; `tone` good or warn; words in Chinese."""

    meaning: str
    tone: str
    said: str
    hint: str = ""


def is_real(punch: Punch | None) -> bool:
    """Return whether a punch was made, not only expected."""
    return punch is not None and not punch.id.startswith(_STILL_TO_COME)


def outlook(facts: Facts, person: str, now: datetime, policy: Policy) -> Day:
    """Return the person's day (the county day of `now`) as it reads if all that is still to come is done on time."""
    minute = now.replace(second=0, microsecond=0)
    plain = day_of(facts, person, now.date(), policy)
    least_apart = timedelta(minutes=policy.on(now.date()).least_apart_minutes)
    outs = [_out_to_come(number, session, minute, least_apart) for number, session in enumerate(plain.sessions)]
    ins = [_in_to_come(number, session, minute) for number, session in enumerate(plain.sessions)]
    upcoming = next((number for number, expected in enumerate(ins) if expected), None)
    if upcoming is not None:
        early = _read_with(facts, person, now, policy, [*outs, *ins[:upcoming], *ins[upcoming + 1 :]])
        if is_real(early.sessions[upcoming].in_punch):  # somebody is there before the next session begins
            return early
    if _is_settled(plain, facts.punches_on(person, now.date()), now):
        return plain
    return _read_with(facts, person, now, policy, [*outs, *ins])


def _is_settled(day: Day, punches: Sequence[Punch], now: datetime) -> bool:
    """Return whether the day so far reads without a gap, its newest punch completing a session.

    Then nothing needs to be expected to understand it: somebody who leaves early is told so.
    """
    newest = max(punches, key=attrgetter("minute_us", "id"), default=None)
    begun = [session for session in day.sessions if session.in_due_at <= now]
    whole = [session for session in day.sessions if session.in_punch is not None and session.out_punch is not None]
    completes = any(newest in {session.in_punch, session.out_punch} for session in whole)
    return completes and all(session in whole for session in begun)


def _in_to_come(number: int, session: SessionDay, minute: datetime) -> Punch | None:
    return _expected(f"{number}a", session.in_due_at) if session.in_due_at > minute else None


def _out_to_come(number: int, session: SessionDay, minute: datetime, least_apart: timedelta) -> Punch | None:
    if session.out_due_at < minute:
        return None
    apart = min(least_apart, session.out_due_at - session.in_due_at)
    return _expected(f"{number}b", max(session.out_due_at, minute + apart))


def _read_with(facts: Facts, person: str, now: datetime, policy: Policy, expected: Iterable[Punch | None]) -> Day:
    made = facts.punches_on(person, now.date())
    both = tuple(sorted((*made, *filter(None, expected)), key=attrgetter("minute_us", "id")))
    return day_of(replace(facts, punches={**facts.punches, person: {now.date(): both}}), person, now.date(), policy)


def _expected(identity: str, at: datetime) -> Punch:
    return Punch(_STILL_TO_COME + identity, at, 0, "", "", "", "")


def greet(day: Day, punch: str, now: datetime, law: Edition) -> Greeting:
    """Return what to say at `now` about the punch of this id, read within the day's outlook under that day's law."""
    for session in day.sessions:
        name = SESSION_NAMES.get(session.name, session.name)
        if session.in_punch is not None and session.in_punch.id == punch:
            return _greeting_in(session, name)
        if session.out_punch is not None and session.out_punch.id == punch:
            return _greeting_out(session, name)
    return _greeting_beside(day, now, law)


def _greeting_in(session: SessionDay, name: str) -> Greeting:
    at = session.in_punch.at if session.in_punch else session.in_due_at
    said = f"{name}上班 {at:%H:%M}"
    if session.late_uncertain:
        return Greeting("in", "warn", f"{said} 时钟待核", f"应到 {session.in_due_at:%H:%M}，由负责人核对时间")
    if session.late_minutes:
        return Greeting("in", "warn", f"{said} 迟到 {session.late_minutes} 分钟", f"应到 {session.in_due_at:%H:%M}")
    return Greeting("in", "good", f"{said} 正常", f"下班打卡：{session.out_due_at:%H:%M} 以后")


def _greeting_out(session: SessionDay, name: str) -> Greeting:
    at = session.out_punch.at if session.out_punch else session.out_due_at
    said = f"{name}下班 {at:%H:%M}"
    if session.early_uncertain:
        return Greeting("out", "warn", f"{said} 时钟待核", f"应到 {session.out_due_at:%H:%M} 下班，由负责人核对时间")
    if session.early_minutes:
        later = f"{session.out_due_at:%H:%M} 以后再打一次卡，就按正常下班计"
        return Greeting("out", "warn", f"{said} 早退 {session.early_minutes} 分钟", later)
    missing = "" if is_real(session.in_punch) else "本场次没有上班打卡，如有原因请提交情况说明"
    return Greeting("out", "warn" if missing else "good", f"{said} 正常", missing)


def _greeting_beside(day: Day, now: datetime, law: Edition) -> Greeting:
    """Say of a punch that no session uses what is still to be done: never that a day is complete when it is not."""
    if not day.sessions:
        return Greeting("none", "good", "已记录", "今天没有需要打卡的班次")
    coming = next((each for each in day.sessions if each.out_due_at >= now and not is_real(each.out_punch)), None)
    if coming is not None and is_real(coming.in_punch):
        return Greeting("none", "good", "已记录", f"下班打卡：{coming.out_due_at:%H:%M} 以后")
    if coming is not None and coming.in_due_at >= now:
        opens_at = coming.in_due_at - timedelta(minutes=law.in_window_before_minutes)
        return Greeting("none", "warn", "已记录", f"还不到上班打卡时间，请 {opens_at:%H:%M} 以后再打一次")
    if all(is_real(each.in_punch) and is_real(each.out_punch) for each in day.sessions):
        return Greeting("none", "good", "已记录", "今天的打卡已经齐了")
    return Greeting("none", "warn", "已记录", "今天有缺卡，如有原因请提交情况说明")
