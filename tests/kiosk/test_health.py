"""A silent box is never called well."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from kiosk.health import Condition, ago, items
from tests.kiosk.conftest import START

WELL = Condition(
    now=START,
    unsent=0,
    contact_at=START,
    link_trouble=None,
    enrolled=True,
    forked=False,
    storage=None,
    camera_trouble=None,
    clock_offset_s=0.0,
)


def test_a_box_that_is_well_says_that_the_centre_has_everything() -> None:
    assert [(item.tone, item.text) for item in items(WELL)] == [("good", "中心已收到全部记录"), ("good", "摄像头正常")]


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (replace(WELL, contact_at=START - timedelta(seconds=181)), "联系不上中心（上次 3 分钟前）"),
        (replace(WELL, link_trouble="refused", unsent=12), "12 条待传，已安全保存在本机"),
        (replace(WELL, contact_at=None), "还没有联系上中心"),
        (replace(WELL, enrolled=False), "还没有在中心登记"),
        (replace(WELL, forked=True), "两份记录"),
        (replace(WELL, doubted_at=START - timedelta(hours=23)), "与本机保存的检查点不符"),
        (replace(WELL, unsent=1), "正在上传"),
        (replace(WELL, unsent=4, relayed=True, link_trouble="offline"), "经本厅主机转存，4 条等中心确认"),
        (replace(WELL, storage="full"), "存储已满，暂时不能记录"),
        (replace(WELL, storage="read_only"), "存储只读，暂时不能记录"),
        (replace(WELL, quarantined=1), "旧文件已另存"),
        (replace(WELL, quarantined=1, missing=3), "3 条记录没能取回"),
        (replace(WELL, forgets=True), "断电后不保留"),
        (replace(WELL, camera_trouble="摄像头没有画面"), "请用工号密码打卡"),
        (replace(WELL, clock_offset_s=-7200.0), "本机时钟比中心慢 2 小时"),
        (replace(WELL, clock_offset_s=31.0), "本机时钟比中心快 31 秒"),
    ],
)
def test_each_trouble_is_said_first_and_not_in_green(condition: Condition, words: str) -> None:
    first = items(condition)[0]
    assert words in first.text
    assert first.tone != "good"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(59, "刚刚"), (60, "1 分钟前"), (3599, "59 分钟前"), (3600, "1 小时前"), (86400, "1 天前")],
)
def test_a_length_of_time_is_said_in_words(seconds: float, words: str) -> None:
    assert ago(seconds) == words


def test_a_contradiction_of_the_centre_is_said_for_a_day() -> None:
    assert items(replace(WELL, doubted_at=START - timedelta(hours=25))) == items(WELL)
