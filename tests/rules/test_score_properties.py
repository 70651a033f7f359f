"""What holds for every ledger, however wild."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.months import Month
from rules.policy import load_policy
from scoring.replay import replay_month
from tests.rules.county import TERMINAL, County
from tests.rules.test_findings_by_clause import BONUSES, CLAUSES, MISFITS

NOVEMBER = Month(2026, 11)
CAPS = {"1": 30, "2": 20, "3": 20, "4": 15, "5": 15}
Act = Callable[[County], object]

people = st.sampled_from(["P1", "P2", "P9"])
days = st.integers(2, 6).map(lambda day: f"2026-11-{day:02}")
sessions = st.sampled_from(["am", "pm"])
clock = st.sampled_from(
    ["06:59", "08:29", "08:30", "08:31", "11:59", "12:00", "12:45", "13:30", "13:45", "17:29", "17:40"]
)
clauses = st.sampled_from([(clause, chosen) for clause, chosen, *_ in [*CLAUSES, *BONUSES]] + MISFITS)


def punching(person: str, on: str, time: str, uncertainty_ms: int | None) -> Act:
    return lambda county: county.punches(f"{on} {time}", person=person, uncertainty_ms=uncertainty_ms)


def leaving(person: str, kind: str, on: str, span: tuple[str, str], filed: bool) -> Act:
    from_, to = sorted(span)
    return lambda county: county.grants(kind, f"{on} {from_}", f"{on} {to}:30", person=person, filed=filed)


def finding(person: str, on: str, clause: tuple[str, dict[str, Any]], confirmed: bool) -> Act:
    return lambda county: county.finds(clause[0], person=person, on=on, confirmed=confirmed, **clause[1])


def absent(person: str, on: str, session: str) -> Act:
    return lambda county: county.finds("1.3", person=person, on=on, session=session)


def excusing(person: str, on: str, session: str) -> Act:
    return lambda county: county.explains(session, on=on, person=person)


def rating(person: str, visit: str, grade: int, on: str, reviewed: bool) -> Act:
    def act(county: County) -> None:
        county.rates(visit, grade, person=person, at=f"{on} 10:00")
        if reviewed:
            county.reviews(visit)

    return act


def waiting(on: str) -> Act:
    def act(county: County) -> None:
        county.says("terminal.assigned", {"terminal": TERMINAL, "hall": "gaogou", "from": on})
        county.says("terminal.reported", {"terminal": TERMINAL, "through": f"{on}T16:00:00+08:00"})

    return act


acts = st.one_of(
    st.builds(punching, people, days, clock, st.sampled_from([None, 0, 70_000])),
    st.builds(punching, people, days, clock, st.none()),
    st.builds(leaving, people, st.sampled_from(["personal", "sick"]), days, st.tuples(clock, clock), st.booleans()),
    st.builds(finding, people, days, clauses, st.booleans()),
    st.builds(absent, people, days, sessions),
    st.builds(excusing, people, days, sessions),
    st.builds(rating, people, st.sampled_from(["v", "w"]), st.integers(1, 5), days, st.booleans()),
    st.builds(waiting, days),
)


def a_county(done: list[Act]) -> County:
    county = County()
    for person in ("P1", "P2"):
        county.hires(person, from_="2026-11-02")
    for act in done:
        act(county)
    return county


def printed(lines: list[bytes]) -> str:
    return json.dumps(replay_month(lines, NOVEMBER, load_policy(), NOVEMBER.last_on.replace(day=6)), ensure_ascii=False)


def totals(county: County) -> dict[str, float]:
    return {card["person"]: card["total"] for card in json.loads(printed(county.lines))["people"]}


@given(st.lists(acts, max_size=25))
@settings(max_examples=150, deadline=None)
def test_every_card_adds_up(done: list[Act]) -> None:
    for card in json.loads(printed(a_county(done).lines))["people"]:
        for number, section in card["sections"].items():
            in_section = [line for line in card["lines"] if line["clause"].startswith(f"{number}.")]
            assert section["cap"] == CAPS[number]
            assert section["deducted"] == -sum(line["points"] for line in in_section)
            assert section["score"] == max(0, section["cap"] - section["deducted"])
        assert card["base"] == sum(section["score"] for section in card["sections"].values())
        assert card["bonus"] == sum(line["points"] for line in card["lines"] if line["points"] > 0)
        assert card["total"] == card["base"] + card["bonus"] >= 0
        assert all(line["points"] for line in card["lines"]), "there are no lines of nought"
        order = [(line["on"], line["clause"], line.get("session", ""), line["evidence"]) for line in card["lines"]]
        assert order == sorted(order)
        assert all(line["evidence"] == sorted(line["evidence"]) for line in card["lines"])


@given(st.lists(acts, max_size=25), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_neither_the_order_of_lines_nor_repeats_change_a_byte(done: list[Act], chance: Any) -> None:
    lines = a_county(done).lines
    shuffled = lines + lines[::3]
    chance.shuffle(shuffled)
    assert printed(shuffled) == printed(lines) == printed(lines)


@given(st.lists(acts, max_size=20), st.sampled_from(CLAUSES), days)
@settings(max_examples=150, deadline=None)
def test_one_more_deduction_never_raises_a_total(
    done: list[Act], clause: tuple[str, dict[str, Any], int, str], on: str
) -> None:
    county = a_county(done)
    before = totals(county)
    county.finds(clause[0], on=on, **clause[1])
    after = totals(county)
    assert after["P1"] <= before["P1"]
    assert after["P2"] == before["P2"]


@given(st.lists(acts, max_size=20), st.sampled_from(BONUSES), days)
@settings(max_examples=100, deadline=None)
def test_one_more_bonus_raises_a_total_by_its_points(
    done: list[Act], bonus: tuple[str, dict[str, Any], int], on: str
) -> None:
    county = a_county(done)
    before = totals(county)
    county.finds(bonus[0], on=on, **bonus[1])
    after = totals(county)
    assert round(after["P1"] - before["P1"], 2) == bonus[2]
    assert after["P2"] == before["P2"]


@given(st.lists(acts, max_size=20), people, days, sessions)
@settings(max_examples=100, deadline=None)
def test_an_explanation_never_lowers_a_total(done: list[Act], person: str, on: str, session: str) -> None:
    county = a_county(done)
    before = totals(county)
    county.explains(session, on=on, person=person)
    after = totals(county)
    assert all(after[each] >= before[each] for each in before)


def own(card: dict[str, Any]) -> dict[str, Any]:
    """Return what of a card is the person's own: all but what the ranking of the county gives."""
    return {key: value for key, value in card.items() if key not in {"grade", "bonus_pay"}}


