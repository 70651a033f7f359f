"""The centre's pages: what staff and supervisors read there, and what must never stand there."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from rules.records import Rating
from scoring.centre import Centre
from scoring.desk_county import RatingTotals, together, totals
from sync.events import parse_event
from tests.scoring.fakes import FakeTerminal, Office, StillClock, event_id

SHIFT = {
    "hall": "gaogou",
    "from": "2026-01-01",
    "weekdays": [1, 2, 3, 4, 5],
    "sessions": [{"name": "am", "start": "08:30", "end": "12:00"}, {"name": "pm", "start": "14:00", "end": "17:30"}],
}


def at(time: str, day: str = "2026-10-08") -> datetime:
    return datetime.fromisoformat(f"{day}T{time}+08:00")


def words(answer: TestResponse) -> str:
    """Return a page's text as it is read, one space between words."""
    text = re.sub(r"<(script|style)[^>]*>.*?</\1>|<[^>]+>", " ", answer.text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", text)


@pytest.fixture
def hall(terminal: FakeTerminal, office: Office) -> FakeTerminal:
    """The hall of Gaogou with its shift, on Thursday 8 October 2026, a working day."""
    assert office.record(("shift.set", SHIFT)).status_code == 201
    return terminal


def punch(terminal: FakeTerminal, time: str, day: str = "2026-10-08", **payload: str) -> None:
    said = {"person": "P0007", "hall": "gaogou", "method": "face", **payload}
    terminal.add("punch", said, occurred_at=at(time, day))
    assert terminal.send().status_code == 200


def rate(terminal: FakeTerminal, visit: str, grade: int, time: str = "09:17:33") -> None:
    place = {"visit": visit, "hall": "gaogou", "window": "1", "person": "P0007"}
    terminal.add("rating.requested", {**place, "ticket": "A-417"}, occurred_at=at(time))
    terminal.add("rating.given", {**place, "grade": grade, "channel": "button"}, occurred_at=at(time))
    assert terminal.send().status_code == 200


def test_a_county_without_halls_says_what_to_do(client: FlaskClient) -> None:
    answer = client.get("/")
    assert answer.status_code == 200
    assert "还没有登记任何机构" in words(answer)


def test_the_county_page_names_the_hall_and_its_terminals_last_contact(
    hall: FakeTerminal, client: FlaskClient, clock: StillClock
) -> None:
    assert "从未联系" in words(client.get("/"))
    hall.beat()
    assert "最近联系：刚刚" in words(client.get("/"))
    clock.forward(minutes=3)
    text = words(client.get("/"))
    assert "最近联系：3 分钟前" in text
    assert "高沟镇便民服务中心" in text


def test_a_terminal_that_fell_silent_is_something_to_do(
    hall: FakeTerminal, client: FlaskClient, clock: StillClock
) -> None:
    hall.beat()
    assert "没有待办事项" in words(client.get("/"))
    clock.forward(minutes=11)
    assert "终端失去联系" in words(client.get("/"))


def test_a_quarantined_line_and_a_fork_are_shown_to_an_operator(hall: FakeTerminal, client: FlaskClient) -> None:
    assert "没有告警" in words(client.get("/"))
    hall.add("lunch", {"hall": "gaogou"})
    hall.send()
    assert "未知类型" in words(client.get("/"))
    hall.send(1, prev=bytes(31) + b"\x01")
    assert "可能有人复制了存储卡" in words(client.get("/"))


def test_a_line_from_a_terminal_is_never_markup(hall: FakeTerminal, client: FlaskClient) -> None:
    hall.add("<script>alert(1)</script>", {"hall": "gaogou"})
    hall.send()
    assert "<script>alert(1)" not in client.get("/").text


@pytest.mark.parametrize(
    ("given", "told"), [(0, "今日尚无评价"), (2, "不足 3 次"), (3, "3 次"), (5, "3 次"), (6, "6 次")]
)
def test_ratings_are_told_as_totals_of_three_at_once(
    hall: FakeTerminal, client: FlaskClient, given: int, told: str
) -> None:
    for number in range(given):
        rate(hall, f"V{number}", 5)
    for page in ("/", "/halls/gaogou"):
        assert told in words(client.get(page))
        assert (f"非常满意 {given - given % 3}" in words(client.get(page))) == (given >= 3)


def test_the_hall_page_shows_a_punctual_a_late_and_a_missing_clerk(
    hall: FakeTerminal, office: Office, client: FlaskClient, clock: StillClock
) -> None:
    office.employ("P0008", name="王强")
    office.employ("P0009", name="李敏𬭚")
    clock.at = at("09:00")
    punch(hall, "08:26:00")
    punch(hall, "08:36:00", person="P0008", method="pin")
    hall.beat()
    text = words(client.get("/halls/gaogou"))
    assert "张丽 1 上午 08:30–12:00 08:26 — 人脸 正常 在岗" in text
    assert "王强 1 上午 08:30–12:00 08:36 — PIN 迟到 6 分钟 在岗" in text
    assert "李敏𬭚 1 上午 08:30–12:00 — — — 未到" in text


def test_somebody_missing_waits_for_a_terminal_that_has_not_reported(
    hall: FakeTerminal, client: FlaskClient, clock: StillClock
) -> None:
    clock.at = at("08:00")
    hall.beat()
    clock.at = at("09:00")
    assert "08:30–12:00 — — — 等待终端" in words(client.get("/halls/gaogou"))
    hall.beat()
    assert "08:30–12:00 — — — 未到" in words(client.get("/halls/gaogou"))


def test_late_this_morning_sees_at_once_what_it_will_come_to(
    hall: FakeTerminal, client: FlaskClient, clock: StillClock
) -> None:
    clock.at = at("08:32")
    punch(hall, "08:31:10")
    text = words(client.get("/people/P0007"))
    assert "迟到 1 分钟，下班打卡后计入：按 1.1 扣 5 分；下班未打卡的，改按 1.2 扣 10 分" in text
    assert "2026-10 得分 100" in text


def test_a_late_morning_costs_five_points_once_its_out_is_punched(
    hall: FakeTerminal, client: FlaskClient, clock: StillClock
) -> None:
    punch(hall, "08:36:00")
    clock.at = at("11:59")
    hall.beat()
    assert "2026-10 得分 100" in words(client.get("/people/P0007"))
    punch(hall, "12:01:00")
    clock.at = at("12:01")
    hall.beat()
    text = words(client.get("/people/P0007"))
    assert "2026-10 得分 95" in text
    assert "−5 迟到 6 分钟:应到 08:30,打卡 08:36 1.1 迟到、早退、离岗、串岗的,每人次扣5分" in text


def test_an_early_out_costs_nothing_while_a_later_one_may_still_come(
    hall: FakeTerminal, client: FlaskClient, clock: StillClock
) -> None:
    punch(hall, "08:20:00")
    punch(hall, "11:50:00")
    clock.at = at("14:59:59")  # an out counts until 15:00, 180 minutes after the end
    hall.beat()
    assert "2026-10 得分 100" in words(client.get("/people/P0007"))
    clock.at = at("15:00")
    assert "2026-10 得分 95" in words(client.get("/people/P0007"))


def test_an_afternoon_that_has_not_come_costs_nothing(
    hall: FakeTerminal, client: FlaskClient, clock: StillClock
) -> None:
    punch(hall, "08:20:00")
    punch(hall, "12:01:00")
    clock.at = at("16:00")
    hall.beat()
    text = words(client.get("/people/P0007"))
    assert "2026-10 得分 100" in text
    assert "上班未打卡：如无情况说明，按 1.2 扣 10 分" in text


def test_each_point_leads_to_the_exact_line_that_decided_it(
    hall: FakeTerminal, client: FlaskClient, clock: StillClock
) -> None:
    punch(hall, "08:36:00")
    punch(hall, "12:01:00")
    clock.at = at("23:00")
    page = client.get("/people/P0007").text
    assert f'href="/events/{event_id(1)}"' in page
    answer = client.get(f"/events/{event_id(1)}")
    line = hall.lines[0].decode().replace("&", "&amp;").replace('"', "&#34;")
    assert line in answer.text
    assert hall.hash_at(1).hex() in answer.text
    assert "2026-10-08T12:00:00.000+08:00" in words(answer)
    assert "每人次扣5分" in words(answer)


def test_a_finding_is_shown_with_its_clause_and_an_open_one_as_pending(
    hall: FakeTerminal, office: Office, client: FlaskClient
) -> None:
    finding = {"person": "P0007", "on": "2026-10-08", "hall": "gaogou"}
    office.record(
        ("finding.recorded", {"finding": "F1", "clause": "3.1", "note": "未佩戴工作证", "confirmed": True, **finding}),
        ("finding.recorded", {"finding": "F2", "clause": "2.2", "note": "玩手机", "confirmed": False, **finding}),
    )
    text = words(client.get("/people/P0007"))
    assert "−5 未佩戴工作证 3.1 未摆放桌牌、未佩戴工作证或未按要求着工装上岗的,每人次扣5分" in text
    assert "待定 1 条" in text
    assert "2026-10 得分 95" in text
    assert "检查记录待核实" in words(client.get("/"))
    assert hall.lines == []


def test_of_a_rating_staff_see_the_day_and_nothing_that_tells_the_rater(
    hall: FakeTerminal, client: FlaskClient, clock: StillClock
) -> None:
    rate(hall, "V417", 1)
    clock.at = at("23:00")
    assert "群众评价" not in words(client.get("/people/P0007"))  # who pressed today could be guessed
    assert "差评待审核" not in words(client.get("/"))
    clock.at = at("09:00") + timedelta(days=1)
    assert "差评待审核" in words(client.get("/"))
    answer = client.get("/people/P0007")
    assert "10 月 8 日 周四" in words(answer)
    assert "群众评价" in words(answer)
    for secret in ("09:17", "A-417", "V417", event_id(1), event_id(2)):
        assert secret not in answer.text


@pytest.mark.parametrize("number", [1, 2])
def test_a_ratings_own_line_is_refused(hall: FakeTerminal, client: FlaskClient, number: int) -> None:
    rate(hall, "V417", 1)
    answer = client.get(f"/events/{event_id(number)}")
    assert answer.status_code == 403
    assert "保护评价人" in words(answer)
    assert "09:17" not in answer.text


def test_the_county_shows_no_more_ratings_than_its_halls_do() -> None:
    def given(*grades: int) -> RatingTotals:
        return totals(
            [Rating(str(n), str(n), "P1", "h", "1", grade, at("09:00"), False) for n, grade in enumerate(grades)]
        )

    shown = together([given(5, 5, 5), given(1), given()])
    assert (shown.given, dict(shown.shares)["非常满意"], dict(shown.shares)["非常不满意"]) == (3, 3, 0)
    assert together([given(1), given(1), given(1)]).given == 0


def test_a_rating_review_is_refused_too(hall: FakeTerminal, office: Office, client: FlaskClient) -> None:
    rate(hall, "V417", 1)
    review = {"visit": "V417", "valid": True, "attributable": True}
    written = office.record(("rating.reviewed", review)).get_json()["events"][0]["id"]
    assert client.get(f"/events/{written}").status_code == 403


def test_an_act_of_the_centre_names_its_actor(office: Office, client: FlaskClient, centre: Centre) -> None:
    hall = {"hall": "gaogou", "name": "H", "level": "town"}
    written = office.record(("hall.opened", hall), actor="王主任").get_json()["events"][0]["id"]
    assert "王主任" in words(client.get(f"/events/{written}"))
    assert centre.projection.current().halls["gaogou"].name == "H"


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/halls/nowhere", 404, "没有编号为“nowhere”的机构"),
        ("/people/P0404", 404, "没有编号为“P0404”的人员"),
        ("/people/P0007?month=2026-13", 400, "月份写法不对"),
        ("/people/P0007?month=", 400, "月份写法不对"),
        ("/people/P0007?month=2026-11", 404, "2026-11 还没有开始"),
        ("/events/nothing", 404, "账本里没有这条记录"),
        ("/nothing", 404, "没有这个页面"),
    ],
)
def test_what_is_not_there_is_said_in_chinese(
    hall: FakeTerminal, client: FlaskClient, path: str, status: int, said: str
) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert said in words(answer)
    assert "回到全县页面" in words(answer)
    assert hall.lines == []


