"""An event's page: its exact line, its hash, when it arrived, and the official words that it bears on.

A rating's is refused: it would show the minute of the rating, and so the rater.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import Response
from sqlalchemy import Row, select

from rules.policy_text import Source
from scoring import tables
from scoring.answers import centre
from scoring.desk import desk, page, policy, problem
from sync.events import COUNTY_TIME, Event, parse_event

_CLAUSES = {
    "punch": ("1.1", "1.2"),
    "punch.withdrawn": ("1.1", "1.2"),
    "explanation.accepted": ("1.2",),
    "leave.granted": ("1.4",),
    "leave.closed": ("1.4",),
    "shift.set": ("1.1",),
    "terminal.reported": ("1.2",),
}


@dataclass(frozen=True, slots=True)
class Citation:
    """A clause and where its words stand."""

    clause: str
    source: Source


@desk.get("/events/<event_id>")
def event(event_id: str) -> Response:
    """Show one line of the ledger."""
    with centre().store.reading() as connection:
        rows = list(connection.execute(select(tables.event).where(tables.event.c.id == event_id)))
    if not rows:
        return problem(404, "账本里没有这条记录", "请从评分卡的“依据”进入；刚打的卡要等终端送达后才能看到。")
    if any((row.type or "").startswith("rating.") for row in rows):
        return problem(403, "评价记录不予展示", "为保护评价人，只在评分卡上写明日期；复核由政务办通过评价管理办理。")
    return page("event.html", shown=[(row, _parsed(row), _citations(row)) for row in rows], policy_title=policy().title)


def _parsed(row: Row[Any]) -> Event:
    return parse_event(bytes(row.line))


def _citations(row: Row[Any]) -> list[Citation]:
    said = _parsed(row)
    on = said.occurred_at.astimezone(COUNTY_TIME).date()
    clauses = _CLAUSES.get(said.type, ())
    if said.type == "finding.recorded":
        clauses = (str(said.data.get("clause")),)
        on = _day(said.data.get("on")) or on
    law = policy().on(on)
    return [Citation(name, law.clauses[name].source) for name in clauses if name in law.clauses]


def _day(text: object) -> date | None:
    try:
        return datetime.fromisoformat(str(text)).date()
    except ValueError:
        return None
