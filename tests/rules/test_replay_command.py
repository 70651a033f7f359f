"""`python -m scoring replay`: arguments, bytes on standard output, refusals on standard error."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from scoring.replay import main
from tests.rules.county import MONDAY, County

ROOT = Path(__file__).parents[2]


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    county = County()
    county.hires(from_=MONDAY, education="bachelor")
    county.punches("08:36", "12:00", "13:30", "17:30")
    county.finds("6.2", variant="letter")
    path = tmp_path / "ledger.ndjson"
    path.write_bytes(b"\n".join(county.lines) + b"\n")
    return path


def test_a_month_is_printed_in_the_agreed_form(ledger: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main([str(ledger), "--month", "2026-11", "--as-of", MONDAY]) == 0
    printed = json.loads(capsysbinary.readouterr().out)
    lines = printed["people"][0].pop("lines")
    assert printed == {
        "month": "2026-11",
        "policy": "lianshui-2024",
        "quota": {"headcount": 1, "good_max": 0, "good": 0},
        "people": [
            {
                "person": "P1",
                "hall": "gaogou",
                "status": "assessed",
                "total": 97,
                "base": 95,
                "bonus": 2,
                "sections": {
                    "1": {"cap": 30, "deducted": 5, "score": 25},
                    "2": {"cap": 20, "deducted": 0, "score": 20},
                    "3": {"cap": 20, "deducted": 0, "score": 20},
                    "4": {"cap": 15, "deducted": 0, "score": 15},
                    "5": {"cap": 15, "deducted": 0, "score": 15},
                },
                "grade": "一般",
                "bonus_pay": "291.00",
                "allowances": {"skill": 0, "seniority": 0, "education": 100},
                "pending": [],
            }
        ],
        "flags": [],
        "quarantined": [],
    }
    assert [(line["clause"], line["points"]) for line in lines] == [("1.1", -5), ("6.2", 2)]


def test_chinese_is_printed_as_chinese(ledger: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    main([str(ledger), "--month", "2026-11"])
    assert "迟到 6 分钟".encode() in capsysbinary.readouterr().out


def test_by_default_the_month_is_judged_at_its_end(ledger: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    main([str(ledger), "--month", "2026-11"])
    whole = capsysbinary.readouterr().out
    main([str(ledger), "--month", "2026-11", "--as-of", "2026-11-30"])
    assert capsysbinary.readouterr().out == whole


def test_a_year_is_printed(ledger: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main([str(ledger), "--year", "2026"]) == 0
    printed = json.loads(capsysbinary.readouterr().out)
    assert printed["year"] == 2026
    assert printed["quota"] == {"headcount": 1, "excellent_max": 0, "excellent": 0}
    assert printed["people"][0]["months"][:10] == ["停"] * 10


def test_standard_input_is_read(
    ledger: Path, capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(ledger.read_bytes())))
    assert main(["-", "--month", "2026-11"]) == 0
    from_input = capsysbinary.readouterr().out
    main([str(ledger), "--month", "2026-11"])
    assert capsysbinary.readouterr().out == from_input


def test_a_broken_line_is_named_and_nothing_is_printed(
    ledger: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    with ledger.open("ab") as lines:
        lines.write(b'{"v":1}\n')
    assert main([str(ledger), "--month", "2026-11"]) == 2
    printed = capsysbinary.readouterr()
    assert printed.out == b""
    assert printed.err.startswith(b"line 10: ")


def test_a_ledger_that_is_not_there_is_refused(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert main([str(tmp_path / "none"), "--month", "2026-11"]) == 2
    assert b"cannot be read" in capsysbinary.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [["--month", "2026-13"], ["--month", "26-01"], ["--year", "x"], [], ["--month", "2026-11", "--year", "2026"]],
)
def test_wrong_arguments_are_refused(ledger: Path, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([str(ledger), *arguments])
    assert stopped.value.code == 2


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--month", "2026-13"], "argument --month: '2026-13' is not a month of a year, 01 to 12: write it as 2026-10"),
        (["--month", "26-01"], "argument --month: '26-01' is not a month"),
        (["--year", "26"], "argument --year: '26' is not a year of four digits: write it as 2026"),
        (["--year", "2026", "--as-of", "2026-02-30"], "argument --as-of: '2026-02-30' is no day of the calendar"),
        (["--year", "2026", "--as-of", "20261105"], "'20261105' is not a day: write it as 2026-11-05"),
    ],
)
def test_what_is_wrong_with_an_argument_is_said_in_words(
    ledger: Path, arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([str(ledger), *arguments])
    assert reason in capsys.readouterr().err


@pytest.fixture(params=["", "1"], ids=["buffered", "unbuffered"])
def environment(request: pytest.FixtureRequest) -> dict[str, str]:
    return os.environ | {"PYTHONUNBUFFERED": request.param}


def replayed(ledger: Path, stdout: int, environment: dict[str, str]) -> tuple[int, str]:
    """Run the command in a process of its own with this standard output; return its exit code and what it said.

    The answer is short enough to wait in the buffer until the process ends.
    """
    command = [sys.executable, "-m", "scoring", "replay", str(ledger), "--month", "2026-11", "--as-of", MONDAY]
    ended = subprocess.run(
        command, stdout=stdout, stderr=subprocess.PIPE, text=True, check=False, cwd=ROOT, env=environment
    )
    return ended.returncode, ended.stderr


def test_a_full_disk_behind_standard_output_is_one_line_and_exit_2(ledger: Path, environment: dict[str, str]) -> None:
    with Path("/dev/full").open("wb") as full:
        code, said = replayed(ledger, full.fileno(), environment)
    assert code == 2
    assert said == "standard output: the answer cannot be written whole: No space left on device\n"


def test_a_closed_standard_output_is_one_line_and_exit_2(ledger: Path) -> None:
    command = f"exec {sys.executable} -m scoring replay {ledger} --month 2026-11 >&-"
    ended = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False, cwd=ROOT)
    assert (ended.returncode, ended.stderr) == (2, "standard output is closed: the answer cannot be written\n")


def test_a_reader_that_went_away_hears_no_complaint(ledger: Path, environment: dict[str, str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        assert replayed(ledger, writer, environment) == (0, "")
    finally:
        os.close(writer)


@pytest.mark.parametrize(("from_", "warns"), [("2024-01-01", True), ("2024-07-22", False), ("2027-01-01", False)])
def test_an_overlay_that_the_shipped_policy_succeeds_is_told_on_standard_error(
    ledger: Path, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes], from_: str, *, warns: bool
) -> None:
    overlay = tmp_path / "overlay.toml"
    overlay.write_text(
        f"[[pay.bonus_base_yuan]]\nvalue = 400\nin_force_from = {from_}\n"
        'source = { document = "试点方案", clause = "3", quotation = "四百元", checked_on = 2026-11-23 }\n'
    )
    assert main([str(ledger), "--month", "2026-11", "--policy", str(overlay)]) == 0
    said = capsysbinary.readouterr().err
    assert said.startswith(b"warning: pay.bonus_base_yuan in force from 2024-01-01") if warns else said == b""


def test_an_overlay_changes_the_answer(
    ledger: Path, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    overlay = tmp_path / "overlay.toml"
    overlay.write_text(
        'name = "trial"\n[[attendance.grace_minutes]]\nvalue = 6\nin_force_from = 2026-11-01\n'
        'source = { document = "试点方案", clause = "3", quotation = "六分钟内不计迟到", checked_on = 2026-11-23 }\n'
    )
    assert main([str(ledger), "--month", "2026-11", "--as-of", MONDAY, "--policy", str(overlay)]) == 0
    printed = json.loads(capsysbinary.readouterr().out)
    assert printed["policy"] == "trial"
    assert printed["people"][0]["base"] == 100


def test_a_broken_overlay_is_refused(ledger: Path, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    overlay = tmp_path / "overlay.toml"
    overlay.write_text("[attendance]\ngraze_minutes = []\n")
    assert main([str(ledger), "--month", "2026-11", "--policy", str(overlay)]) == 2
    printed = capsysbinary.readouterr()
    assert printed.out == b""
    assert b"graze_minutes" in printed.err
    assert b"overlay.toml" in printed.err
