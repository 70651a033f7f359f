"""The year's grade is explained: why this person is 优秀, and why that one is not."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from rules.answer import explained_year_answer, year_answer
from rules.policy import load_policy
from scoring.replay import main
from tests.rules.cases import Case, Expected
from tests.rules.county import PERSON, County

FINDINGS = {"好": ["6.5"], "一": ["3.4"], "少": ["3.4", "4.3"], "通": ["1.6"], "严": ["5.5"]}
"""What makes a month: 105 and 好, 85, 84, 70 with a 1.6, 85 with a serious 5.5. With 4 people one may be 好."""


def a_county(*lives: str, from_: str = "2020-01-01") -> County:
    """Return four people, of whom the first live through these months, a sign each, and the others through 85s."""
    county = County(sessions=[])
    for number in range(4):
        person, life = f"P{number}", (*lives, *["一" * 12] * 4)[number]
        county.hires(person, from_=from_ if number == 0 else "2020-01-01")
        for month, sign in enumerate(life, 1):
            for clause in FINDINGS[sign]:
                more: dict[str, Any] = {"variant": "serious"} if clause == "5.5" else {}
                county.finds(clause, person=person, on=f"2026-{month:02}-03", **more)
    return county


def explained(county: County, as_of: str = "2026-12-31") -> dict[str, Any]:
    answer = explained_year_answer(county.facts(), load_policy(), 2026, date.fromisoformat(as_of))
    found: dict[str, Any] = answer["explained"]
    return found


def because(county: County, person: str = "P0", as_of: str = "2026-12-31") -> str:
    return str(explained(county, as_of)["people"][person]["because"])


def lived(months: str) -> County:
    """Return the county of a case whose P1 lives through these months (好 一 差 停 待)."""
    return Case(name="", expect=Expected(), months=months).county()


def test_who_is_within_the_quota_is_told_the_place_and_the_means() -> None:
    found = explained(a_county("好好好好一一一一一一一一"))
    assert found["quota"] == (
        "全县 4 人,按 30% 取整,优秀最多 1 人;好满 4 次、没有差、全年在册且无否决情形的 1 人;都评为优秀"
    )
    assert found["people"]["P0"] == {  # (4 x 105 + 8 x 85) / 12, and (4 x 100 + 8 x 85) / 12
        "place": 1,
        "because": "好 4 次、一般 8 次、差 0 次;"
        "平均总分 91.67,平均基础分 90,在 1 名可评优秀的人中列第 1,在名额 1 之内,为优秀",
    }
    assert found["people"]["P1"]["place"] is None


def test_a_year_in_which_nobody_may_be_excellent_says_so() -> None:
    assert explained(a_county())["quota"].endswith("全年在册且无否决情形的 0 人;无人评为优秀")


def test_equals_across_the_line_are_told_that_nobody_is_chosen() -> None:
    found = explained(a_county("好好好好一一一一一一一一", "一一一一好好好好一一一一"))
    assert found["quota"].endswith("的 2 人;名次完全相同的 2 人跨过名额线,都不评;实际 0 人")
    told = "在 2 名可评优秀的人中列第 1(2 人并列),并列跨过名额线 1,都不评优秀,为合格"
    assert [found["people"][person]["because"].endswith(told) for person in ("P0", "P1")] == [True, True]


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ("一一一一好好好好少一一一", "列第 2,超出名额 1(与最后一名优秀的 P0 好的次数相同,平均总分不及),为合格"),
        (
            "一一一一好好好好一一一一",
            "列第 2,超出名额 1(与最后一名优秀的 P0 好的次数、平均总分相同,平均基础分不及),为合格",
        ),
    ],
)
def test_what_decided_between_equally_many_good_months_is_told(other: str, told: str) -> None:
    county = a_county("好好好好一一一一一一一一", other)
    if "少" not in other:  # a deduction that an award makes up for: the total stays, the base does not
        county.finds("2.1", person="P1", on="2026-12-03")
        county.finds("6.3", person="P1", on="2026-12-03")
    found = explained(county)
    assert found["quota"].endswith("按名次取前 1 人")
    assert found["people"]["P1"]["because"].endswith(told)


def test_who_has_fewer_good_months_is_beyond_the_line_and_needs_no_more_words() -> None:
    county = a_county("好好好好一一一一一一一一", "一一一一好好好好好一一一")
    assert because(county).endswith("在 2 名可评优秀的人中列第 2,超出名额 1,为合格")
    assert because(county, "P1").endswith("列第 1,在名额 1 之内,为优秀")


@pytest.mark.parametrize(
    ("months", "told"),
    [
        ("好好一一一一一一一一一一", "好 2 次、一般 10 次、差 0 次;没有差,好满 2 次而不足 4 次,为合格"),
        ("好好好一一一一一一一一一", "好 3 次、一般 9 次、差 0 次;没有差,好满 2 次而不足 4 次,为合格"),
        ("好一一一一一一一一一一一", "差 0 次;没有差,好不足 2 次,原文未写明此种情形,按基本合格"),
        ("好好好好差一一一一一一一", "差 1 次;5月为差,未连续 2 个月,也不满 3 次,为基本合格"),
        ("差一一差一一一一一一一一", "差 2 次;1月、4月为差,未连续 2 个月,也不满 3 次,为基本合格"),
        (
            "差停差一一一一一一一一一",
            "、不考核 1 个月;1月、3月为差,未连续 2 个月(两次差之间有不考核的月份,不算连续),也不满 3 次,为基本合格",
        ),
        ("好差差一一一一一一一一一", "差 2 次;2月至3月为差,其中连续 2 个月为差,满 2 个月,为不合格"),
        ("差一差一差一一一一一一一", "差 3 次;1月、3月、5月为差,差满 3 次,为不合格"),
        ("差差差一一一一一一一一一", "1月至3月为差,其中连续 3 个月为差,满 2 个月,差满 3 次,为不合格"),
        ("停停停停停停停停停停停停", "全年没有一个月参加考核,不定等次"),
        ("好好好好一一一一一一待待", "11月至12月立案调查尚未结案,年度等次待定"),
    ],
)
def test_the_months_and_what_they_come_to_are_told(months: str, told: str) -> None:
    assert because(lived(months), PERSON).endswith(told)


def test_a_month_that_has_not_ended_is_told_apart_from_one_under_investigation() -> None:
    county = lived("好好好好一一一一一一待待")
    assert because(county, PERSON, "2026-11-30") == "11月立案调查尚未结案,12月尚未结束,年度等次待定"
    assert because(county, "R1", "2026-11-29") == "11月至12月尚未结束,年度等次待定"
    assert explained(county, "2026-11-30")["quota"].endswith(";另有 4 人待定")
    assert explained(county)["quota"].endswith(";另有 1 人待定")


def test_who_was_not_there_all_year_is_told_so() -> None:
    told = "没有差,好满 4 次,但不得评优秀(从一月第一个工作日到 12 月 31 日未全年在册),为合格"
    assert because(a_county("一一一一好好好好一一一一", from_="2026-01-05")).endswith(told)


def test_findings_that_bar_from_the_best_grade_are_counted() -> None:
    two, three = "好好好好通通一一一一一一", "好好好好通通通严一一一一"
    assert because(a_county(two)).startswith("好 4 次、一般 8 次、差 0 次,1.6 查实 2 次;平均总分")
    assert because(a_county(three)) == (
        "好 4 次、一般 8 次、差 0 次,1.6 查实 3 次,5.5(造成严重影响) 查实 1 次;"
        "没有差,好满 4 次,但不得评优秀(1.6 满 3 次、5.5(造成严重影响) 满 1 次),为合格"
    )


def test_what_was_found_after_the_day_of_judgement_is_not_counted() -> None:
    county = a_county("好好一一一一一一一一一一")
    county.loses("P0", on="2026-06-30")
    county.finds("1.6", person="P0", on="2026-12-01")
    told = "好 2 次、一般 4 次、差 0 次、不考核 6 个月"
    assert because(county, as_of="2026-11-30").startswith(f"{told};")
    assert because(county, as_of="2026-12-31").startswith(f"{told},1.6 查实 1 次;")


def test_an_explained_year_is_the_year_with_one_more_key(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    county = a_county("好好好好一一一一一一一一")
    path = tmp_path / "ledger.ndjson"
    path.write_bytes(b"\n".join(county.lines) + b"\n")
    assert main([str(path), "--year", "2026", "--explain"]) == 0
    answer = json.loads(capsysbinary.readouterr().out)
    assert answer.pop("explained")["people"].keys() == {"P0", "P1", "P2", "P3"}
    assert answer == year_answer(county.facts(), load_policy(), 2026, date(2026, 12, 31))
