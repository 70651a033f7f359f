"""One more event costs one person's month: the facts that grew, and the month judged anew, are those of a replay."""

from __future__ import annotations

from datetime import date
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
MONDAY_ON = date.fromisoformat(MONDAY)

numbers = st.integers(1, 40)
halls, terminals = st.sampled_from(["gaogou", "baotan"]), st.sampled_from(["gaogou-t01", "baotan-t01"])
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
    st.builds(lambda terminal, hall, on: lambda county: county.says(
        "terminal.assigned", {"terminal": terminal, "hall": hall, "from": on}), terminals, halls, days),
    st.builds(lambda terminal, on: lambda county: county.says(
        "terminal.reported", {"terminal": terminal, "through": f"{on}T23:00:00+08:00"}), terminals, days),
    st.builds(lambda terminal, on: lambda county: county.says(
        "terminal.retired", {"terminal": terminal, "on": on}), terminals, days),
    st.builds(lambda person, hall: lambda county: county.says(
        "evaluator.opened", {"hall": hall, "window": 1} | ({"person": person} if person else {}), origin=TERMINAL),
        st.sampled_from(["P1", "P9", None]), halls),
    st.just(lambda county: county.says(
        "month.closed", {"month": "2026-11", "scorecards_sha256": "", "good": ["P1", "P9"]})),
    st.builds(lambda person, hall: lambda county: county.punches("08:50", person=person, hall=hall),
        st.sampled_from(["P1", "P2", "P9"]), halls),
    st.just(lambda county: county.hires("P9")),
    st.just(lambda county: county.finds("2.2", person="P2", finding="F9")),
    st.just(lambda county: county.finds("2.2", person="P1", finding="F9")),
)  # fmt: skip


def grown(events: list[Event], known: int, at_a_time: int) -> tuple[Any, Any]:
    """Return facts and month where all but the first `known` events come later, a few at a time."""
    growing = GrowingFacts(events[:known], POLICY)
    result = judge_month(growing.facts, POLICY, NOVEMBER, AS_OF)
    for place in range(known, len(events), at_a_time):
        changed = growing.add_all(events[place : place + at_a_time])
        result = judge_month(
            growing.facts, POLICY, NOVEMBER, AS_OF, known=result if changed is not None else None, changed=changed or ()
        )
    return growing.facts, result


@given(st.lists(more_acts, max_size=25), st.integers(0, 30), st.integers(1, 4), st.randoms(use_true_random=False))
@settings(max_examples=400, deadline=None)
def test_what_grew_event_by_event_is_what_a_replay_finds(
    done: list[Act], known: int, at_a_time: int, chance: Any
) -> None:
    events = list(read_ledger(a_county(done).lines))
    chance.shuffle(events)
    facts, result = grown(events, known, at_a_time)
    whole = gather(events, POLICY)
    assert result == judge_month(whole, POLICY, NOVEMBER, AS_OF)
    assert facts.quarantined == whole.quarantined
    assert facts.persons == whole.persons
    assert facts.terminals == whole.terminals


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
        (lambda county: county.hires("P3"), {"P3"}),
    ],
)
def test_one_event_concerns_one_person_or_all(act: Act, changed: set[str] | None) -> None:
    county = a_hall()
    known = len(county.lines)
    act(county)
    events = list(read_ledger(county.lines))
    assert GrowingFacts(events[:known], POLICY).add(events[known]) == changed


def test_a_visit_that_two_people_share_concerns_both() -> None:
    county = a_hall()
    county.rates("v", 1)
    county.rates("v", 1, person="P2")
    county.reviews("v")
    *events, review = list(read_ledger(county.lines))
    assert GrowingFacts(events, POLICY).add(review) == frozenset({PERSON, "P2"})


def test_an_event_that_comes_again_changes_nothing() -> None:
    county = a_hall()
    county.says("punch", {"person": PERSON, "hall": "gaogou", "method": "pin"}, at=f"{MONDAY} 08:30", origin=TERMINAL)
    events = list(read_ledger(county.lines))
    assert GrowingFacts(events, POLICY).add(events[-1]) == frozenset()


def test_a_terminals_report_concerns_its_halls_people_alone() -> None:
    county = a_hall()
    county.opens("baotan")
    county.hires("P3", hall="baotan")
    for hall in ("gaogou", "baotan"):
        county.says("terminal.assigned", {"terminal": f"{hall}-t01", "hall": hall, "from": "2020-01-01"})
    county.says("terminal.assigned", {"terminal": TERMINAL, "hall": "nowhere", "from": "2021-01-01"})
    county.says("terminal.reported", {"terminal": TERMINAL, "through": f"{MONDAY}T23:00:00+08:00"})
    *events, report = list(read_ledger(county.lines))
    growing = GrowingFacts(events, POLICY)
    assert growing.add(report) == frozenset({PERSON, "P2"})
    assert growing.facts == gather([*events, report], POLICY)