@pytest.mark.parametrize("month", ["2026-09", "2024-01", "1000-01"])
def test_an_older_month_is_shown_as_it_ended(hall: FakeTerminal, client: FlaskClient, month: str) -> None:
    answer = client.get(f"/people/P0007?month={month}")
    assert answer.status_code == 200
    assert "今天进行中" not in words(answer)
    assert hall.lines == []


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        ("192.0.2.7", {}),
        ("2001:db8::7", {}),
        ("127.0.0.1", {"X-Forwarded-For": "192.0.2.7"}),
        ("127.0.0.1", {"Forwarded": "for=192.0.2.7"}),
        ("127.0.0.1", {"Host": "rebound.example"}),
        ("127.0.0.1", {"Host": "[:"}),
    ],
)
@pytest.mark.parametrize("path", ["/", "/halls/gaogou", "/people/P0007", "/events/x"])
def test_pages_answer_this_machine_alone(
    hall: FakeTerminal, client: FlaskClient, path: str, address: str, headers: dict[str, str]
) -> None:
    answer = client.get(path, headers=headers, environ_overrides={"REMOTE_ADDR": address})
    assert answer.status_code == 403
    assert "只在中心服务器本机开放" in words(answer)
    assert "高沟" not in answer.text
    assert hall.lines == []


