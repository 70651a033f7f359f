"""The yearly notice of holidays is read as it is published, and what is not clear in it is an error."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from chinese_calendar import is_workday

from rules.notice import NoticeError, read_notice
from scoring.calendar_notice import main
from tests.rules.county import County

HEAD = """国务院办公厅关于{year}年
部分节假日安排的通知
各省、自治区、直辖市人民政府,国务院各部委、各直属机构:
经国务院批准,现将{year}年元旦、春节、清明节、劳动节、端午节、中秋节和国庆节放假调休日期的具体安排通知如下。
"""
TAIL = """节假日期间,各地区、各部门要妥善安排好值班和安全、保卫、疫情防控等工作,确保人民群众祥和平安度过节日假期。
国务院办公厅
2024年11月12日
"""
OF_2025 = (
    HEAD.format(year=2025)
    + """一、元旦:1月1日(周三)放假1天,不调休。
二、春节:1月28日(农历除夕、周二)至2月4日(农历正月初七、周二)放假调休,共8天。1月26日(周日)、2月8日(周六)上班。
三、清明节:4月4日(周五)至6日(周日)放假,共3天。
四、劳动节:5月1日(周四)至5日(周一)放假调休,共5天。4月27日(周日)上班。
五、端午节:5月31日(周六)至6月2日(周一)放假,共3天。
六、国庆节、中秋节:10月1日(周三)至8日(周三)放假调休,共8天。9月28日(周日)、10月11日(周六)上班。
"""
    + TAIL
)
OF_2026 = (
    HEAD.format(year=2026)
    + """一、元旦:1月1日(周四)至3日(周六)放假调休,共3天。1月4日(周日)上班。
