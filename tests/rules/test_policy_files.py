"""The shipped policy is the county's text, and a file that cannot be applied is refused by name and key."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

import pytest

from rules.errors import PolicyError
from rules.policy import load_policy
from tests.rules.county import MONDAY, County

LAW = load_policy().on(date(2026, 11, 1))
SOURCE = 'source = { document = "文", clause = "1", quotation = "字", checked_on = 2026-11-23 }'


def overlay(folder: Path, text: str) -> Path:
    path = folder / "overlay.toml"
    path.write_text(text, encoding="utf-8")
    return path


def value(key: str, number: object, from_: str = "2026-11-01", more: str = "") -> str:
    return f"[[{key}]]\nvalue = {number}\nin_force_from = {from_}\n{more}\n{SOURCE}\n"


def clause(id_: str, terms: str, from_: str = "2026-11-01") -> str:
    return f'[[clause]]\nid = "{id_}"\nsection = {id_[0]}\n{terms}\nin_force_from = {from_}\n{SOURCE}\n'


def test_the_caps_are_thirty_twenty_twenty_fifteen_fifteen_and_none() -> None:
    assert [section.cap for section in LAW.sections] == [30, 20, 20, 15, 15, None]


def test_all_thirty_clauses_are_there() -> None:
    assert sorted(LAW.clauses) == [
        f"{section}.{number}" for section, last in enumerate((6, 4, 4, 6, 5, 5), 1) for number in range(1, last + 1)
    ]


def test_shares_are_exact() -> None:
    assert LAW.good_share == Fraction(3, 10)
    assert LAW.excellent_share == Fraction(3, 10)


def test_every_value_has_its_words_beside_it() -> None:
    versions = [*LAW.versions.values(), *LAW.clauses.values(), *LAW.sections]
    assert len(versions) > 50
    assert all(version.source.quotation and version.source.checked_on for version in versions)


def test_a_month_before_the_policy_is_judged_by_its_first_edition() -> None:
    assert load_policy().on(date(2019, 1, 1)) is load_policy().on(date(2024, 7, 22))


def test_an_overlay_holds_from_its_day_on(tmp_path: Path) -> None:
    policy = load_policy(overlay(tmp_path, value("month.good_min_total", 85)))
    assert policy.on(date(2026, 10, 31)).good_min_total == 90
    assert policy.on(date(2026, 11, 1)).good_min_total == 85


def test_an_overlay_of_the_same_day_takes_the_place_of_the_shipped_value(tmp_path: Path) -> None:
    policy = load_policy(overlay(tmp_path, value("month.good_min_total", 85, "2024-07-22")))
    assert len(policy.editions) == 1
    assert policy.on(date(2026, 11, 1)).good_min_total == 85


def test_a_repealed_clause_stays_in_the_file_and_counts_no_more(tmp_path: Path) -> None:
    dates = "in_force_from = 2024-07-22\nin_force_until = 2026-10-31"
    text = f'[[clause]]\nid = "3.4"\nsection = 3\npoints = 15\n{dates}\n{SOURCE}'
    policy = load_policy(overlay(tmp_path, text))
    assert "3.4" in policy.on(date(2026, 10, 31)).clauses
    assert "3.4" not in policy.on(date(2026, 11, 1)).clauses


def test_a_clause_that_changes_its_points_keeps_its_worked_case(tmp_path: Path) -> None:
    changed = load_policy(overlay(tmp_path, clause("3.4", "points = 12", "2024-07-22") + clause("3.4", "points = 9")))
    of_a_day = [changed.on(day).clauses["3.4"] for day in (date(2026, 10, 31), date(2026, 11, 1))]
    assert [(each.points, each.case) for each in of_a_day] == [
        (12, "3.4 无故中止办理一起,扣15分"),
        (9, "3.4 无故中止办理一起,扣15分"),
    ]


def test_a_clause_may_name_another_worked_case_from_a_day_on(tmp_path: Path) -> None:
    anew = (
        'variants = { letter = 3, banner = 5 }\nvariant_required = true\nvariant_cases = { letter = "书面表扬,加3分" }'
    )
    policy = load_policy(overlay(tmp_path, clause("6.2", anew)))
    assert policy.on(date(2026, 10, 31)).clauses["6.2"].variant_cases["letter"] == "6.2 书面表扬一次,加2分"
    assert policy.on(date(2026, 11, 1)).clauses["6.2"].variant_cases == {
        "letter": "书面表扬,加3分",
        "banner": "6.2 锦旗表扬一次,加5分",
    }


def test_a_new_clause_names_its_case_once_in_whatever_order_its_versions_stand(tmp_path: Path) -> None:
    versions = clause("5.6", "points = 9") + clause("5.6", 'points = 12\ncase = "扣12分"', "2024-07-22")
    assert load_policy(overlay(tmp_path, versions)).on(date(2026, 11, 1)).clauses["5.6"].case == "扣12分"


def test_what_a_clause_has_no_more_needs_no_case(tmp_path: Path) -> None:
    policy = load_policy(
        overlay(tmp_path, clause("5.5", "variants = { serious = 15 }") + clause("6.2", 'points = 2\ncase = "2分"'))
    )
    law = policy.on(date(2026, 11, 1))
    assert law.clauses["5.5"].case is None
    assert law.clauses["6.2"].variant_cases == {}


def test_what_the_policy_began_with_judges_earlier_days_as_well_and_what_was_added_does_not(tmp_path: Path) -> None:
    added = clause("5.6", 'points = 4\ncase = "扣4分"') + value("month.good_min_total", 85, "2023-01-01")
    policy = load_policy(overlay(tmp_path, added))
    assert len(policy.on(date(2023, 6, 1)).clauses) == 30
    assert policy.on(date(2023, 6, 1)).good_min_total == 85
    assert "5.6" not in policy.on(date(2026, 10, 31)).clauses
    assert "5.6" in policy.on(date(2026, 11, 1)).clauses


def test_new_points_of_a_clause_count_from_their_day(tmp_path: Path) -> None:
    text = f'[[clause]]\nid = "3.4"\nsection = 3\npoints = 12\nin_force_from = {MONDAY}\n{SOURCE}'
    county = County()
    county.hires(from_=MONDAY)
    county.finds("3.4", on="2026-11-01")
    county.finds("3.4", on=MONDAY)
    card = county.month(as_of=MONDAY, policy=load_policy(overlay(tmp_path, text)))["people"][0]
    assert [line["points"] for line in card["lines"] if line["clause"] == "3.4"] == [-15, -12]


def test_a_grace_of_five_minutes_excuses_five_and_not_six(tmp_path: Path) -> None:
    policy = load_policy(overlay(tmp_path, value("attendance.grace_minutes", 5)))
    for punched, cost in (("08:35", 0), ("08:36", 5)):
        county = County()
        county.hires(from_=MONDAY)
        county.punches(punched, "12:00", "13:30", "17:30")
        card = county.month(as_of=MONDAY, policy=policy)["people"][0]
        assert card["sections"]["1"]["deducted"] == cost
        assert card["pending"] == []


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("grade = 1", "grade"),
        ("[month]\ngood_min = []", "good_min"),
        (value("month.good_min_total", 85, more='note = "x"'), "note"),
        ("[[month.good_min_total]]\nvalue = 85\nin_force_from = 2026-11-01", "source"),
        (value("month.good_min_total", 85).replace("checked_on", "read_on"), "read_on"),
        (value("month.good_min_total", 85).replace('quotation = "字"', 'quotation = ""'), "quotation"),
        (value("month.good_min_total", '"85"'), "good_min_total"),
        (value("month.good_min_total", -1), "good_min_total"),
        (value("month.good_min_total", 85, '"2026-11-01"'), "in_force_from"),
        (value("month.good_min_total", 85) * 2, "month.good_min_total has two versions in force on 2026-11-01"),
        (
            value("month.good_min_total", 85, "2026-10-01", "in_force_until = 2026-11-01")
            + value("month.good_min_total", 80),
            "month.good_min_total has two versions in force on 2026-11-01",
        ),
        (value("month.good_min_total", 85, more="in_force_until = 2026-10-31"), "before it begins"),
        (value("month.good_min_total", 85, more="in_force_until = 2026-12-31"), "no value in force on 2027-01-01"),
        (value("month.good_share", 1.5), "month.good_share"),
        (f'[[section]]\nnumber = 1\nname = "考勤"\ncap = 29\nin_force_from = 2026-11-01\n{SOURCE}', "caps are 99"),
        (f'[[clause]]\nid = "3.4"\nsection = 3\nin_force_from = 2026-11-01\n{SOURCE}', "clause 3.4"),
        (f'[[clause]]\nid = "3.4"\nsection = 7\npoints = 1\nin_force_from = 2026-11-01\n{SOURCE}', "section"),
        (clause("2.4", "range = [5, 1]"), "clause 2.4 has a range that ends before it begins"),
        (clause("3.4", "points = 15\nvariant_required = true"), "clause 3.4 requires a variant and names none"),
        (clause("5.6", "points = 5"), "clause 5.6 has no case: name its worked case"),
        (clause("5.6", "range = [1, 2]"), "clause 5.6 has no case"),
        (clause("5.6", "bad_rating = { points = 1, grades = [1] }"), "clause 5.6 has no case"),
        (clause("5.6", "variants = { grave = 15 }"), "clause 5.6 has no variant_cases.grave: name its worked case"),
        (clause("3.4", "points = 15\nvariants = { grave = 15 }"), "clause 3.4 has no variant_cases.grave"),
        (
            clause("3.4", 'points = 15\nvariant_cases = { grave = "扣15分" }'),
            "variant_cases.grave without such a variant",
        ),
        (
            clause("3.2", 'variants = { wording = 5 }\ncase = "扣5分"'),
            "clause 3.2 has a case, but points in its variants",
        ),
        (clause("5.6", 'points = 5\ncase = ""'), "case"),
        ("x = ", "Invalid value"),
    ],
)
def test_a_file_that_cannot_be_applied_is_refused_with_its_name_and_key(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(PolicyError) as refused:
        load_policy(overlay(tmp_path, text))
    assert reason in str(refused.value)
    assert "overlay.toml" in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot be read"):
        load_policy(tmp_path / "none.toml")


def test_editions_follow_one_another_without_a_gap(tmp_path: Path) -> None:
    policy = load_policy(
        overlay(tmp_path, value("month.good_min_total", 85) + value("pay.bonus_base_yuan", 400, "2027-01-01"))
    )
    days = [day for day, _ in policy.editions]
    assert days == sorted(days)
    for day in days[1:]:
        assert policy.on(day) is not policy.on(day - timedelta(days=1))
