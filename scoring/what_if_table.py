"""The comparison of two sets of rules as a table to read. Its JSON enters, text in Chinese leaves."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

_GRADES = ("好", "一般", "差")


def table_of(answer: dict[str, Any]) -> str:
    """Return the comparison as text: warnings, months, people whose grade or pay changes, years, spending."""
    shipped, other = answer["policies"]
    head = f"{answer['year']} 年,以 {answer['as_of']} 为准。每格:现行规则({shipped})→ 另一规则({other})"
    parts = [
        head,
        "\n".join(map(_unheard, answer["warnings"])),
        _aligned(["月份", *_GRADES, "好的名额", "奖励合计(元)"], map(_month_row, answer["months"])),
        f"等次或待遇有变化的人次:{len(answer['people'])}",
        _aligned(["月份", "编号", "姓名", "总分", "等次", "奖励(元)", "补贴(元)"], map(_person_row, answer["people"])),
        f"年度等次有变化的人:{len(answer['years'])}",
        _aligned(["编号", "姓名", "年度等次"], ([e["person"], e["name"], _pair(e["grade"])] for e in answer["years"])),
        _spending(answer["spending"]),
    ]
    return "\n\n".join(part for part in parts if part)


def _unheard(warning: dict[str, Any]) -> str:
    begun, succeeded = f"注意:{warning['key']} 自 {warning['in_force_from']} 起的值未起作用", warning["succeeded_on"]
    return f"{begun}:{succeeded} 起由现行规则接替" if succeeded else f"{begun}:开始得太晚"


def _spending(spending: dict[str, Any]) -> str:
    bonuses, allowances, total = (_pair(spending[key]) for key in ("bonus_pay", "allowances", "total"))
    return f"全县支出(元):奖励 {bonuses},补贴 {allowances},合计 {total},相差 {spending['difference']}"


def _month_row(month: dict[str, Any]) -> list[str]:
    grades = [_pair([side[grade] for side in month["grades"]]) for grade in _GRADES]
    return [month["month"], *grades, _pair(month["good_max"]), _pair(month["bonus_pay"])]


def _person_row(person: dict[str, Any]) -> list[str]:
    changed = (person[key] for key in ("total", "grade", "bonus_pay", "allowances"))
    return [person["month"], person["person"], person["name"], *map(_pair, changed)]


def _pair(sides: Sequence[Any]) -> str:
    before, after = ("无" if side is None else str(side) for side in sides)
    return before if before == after else f"{before} → {after}"


def _aligned(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [list(heads), *map(list, rows)]
    if len(lines) == 1:
        return ""
    widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
    return "\n".join(_padded(line, widths) for line in lines)


def _padded(line: Sequence[str], widths: Sequence[int]) -> str:
    cells = (cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True))
    return "  ".join(cells).rstrip()


def _width(text: str) -> int:
    """Return how many columns a text takes: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)
