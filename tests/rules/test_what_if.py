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
        f'[[clause]]\nid = "6.6"\nsection = 6\npoints = 3\nin_force_from = 2024-07-22\n{SOURCE}\n', encoding="utf-8"
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
