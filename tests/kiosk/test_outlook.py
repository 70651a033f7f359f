"""The terminal says at once what a punch means, and says it as a clerk expects."""

from __future__ import annotations

import pytest

from kiosk.outlook import Greeting, greet, outlook
from rules.facts import gather
from rules.policy import load_policy
from sync.events import parse_event
from tests.kiosk.county import DAY, County, at

POLICY = load_policy()


def greeting(county: County, time: str) -> Greeting:
    """Return what the screen says to a clerk who clocks in now."""
    punch = county.punch("01", time)
    return greet(outlook(gather(county.events), "01", at(time), POLICY), punch, at(time), POLICY.on(DAY.date()))


@pytest.fixture
def county() -> County:
    county = County()
    county.clerk("01", "王秀英")
    return county


@pytest.mark.parametrize(
    ("time", "said"),
    [
        ("07:05:00", "上午上班 07:05 正常"),
        ("08:30:00", "上午上班 08:30 正常"),
        ("08:30:59", "上午上班 08:30 正常"),
        ("08:31:00", "上午上班 08:31 迟到 1 分钟"),
        ("10:30:00", "上午上班 10:30 迟到 120 分钟"),
        ("12:00:00", "上午上班 12:00 迟到 210 分钟"),
        ("12:01:00", "上午下班 12:01 正常"),
        ("13:40:00", "下午上班 13:40 正常"),
    ],
)
def test_the_first_punch_of_a_session_is_its_in(county: County, time: str, said: str) -> None:
    assert greeting(county, time).said == said


def test_a_whole_day_is_greeted_punch_by_punch(county: County) -> None:
    times = ["08:26:10", "12:00:00", "13:58:00", "17:31:00"]
    assert [greeting(county, time).said for time in times] == [
        "上午上班 08:26 正常",
        "上午下班 12:00 正常",
        "下午上班 13:58 正常",
        "下午下班 17:31 正常",
    ]


def test_a_second_punch_right_after_the_first_is_recorded_and_says_when_to_come_back(county: County) -> None:
    county.punch("01", "08:26:00")
    said = greeting(county, "08:40:00")
    assert (said.meaning, said.hint) == ("none", "下班打卡：12:00 以后")


def test_a_punch_before_the_window_opens_says_when_it_does(county: County) -> None:
    for time in ("06:30:00", "06:59:59"):
        said = greeting(county, time)
        assert (said.tone, said.hint) == ("warn", "还不到上班打卡时间，请 07:00 以后再打一次")
    assert greeting(county, "07:00:00").said == "上午上班 07:00 正常"


def test_a_day_is_called_complete_only_when_it_is(county: County) -> None:
    for time in ("08:26:00", "12:00:00", "13:58:00", "17:31:00"):
        greeting(county, time)
    assert greeting(county, "17:40:00").hint == "今天的打卡已经齐了"


def test_a_day_with_a_hole_is_never_called_complete(county: County) -> None:
    for time in ("13:58:00", "17:31:00"):
        greeting(county, time)
    said = greeting(county, "17:40:00")
    assert (said.tone, said.hint) == ("warn", "今天有缺卡，如有原因请提交情况说明")


def test_leaving_early_is_said_at_once_and_can_be_mended(county: County) -> None:
    county.punch("01", "08:26:00")
    said = greeting(county, "11:40:00")
    assert said.said == "上午下班 11:40 早退 20 分钟"
    assert said.hint == "12:00 以后再打一次卡，就按正常下班计"
    assert greeting(county, "12:01:00").said == "上午下班 12:01 正常"


def test_a_day_of_four_sloppy_punches_is_greeted_as_it_will_be_judged(county: County) -> None:
    times = ["08:36:00", "11:40:00", "14:06:00", "17:10:00"]
    assert [greeting(county, time).said for time in times] == [
        "上午上班 08:36 迟到 6 分钟",
        "上午下班 11:40 早退 20 分钟",
        "下午上班 14:06 迟到 6 分钟",
        "下午下班 17:10 早退 20 分钟",
    ]


def test_coming_back_after_an_early_morning_is_the_afternoons_in(county: County) -> None:
    for time in ("08:10:00", "11:40:00"):
        county.punch("01", time)
    assert greeting(county, "13:59:00").said == "下午上班 13:59 正常"


def test_leaving_late_at_noon_is_the_mornings_out(county: County) -> None:
    county.punch("01", "08:10:00")
    assert greeting(county, "12:40:00").said == "上午下班 12:40 正常"


def test_an_out_without_an_in_says_that_the_in_is_missing(county: County) -> None:
    said = greeting(county, "12:20:00")
    assert said.said == "上午下班 12:20 正常"
    assert said.tone == "warn"
    assert "没有上班打卡" in said.hint


def test_leave_until_ten_moves_the_time_that_counts(county: County) -> None:
    county.centre(
        "leave.granted",
        leave="L1",
        person="01",
        kind="field_work",
        filed=True,
        **{"from": "2026-10-08T08:00:00+08:00", "to": "2026-10-08T10:00:00+08:00"},
    )
    assert greeting(county, "09:55:00").said == "上午上班 09:55 正常"


def test_on_a_day_without_work_a_punch_is_recorded_without_a_judgement(county: County) -> None:
    county.centre("calendar.day", on="2026-10-08", working=False, name="县庆")
    said = greeting(county, "08:40:00")
    assert (said.said, said.hint) == ("已记录", "今天没有需要打卡的班次")


def test_a_clock_that_leaves_lateness_open_says_so(county: County) -> None:
    facts = gather(county.events)
    county.punch("01", "08:31:00")
    uncertain = county.events[-1].line.replace(b'"data":', b'"clock":{"source":"rtc","uncertainty_ms":90000},"data":')

    facts = gather([*county.events[:-1], parse_event(uncertain)])
    said = greet(outlook(facts, "01", at("08:31"), POLICY), county.events[-1].id, at("08:31"), POLICY.on(DAY.date()))
    assert said.said == "上午上班 08:31 时钟待核"
