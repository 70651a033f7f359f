"""Clauses 1.1 to 1.4 as far as punches and leave decide them; the boundaries with the minute before and after."""

from __future__ import annotations

from typing import Any

import pytest

from tests.rules.county import MONDAY, PERSON, County, briefly

FULL_DAY = ("08:30", "12:00", "13:30", "17:30")


def a_county(**more: Any) -> County:
    county = County(**more)
    county.hires(from_=MONDAY)
    return county


def lines_of(county: County) -> list[tuple[Any, ...]]:
    return briefly(county.first_day()["lines"])


def test_a_punctual_day_costs_nothing() -> None:
    county = a_county()
    county.punches(*FULL_DAY)
    card = county.first_day()
    assert card["lines"] == []
    assert card["pending"] == []
    assert card["total"] == 100


@pytest.mark.parametrize(
    ("times", "cost"),
    [
        (("08:30:59", "12:00", "13:30", "17:30"), []),
        (("08:31", "12:00", "13:30", "17:30"), [("1.1", -5, MONDAY, "am")]),
        (("08:30", "11:59:59", "13:30", "17:30"), [("1.1", -5, MONDAY, "am")]),
        (("08:31", "11:59", "13:31", "17:29"), [("1.1", -5, MONDAY, s) for s in ("am", "am", "pm", "pm")]),
        (("07:00", "15:00"), [("1.2", -10, MONDAY, "pm")]),
        (("06:59", "12:00", "13:30", "17:30"), [("1.2", -10, MONDAY, "am")]),
        (("08:30", "12:00", "13:30", "20:30:59"), []),
        (("08:30", "12:00", "13:30", "20:31"), [("1.2", -10, MONDAY, "pm")]),
        ((), [("1.2", -10, MONDAY, "am"), ("1.2", -10, MONDAY, "pm")]),
        (("09:00", "13:30", "17:30"), [("1.2", -10, MONDAY, "am")]),  # late and no out: 1.2 alone
    ],
)
def test_lateness_early_leaving_and_missing_punches(times: tuple[str, ...], cost: list[tuple[Any, ...]]) -> None:
    county = a_county()
    county.punches(*times)
    assert lines_of(county) == cost


def test_a_late_line_says_when_was_due_and_when_was_punched_and_names_the_punch() -> None:
    county = a_county()
    punch, *_ = county.punches("08:36", "12:00", "13:30", "17:30")
    (line,) = county.first_day()["lines"]
    assert line == {
        "clause": "1.1",
        "points": -5,
        "on": MONDAY,
        "session": "am",
        "note": "迟到 6 分钟:应到 08:30,打卡 08:36",
        "evidence": [punch],
    }


def test_one_punch_between_the_sessions_serves_one_of_them() -> None:
    county = a_county()
    county.punches("08:30", "12:30", "17:30")
    assert lines_of(county) == [("1.2", -10, MONDAY, "pm")], "the earlier session is the complete one"


def test_an_explanation_excuses_a_missing_punch_a_late_in_and_an_early_out() -> None:
    county = a_county()
    county.punches("08:31", "11:59", "13:30")
    county.explains("am")
    county.explains("pm")
    assert lines_of(county) == []


def test_an_explanation_of_another_session_day_or_person_excuses_nothing() -> None:
    county = a_county()
    county.hires("P2")
    county.punches("08:31", "12:00", "13:30", "17:30")
    county.explains("pm")
    county.explains("am", on="2026-11-03")
    county.explains("am", person="P2")
    assert lines_of(county) == [("1.1", -5, MONDAY, "am")]


def test_an_explanation_leaves_findings_standing() -> None:
    county = a_county()
    county.punches(*FULL_DAY)
    county.explains("am")
    county.finds("1.1", variant="off_post", session="am")
    assert lines_of(county) == [("1.1", -5, MONDAY, "am")]


def test_a_punch_that_the_clock_leaves_open_is_pending_and_costs_nothing() -> None:
    county = a_county()
    punch, *_ = county.punches("08:31", "12:00", "13:30", "17:30", uncertainty_ms=2000)
    card = county.first_day()
    assert card["total"] == 100
    assert card["pending"] == [{"clause": "1.1", "on": MONDAY, "session": "am", "why": "时钟待核", "evidence": [punch]}]


def test_an_explanation_settles_an_open_punch() -> None:
    county = a_county()
    county.punches("08:31", "12:00", "13:30", "17:30", uncertainty_ms=2000)
    county.explains("am")
    assert county.first_day()["pending"] == []


