"""A day that is recognised as punctual at a glance is the day that the full reading calls punctual, and no other."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rules.attendance import PlainDay, day_of
from rules.policy import Policy, load_policy
from tests.rules.county import MONDAY, PERSON, County

ON = date.fromisoformat(MONDAY)
SESSIONS = [{"name": "am", "start": "08:30", "end": "12:00"}, {"name": "noon", "start": "13:30", "end": "14:05"}]
GRACES = (0, 5, 20)


@pytest.fixture(scope="module")
def policies(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Policy]:
    folder = tmp_path_factory.mktemp("policies")
    return {minutes: load_policy(overlay(folder / f"{minutes}.toml", minutes)) for minutes in GRACES}


def overlay(path: Path, minutes: int) -> Path:
    source = '{ document = "文", clause = "1.1", quotation = "字", checked_on = 2026-11-23 }'
    text = f"[[attendance.grace_minutes]]\nvalue = {minutes}\nin_force_from = 2024-07-22\nsource = {source}\n"
    path.write_text(text, encoding="utf-8")
    return path


def around(*minutes: int) -> st.SearchStrategy[int]:
    """Return the minute of the day, or some minutes to either side."""
    return st.builds(int.__add__, st.sampled_from(minutes), st.sampled_from([-91, -90, -21, -1, 0, 1, 5, 6, 20, 21]))


punches = st.tuples(around(510), around(720, 900), around(810), around(845, 1025))


@given(punches, st.sampled_from(GRACES))
@example(minutes=(510, 720, 830, 845), grace=20)  # late within the grace, and only 15 minutes apart
@example(minutes=(510, 720, 815, 845), grace=20)
@example(minutes=(510, 720, 816, 845), grace=20)  # 29 minutes apart
@settings(max_examples=400, deadline=None)
def test_the_glance_and_the_full_reading_agree(
    policies: dict[int, Policy], minutes: tuple[int, ...], grace: int
) -> None:
    county = County(sessions=SESSIONS)
    county.hires()
    county.punches(*(f"{minute // 60:02}:{minute % 60:02}" for minute in minutes))
    facts = county.facts()
    day = day_of(facts, PERSON, ON, policies[grace])
    glance = PlainDay().is_punctual(day.planned, facts.punches_on(PERSON, ON), policies[grace].on(ON))
    assert glance == all(session.is_punctual for session in day.sessions)


@pytest.mark.parametrize(("time", "minutes"), [("08:34", 0), ("08:35", 0), ("08:36", 6)])
def test_a_grace_of_five_minutes_is_read_the_same_in_full(policies: dict[int, Policy], time: str, minutes: int) -> None:
    county = County()
    county.hires()
    county.punches(time, "12:00", "13:30", "17:30")
    assert day_of(county.facts(), PERSON, ON, policies[5]).sessions[0].late_minutes == minutes
