"""The answer of a replay as plain values for JSON. Results enter, dictionaries leave; nothing is decided here.

Numbers that are not whole have at most two decimals, halves rounded away from zero; money is text.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from rules.calendar import is_published
from rules.exact import number, yuan
from rules.explained import quota_line, standings
from rules.explained_year import year_quota_line, year_standings
from rules.facts import Facts
from rules.lines import Line, Pending
from rules.month import MonthResult, Result, judge_month
from rules.months import Month
from rules.policy import Policy
from rules.year import YearResult, judge_year

Json = dict[str, Any]
__all__ = [
    "explained_answer",
    "explained_year_answer",
    "month_answer",
    "month_as_json",
    "number",
    "year_answer",
    "year_as_json",
    "yuan",
]


def month_answer(facts: Facts, policy: Policy, month: Month, as_of: date) -> Json:
    """Return the county's month, judged at the end of the day `as_of`."""
    return month_as_json(judge_month(facts, policy, month, as_of)) | _caveats(facts, month.year)


def explained_answer(facts: Facts, policy: Policy, month: Month, as_of: date) -> Json:
    """Return the county's month as `month_answer` does, and beside it `explained`: the line, and why of everybody."""
    result = judge_month(facts, policy, month, as_of)
    law = policy.on(month.first_on)
    people = {
        each.person: {"place": each.place, "because": each.because, "not_charged": list(each.not_charged)}
        for each in standings(result, law, facts, as_of)
    }
    explained = {"quota": quota_line(result, law), "people": people}
    return month_as_json(result) | _caveats(facts, month.year) | {"explained": explained}


def year_answer(facts: Facts, policy: Policy, year: int, as_of: date) -> Json:
    """Return the county's year, judged at the end of the day `as_of`."""
    return year_as_json(judge_year(facts, policy, year, as_of)) | _caveats(facts, year)


def explained_year_answer(facts: Facts, policy: Policy, year: int, as_of: date) -> Json:
    """Return the county's year as `year_answer` does, and beside it `explained`: the line, and why of everybody."""
    result = judge_year(facts, policy, year, as_of)
    law = policy.on(date(year, 1, 1))
    people = {each.person: {"place": each.place, "because": each.because} for each in year_standings(result, law)}
    explained = {"quota": year_quota_line(result, law), "people": people}
    return year_as_json(result) | _caveats(facts, year) | {"explained": explained}


def month_as_json(result: MonthResult) -> Json:
    """Return a month's result; `people` are what a closing's digest is taken over."""
    quota = result.quota
    return {
        "month": str(result.month),
        "policy": result.policy,
        "quota": {"headcount": quota.headcount, "good_max": quota.most, "good": quota.given},
        "people": [_person(each) for each in result.people],
    }


def year_as_json(result: YearResult) -> Json:
    """Return a year's result."""
    quota = result.quota
    people = [
        {"person": each.person, "months": list(each.months), "grade": each.grade, "flags": list(each.flags)}
        for each in result.people
    ]
    return {
        "year": result.year,
        "quota": {"headcount": quota.headcount, "excellent_max": quota.most, "excellent": quota.given},
        "people": people,
    }


def _caveats(facts: Facts, year: int) -> Json:
    flags = [] if is_published(year) else ["calendar_unpublished"]
    quarantined = [{"id": each.id, "reason": each.reason} for each in facts.quarantined]
    return {"flags": flags, "quarantined": quarantined}


def _person(result: Result) -> Json:
    card = result.card
    sections = {
        str(section.number): {
            "cap": section.cap,
            "deducted": number(section.deducted),
            "score": number(section.score),
        }
        for section in card.sections
    }
    allowances = result.allowances
    return {
        "person": card.person,
        "hall": card.hall,
        "status": card.status,
        "total": number(card.total),
        "base": number(card.base),
        "bonus": number(card.bonus),
        "sections": sections,
        "grade": result.grade,
        "bonus_pay": None if result.bonus_pay is None else yuan(result.bonus_pay),
        "allowances": {
            "skill": allowances.skill,
            "seniority": allowances.seniority,
            "education": allowances.education,
        },
        "lines": [_line(line) for line in card.lines],
        "pending": [_pending(item) for item in card.pending],
    }


def _line(line: Line) -> Json:
    head: Json = {"clause": line.clause, "points": number(line.points), "on": line.on.isoformat()}
    return head | _session(line) | {"note": line.note, "evidence": list(line.evidence)}


def _pending(item: Pending) -> Json:
    head: Json = {"clause": item.clause, "on": item.on.isoformat()}
    return head | _session(item) | {"why": item.why, "evidence": list(item.evidence)}


def _session(of: Line | Pending) -> Json:
    return {} if of.session is None else {"session": of.session}