def test_a_confirmed_finding_of_lateness_charges_an_open_punch_once() -> None:
    county = a_county()
    county.punches("08:31", "12:00", "13:30", "17:30", uncertainty_ms=2000)
    finding = county.finds("1.1", variant="late", session="am")
    card = county.first_day()
    assert briefly(card["lines"]) == [("1.1", -5, MONDAY, "am")]
    assert card["lines"][0]["evidence"] == [finding]
    assert card["pending"] == []


@pytest.mark.parametrize(
    "finding",
    [
        {"variant": "early", "session": "am"},
        {"variant": "late", "session": "pm"},
        {"variant": "late", "session": "am", "on": "2026-11-03"},
        {"variant": "late", "session": "am", "confirmed": False},
    ],
)
def test_another_finding_leaves_an_open_punch_open(finding: dict[str, Any]) -> None:
    county = a_county()
    county.punches("08:31", "12:00", "13:30", "17:30", uncertainty_ms=2000)
    county.finds("1.1", **finding)
    assert "时钟待核" in [item["why"] for item in county.first_day()["pending"]]


def test_a_confirmed_absence_without_leave_replaces_lateness_missing_punches_and_their_findings() -> None:
    county = a_county()
    county.punches("08:31", "11:59")
    county.finds("1.1", variant="off_post", session="am")
    county.finds("1.1", variant="off_post", session="pm")
    county.finds("1.3", session="am")
    county.finds("1.3", session="pm")
    assert lines_of(county) == [("1.3", -10, MONDAY, "am"), ("1.3", -10, MONDAY, "pm")]


@pytest.mark.parametrize("finding", [{}, {"session": "pm"}, {"session": "am", "confirmed": False}])
def test_an_absence_elsewhere_replaces_nothing(finding: dict[str, Any]) -> None:
    county = a_county()
    county.punches("08:31", "12:00", "13:30", "17:30")
    county.finds("1.3", **finding)
    assert ("1.1", -5, MONDAY, "am") in lines_of(county)


def test_a_revoked_absence_replaces_nothing() -> None:
    county = a_county()
    county.punches("08:31", "12:00", "13:30", "17:30")
    county.finds("1.3", session="am", finding="F")
    county.says("finding.revoked", {"finding": "F"})
    assert lines_of(county) == [("1.1", -5, MONDAY, "am")]


class TestWaiting:
    def a_county(self) -> County:
        county = a_county()
        county.says("terminal.assigned", {"terminal": "gaogou-t01", "hall": "gaogou", "from": "2026-11-02"})
        return county

    def reports(self, county: County, through: str, terminal: str = "gaogou-t01") -> None:
        county.says("terminal.reported", {"terminal": terminal, "through": f"{MONDAY}T{through}+08:00"})

    def test_a_missing_punch_waits_for_the_terminal(self) -> None:
        county = self.a_county()
        card = county.first_day()
        assert card["lines"] == []
        assert card["total"] == 100
        assert [(item["clause"], item["session"], item["why"]) for item in card["pending"]] == [
            ("1.2", "am", "等待终端"),
            ("1.2", "pm", "等待终端"),
        ]

    @pytest.mark.parametrize(("through", "waits"), [("14:59:59.999", True), ("15:00:00", False)])
    def test_until_it_has_reported_three_hours_past_the_session(self, through: str, *, waits: bool) -> None:
        county = self.a_county()
        county.punches("13:30", "17:30")
        self.reports(county, through)
        card = county.first_day()
        assert bool(card["pending"]) == waits
        assert briefly(card["lines"]) == ([] if waits else [("1.2", -10, MONDAY, "am")])

    def test_an_earlier_report_that_arrives_later_takes_nothing_back(self) -> None:
        county = self.a_county()
        self.reports(county, "23:00:00")
        self.reports(county, "08:00:00")
        assert len(county.first_day()["lines"]) == 2

    def test_the_session_that_leave_shortened_is_waited_for_less_long(self) -> None:
        county = self.a_county()
        county.grants("sick", f"{MONDAY} 11:00", f"{MONDAY} 17:30")
        county.says("leave.closed", {"leave": "L5", "on": MONDAY})
        self.reports(county, "14:00:00")
        assert briefly(county.first_day()["lines"]) == [("1.2", -10, MONDAY, "am")]

    def test_every_terminal_of_the_hall_is_waited_for(self) -> None:
        county = self.a_county()
        county.says("terminal.assigned", {"terminal": "t2", "hall": "gaogou", "from": "2026-11-02"})
        self.reports(county, "23:00:00")
        assert len(county.first_day()["pending"]) == 2

    @pytest.mark.parametrize(("on", "waits"), [("2026-11-01", False), ("2026-11-02", True)])
    def test_a_retired_terminal_is_not_waited_for_on_later_days(self, on: str, *, waits: bool) -> None:
        county = self.a_county()
        county.says("terminal.retired", {"terminal": "gaogou-t01", "on": on})
        assert bool(county.first_day()["pending"]) == waits

    def test_a_terminal_that_comes_tomorrow_or_moved_away_is_not_waited_for(self) -> None:
        county = a_county()
        county.opens("baotan")
        county.says("terminal.assigned", {"terminal": "t1", "hall": "gaogou", "from": "2026-11-03"})
        county.says("terminal.assigned", {"terminal": "t2", "hall": "gaogou", "from": "2026-10-01"})
        county.says("terminal.assigned", {"terminal": "t2", "hall": "baotan", "from": "2026-11-02"})
        assert len(county.first_day()["lines"]) == 2

    def test_a_late_punch_is_not_waited_with(self) -> None:
        county = self.a_county()
        county.punches("08:31", "12:00", "13:30", "17:30")
        assert lines_of(county) == [("1.1", -5, MONDAY, "am")]

    def test_an_excused_or_replaced_session_does_not_wait(self) -> None:
        county = self.a_county()
        county.explains("am")
        county.finds("1.3", session="pm")
        assert county.first_day()["pending"] == []


