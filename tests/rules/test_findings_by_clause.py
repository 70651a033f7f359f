"""Every clause of the 考核细则 with its points as the text has them, and findings that fit no clause."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.county import MONDAY, County, briefly

# Clause, what is chosen, points, section: read off the text by hand.
CLAUSES: list[tuple[str, dict[str, Any], int, str]] = [
    ("1.1", {"variant": "off_post"}, -5, "1"),
    ("1.1", {"variant": "wrong_post"}, -5, "1"),
    ("1.1", {"variant": "late"}, -5, "1"),
    ("1.1", {"variant": "early"}, -5, "1"),
    ("1.3", {}, -10, "1"),
    ("1.5", {}, -30, "1"),
    ("1.6", {}, -30, "1"),
    ("2.1", {}, -10, "2"),
    ("2.2", {}, -10, "2"),
    ("2.3", {}, -10, "2"),
    ("2.4", {"points": 1}, -1, "2"),
    ("2.4", {"points": 5}, -5, "2"),
    ("3.1", {}, -5, "3"),
    ("3.2", {"variant": "wording"}, -5, "3"),
    ("3.2", {"variant": "bad_influence"}, -10, "3"),
    ("3.2", {"variant": "complaint"}, -10, "3"),
    ("3.3", {}, -10, "3"),
    ("3.4", {}, -15, "3"),
    ("4.1", {"points": 2}, -2, "4"),
    ("4.1", {"points": 5}, -5, "4"),
    ("4.2", {"points": 2}, -2, "4"),
    ("4.2", {"points": 5}, -5, "4"),
    ("4.3", {}, -1, "4"),
    ("4.4", {"variant": "unopened", "session": "am"}, -1, "4"),
    ("4.5", {"points": 2}, -2, "4"),
    ("4.5", {"points": 5}, -5, "4"),
    ("4.6", {"points": 1}, -1, "4"),
    ("4.6", {"points": 10}, -10, "4"),
    ("4.6", {"variant": "bad_influence"}, -15, "4"),
    ("5.1", {}, -5, "5"),
    ("5.2", {}, -15, "5"),
    ("5.3", {}, -10, "5"),
    ("5.3", {"variant": "accident"}, -15, "5"),
    ("5.4", {}, -5, "5"),
    ("5.5", {}, -5, "5"),
    ("5.5", {"variant": "serious"}, -15, "5"),
]
BONUSES: list[tuple[str, dict[str, Any], int]] = [
    ("6.1", {"variant": "city_department"}, 10),
    ("6.1", {"variant": "city_or_province_department"}, 15),
    ("6.1", {"variant": "province"}, 20),
    ("6.2", {"variant": "letter"}, 2),
    ("6.2", {"variant": "banner"}, 5),
    ("6.3", {}, 10),
    ("6.4", {}, 5),
    ("6.5", {}, 5),
]
MISFITS: list[tuple[str, dict[str, Any]]] = [
    ("1.2", {}),
    ("1.2", {"session": "am"}),
    ("1.4", {}),
    ("1.7", {}),
    ("7.1", {}),
    ("1.1", {}),
    ("1.1", {"variant": "asleep"}),
    ("1.3", {"variant": "late"}),
    ("1.3", {"points": 10}),
    ("2.4", {}),
    ("2.4", {"points": 0}),
    ("2.4", {"points": 6}),
    ("2.4", {"points": -3}),
    ("2.4", {"points": 2.5}),
    ("2.4", {"points": "3"}),
    ("2.4", {"points": True}),
    ("2.4", {"points": 3, "variant": "wording"}),
    ("3.2", {}),
    ("4.1", {"points": 1}),
    ("4.1", {"points": 6}),
    ("4.2", {"points": 1}),
    ("4.2", {"points": 6}),
    ("4.4", {}),
    ("4.4", {"variant": "unopened"}),
    ("4.4", {"variant": "bad", "session": "am"}),
    ("4.5", {"points": 1}),
    ("4.5", {"points": 6}),
    ("4.6", {}),
    ("4.6", {"points": 0}),
    ("4.6", {"points": 11}),
    ("4.6", {"variant": "bad_influence", "points": 15}),
    ("5.3", {"variant": "serious"}),
    ("5.5", {"variant": "accident"}),
    ("6.1", {}),
    ("6.1", {"variant": "county"}),
    ("6.2", {}),
    ("6.3", {"points": 10}),
]


def a_county() -> County:
    """Return a county in which somebody was punctual on the first day of service."""
    county = County()
    county.hires(from_=MONDAY)
    county.punches("08:30", "12:00", "13:30", "17:30")
    return county


@pytest.mark.parametrize(("clause", "chosen", "points", "section"), CLAUSES)
def test_a_confirmed_finding_deducts_the_points_of_its_clause(
    clause: str, chosen: dict[str, Any], points: int, section: str
) -> None:
    county = a_county()
    finding = county.finds(clause, **chosen)
    card = county.first_day()
    assert briefly(card["lines"]) == [(clause, points, MONDAY, chosen.get("session"))]
    assert card["lines"][0]["evidence"] == [finding]
    assert card["sections"][section]["deducted"] == -points
    assert card["total"] == 100 + max(points, -card["sections"][section]["cap"])


@pytest.mark.parametrize(("clause", "chosen", "points"), BONUSES)
def test_a_bonus_adds_to_the_total_and_not_to_the_base(clause: str, chosen: dict[str, Any], points: int) -> None:
    county = a_county()
    county.finds(clause, **chosen)
    card = county.first_day()
    assert (card["base"], card["bonus"], card["total"]) == (100, points, 100 + points)
    assert briefly(card["lines"]) == [(clause, points, MONDAY, None)]


@pytest.mark.parametrize(("clause", "chosen"), MISFITS)
def test_a_finding_that_fits_no_clause_is_set_aside_and_not_guessed(clause: str, chosen: dict[str, Any]) -> None:
    county = a_county()
    finding = county.finds(clause, **chosen)
    assert [each["id"] for each in county.month()["quarantined"]] == [finding]
    assert county.first_day()["lines"] == []
    assert county.first_day()["pending"] == []


def test_whole_points_may_be_written_with_a_decimal_point() -> None:
    county = a_county()
    county.finds("2.4", points=3.0)
    assert briefly(county.first_day()["lines"]) == [("2.4", -3, MONDAY, None)]


@pytest.mark.parametrize(
    "points",
    [b"2.9999999999999999999", b"5.0000000000000001", b"0.99999999999999999999", b"3e-999999999", b"1e999999999"],
)
@pytest.mark.parametrize("escaped", [False, True])
def test_points_are_whole_by_what_is_written_not_by_how_a_machine_rounds_it(points: bytes, escaped: bool) -> None:
    county = a_county()
    finding = county.finds("2.4", points=3, note="x")
    line = county.lines[-1].replace(b'"points":3', b'"points":' + points)
    county.lines[-1] = line.replace(b'"note":"x"', rb'"note":"\u0078"') if escaped else line
    assert [each["id"] for each in county.month()["quarantined"]] == [finding]
    assert county.first_day()["lines"] == []


def test_a_section_is_deducted_down_to_nought_and_no_further() -> None:
    county = a_county()
    county.finds("5.2")
    county.finds("5.4")
    card = county.first_day()
    assert card["sections"]["5"] == {"cap": 15, "deducted": 20, "score": 0}
    assert card["total"] == 85


def test_all_sections_may_be_lost_and_the_bonus_remains() -> None:
    county = a_county()
    for clause in ("1.5", "2.1", "2.2", "3.3", "3.4", "5.2"):
        county.finds(clause)
    county.finds("4.6", variant="bad_influence")
    county.finds("6.2", variant="banner")
    card = county.first_day()
    assert (card["base"], card["total"]) == (0, 5)


def test_every_finding_of_an_uncapped_kind_counts() -> None:
    county = a_county()
    for _ in range(20):
        county.finds("6.4")
    assert county.first_day()["total"] == 200


def test_untidiness_counts_once_a_day_and_names_every_finding() -> None:
    county = a_county()
    findings = [county.finds("5.1", session="am"), county.finds("5.1", session="pm")]
    (line,) = county.first_day()["lines"]
    assert (line["points"], line["evidence"]) == (-5, sorted(findings))
    county.finds("5.1", on="2026-11-03")
    lines = county.person(as_of="2026-11-03")["lines"]
    assert [line["on"] for line in lines if line["clause"] == "5.1"] == [MONDAY, "2026-11-03"]


def test_an_unopened_evaluator_counts_once_a_session() -> None:
    county = a_county()
    for session in ("am", "am", "pm"):
        county.finds("4.4", variant="unopened", session=session)
    assert briefly(county.first_day()["lines"]) == [("4.4", -1, MONDAY, "am"), ("4.4", -1, MONDAY, "pm")]


def test_an_unconfirmed_finding_waits_and_costs_nothing() -> None:
    county = a_county()
    finding = county.finds("2.2", confirmed=False, session="am")
    card = county.first_day()
    assert card["lines"] == []
    assert card["total"] == 100
    assert card["pending"] == [{"clause": "2.2", "on": MONDAY, "session": "am", "why": "待核实", "evidence": [finding]}]


def test_a_confirmation_makes_it_count_and_is_evidence() -> None:
    county = a_county()
    finding = county.finds("2.2", confirmed=False, finding="F")
    confirmation = county.says("finding.confirmed", {"finding": "F"})
    card = county.first_day()
    assert card["pending"] == []
    assert card["lines"][0]["evidence"] == sorted([finding, confirmation])


def test_once_revoked_a_finding_stays_revoked() -> None:
    county = a_county()
    county.finds("2.2", finding="F")
    county.says("finding.revoked", {"finding": "F", "reason": "申诉成立"})
    county.says("finding.confirmed", {"finding": "F"}, at="2026-12-01 00:00")
    card = county.first_day()
    assert card["lines"] == []
    assert card["pending"] == []


def test_a_revocation_of_nothing_is_no_fault() -> None:
    county = a_county()
    county.says("finding.revoked", {"finding": "nowhere"})
    assert county.month()["quarantined"] == []


def test_a_finding_at_a_hall_that_does_not_exist_has_no_effect() -> None:
    county = a_county()
    county.finds("2.2", hall="atlantis")
    assert county.first_day()["lines"] == []
    assert county.month()["quarantined"] == []


def test_a_finding_recorded_anew_replaces_the_old_one() -> None:
    county = a_county()
    county.finds("2.2", finding="F")
    county.finds("4.3", finding="F")
    assert briefly(county.first_day()["lines"]) == [("4.3", -1, MONDAY, None)]


def test_a_finding_recorded_anew_and_wrongly_leaves_the_old_one() -> None:
    county = a_county()
    county.finds("2.2", finding="F")
    county.finds("9.9", finding="F")
    assert briefly(county.first_day()["lines"]) == [("2.2", -10, MONDAY, None)]


@pytest.mark.parametrize(("on", "counts"), [("2026-10-31", False), ("2026-11-01", True), ("2026-11-02", True)])
def test_a_finding_belongs_to_the_month_of_its_day(on: str, *, counts: bool) -> None:
    county = a_county()
    county.finds("2.2", on=on)
    assert bool(county.first_day()["lines"]) == counts


def test_a_finding_of_a_day_that_has_not_come_neither_counts_nor_waits() -> None:
    county = a_county()
    county.finds("2.2", on="2026-11-03")
    county.finds("2.3", on="2026-11-03", confirmed=False)
    card = county.first_day()
    assert card["lines"] == []
    assert card["pending"] == []


def test_lines_are_in_order_of_day_clause_session_and_evidence() -> None:
    county = a_county()
    county.finds("3.1", session="pm")
    county.finds("3.1")
    county.finds("3.1", session="am")
    county.finds("2.1", session="pm")
    county.finds("6.5", on="2026-11-01")
    first, second = county.finds("3.1"), county.finds("3.1")
    card = county.first_day()
    assert briefly(card["lines"]) == [
        ("6.5", 5, "2026-11-01", None),
        ("2.1", -10, MONDAY, "pm"),
        ("3.1", -5, MONDAY, None),
        ("3.1", -5, MONDAY, None),
        ("3.1", -5, MONDAY, None),
        ("3.1", -5, MONDAY, "am"),
        ("3.1", -5, MONDAY, "pm"),
    ]
    assert [line["evidence"] for line in card["lines"][3:5]] == [[first], [second]]


class TestRatings:
    @pytest.mark.parametrize(("grade", "cost"), [(5, []), (4, []), (3, []), (2, [-2]), (1, [-2])])
    def test_a_bad_rating_costs_two_once_review_finds_it_valid_and_the_persons_doing(
        self, grade: int, cost: list[int]
    ) -> None:
        county = a_county()
        rating = county.rates("v", grade)
        review = county.reviews("v")
        lines = county.first_day()["lines"]
        assert [line["points"] for line in lines] == cost
        assert [line["evidence"] for line in lines] == [sorted([rating, review])] * len(cost)

    @pytest.mark.parametrize(("valid", "attributable"), [(True, False), (False, True), (False, False)])
    def test_one_that_review_rejects_costs_nothing(self, *, valid: bool, attributable: bool) -> None:
        county = a_county()
        county.rates("v", 1)
        county.reviews("v", valid=valid, attributable=attributable)
        assert county.first_day()["lines"] == []
        assert county.first_day()["pending"] == []

    def test_one_that_nobody_reviewed_waits(self) -> None:
        county = a_county()
        rating = county.rates("v", 1)
        card = county.first_day()
        assert card["lines"] == []
        assert card["pending"] == [{"clause": "4.4", "on": MONDAY, "why": "差评待审核", "evidence": [rating]}]

    def test_the_last_review_counts(self) -> None:
        county = a_county()
        county.rates("v", 1)
        county.reviews("v", valid=False, at="2026-11-05 09:00")
        county.reviews("v", at="2026-11-04 09:00")
        assert county.first_day()["lines"] == []

    def test_a_second_rating_of_the_visit_never_counts(self) -> None:
        county = a_county()
        county.rates("v", 5)
        county.rates("v", 1)
        county.reviews("v")
        assert county.first_day()["lines"] == []

    def test_the_first_is_the_lower_seq_whatever_the_clock_said(self) -> None:
        county = a_county()
        county.rates("v", 1, at=f"{MONDAY} 11:00")
        county.rates("v", 5, at=f"{MONDAY} 10:00")
        county.reviews("v")
        assert len(county.first_day()["lines"]) == 1

    def test_across_stores_the_first_is_the_earlier_instant(self) -> None:
        county = a_county()
        county.rates("v", 1, at=f"{MONDAY} 11:00")
        visit = {"visit": "v", "hall": "gaogou", "window": "1", "person": "P1", "grade": 5, "channel": "qr"}
        county.says("rating.given", visit, at=f"{MONDAY} 10:00", origin="gaogou-t02")
        county.reviews("v")
        assert county.first_day()["lines"] == []

    def test_one_that_nobody_asked_for_never_counts(self) -> None:
        county = a_county()
        county.rates("v", 1, unsolicited=True)
        county.rates("w", 1, unsolicited=True)
        county.reviews("v")
        assert county.first_day()["lines"] == []
        assert county.first_day()["pending"] == []

    def test_one_of_a_visit_that_nobody_opened_has_no_effect(self) -> None:
        county = a_county()
        visit = {"visit": "v", "hall": "gaogou", "window": "1", "person": "P1", "grade": 1, "channel": "qr"}
        county.says("rating.given", visit, at=f"{MONDAY} 10:00")
        assert county.first_day()["pending"] == []
        assert county.month()["quarantined"] == []

    def test_a_lapse_costs_nothing(self) -> None:
        county = a_county()
        visited = {"visit": "v", "hall": "gaogou", "window": "1", "person": "P1"}
        county.says("rating.requested", visited, at=f"{MONDAY} 10:00")
        county.says("rating.lapsed", {"visit": "v"}, at=f"{MONDAY} 10:01")
        assert county.first_day()["lines"] == []

    def test_its_day_is_the_countys(self) -> None:
        county = a_county()
        county.rates("v", 1, at="2026-11-30 23:59:59")
        county.rates("w", 1, at="2026-12-01 00:00:00")
        county.reviews("v")
        county.reviews("w")
        assert [line["on"] for line in county.person()["lines"] if line["clause"] == "4.4"] == ["2026-11-30"]
