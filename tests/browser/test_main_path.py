"""A newcomer's minute: a face is clocked in, a stranger refused, a citizen rates, the scorecard shows why."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from deploy.demo import stage
from deploy.demo.centre import wait_for
from sync.events import COUNTY_TIME
from tests.stack import Stack, running

pytestmark = pytest.mark.browser

TERMINAL = {"width": 1080, "height": 1920}
EVALUATOR = {"width": 1024, "height": 600}
DESK = {"width": 1440, "height": 900}


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A county whose shift today began an hour ago, or at midnight, whatever the time and weekday."""
    with running(tmp_path_factory.mktemp("county")) as stack:
        now = datetime.now(COUNTY_TIME)
        begins = max(now - timedelta(hours=1), now.replace(hour=0, minute=0))
        session = {"name": "am", "start": f"{begins:%H:%M}", "end": "23:59"}
        on = now.date().isoformat()
        stack.record(
            {"type": "calendar.day", "data": {"on": on, "working": True, "hall": "yanshi"}},
            {
                "type": "shift.set",
                "data": {"hall": "yanshi", "from": on, "weekdays": [1], "sessions": [session]},
            },
        )
        wait_for("the shift", lambda: stack.health()["feed"]["schedule"] > stack.prepared_version)
        yield stack


def opened(chromium: Browser, url: str, size: dict[str, int]) -> Page:
    """Return a page whose every request to another host, and every error of its own, fails the test."""
    page = chromium.new_page(viewport=size)  # type: ignore[arg-type]
    page.on("pageerror", lambda error: pytest.fail(f"{url}: {error}"))
    page.on("request", lambda request: foreign(url, request.url))
    page.goto(url)
    return page


def foreign(page: str, asked: str) -> None:
    if not asked.startswith((page.split("/", 3)[0] + "//" + page.split("/", 3)[2], "data:")):
        pytest.fail(f"{page} asked another host: {asked}")


def test_the_camera_clocks_in_whom_it_knows_and_refuses_whom_it_does_not(county: Stack, chromium: Browser) -> None:
    page = opened(chromium, f"{county.run.terminal_url}/", TERMINAL)
    expect(page.locator(".result")).to_contain_text("请面向屏幕打卡")
    stage.person(county.run, "astronaut.png")
    expect(page.locator(".result")).to_contain_text("没有认出您", timeout=20_000)
    expect(page.locator("[data-face]")).to_be_visible()
    stage.person(county.run, "obama3.jpg")
    expect(page.locator(".result h2")).to_have_text("李明远", timeout=20_000)
    expect(page.locator(".result .said")).to_contain_text("上午上班")
    expect(page.locator(".result .said")).to_contain_text("迟到")
    stage.empty(county.run)
    expect(page.locator("[data-face]")).to_be_hidden(timeout=10_000)
    punches = [line for line in county.kiosk("export").splitlines() if '"type":"punch"' in line]
    assert len(punches) == 1
    assert '"person":"P1001"' in punches[0]
    page.close()


def test_a_pin_is_the_equal_way_by_touch(county: Stack, chromium: Browser) -> None:
    page = opened(chromium, f"{county.run.terminal_url}/", EVALUATOR)
    page.click("text=工号密码打卡")
    for key in "1002":
        page.click(f"[data-key='{key}']")
    page.click("[data-key=next]")
    for key in "999999":
        page.click(f"[data-key='{key}']")
    page.click("dialog >> button:has-text('打卡') >> nth=-1")
    expect(page.locator("[data-pin-answer]")).to_have_text("工号或密码不对，请再试一次")
    for key in "246802":
        page.click(f"[data-key='{key}']")
    page.click("dialog >> button:has-text('打卡') >> nth=-1")
    expect(page.locator(".result h2")).to_have_text("王秀英")
    expect(page.locator("dialog")).to_be_hidden()
    page.close()


def test_a_citizen_rates_with_one_touch_and_a_bad_rating_as_easily_as_a_good_one(
    county: Stack, chromium: Browser
) -> None:
    page = opened(chromium, f"{county.run.terminal_url}/evaluator/2", EVALUATOR)
    for grade, word in (("5", "非常满意"), ("1", "非常不满意"), ("2", "不满意")):
        county.kiosk("ask", "--window", "2")
        button = page.locator(f"[data-grade='{grade}']")
        expect(button).to_contain_text(word)
        boxes = [each.bounding_box() for each in page.locator("[data-grade]").all()]
        assert len({round(box["x"]) for box in boxes if box}) == 5
        assert len({(round(box["width"]), round(box["height"])) for box in boxes if box}) == 1
        assert page.evaluate("document.documentElement.scrollHeight <= window.innerHeight")
        button.click()
        expect(page.locator("h1")).to_have_text("谢谢您的评价")
    given = [line for line in county.kiosk("export").splitlines() if '"type":"rating.given"' in line]
    assert ['"grade":5' in given[0], '"grade":1' in given[1], '"grade":2' in given[2]] == [True, True, True]
    assert all('"channel":"screen"' in line for line in given)
    page.close()


def test_the_hall_board_works_from_the_terminal_alone(county: Stack, chromium: Browser) -> None:
    page = opened(chromium, f"{county.run.terminal_url}/hall", DESK)
    expect(page.locator(".windows")).to_contain_text("李明远")
    expect(page.locator(".windows")).to_contain_text("在岗")
    expect(page.locator("article", has_text="陈静")).to_contain_text("未到")
    expect(page.locator(".figures")).to_contain_text("今日评价")
    for hidden in ("迟到", "请假", "扣"):
        expect(page.locator("main")).not_to_contain_text(hidden)
    page.close()


@pytest.mark.parametrize(("path", "line"), [("/", ".status"), ("/hall", ".health")])
@pytest.mark.parametrize("size", [TERMINAL, EVALUATOR, DESK])
def test_how_the_box_is_can_be_seen_at_every_size(
    county: Stack, chromium: Browser, path: str, line: str, size: dict[str, int]
) -> None:
    page = opened(chromium, county.run.terminal_url + path, size)
    expect(page.locator(line)).to_contain_text("摄像头")
    box = page.locator(line).bounding_box()
    assert box is not None
    assert 0 <= box["y"] <= box["y"] + box["height"] <= size["height"]
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.close()


def test_the_scorecard_shows_the_bad_rating_with_its_reason(county: Stack, chromium: Browser) -> None:
    county.wait_until_synced()
    given = [json.loads(line) for line in county.kiosk("export").splitlines() if '"type":"rating.given"' in line]
    bad = next(event["data"]["visit"] for event in given if event["data"]["grade"] == 2)
    page = opened(chromium, f"{county.run.centre_url}/people/P1002", DESK)
    expect(page.locator("h1")).to_contain_text("王秀英")
    expect(page.locator("body")).not_to_contain_text("−2")
    county.record({"type": "rating.reviewed", "data": {"visit": bad, "valid": True, "attributable": True}})
    page.reload()
    line = page.locator("tr", has_text="4.4").filter(has_text="−2")
    expect(line).to_contain_text("不满意")
    expect(line).to_contain_text("“好差评”出现“不满意”的每人次扣2分")
    page.close()
