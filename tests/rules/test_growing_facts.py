"""One more event costs one person's month: the facts that grew, and the month judged anew, are those of a replay."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.facts import gather
from rules.increments import GrowingFacts
from rules.month import judge_month
from rules.policy import load_policy
from scoring.replay import read_ledger
from sync.events import Event
from tests.rules.county import MONDAY, PERSON, TERMINAL, County
from tests.rules.test_score_properties import NOVEMBER, Act, a_county, acts, days, people

POLICY = load_policy()
AS_OF = NOVEMBER.last_on.replace(day=6)

numbers = st.integers(1, 40)
decisions = st.sampled_from(["finding.revoked", "finding.confirmed"])


def taking_back(type_: str, key: str, name: str) -> Act:
    return lambda county: county.says(type_, {key: name})


more_acts = st.one_of(
    acts,
    st.builds(taking_back, decisions, st.just("finding"), numbers.map("F{}".format)),
    st.builds(taking_back, st.just("punch.withdrawn"), st.just("punch"), numbers.map("e{:05}".format)),
    st.builds(lambda person, on: lambda county: county.loses(person, on=on), people, days),
    st.builds(lambda person, on: lambda county: county.assigns(person, from_=on, hall="baotan"), people, days),
    st.builds(lambda on: lambda county: county.decides_day(on, working=False), days),
    st.builds(lambda on: lambda county: county.says("leave.closed", {"leave": "L5", "on": on}), days),
    st.just(lambda county: county.says("finding.recorded", {"finding": "F9", "person": "P1"})),
    st.just(lambda county: county.says("weather.changed", {"visit": ["v"]})),
    st.just(lambda county: county.opens("baotan")),
    st.just(lambda county: county.hires("P9")),
    st.just(lambda county: county.finds("2.2", person="P2", finding="F9")),
    st.just(lambda county: county.finds("2.2", person="P1", finding="F9")),
)  # fmt: skip


def grown(events: list[Event], known: int) -> tuple[Any, Any]:
    """Return facts and month where all but the first `known` events come one by one."""
    growing = GrowingFacts(events[:known], POLICY)
    result = judge_month(growing.facts, POLICY, NOVEMBER, AS_OF)
    for event in events[known:]:
        changed = growing.add(event)
        result = judge_month(
            growing.facts, POLICY, NOVEMBER, AS_OF, known=result if changed is not None else None, changed=changed or ()
        )
    return growing.facts, result


@given(st.lists(more_acts, max_size=25), st.integers(0, 30), st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_what_grew_event_by_event_is_what_a_replay_finds(done: list[Act], known: int, chance: Any) -> None:
    events = read_ledger(a_county(done).lines)
    chance.shuffle(events)
    facts, result = grown(events, known)
    whole = gather(events, POLICY)
    assert result == judge_month(whole, POLICY, NOVEMBER, AS_OF)
    assert facts.quarantined == whole.quarantined


def a_hall() -> County:
    county = County()
    for person in (PERSON, "P2"):
        county.hires(person)
    return county


@pytest.mark.parametrize(
    ("act", "changed"),
    [
        (lambda county: county.punches("08:30"), {PERSON}),
        (lambda county: county.finds("2.2", person="P2"), {"P2"}),
        (lambda county: county.says("finding.revoked", {"finding": "nowhere"}), set()),
        (lambda county: county.says("device.started", {}), set()),
        (lambda county: county.decides_day(MONDAY, working=False), None),
        (lambda county: county.hires("P3"), None),
    ],
)
def test_one_event_concerns_one_person_or_all(act: Act, changed: set[str] | None) -> None:
    county = a_hall()
    known = len(county.lines)
    act(county)
    events = read_ledger(county.lines)
    assert GrowingFacts(events[:known], POLICY).add(events[known]) == changed


def test_a_visit_that_two_people_share_concerns_both() -> None:
    county = a_hall()
    county.rates("v", 1)
    county.rates("v", 1, person="P2")
    county.reviews("v")
    *events, review = read_ledger(county.lines)
    assert GrowingFacts(events, POLICY).add(review) == frozenset({PERSON, "P2"})


def test_an_event_that_comes_again_changes_nothing() -> None:
    county = a_hall()
    county.says("punch", {"person": PERSON, "hall": "gaogou", "method": "pin"}, at=f"{MONDAY} 08:30", origin=TERMINAL)
    events = read_ledger(county.lines)
    assert GrowingFacts(events, POLICY).add(events[-1]) == frozenset()


def test_only_those_who_changed_get_another_card() -> None:
    county = a_hall()
    county.finds("2.2", person="P2")
    *events, finding = read_ledger(county.lines)
    growing = GrowingFacts(events, POLICY)
    before = judge_month(growing.facts, POLICY, NOVEMBER, AS_OF)
    changed = growing.add(finding)
    after = judge_month(growing.facts, POLICY, NOVEMBER, AS_OF, known=before, changed=changed or ())
    same = [new.card is old.card for new, old in zip(after.people, before.people, strict=True)]
    assert same == [True, False]


def test_a_finding_that_is_recorded_anew_for_somebody_else_leaves_the_first() -> None:
    county = a_hall()
    county.finds("2.2", person="P2", finding="F")
    county.finds("2.2", finding="F")
    *events, again = read_ledger(county.lines)
    growing = GrowingFacts(events, POLICY)
    assert growing.add(again) == frozenset({PERSON, "P2"})
    assert growing.facts.findings.keys() == {PERSON}


def test_a_review_that_came_before_its_visit_is_not_forgotten() -> None:
    county = a_hall()
    county.reviews("v")
    county.rates("v", 1)
    *events, rating = read_ledger(county.lines)
    growing = GrowingFacts(events, POLICY)
    growing.add(rating)
    assert growing.facts == gather([*events, rating], POLICY)


def test_whoever_is_overtaken_loses_the_grade_though_nothing_of_theirs_changed() -> None:
    county = County(sessions=[])
    for number in range(4):
        county.hires(f"P{number}")
    county.finds("6.2", person="P0", variant="letter")
    county.finds("6.5", person="P1")
    *events, award = read_ledger(county.lines)
    growing = GrowingFacts(events, POLICY)
    before = judge_month(growing.facts, POLICY, NOVEMBER, AS_OF)
    changed = growing.add(award)
    after = judge_month(growing.facts, POLICY, NOVEMBER, AS_OF, known=before, changed=changed or ())
    assert [each.grade for each in before.people] == ["好", "一般", "一般", "一般"]
    assert [each.grade for each in after.people] == ["一般", "好", "一般", "一般"]