others_acts = st.one_of(
    st.builds(punching, st.just("P2"), days, clock, st.sampled_from([None, 70_000])),
    st.builds(leaving, st.just("P2"), st.just("personal"), days, st.tuples(clock, clock), st.booleans()),
    st.builds(finding, st.just("P2"), days, clauses, st.booleans()),
    st.builds(absent, st.just("P2"), days, sessions),
    st.builds(excusing, st.just("P2"), days, sessions),
    st.builds(rating, st.just("P2"), st.sampled_from(["x", "y"]), st.integers(1, 5), days, st.booleans()),
    st.just(lambda county: county.loses("P2", on="2026-11-04")),
    st.just(lambda county: county.says("investigation.opened", {"person": "P2", "on": "2026-11-03"})),
    st.just(lambda county: county.says("punch", {"person": "P2"}, origin=TERMINAL)),
    st.just(lambda county: county.hires("P3")),
)


@given(st.lists(acts, max_size=20), st.lists(others_acts, max_size=10))
@settings(max_examples=150, deadline=None)
def test_nobodys_card_depends_on_anothers_events(done: list[Act], others: list[Act]) -> None:
    county = a_county(done)
    before = json.loads(printed(county.lines))["people"][0]
    for act in others:
        act(county)
    after = json.loads(printed(county.lines))["people"][0]
    assert own(after) == own(before)
    if after["grade"] == before["grade"]:
        assert after["bonus_pay"] == before["bonus_pay"]