def test_terminals_speak_from_anywhere(hall: FakeTerminal, client: FlaskClient) -> None:
    hall.add()
    batch = hall.batch()
    path = f"/v1/t/{hall.origin}/e/{hall.epoch}/batches"
    remote: dict[str, Any] = {"REMOTE_ADDR": "192.0.2.7"}
    assert client.post(path, data=batch.body, headers=batch.headers(), environ_overrides=remote).status_code == 200


def test_pages_load_nothing_from_another_host(hall: FakeTerminal, client: FlaskClient) -> None:
    for path in ("/", "/halls/gaogou", "/people/P0007"):
        answer = client.get(path)
        loaded = re.findall(r'(?:src|href)="([^"]*)"', answer.text)
        assert loaded
        assert all(address.startswith(("/", "data:,")) and not address.startswith("//") for address in loaded)
        assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert hall.lines == []


def test_both_rooms_paint_from_the_same_sheet() -> None:
    root = Path(__file__).parents[2]
    assert (root / "scoring/static/tokens.css").read_bytes() == (root / "kiosk/static/tokens.css").read_bytes()


def test_the_pages_facts_are_those_of_the_lines_that_count(hall: FakeTerminal, centre: Centre) -> None:
    hall.add("punch", {"person": "P0007", "hall": "baotan", "method": "face"}, occurred_at=at("08:20"))
    hall.add("punch", None, occurred_at=at("08:25"))
    hall.send()
    counted = centre.projection.current().punches_on("P0007", at("08:25").date())
    assert [one.id for one in counted] == [parse_event(hall.lines[1]).id]
    hall.add("punch", None, occurred_at=at("08:25") + timedelta(minutes=5))
    hall.send()
    assert len(centre.projection.current().punches_on("P0007", at("08:25").date())) == 2