def test_only_those_who_changed_get_another_card() -> None:
    county = a_hall()
    county.finds("2.2", person="P2")
    *events, finding = list(read_ledger(county.lines))
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
    *events, again = list(read_ledger(county.lines))
    growing = GrowingFacts(events, POLICY)
    assert growing.add(again) == frozenset({PERSON, "P2"})
    assert growing.facts.findings.keys() == {PERSON}


@pytest.mark.parametrize("last", ["the withdrawal", "the punch"])
def test_a_punch_that_is_taken_back_is_gone_whichever_came_first(last: str) -> None:
    county = a_hall()
    (punch,) = county.punches("08:30")
    county.says("punch.withdrawn", {"punch": punch}, origin=TERMINAL)
    *events, of_punch, of_withdrawal = list(read_ledger(county.lines))
    first, second = (of_punch, of_withdrawal) if last == "the withdrawal" else (of_withdrawal, of_punch)
    growing = GrowingFacts([*events, first], POLICY)
    assert growing.add(second) == frozenset({PERSON})
    assert growing.facts.punches == {}


def test_what_a_terminal_said_of_another_hall_stays_set_aside_when_a_hall_is_added() -> None:
    county = a_hall()
    county.opens("baotan")
    county.says("terminal.assigned", {"terminal": TERMINAL, "hall": "gaogou", "from": "2020-01-01"})
    said = county.says("evaluator.opened", {"hall": "baotan", "window": 1}, origin=TERMINAL)
    county.opens("liji")
    *events, hall = list(read_ledger(county.lines))
    growing = GrowingFacts(events, POLICY)
    assert [each.id for each in growing.facts.quarantined] == [said]
    growing.add(hall)
    assert [each.id for each in growing.facts.quarantined] == [said]


def test_a_review_that_came_before_its_visit_is_not_forgotten() -> None:
    county = a_hall()
    county.reviews("v")
    county.rates("v", 1)
    *events, rating = list(read_ledger(county.lines))
    growing = GrowingFacts(events, POLICY)
    growing.add(rating)
    assert growing.facts == gather([*events, rating], POLICY)


def test_whoever_is_overtaken_loses_the_grade_though_nothing_of_theirs_changed() -> None:
    county = County(sessions=[])
    for number in range(4):
        county.hires(f"P{number}")
    county.finds("6.2", person="P0", variant="letter")
    county.finds("6.5", person="P1")
    *events, award = list(read_ledger(county.lines))
    growing = GrowingFacts(events, POLICY)
    before = judge_month(growing.facts, POLICY, NOVEMBER, AS_OF)
    changed = growing.add(award)
    after = judge_month(growing.facts, POLICY, NOVEMBER, AS_OF, known=before, changed=changed or ())
    assert [each.grade for each in before.people] == ["好", "一般", "一般", "一般"]
    assert [each.grade for each in after.people] == ["一般", "好", "一般", "一般"]


def test_what_was_set_aside_of_a_stranger_is_judged_anew_once_he_is_registered() -> None:
    county = a_hall()
    sound, unsound = county.finds("2.2", person="P9"), county.finds("9.9", person="P9")
    known = len(county.lines)
    county.hires("P9")
    events = list(read_ledger(county.lines))
    growing = GrowingFacts(events[:known], POLICY)
    before = {each.id: each.reason for each in growing.facts.quarantined}
    growing.add_all(events[known:])
    after = {each.id: each.reason for each in growing.facts.quarantined}
    assert before.keys() == {sound, unsound}
    assert after.keys() == {unsound}
    assert "never registered" in before[unsound]
    assert "never registered" not in after[unsound]
    assert "9.9" in after[unsound]


def test_what_a_terminal_took_back_of_another_hall_is_set_aside_once_the_hall_is_known() -> None:
    county = a_hall()
    county.opens("baotan")
    county.says("terminal.assigned", {"terminal": TERMINAL, "hall": "gaogou", "from": "2020-01-01"})
    (punch,) = county.punches("08:30", hall="baotan")
    stranger = county.finds("2.2", person="P9")
    taken_back = county.says("punch.withdrawn", {"punch": punch}, at=f"{MONDAY} 08:31", origin=TERMINAL)
    events = list(read_ledger(county.lines))
    of_punch = next(event for event in events if event.id == punch)
    growing = GrowingFacts([event for event in events if event is not of_punch], POLICY)
    assert [each.id for each in growing.facts.quarantined] == [stranger]
    growing.add(of_punch)
    assert [each.id for each in growing.facts.quarantined] == sorted([stranger, taken_back])
    assert growing.facts.punches[PERSON].keys() == {MONDAY_ON}
