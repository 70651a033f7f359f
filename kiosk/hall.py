"""The hall at a glance, from what the terminal itself holds: facts enter, a board leaves. Pure; needs no network.

Citizens can see it: who serves where and totals, never lateness, leave or points. Ratings are shown three at a
time, so that nobody can tell whose was the last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from kiosk.outlook import is_real, outlook
from kiosk.rating import GRADES
from kiosk.screens import Board, BoardRow, Item, RatingBar
from rules.attendance import Day
from rules.facts import Facts
from rules.policy import Policy
from rules.records import Person

SHOWN_TOGETHER = 3
_PRESENT, _MISSING, _OFF = ("在岗", "good", "●"), ("未到", "warn", "○"), ("未在班次", "", "–")
_OUT_WINDOW = timedelta(minutes=180)


def clerks(facts: Facts, hall: str, now: datetime) -> list[Person]:
    """Return who belongs to the hall today, by window and then job number."""
    here = [
        person
        for person in facts.persons.values()
        if person.on_register(now.date()) and person.hall_on(now.date()) == hall
    ]
    return sorted(here, key=lambda person: (window_of(person, now) or "~", person.job_number))


def window_of(person: Person, now: datetime) -> str | None:
    """Return the window that somebody is assigned to today, None for none."""
    current = [assignment for assignment in person.assignments if assignment.from_on <= now.date()]
    return current[-1].window if current else None


def state_of(day: Day, now: datetime) -> tuple[str, str, str]:
    """Return (word, tone, sign) of somebody's day at this moment."""
    for session in day.sessions:
        inside = is_real(session.in_punch) and not is_real(session.out_punch)
        if inside and now <= session.out_due_at + _OUT_WINDOW:
            return _PRESENT
        if not is_real(session.in_punch) and session.in_due_at < now <= session.out_due_at:
            return _MISSING
    return _OFF


def serving(facts: Facts, hall: str, window: str, now: datetime, policy: Policy) -> tuple[Person, bool] | None:
    """Return who serves at a window and whether they are there: of those assigned, somebody present before others."""
    assigned = [person for person in clerks(facts, hall, now) if window_of(person, now) == window]
    present = [person for person in assigned if state_of(outlook(facts, person.id, now, policy), now) == _PRESENT]
    return next(((person, person in present) for person in present or assigned), None)


def disclosed(grades: Sequence[int]) -> list[RatingBar]:
    """Return the day's ratings as bars, counting only whole groups of three in the order given."""
    shown = grades[: len(grades) - len(grades) % SHOWN_TOGETHER]
    counts = Counter(shown)
    return [RatingBar(word, counts[grade], round(100 * counts[grade] / len(shown)) if shown else 0)
            for grade, word in GRADES.items()]  # fmt: skip


def board(
    facts: Facts,
    hall: str,
    now: datetime,
    policy: Policy,
    window_names: Mapping[str, str],
    grades: Sequence[int],
    health: Sequence[Item],
) -> Board:
    """Return the hall's board; `grades` are the day's ratings in the order given."""
    rows = []
    for person in clerks(facts, hall, now):
        state, tone, sign = state_of(outlook(facts, person.id, now, policy), now)
        window = window_of(person, now)
        place = window_names.get(window, f"{window} 号窗口") if window else f"工号 {person.job_number}"
        rows.append(BoardRow(person.name, place, state, tone, sign))
    bars = disclosed(grades)
    states = Counter(row.state for row in rows)
    rated = sum(bar.count for bar in bars)
    return Board(states[_PRESENT[0]], states[_MISSING[0]], states[_OFF[0]], rows, rated, bars, health)
