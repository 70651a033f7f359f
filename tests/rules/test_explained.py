"""The rank and the quota line are explained: why this person is 好 and that one is not."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from rules.answer import explained_answer, month_answer
from rules.months import Month
from rules.policy import load_policy
from scoring.replay import main
from tests.rules.county import County

NOVEMBER = Month(2026, 11)


def a_county_of(people: int) -> County:
    county = County(sessions=[])
    for number in range(people):
        county.hires(f"P{number}")
    return county


def explained(county: County) -> dict[str, Any]:
    found: dict[str, Any] = explained_answer(county.facts(), load_policy(), NOVEMBER, NOVEMBER.last_on)["explained"]
    return found


def because(county: County, person: str = "P0") -> str:
    return str(explained(county)["people"][person]["because"])


def test_the_best_are_within_the_quota() -> None:
    county = a_county_of(4)
    county.finds("6.5", person="P0")
    county.finds("4.3", person="P1")
    found = explained(county)
    assert found["quota"] == "全县 4 人,按 30% 取整,好最多 1 人;总分达到 90 且无否决情形的 4 人;按名次取前 1 人"
    assert found["people"]["P0"]["because"] == "总分 105,在 4 名可评好的人中列第 1,在名额 1 之内,为好"
    assert found["people"]["P1"]["because"] == "总分 99,在 4 名可评好的人中列第 4,超出名额 1,为一般"
    assert [found["people"][f"P{number}"]["place"] for number in range(4)] == [1, 4, 2, 2]


def test_equals_across_the_line_are_told_so() -> None:
    found = explained(a_county_of(4))
    assert found["quota"].endswith("名次完全相同的 4 人跨过名额线,除评委会选定的外都不评;实际 0 人")
    told = "总分 100,在 4 名可评好的人中列第 1(4 人并列),并列跨过名额线 1,评委会未选定任何人,为一般"
    assert found["people"]["P3"]["because"] == told


@pytest.mark.parametrize(
    ("good", "chosen", "other"),
    [
        (["P0"], "由评委会选定,为好", "评委会选定的是他人,为一般"),
        (["P0", "P1"], "评委会选了 2 人,多于余下的 1 个名额,等于未选,为一般", "等于未选,为一般"),
    ],
)
def test_the_committees_choice_is_told(good: list[str], chosen: str, other: str) -> None:
    county = a_county_of(4)
    payload = {"month": "2026-11", "good": good, "scorecards_sha256": "0"}
    county.says("month.closed", payload, at="2026-12-05 09:00")
    assert because(county, "P0").endswith(chosen)
    assert because(county, "P3").endswith(other)


def test_what_decided_between_equal_totals_is_told() -> None:
    county = a_county_of(4)
    for person in ("P2", "P3"):
        county.finds("3.4", person=person)
    county.finds("3.1", person="P0")
    county.finds("1.1", person="P1", variant="off_post")
    told = "总分 95,在 2 名可评好的人中列第 2,超出名额 1(与最后一名好的 P0 总分、基础分相同,考勤纪律得分不及),为一般"
    assert because(county, "P1") == told


def test_whoever_is_beyond_the_line_is_compared_with_the_last_within_it() -> None:
    county = a_county_of(7)
    county.finds("6.5", person="P0")
    for clause in ("2.1", "6.3"):
        county.finds(clause, person="P2")
    for number in range(3, 7):
        county.finds("3.4", person=f"P{number}")
    told = "总分 100,在 3 名可评好的人中列第 3,超出名额 2(与最后一名好的 P1 总分相同,基础分不及),为一般"
    assert because(county, "P2") == told


@pytest.mark.parametrize(
    ("clauses", "told"),
    [
        (["3.4"], "总分 85,未达到 90,为一般"),
        (["1.5", "3.4"], "总分 55,低于 60,为差"),
        (["1.5", "6.3", "6.3", "6.3"], "总分 100,但当月有不得评好的情形(1.5 查实 1 次),为一般"),
    ],
)
def test_who_may_not_be_good_is_told_why(clauses: list[str], told: str) -> None:
    county = a_county_of(4)
    for clause in clauses:
        county.finds(clause, person="P0")
    assert because(county) == told
    assert explained(county)["people"]["P0"]["place"] is None


def test_who_is_not_assessed_is_told_why() -> None:
    county = a_county_of(1)
    county.hires("P1", from_="2026-11-27")
    county.says("investigation.opened", {"person": "P0", "on": "2026-11-03"})
    assert because(county) == "立案调查尚未结案,暂停考核"
    # Friday the 27th and Monday the 30th, of the 21 working days of this November
    assert because(county, "P1") == "当月 21 个工作日中在册 2 个,不足 50%,不考核"


def test_only_the_clauses_that_bar_are_named_each_with_how_often() -> None:
    county = a_county_of(4)
    county.finds("5.5", person="P0", variant="serious")
    for clause in ["1.6", "1.6", *["6.3"] * 7]:
        county.finds(clause, person="P0")
    county.finds("1.5", person="P0", confirmed=False)
    county.finds("1.5", person="P1")
    assert because(county).endswith("但当月有不得评好的情形(1.6 查实 2 次、5.5(造成严重影响) 查实 1 次),为一般")


@pytest.mark.parametrize(
    ("as_of", "told"),
    [
        ("2026-11-30", "在册,当月应出勤的时段全部请假,不考核"),
        ("2026-11-16", "在册,截至 11 月 16 日应出勤的时段全部请假,不考核"),
    ],
)
def test_who_is_on_leave_from_all_that_was_due_is_told_so(as_of: str, told: str) -> None:
    county = County()
    county.hires("P0")
    county.grants("maternity", "2026-10-01 00:00", "2027-02-01 00:00", person="P0")
    answer = explained_answer(county.facts(), load_policy(), NOVEMBER, date.fromisoformat(as_of))
    assert answer["explained"]["people"]["P0"]["because"] == told


def test_who_was_hardly_on_the_register_is_told_that_and_not_of_the_leave() -> None:
    county = County()
    county.hires("P0", from_="2026-11-27")
    county.grants("sick", "2026-11-27 00:00", "2026-12-01 00:00", person="P0")
    assert because(county) == "当月 21 个工作日中在册 2 个,不足 50%,不考核"


def test_what_is_beyond_a_cap_is_shown_as_not_charged() -> None:
    county = a_county_of(1)
    for _ in range(3):
        county.finds("3.3", person="P0")
    county.finds("5.2", person="P0")
    assert explained(county)["people"]["P0"]["not_charged"] == ["服务规范应扣 30 分,扣完 20 分为止,10 分未扣"]


def test_an_explained_answer_is_the_answer_with_one_more_key(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    county = a_county_of(4)
    path = tmp_path / "ledger.ndjson"
    path.write_bytes(b"\n".join(county.lines) + b"\n")
    assert main([str(path), "--month", "2026-11", "--explain"]) == 0
    answer = json.loads(capsysbinary.readouterr().out)
    assert answer.pop("explained")["people"].keys() == {"P0", "P1", "P2", "P3"}
    assert answer == month_answer(county.facts(), load_policy(), NOVEMBER, NOVEMBER.last_on)
