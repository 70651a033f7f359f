"""Past months under other rules: who changes, and what the county would spend. Worked by hand."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from rules.policy import load_policy
from scoring.replay import read_ledger
from scoring.what_if import compare, main
from tests.rules.county import County

SOURCE = 'source = { document = "文", clause = "1", quotation = "字", checked_on = 2026-11-23 }'


def a_county() -> County:
    """Return four people who are at 100 every month, but in November at 85 (P0) and at 80."""
    county = County(sessions=[])
    for number in range(4):
        county.hires(f"P{number}", education="bachelor")
        county.finds("3.4", person=f"P{number}", on="2026-11-03")
        if number:
            county.finds("5.4", person=f"P{number}", on="2026-11-03")
    return county


def other_rules(folder: Path, key: str, value: object, from_: str = "2024-07-22") -> Path:
    path = folder / "other.toml"
    text = f'name = "另一规则"\n[[{key}]]\nvalue = {value}\nin_force_from = {from_}\n{SOURCE}\n'
    path.write_text(text, encoding="utf-8")
    return path


def compared(folder: Path, key: str, value: object, from_: str = "2024-07-22", **asked: Any) -> dict[str, Any]:
    other = load_policy(other_rules(folder, key, value, from_))
    return compare(read_ledger(a_county().lines), 2026, other, **asked)


def test_a_lower_threshold_makes_one_person_good_in_one_month(tmp_path: Path) -> None:
    answer = compared(tmp_path, "month.good_min_total", 85)
    assert answer["policies"] == ["lianshui-2024", "另一规则"]
    assert answer["people"] == [
        {
            "month": "2026-11",
            "person": "P0",
            "name": "林静",
            "hall": "gaogou",
            "total": [85, 85],
            "grade": ["一般", "好"],
            "bonus_pay": ["255.00", "255.00"],
            "allowances": [100, 100],
        }
    ]
    november = answer["months"][10]
    assert november == {
        "month": "2026-11",
        "good_max": [1, 1],
        "grades": [{"好": 0, "一般": 4, "差": 0}, {"好": 1, "一般": 3, "差": 0}],
        "bonus_pay": ["975.00", "975.00"],
    }
    assert answer["years"] == []
    assert answer["spending"]["difference"] == "0.00"


def test_a_higher_base_changes_pay_from_its_month_on_and_what_the_county_spends(tmp_path: Path) -> None:
    answer = compared(tmp_path, "pay.bonus_base_yuan", 400, "2026-11-01")
    assert [(each["month"], each["person"]) for each in answer["people"]] == [
        (month, f"P{number}") for month in ("2026-11", "2026-12") for number in range(4)
    ]
    # ten months and December at 4 x 300, November 3.25 x 300; then November 3.25 x 400 and December 4 x 400
    assert answer["spending"] == {
        "bonus_pay": ["14175.00", "14900.00"],
        "allowances": [4800, 4800],
        "total": ["18975.00", "19700.00"],
        "difference": "725.00",
    }


def test_who_changes_the_years_grade_is_named(tmp_path: Path) -> None:
    answer = compared(tmp_path, "year.qualified_good_months", 0)
    assert answer["years"] == [
        {"person": f"P{number}", "name": "林静", "grade": ["基本合格", "合格"]} for number in range(4)
    ]
    assert answer["people"] == []


def test_a_cheaper_clause_is_another_total_but_only_pay_and_grades_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "clause.toml"
    path.write_text(
        f'[[clause]]\nid = "5.4"\nsection = 5\npoints = 3\nin_force_from = 2024-07-22\n{SOURCE}\n', encoding="utf-8"
    )
    answer = compare(read_ledger(a_county().lines), 2026, load_policy(path))
    assert [(each["person"], each["total"], each["bonus_pay"]) for each in answer["people"]] == [
        (f"P{number}", [80, 82], ["240.00", "246.00"]) for number in (1, 2, 3)
    ]


def test_a_finding_that_fits_only_one_side_counts_only_there(tmp_path: Path) -> None:
    path = tmp_path / "clause.toml"
    path.write_text(
        f'[[clause]]\nid = "6.6"\nsection = 6\npoints = 3\ncase = "加3分"\nin_force_from = 2024-07-22\n{SOURCE}\n',
        encoding="utf-8",
    )
    county = a_county()
    county.finds("6.6", person="P2", on="2026-12-01")
    answer = compare(read_ledger(county.lines), 2026, load_policy(path))
    assert [(each["month"], each["person"], each["total"]) for each in answer["people"]] == [
        ("2026-12", "P2", [100, 103])
    ]


def test_only_months_that_are_finished_are_compared(tmp_path: Path) -> None:
    answer = compared(tmp_path, "month.good_min_total", 85, as_of=date(2026, 11, 29))
    assert [month["month"] for month in answer["months"]] == [f"2026-{number:02}" for number in range(1, 11)]
    assert answer["people"] == []


def test_the_same_rules_change_nobody(tmp_path: Path) -> None:
    answer = compared(tmp_path, "month.good_min_total", 90)
    assert (answer["people"], answer["years"], answer["spending"]["difference"]) == ([], [], "0.00")


def warned(answer: dict[str, Any]) -> list[tuple[str, str, str | None]]:
    return [(each["key"], each["in_force_from"], each["succeeded_on"]) for each in answer["warnings"]]


@pytest.mark.parametrize(
    ("key", "value", "from_", "succeeded_on"),
    [
        ("pay.bonus_base_yuan", 400, "2024-01-01", "2024-07-22"),  # the shipped one takes over before the year
        ("year.excellent_good_months", 5, "2024-07-21", "2024-07-22"),
        ("month.good_min_total", 85, "2026-12-02", None),  # looked up for the last time on 1 December
        ("year.excellent_good_months", 5, "2026-01-02", None),  # looked up on 1 January
        ("attendance.grace_minutes", 5, "2027-01-01", None),
    ],
)
def test_a_value_that_no_month_looks_up_is_told(
    tmp_path: Path, key: str, value: int, from_: str, succeeded_on: str | None
) -> None:
    answer = compared(tmp_path, key, value, from_)
    assert warned(answer) == [(key, from_, succeeded_on)]
    assert answer["people"] == []
    assert all(word in answer["warnings"][0]["message"] for word in (key, from_, succeeded_on or "begins later"))


@pytest.mark.parametrize(
    ("key", "value", "from_"),
    [
        ("pay.bonus_base_yuan", 400, "2024-07-22"),
        ("month.good_min_total", 85, "2026-12-01"),
        ("year.excellent_good_months", 5, "2026-01-01"),
        ("attendance.grace_minutes", 5, "2026-12-31"),
    ],
)
def test_a_value_that_some_month_looks_up_is_not_warned_of(tmp_path: Path, key: str, value: int, from_: str) -> None:
    assert compared(tmp_path, key, value, from_)["warnings"] == []


def test_a_month_that_is_not_finished_looks_nothing_up(tmp_path: Path) -> None:
    answer = compared(tmp_path, "month.good_min_total", 85, "2026-12-01", as_of=date(2026, 12, 30))
    assert warned(answer) == [("month.good_min_total", "2026-12-01", None)]


def test_a_repeal_is_heard_and_so_is_a_value_that_the_files_own_next_one_succeeds(tmp_path: Path) -> None:
    path = tmp_path / "other.toml"
    repeal = f"points = 15\nin_force_from = 2024-07-22\nin_force_until = 2025-12-31\n{SOURCE}"
    bases = "".join(
        f"[[pay.bonus_base_yuan]]\nvalue = {yuan}\nin_force_from = {from_}\n{SOURCE}\n"
        for yuan, from_ in ((310, "2025-01-01"), (320, "2026-06-01"))
    )
    path.write_text(f'[[clause]]\nid = "3.4"\nsection = 3\n{repeal}\n{bases}', encoding="utf-8")
    assert compare(read_ledger(a_county().lines), 2026, load_policy(path))["warnings"] == []


def test_a_clause_that_is_added_too_late_is_told(tmp_path: Path) -> None:
    path = tmp_path / "other.toml"
    terms = f'section = 6\npoints = 3\ncase = "加3分"\nin_force_from = 2027-01-01\n{SOURCE}'
    path.write_text(f'[[clause]]\nid = "6.6"\n{terms}\n', encoding="utf-8")
    answer = compare(read_ledger(a_county().lines), 2026, load_policy(path))
    assert warned(answer) == [("clause 6.6", "2027-01-01", None)]


def test_of_two_values_before_the_shipped_one_both_are_told_with_its_day(tmp_path: Path) -> None:
    path = tmp_path / "other.toml"
    bases = [
        f"[[pay.bonus_base_yuan]]\nvalue = {yuan}\nin_force_from = {from_}\n{SOURCE}\n"
        for yuan, from_ in ((310, "2023-01-01"), (320, "2024-01-01"))
    ]
    path.write_text("".join(bases), encoding="utf-8")
    told = load_policy(path).unheard(date(2026, 1, 1), date(2026, 12, 31))
    assert [(each.from_on, each.succeeded_on) for each in told] == [
        (date(2023, 1, 1), date(2024, 7, 22)),
        (date(2024, 1, 1), date(2024, 7, 22)),
    ]


def test_a_month_is_looked_up_on_its_first_day(tmp_path: Path) -> None:
    other = load_policy(other_rules(tmp_path, "month.good_min_total", 85, "2026-12-01"))
    assert other.unheard(date(2026, 1, 1), date(2026, 12, 1)) == ()
    assert len(other.unheard(date(2026, 1, 1), date(2026, 11, 30))) == 1


def test_what_the_policy_began_with_is_looked_up_before_its_first_day_too(tmp_path: Path) -> None:
    path = tmp_path / "other.toml"
    terms = f'section = 6\npoints = 3\ncase = "加3分"\nin_force_from = 2024-01-01\n{SOURCE}'
    path.write_text(f'[[clause]]\nid = "6.6"\n{terms}\n', encoding="utf-8")
    assert load_policy(path).unheard(date(2023, 1, 1), date(2023, 12, 31)) == ()


def test_rules_without_a_name_of_their_own_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "other.toml"
    path.write_text(f"[[month.good_min_total]]\nvalue = 85\nin_force_from = 2026-01-01\n{SOURCE}\n", encoding="utf-8")
    answer = compare(read_ledger(a_county().lines), 2026, load_policy(path))
    assert answer["policies"] == ["lianshui-2024", "lianshui-2024(改)"]


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.ndjson"
    path.write_bytes(b"\n".join(a_county().lines) + b"\n")
    return path


def test_the_command_prints_json(ledger: Path, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    other = other_rules(tmp_path, "month.good_min_total", 85)
    assert main([str(ledger), "--year", "2026", "--policy", str(other)]) == 0
    assert json.loads(capsysbinary.readouterr().out)["people"][0]["grade"] == ["一般", "好"]


def test_the_command_prints_a_table_to_read(
    ledger: Path, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    other = other_rules(tmp_path, "month.good_min_total", 85)
    assert main([str(ledger), "--year", "2026", "--policy", str(other), "--table"]) == 0
    lines = capsysbinary.readouterr().out.decode().splitlines()
    assert "2026-11  0 → 1  4 → 3  0   1         975.00" in lines
    assert "2026-11  P0    林静  85    一般 → 好  255.00    100" in lines
    assert lines[-1] == "全县支出(元):奖励 14175.00,补贴 4800,合计 18975.00,相差 0.00"


def test_what_changes_nothing_is_said_on_standard_error_and_in_the_table(
    ledger: Path, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    other = other_rules(tmp_path, "pay.bonus_base_yuan", 400, "2024-01-01")
    assert main([str(ledger), "--year", "2026", "--policy", str(other), "--table"]) == 0
    said = capsysbinary.readouterr()
    assert said.err.decode() == (
        "warning: pay.bonus_base_yuan in force from 2024-01-01 changes nothing here: "
        "the shipped one of 2024-07-22 succeeds it\n"
    )
    told = "注意:pay.bonus_base_yuan 自 2024-01-01 起的值未起作用:2024-07-22 起由现行规则接替"
    assert told in said.out.decode().splitlines()


@pytest.mark.parametrize(("text", "reason"), [(b"nonsense\n", b"line 1: not JSON"), (None, b"cannot be read")])
def test_a_bad_ledger_is_refused_and_nothing_is_printed(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes], text: bytes | None, reason: bytes
) -> None:
    path = tmp_path / "bad.ndjson"
    if text is not None:
        path.write_bytes(text)
    other = other_rules(tmp_path, "month.good_min_total", 85)
    assert main([str(path), "--year", "2026", "--policy", str(other)]) == 2
    said = capsysbinary.readouterr()
    assert said.out == b""
    assert reason in said.err


def test_a_bad_policy_is_refused(ledger: Path, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    other = other_rules(tmp_path, "month.good_min_total", '"many"')
    assert main([str(ledger), "--year", "2026", "--policy", str(other)]) == 2
    assert b"good_min_total" in capsysbinary.readouterr().err