class TestLeave:
    def grants(self, county: County, from_: str, to: str, **more: Any) -> str:
        granted = county.grants("personal", from_, to, leave="L", **more)
        county.says("leave.closed", {"leave": "L", "on": "2026-11-03"})
        return granted

    def test_a_day_of_personal_leave_costs_two_in_two_lines(self) -> None:
        county = a_county()
        granted = self.grants(county, f"{MONDAY} 08:30", f"{MONDAY} 17:30")
        card = county.first_day()
        assert briefly(card["lines"]) == [("1.4", -1, MONDAY, "am"), ("1.4", -1, MONDAY, "pm")]
        assert [line["evidence"] for line in card["lines"]] == [[granted], [granted]]

    @pytest.mark.parametrize(
        ("from_", "to", "sessions"),
        [
            ("08:00", "08:30", []),
            ("08:00", "08:31", ["am"]),
            ("11:59", "13:30", ["am"]),
            ("12:00", "13:30", []),
            ("12:00", "13:31", ["pm"]),
            ("17:29", "20:00", ["pm"]),
            ("17:30", "20:00", []),
        ],
    )
    def test_each_session_that_it_touches_costs(self, from_: str, to: str, sessions: list[str]) -> None:
        county = a_county()
        county.punches("08:20", "08:31", "12:00", "13:00", "13:31", "17:29", "17:30")
        self.grants(county, f"{MONDAY} {from_}", f"{MONDAY} {to}")
        assert [line["session"] for line in county.first_day()["lines"] if line["clause"] == "1.4"] == sessions

    def test_a_third_of_a_day_is_printed_to_two_decimals_and_summed_exactly(self) -> None:
        thirds = [
            {"name": name, "start": start, "end": end}
            for name, start, end in (("a", "08:00", "10:00"), ("b", "10:00", "12:00"), ("c", "13:00", "15:00"))
        ]
        county = a_county(sessions=thirds)
        self.grants(county, f"{MONDAY} 08:00", f"{MONDAY} 15:00")
        card = county.first_day()
        assert [line["points"] for line in card["lines"]] == [-0.67, -0.67, -0.67]
        assert card["sections"]["1"] == {"cap": 30, "deducted": 2, "score": 28}

    @pytest.mark.parametrize("kind", ["sick", "annual", "marriage", "maternity", "official", "time_off", "training"])
    def test_other_leave_costs_nothing(self, kind: str) -> None:
        county = a_county()
        county.grants(kind, f"{MONDAY} 08:30", f"{MONDAY} 17:30")
        assert lines_of(county) == []

    def test_days_off_inside_the_leave_cost_nothing(self) -> None:
        county = County()
        county.hires(from_=MONDAY)
        county.grants("personal", "2026-11-06 08:30", "2026-11-09 17:30", leave="L")
        county.says("leave.closed", {"leave": "L", "on": "2026-11-10"})
        lines = county.person(as_of="2026-11-10")["lines"]
        assert [line["on"] for line in lines if line["clause"] == "1.4"] == ["2026-11-06"] * 2 + ["2026-11-09"] * 2

    def test_a_session_of_two_personal_leaves_costs_once_and_names_both(self) -> None:
        county = a_county()
        first = self.grants(county, f"{MONDAY} 08:30", f"{MONDAY} 09:30")
        second = county.grants("personal", f"{MONDAY} 09:30", f"{MONDAY} 10:30")
        county.punches("10:30", "12:00", "13:30", "17:30")
        (line,) = county.first_day()["lines"]
        assert line["evidence"] == sorted([first, second])

    def test_an_explained_session_of_personal_leave_still_costs(self) -> None:
        county = a_county()
        county.punches("13:30", "17:30")
        self.grants(county, f"{MONDAY} 08:30", f"{MONDAY} 12:00")
        county.explains("am")
        assert lines_of(county) == [("1.4", -1, MONDAY, "am")]

    def test_leave_that_was_not_filed_costs_two_on_its_first_day_whatever_its_kind(self) -> None:
        county = a_county()
        granted = county.grants("sick", f"{MONDAY} 08:30", f"{MONDAY} 17:30", filed=False)
        (line,) = county.first_day()["lines"]
        assert briefly([line]) == [("1.4", -2, MONDAY, None)]
        assert line["evidence"] == [granted]

    @pytest.mark.parametrize(
        ("closed_on", "as_of", "cost"),
        [
            (None, "2026-11-08", []),
            (None, "2026-11-09", [("1.4", -2, "2026-11-09", None)]),
            ("2026-11-09", "2026-11-09", []),
            ("2026-11-10", "2026-11-10", [("1.4", -2, "2026-11-09", None)]),
            ("2026-11-05", "2026-11-10", []),
        ],
    )
    def test_reporting_back_is_due_on_the_first_working_day_after(
        self, closed_on: str | None, as_of: str, cost: list[tuple[Any, ...]]
    ) -> None:
        county = a_county()
        county.grants("annual", f"{MONDAY} 08:30", "2026-11-06 17:30", leave="L")
        if closed_on:
            county.says("leave.closed", {"leave": "L", "on": closed_on})
        lines = county.person(as_of=as_of)["lines"]
        assert [line for line in briefly(lines) if line[0] == "1.4"] == cost

    def test_leave_up_to_midnight_ends_on_the_day_before(self) -> None:
        county = a_county()
        county.grants("annual", f"{MONDAY} 00:00", "2026-11-03 00:00")
        lines = county.person(as_of="2026-11-03")["lines"]
        assert ("1.4", -2, "2026-11-03", None) in briefly(lines)

    def test_an_early_return_gives_nothing_back(self) -> None:
        county = a_county()
        county.grants("personal", f"{MONDAY} 08:30", "2026-11-03 17:30", leave="L")
        county.says("leave.closed", {"leave": "L", "on": MONDAY})
        lines = county.person(as_of="2026-11-03")["lines"]
        assert len(lines) == 4

    def test_a_leave_is_faulty_once(self) -> None:
        county = a_county()
        county.grants("annual", f"{MONDAY} 08:30", f"{MONDAY} 17:30", filed=False)
        lines = county.person(as_of="2026-11-30")["lines"]
        assert [line for line in briefly(lines) if line[0] == "1.4"] == [("1.4", -2, MONDAY, None)]

    @pytest.mark.parametrize(("left_on", "costs"), [("2026-11-03", False), ("2026-11-04", True)])
    def test_who_has_left_need_not_report_back(self, left_on: str, *, costs: bool) -> None:
        county = a_county()
        county.grants("annual", f"{MONDAY} 08:30", "2026-11-03 17:30")
        county.loses(on=left_on)
        lines = briefly(county.person(as_of="2026-11-30")["lines"])
        assert (("1.4", -2, "2026-11-04", None) in lines) == costs

    def test_the_fault_belongs_to_the_month_of_its_day(self) -> None:
        county = County()
        county.hires(from_="2026-10-01")
        county.grants("annual", "2026-10-30 08:30", "2026-10-30 17:30")
        in_october = county.person(month="2026-10", as_of="2026-11-30")["lines"]
        in_november = county.person(month="2026-11", as_of="2026-11-30")["lines"]
        assert not [line for line in in_october if line["points"] == -2]
        assert ("1.4", -2, MONDAY, None) in briefly(in_november)

    def test_leave_without_end_is_no_fault_and_no_error(self) -> None:
        county = a_county()
        county.grants("maternity", f"{MONDAY} 00:00", "9999-12-31 23:59")
        assert county.person(as_of="2026-11-30")["lines"] == []
        assert county.person(as_of="2026-11-30")["status"] == "not_assessed"


def test_nothing_is_due_after_the_day_of_judgement() -> None:
    county = a_county()
    assert {line["on"] for line in county.person(as_of="2026-11-03")["lines"]} == {MONDAY, "2026-11-03"}
    assert county.person(as_of="2026-10-31")["lines"] == []


def test_a_punch_under_an_unregistered_name_is_nobodys() -> None:
    county = a_county()
    county.punches(*FULL_DAY, person="P9")
    assert len(county.month()["quarantined"]) == 4
    assert PERSON in [each["person"] for each in county.month()["people"]]
