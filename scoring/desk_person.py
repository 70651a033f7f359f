"""A person's page: the month's scorecard, each point with its clause, its text, its day and its evidence.

Of a rating only the day is shown: neither the minute, nor the ticket, nor an id that contains the minute.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Response, request

from rules.appraisal import Card, card
from rules.errors import RulesError
from rules.lines import Line, Pending
from rules.months import Month
from rules.policy import Edition
from rules.wording import session_name
from scoring import words
from scoring.answers import centre
from scoring.desk import county_now, desk, page, policy, problem
from scoring.today import person_now, without_open_sessions

_RATED = "4.4"


@dataclass(frozen=True, slots=True)
class Shown:
    """One line or pending item as the page shows it; `evidence` are ids that may be opened."""

    clause: str
    text: str
    points: str
    tone: str
    on: str
    session: str
    note: str
    evidence: tuple[str, ...]
    is_rating: bool


@desk.get("/people/<person>")
def scorecard(person: str) -> Response:
    """Show a person's month; without `month` the present one."""
    now = county_now()
    facts, law = centre().projection.current(), policy()
    known = facts.persons.get(person)
    if known is None:
        return problem(404, f"没有编号为“{person}”的人员", "请从机构页面进入；新来的人员要先登记。")
    try:
        month = Month.parse(request.args.get("month", "")) if "month" in request.args else Month.of(now.date())
    except RulesError:
        return problem(400, "月份写法不对", "请写成 2026-10 这样的形式，或用页面上的“上月”“下月”切换。")
    if month > Month.of(now.date()):
        return problem(404, f"{month} 还没有开始", "请选择本月或以前的月份。")
    as_of = min(now.date(), month.last_on)
    settled = without_open_sessions(facts, law, [person], now)
    shown = card(settled, law, person, month, as_of)
    hall = facts.halls.get(shown.hall)
    return page(
        "person.html",
        person=known,
        hall=hall,
        month=month,
        before=_beside(month, -1),
        after=_beside(month, 1) if month < Month.of(now.date()) else None,
        card=shown,
        status=words.STATUSES[shown.status],
        lines=[_line(line, facts.ratings.get(person, ())) for line in shown.lines],
        pending=[
            _pending(item, facts.ratings.get(person, ())) for item in shown.pending if _may_show(item, now.date())
        ],
        chart=_chart(shown),
        today=person_now(facts, law, known, now) if month == Month.of(now.date()) else None,
        as_of=as_of,
        now=now,
        policy_title=law.title,
    )


def clause_text(clause: str, on: date) -> str:
    """Return a clause's official words as in force on a day."""
    law: Edition = policy().on(on)
    found = law.clauses.get(clause)
    return found.source.quotation if found else ""


def _line(line: Line, ratings: Sequence[Any]) -> Shown:
    tone = "good" if line.points > 0 else "bad"
    return _shown(line, words.points(line.points), tone, line.note, ratings)


def _may_show(item: Pending, today: date) -> bool:
    """Return whether an open rating may be shown: on its own day the clerk would know who pressed."""
    return item.clause != _RATED or item.on < today


def _pending(item: Pending, ratings: Sequence[Any]) -> Shown:
    note = f"{item.why}：{item.detail}" if item.detail and item.detail != item.why else item.why
    return _shown(item, "待定", "warn", note, ratings)


def _shown(item: Line | Pending, points: str, tone: str, note: str, ratings: Sequence[Any]) -> Shown:
    rated = {rating.event for rating in ratings}
    is_rating = item.clause == _RATED and bool(rated & set(item.evidence))
    return Shown(
        clause=item.clause,
        text=clause_text(item.clause, item.on),
        points=points,
        tone=tone,
        on=words.day(item.on),
        session=session_name(item.session) if item.session else "",
        note=note,
        evidence=() if is_rating else item.evidence,
        is_rating=is_rating,
    )


def _chart(shown: Card) -> dict[str, list[Any]]:
    sections = shown.sections
    return {
        "names": [section.name for section in sections],
        "scores": [float(section.score) for section in sections],
        "lost": [float(section.cap - section.score) for section in sections],
    }


def _beside(month: Month, step: int) -> Month:
    number = month.year * 12 + month.number - 1 + step
    return Month(number // 12, number % 12 + 1)