二、春节:2月15日(农历腊月二十八、周日)至23日(农历正月初七、周一)放假调休,共9天。2月14日(周六)、2月28日(周六)上班。
三、清明节:4月4日(周六)至6日(周一)放假,共3天。
四、劳动节:5月1日(周五)至5日(周二)放假调休,共5天。5月9日(周六)上班。
五、端午节:6月19日(周五)至21日(周日)放假,共3天。
六、中秋节:9月25日(周五)至27日(周日)放假,共3天。
七、国庆节:10月1日(周四)至7日(周三)放假调休,共7天。9月20日(周日)、10月10日(周六)上班。
鼓励单位和个人结合落实带薪年休假等制度,实际形成较长假期,推动错峰出行。"""
    + TAIL
)


@pytest.mark.parametrize(("text", "year"), [(OF_2025, 2025), (OF_2026, 2026)])
def test_the_published_notice_gives_the_days_of_the_national_calendar(text: str, year: int) -> None:
    decided = {day.on: day.working for day in read_notice(text)}
    days = [date(year, 1, 1) + timedelta(days=place) for place in range(365)]
    assert {on: decided.get(on, on.isoweekday() < 6) for on in days} == {on: is_workday(on) for on in days}


def test_full_and_half_width_signs_and_one_long_line_read_the_same() -> None:
    full = OF_2026.translate(str.maketrans("():,", "\uff08\uff09\uff1a\uff0c"))
    assert full != OF_2026
    assert read_notice(full) == read_notice(OF_2026) == read_notice(OF_2026.replace("\n", " "))


def test_the_names_of_the_days_stand_beside_them() -> None:
    days = {day.on: (day.working, day.name) for day in read_notice(OF_2025)}
    assert days[date(2025, 10, 6)] == (False, "国庆节、中秋节")
    assert days[date(2025, 2, 8)] == (True, "春节调休上班")
    assert date(2025, 10, 9) not in days


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("至3日(周六)放假调休,共3天", "至3日(周六)放假调休,共4天", "says 4 days, but .* it is 3"),
        ("1月4日(周日)上班", "1月4日(周一)上班", "2026年1月4日 is a 周日, not a 周一"),
        ("1月4日(周日)上班", "1月4日(周日)照常", "'1月4日\\(周日\\)照常' is neither"),
        ("1月4日(周日)上班", "1月3日(周六)上班", "2026-01-03 is both"),
        ("5月1日(周五)至5日", "5月6日至5日", "days|ends before"),
        ("4月4日(周六)至6日(周一)", "4月31日至6日", "2026年4月31日 is no day"),
        ("三、清明节:", "清明节:", "numbered 一二四五六七"),
        ("三、清明节:", "三、端午节:", "says nothing of 清明节"),
        ("2026年", "来年", "no heading"),
        ("共3天。1月4日", "共3天。鼓励错峰出行,1月3日不休。1月4日", "'鼓励错峰出行,1月3日不休' is neither"),
        ("共3天。1月4日", "共3天。节假日期间妥善安排。1月4日", "'节假日期间妥善安排' is neither"),
        ("1月4日(周日)上班", "1月4日(星期天)上班。1月10日(星期天)上班", "2026年1月10日 is a 周六, not a 周日"),
        ("5月9日(周六)上班。", "5月9日(周六)上班", "劳动节: '5月9日\\(周六\\)上班' does not end"),
        ("6月19日(周五)至21日(周日)", "5月3日(周日)至5日(周二)", "2026-05-03 is decided twice: 劳动节, 端午节"),
        ("4月4日(周六)至6日", "1月4日(周日)上班。4月4日(周六)至6日", "2026-01-04 is decided twice"),
        (
            "国务院办公厅\n2024",
            "12月31日(周四)放假1天。国务院办公厅\n2024",
            "'31日.*放假' stands after the notice's end",
        ),
        ("关于2026年", "关于2027年", "the heading is of 2026, and \\[2026, 2027\\] are named"),
    ],
)
def test_what_is_not_clear_is_named(old: str, new: str, reason: str) -> None:
    assert old in OF_2026
    with pytest.raises(NoticeError, match=reason):
        read_notice(OF_2026.replace(old, new))


def test_a_heading_that_is_missing_may_be_made_up_for() -> None:
    assert read_notice(OF_2026.replace("2026年", ""), 2026) == read_notice(OF_2026)


def test_a_year_other_than_the_headings_is_refused() -> None:
    with pytest.raises(NoticeError, match="heading is of 2026"):
        read_notice(OF_2026, 2027)


def test_sunday_has_two_names() -> None:
    assert read_notice(OF_2026.replace("周日", "星期天")) == read_notice(OF_2026)


def test_advice_amid_an_item_cuts_nothing_off() -> None:
    advised = OF_2026.replace("共3天。1月4日", "共3天。鼓励错峰出行。1月4日", 1)
    assert advised != OF_2026
    assert read_notice(advised) == read_notice(OF_2026)


@pytest.mark.parametrize("place", range(OF_2026.index("七、国庆节"), OF_2026.index("节假日期间,各地区"), 7))
def test_a_paste_that_is_cut_off_before_its_closing_is_refused(place: int) -> None:
    with pytest.raises(NoticeError):
        read_notice(OF_2026[:place])


def test_a_paste_cut_off_after_a_whole_sentence_is_refused_too() -> None:
    with pytest.raises(NoticeError, match="ends without 节假日期间"):
        read_notice(OF_2026[: OF_2026.index("9月20日")])


@pytest.mark.parametrize("year", ["26", "2027年", "3000"])
def test_a_year_that_is_none_is_refused_in_words(year: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["-", "--year", year])
    assert f"'{year}' is not a year of four digits: write it as 2026" in capsys.readouterr().err


def test_what_is_printed_can_be_recorded_and_decides_the_day(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    path = tmp_path / "notice.txt"
    path.write_text(OF_2026, encoding="utf-8")
    assert main([str(path)]) == 0
    county = County()
    county.hires()
    said = [json.loads(line) for line in capsysbinary.readouterr().out.splitlines()]
    assert len(said) == 39  # 33 days off and 6 made up
    for each in said:
        county.says(each["type"], each["data"])
    assert county.month()["quarantined"] == []
    assert county.day("2026-10-10").working
    assert not county.day("2026-10-07").working


@pytest.mark.parametrize(
    ("text", "reason"), [("元旦放假".encode(), b"no heading"), (b"\xff", b"utf-8"), (None, b"cannot be read")]
)
def test_a_text_that_is_no_notice_is_refused(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes], text: bytes | None, reason: bytes
) -> None:
    path = tmp_path / "notice.txt"
    if text is not None:
        path.write_bytes(text)
    assert main([str(path)]) == 2
    said = capsysbinary.readouterr()
    assert said.out == b""
    assert reason in said.err
