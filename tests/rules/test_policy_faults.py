"""What a policy file may hold and nobody may guess: names that nothing asks for, numbers beyond all bounds."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from rules.errors import PolicyError
from rules.policy import load_policy
from tests.rules.test_policy_files import SOURCE, clause, overlay, value

NOVEMBER = date(2026, 11, 1)
DEEP = 100_000


def section(number: int, cap: int | None, from_: str = "2026-11-01") -> str:
    line = "" if cap is None else f"cap = {cap}\n"
    return f'[[section]]\nnumber = {number}\nname = "项"\n{line}in_force_from = {from_}\n{SOURCE}\n'


def bars(key: str, *said: str) -> str:
    return value(key, f"[{', '.join(f'{{ {each} }}' for each in said)}]")


NAMES = [
    (value("pay.education_yuan", "{ none = 0, bachelor = 100 }"), "pay.education_yuan names bachelor, none"),
    (value("pay.education_yuan", "{ none = 0, bachelors = 1, above_bachelor = 2 }"), "pay.education_yuan"),
    (value("pay.education_yuan", "{ none = 0, bachelor = 1, above_bachelor = 2, doctor = 3 }"), "doctor"),
    (value("pay.skill_yuan_by_grade", "{ 5 = 1, 4 = 1, 3 = 1, 2 = 1 }"), "pay.skill_yuan_by_grade has no key 1"),
    (value("pay.skill_yuan_by_grade", "{ 6 = 1, 5 = 1, 4 = 1, 3 = 1, 2 = 1, 1 = 1 }"), "'6', not a number from 1 to 5"),
    (value("pay.skill_yuan_by_grade", "{ 05 = 1, 5 = 1, 4 = 1, 3 = 1, 2 = 1, 1 = 1 }"), "the key '05'"),
    (value("pay.seniority_yuan_by_years", "{ 1 = 20, 01 = 30 }"), "pay.seniority_yuan_by_years has the key '01'"),
    (value("pay.seniority_yuan_by_years", "{ 0 = 20 }"), "the key '0'"),
    (value("pay.seniority_yuan_by_years", "{ 61 = 20 }"), "the key '61'"),
    (value("pay.seniority_yuan_by_years", f"{{ {'9' * 5000} = 20 }}"), "pay.seniority_yuan_by_years"),
    (bars("month.good_barred_by", 'clause = "1.7"'), "month.good_barred_by names clause 1.7, which does not exist"),
    (bars("year.excellent_barred_by", 'clause = "5.5", variant = "grave"'), "variant grave of clause 5.5"),
    (bars("month.good_barred_by", 'clause = "1.2"'), "clause 1.2, of which there are no findings"),
    (bars("month.good_barred_by", 'clause = "1.5", at_least = 0'), "month.good_barred_by"),
    (clause("3.4", "points = 15\nbad_rating = { points = 1, grades = [1] }"), "clause 3.4 has a bad_rating"),
    (clause("3.4", "points = 15\nautomatic = true"), "clause 3.4 is automatic, and nothing counts it"),
    (clause("1.2", "points = 8"), "clause 1.2 is counted from punches and leave: say automatic = true"),
    (clause("1.4", "variants = { personal_day = 2, unfiled = 2 }"), "clause 1.4 is counted from punches and leave"),
    (clause("1.4", "variants = { unfiled = 2 }\nautomatic = true"), "clause 1.4 is counted by personal_day, unfiled"),
    (
        clause("1.4", 'variants = { personal_day = 2, unfiled = 2 }\nrange = [1, 2]\ncase = "扣1分"\nautomatic = true'),
        "clause 1.4 is counted by personal_day, unfiled and by nothing else",
    ),
    (clause("1.2", "range = [1, 5]\nautomatic = true"), "clause 1.2 is counted by points"),
    (clause("1.1", "variants = { off_post = 5, wrong_post = 5, late = 5 }"), "clause 1.1 has no variant early"),
    (clause("2.4", "points = 3\nrange = [1, 5]"), "clause 2.4 has both points and a range"),
    (clause("3.4", "points = 15").replace("section = 3", "section = 6"), "clause 3.4 says section 6"),
    (clause("3.x", 'points = 15\ncase = "扣15分"'), "clause 3.x has an id"),
    (section(6, 10) + section(1, 20), "section 6 has a cap on 2026-11-01"),
    (section(5, None) + section(1, 45), "section 5 has no cap on 2026-11-01"),
    (section(5, 0) + section(1, 45), "section 5 has no cap on 2026-11-01"),
    (section(1, 31), "section caps are 101 together"),
]
NUMBERS = [
    (value("month.good_share", "nan"), "month.good_share is NaN"),
    (value("month.good_share", "-inf"), "month.good_share is -Infinity"),
    (value("month.good_share", "1e-99999999"), "month.good_share is 1E-99999999"),
    (value("month.good_share", f"1e-{'9' * 40}"), "month.good_share is NaN"),
    (value("month.good_share", "1e99999999"), "month.good_share is 1E+99999999"),
    (value("month.good_share", "0.3333333333"), "of at most 9 decimals"),
    (value("month.good_share", "2"), "month.good_share"),
    (value("month.good_share", "true"), "month.good_share"),
    (value("year.excellent_share", "-1"), "year.excellent_share"),
    (value("month.good_min_total", "nan"), "month.good_min_total"),
    (value("month.good_min_total", "10" * 20), "month.good_min_total"),
    (value("month.good_min_total", "9" * 5000), "line 2, value: a number of too many digits"),
    (value("pay.bonus_base_yuan", f"0x{'f' * 9000}"), "pay.bonus_base_yuan"),
    (value("attendance.grace_minutes", 1441), "attendance.grace_minutes"),
    (value("attendance.out_window_after_minutes", 10**12), "attendance.out_window_after_minutes"),
    (value("year.unqualified_poor_run", 0), "year.unqualified_poor_run"),
    (value("month.good_min_total", "[" * DEEP), "line 2, value: nested too deeply"),
    (value("month.good_min_total", "{a = " * DEEP), "line 2, value: nested too deeply"),
]


@pytest.mark.parametrize(("text", "reason"), [*NAMES, *NUMBERS], ids=[reason for _, reason in [*NAMES, *NUMBERS]])
def test_what_nobody_can_apply_is_refused_with_the_files_name_and_the_key(
    tmp_path: Path, text: str, reason: str
) -> None:
    with pytest.raises(PolicyError) as refused:
        load_policy(overlay(tmp_path, text))
    assert reason in str(refused.value)
    assert "overlay.toml" in str(refused.value)


@pytest.mark.parametrize(("written", "share"), [("1", 1), ("0", 0), ("1.0", 1), ("0.25", Fraction(1, 4))])
def test_a_share_may_be_a_whole_number(tmp_path: Path, written: str, share: Fraction) -> None:
    law = load_policy(overlay(tmp_path, value("month.good_share", written))).on(NOVEMBER)
    assert law.good_share == share
    assert isinstance(law.good_share, Fraction)


def test_a_day_long_grace_is_the_longest(tmp_path: Path) -> None:
    assert load_policy(overlay(tmp_path, value("attendance.grace_minutes", 1440))).on(NOVEMBER).grace_minutes == 1440


def test_a_bar_outlives_the_repeal_of_its_clause(tmp_path: Path) -> None:
    ended = clause("1.5", "points = 30\nin_force_until = 2026-10-31", "2024-07-22")
    assert load_policy(overlay(tmp_path, ended)).on(NOVEMBER).good_barred_by[0].clause == "1.5"


def test_whoever_names_a_repealed_clause_is_told_its_last_day(tmp_path: Path) -> None:
    policy = load_policy(overlay(tmp_path, clause("3.4", "points = 15\nin_force_until = 2026-10-31", "2024-07-22")))
    assert policy.on(NOVEMBER).absence_of("3.4") == (
        "clause 3.4 is repealed: the last day on which it was in force is 2026-10-31"
    )
    assert policy.on(date(2026, 10, 31)).repealed == {}
    assert policy.on(NOVEMBER).absence_of("3.5") == "there is no clause 3.5"
