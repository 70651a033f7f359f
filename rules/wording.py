"""What a clerk reads beside the points, in Chinese. Facts enter, words leave; nothing is decided by them."""

from __future__ import annotations

from rules.attendance import SessionDay
from rules.records import Finding, Leave, Terminal

CLOCK_OPEN = "时钟待核"
TERMINAL_AWAITED = "等待终端"
FINDING_OPEN = "待核实"
RATING_OPEN = "差评待审核"
BAD_RATING = "“好差评”出现不满意,经审核有效且由本人造成"

_SESSIONS = {"am": "上午", "pm": "下午", "noon": "午间", "night": "晚间", "day": "全天"}
_VARIANTS = {
    "off_post": "离岗",
    "wrong_post": "串岗",
    "late": "迟到",
    "early": "早退",
    "wording": "用语不规范",
    "bad_influence": "造成不良影响",
    "complaint": "投诉经核实有效",
    "unopened": "未按要求打开评价器",
    "accident": "酿成安全事故",
    "serious": "造成严重影响",
    "city_department": "市级部门表彰",
    "city_or_province_department": "市委、市政府或省级部门表彰",
    "province": "省委、省政府及以上表彰",
    "letter": "书面表扬",
    "banner": "锦旗表扬",
}
_LEAVES = {
    "personal": "事假",
    "sick": "病假",
    "annual": "年假",
    "marriage": "婚假",
    "maternity": "产假",
    "paternity": "护理假",
    "bereavement": "丧假",
    "injury": "工伤假",
    "time_off": "调休",
    "official": "公假",
    "field_work": "外勤",
    "training": "学习培训",
}


def session_name(name: str) -> str:
    """Return a session's name as staff say it."""
    return _SESSIONS.get(name, name)


def leave_name(kind: str) -> str:
    """Return a kind of leave as staff say it."""
    return _LEAVES.get(kind, kind)


def late(day: SessionDay) -> str:
    """Return 迟到 6 分钟:应到 08:30,打卡 08:36 and the like."""
    punched = f"{day.in_punch.at:%H:%M}" if day.in_punch else "无"
    return f"迟到 {day.late_minutes} 分钟:应到 {day.in_due_at:%H:%M},打卡 {punched}"


def early(day: SessionDay) -> str:
    """Return 早退 5 分钟:应走 12:00,打卡 11:55 and the like."""
    punched = f"{day.out_punch.at:%H:%M}" if day.out_punch else "无"
    return f"早退 {day.early_minutes} 分钟:应走 {day.out_due_at:%H:%M},打卡 {punched}"


def missing(day: SessionDay) -> str:
    """Return which punches of the session are missing, and when they were due."""
    missed = []
    if day.in_punch is None:
        missed.append(f"上班(应到 {day.in_due_at:%H:%M})")
    if day.out_punch is None:
        missed.append(f"下班(应走 {day.out_due_at:%H:%M})")
    return f"{session_name(day.name)}未录入考勤:缺{'、'.join(missed)}打卡"


def awaited(terminals: tuple[Terminal, ...]) -> str:
    """Return which terminals have yet to report."""
    return f"{TERMINAL_AWAITED} {'、'.join(terminal.id for terminal in terminals)}"


def personal_leave(session: str) -> str:
    """Return the words for a session that 事假 touches."""
    return f"{session_name(session)}事假"


def unfiled(leave: Leave) -> str:
    """Return the words for leave that was not put on file."""
    return f"{leave_name(leave.kind)}请假未备案"


def unclosed(leave: Leave) -> str:
    """Return the words for leave from which nobody reported back in time."""
    return f"{leave_name(leave.kind)}未按时销假"


def named_clause(clause: str, variant: str | None) -> str:
    """Return a clause and its variant as they are said: 1.6, or 5.5(造成严重影响)."""
    return f"{clause}({_VARIANTS.get(variant, variant)})" if variant else clause


def finding(found: Finding, quotation: str) -> str:
    """Return the inspector's note, with the variant before it; the clause's words where there is neither."""
    variant = _VARIANTS.get(found.variant, found.variant) if found.variant else None
    return ":".join(part for part in (variant, found.note) if part) or quotation
