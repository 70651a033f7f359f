"""Why this person's year is 优秀 and that one's is not, in Chinese. A judged year enters, sentences leave.

Nothing is decided here. Source: 实施意见 四(六)3(2), 考核细则 1.6 and 5.5.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

from msgspec import Struct

from rules.exact import number
from rules.grading import FAIR, POOR
from rules.months import Month
from rules.placing import Placing, Ranked, placing_of
from rules.policy import Edition
from rules.policy_text import Bar
from rules.wording import named_clause
from rules.year import (
    EXCELLENT,
    HOLD,
    INTENT_GAP,
    RUN_BROKEN,
    UNASSESSED,
    UNGRADED,
    UNQUALIFIED,
    WAITING,
    PersonYear,
    YearResult,
    longest_run,
    may_be_excellent,
    rank_of_year,
)

_RANKED_BY = ("好的次数", "平均总分", "平均基础分")


class YearStanding(Struct, frozen=True):
    """Where a person's year stands: `place` among those who may be 优秀, None for all others, and why the grade."""

    person: str
    place: int | None
    because: str


def year_standings(result: YearResult, law: Edition) -> tuple[YearStanding, ...]:
    """Return everybody's standing, in order of their ids."""
    placing = _placing(result, law)
    return tuple(
        YearStanding(each.person, placing.places.get(each.person), _because(each, result, placing, law))
        for each in result.people
    )


def year_quota_line(result: YearResult, law: Edition) -> str:
    """Return how many may be 优秀, how many could be, what happened at the line, and how many are still open."""
    placing, quota = _placing(result, law), result.quota
    head = f"全县 {quota.headcount} 人,按 {number(law.excellent_share * 100)}% 取整,优秀最多 {quota.most} 人"
    able = f"好满 {law.excellent_good_months} 次、没有差、全年在册且无否决情形的 {len(placing.able)} 人"
    held = sum(each.grade == HOLD for each in result.people)
    parts = [head, able, placing.line("都不评"), *([f"另有 {held} 人待定"] if held else [])]
    return ";".join(parts)


def _placing(result: YearResult, law: Edition) -> Placing:
    able = (
        Ranked(each.person, rank_of_year(each), each.grade == EXCELLENT)
        for each in result.people
        if may_be_excellent(each, law)
    )
    return placing_of(able, EXCELLENT, result.quota.most, _RANKED_BY)


def _because(each: PersonYear, result: YearResult, placing: Placing, law: Edition) -> str:
    if each.grade == HOLD:
        return f"{','.join(_what_is_open(each, result))},年度等次待定"
    if each.grade == UNGRADED:
        return "全年没有一个月参加考核,不定等次"
    counts = "".join(_counts(each))
    if each.poor:
        return f"{counts};{_why_poor(each, law)},为{each.grade}"
    if INTENT_GAP in each.flags:
        return f"{counts};没有差,好不足 {law.qualified_good_months} 次,原文未写明此种情形,按{each.grade}"
    if each.person in placing.places:
        return f"{counts};{_where(each, placing)},为{each.grade}"
    return f"{counts};{_why_not_able(each, law)},为{each.grade}"


def _counts(each: PersonYear) -> Iterator[str]:
    """Yield what was counted: the months by their grades, and the findings that could bar from 优秀."""
    fair, unassessed = each.months.count(FAIR), each.months.count(UNASSESSED)
    yield f"好 {each.good} 次、一般 {fair} 次、差 {each.poor} 次"
    if unassessed:
        yield f"、不考核 {unassessed} 个月"
    for bar, times in each.counted:
        if times:
            yield f",{_name(bar)} 查实 {times} 次"


def _why_poor(each: PersonYear, law: Edition) -> str:
    run, least_run, least = longest_run(each.months), law.unqualified_poor_run, law.unqualified_poor_months
    if each.grade == UNQUALIFIED:
        in_a_row = [f"其中连续 {run} 个月为差,满 {least_run} 个月"] if run >= least_run else []
        in_all = [f"差满 {least} 次"] if each.poor >= least else []
        return ",".join([f"{_listed(_numbers(each, POOR))}为差", *in_a_row, *in_all])
    broken = "(两次差之间有不考核的月份,不算连续)" if RUN_BROKEN in each.flags else ""
    return f"{_listed(_numbers(each, POOR))}为差,未连续 {least_run} 个月{broken},也不满 {least} 次"


def _where(each: PersonYear, placing: Placing) -> str:
    total, base = (number(mean or Fraction(0)) for mean in (each.mean_total, each.mean_base))
    means = f"平均总分 {total},平均基础分 {base}"
    stood = f"{means},{placing.stood(each.person)}"
    if placing.is_across(each.person):
        return f"{stood},并列跨过名额线 {placing.most},都不评优秀"
    if each.grade == EXCELLENT:
        return f"{stood},在名额 {placing.most} 之内"
    return f"{stood},超出名额 {placing.most}{placing.behind(each.person)}"


def _why_not_able(each: PersonYear, law: Edition) -> str:
    if each.good < law.excellent_good_months:
        return f"没有差,好满 {law.qualified_good_months} 次而不足 {law.excellent_good_months} 次"
    away = [] if each.served_all_year else ["从一月第一个工作日到 12 月 31 日未全年在册"]
    barred = [f"{_name(bar)} 满 {bar.at_least} 次" for bar, times in each.counted if times >= bar.at_least]
    return f"没有差,好满 {law.excellent_good_months} 次,但不得评优秀({'、'.join([*away, *barred])})"


def _what_is_open(each: PersonYear, result: YearResult) -> Iterator[str]:
    """Yield which months are not judged yet, and why: the investigation is not closed, or they have not ended."""
    waiting = _numbers(each, WAITING)
    ended = [month for month in waiting if Month(result.year, month).last_on <= result.as_of]
    if ended:
        yield f"{_listed(ended)}立案调查尚未结案"
    if to_come := [month for month in waiting if month not in ended]:
        yield f"{_listed(to_come)}尚未结束"


def _numbers(each: PersonYear, sign: str) -> list[int]:
    return [month for month, found in enumerate(each.months, 1) if found == sign]


def _listed(months: Sequence[int]) -> str:
    """Return months as they are said: 3月、5月至7月."""
    return "、".join(f"{run[0]}月至{run[-1]}月" if len(run) > 1 else f"{run[0]}月" for run in _runs(months))


def _runs(months: Iterable[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for month in months:
        if runs and runs[-1][-1] == month - 1:
            runs[-1].append(month)
        else:
            runs.append([month])
    return runs


def _name(bar: Bar) -> str:
    return named_clause(bar.clause, bar.variant)
