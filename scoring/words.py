"""What the centre's pages say in Chinese: times, methods, levels, kinds of events. Values enter, words leave."""

from __future__ import annotations

from datetime import date, datetime
from fractions import Fraction

from rules.answer import number
from sync.events import COUNTY_TIME

METHODS = {"face": "人脸", "pin": "PIN", "card": "刷卡"}
LEVELS = {
    "county": "县政务服务中心",
    "branch": "分中心",
    "town": "镇（街道）便民服务中心",
    "village": "村（社区）便民服务站",
}
GRADES = {5: "非常满意", 4: "满意", 3: "基本满意", 2: "不满意", 1: "非常不满意"}
STATUSES = {"assessed": "正常考核", "not_assessed": "本月不考核", "pending": "立案未结，暂停考核"}
LEAST_RATINGS_SHOWN = 3
"""Totals of ratings are shown, and grow, by this many at once: fewer would let a clerk tell who rated."""

_WEEKDAYS = "一二三四五六日"
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86400
_EVENTS = {
    "hall.opened": "机构设立",
    "person.registered": "人员登记",
    "person.assigned": "人员派驻",
    "person.left": "人员离职",
    "certificate.recorded": "技能等级证书",
    "investigation.opened": "立案",
    "investigation.closed": "结案",
    "shift.set": "班次",
    "calendar.day": "工作日历",
    "punch": "打卡",
    "punch.withdrawn": "撤回打卡（不是我）",
    "terminal.assigned": "终端启用",
    "terminal.retired": "终端停用",
    "terminal.reported": "终端已报齐",
    "leave.granted": "准假",
    "leave.closed": "销假",
    "explanation.accepted": "情况说明",
    "finding.recorded": "检查记录",
    "finding.confirmed": "记录属实",
    "finding.revoked": "记录撤销",
    "month.closed": "月度结账",
    "adjustment.recorded": "事后调整",
    "credential.changed": "PIN 或密钥更换",
    "policy.adopted": "细则调整生效",
    "setting.set": "参数设置",
    "task.opened": "下达任务",
    "task.closed": "任务完成",
    "release.named": "指定程序版本",
    "template.relayed": "转交人脸模板（密封）",
    "template.withdrawn": "撤回人脸模板",
    "attachment.erased": "附件删除",
}
_REASONS = {
    "envelope": "格式错误",
    "place": "编号与批次不符",
    "type": "未知类型",
    "schema": "内容不合规",
    "speaker": "终端无权发出",
    "hall": "不是本机构",
    "repeated id": "标识重复但内容不同",
}


def ago(at: datetime | None, now: datetime) -> str:
    """Return how long ago something was: 刚刚, 3 分钟前, 从未联系."""
    if at is None:
        return "从未联系"
    passed_s = (now - at).total_seconds()
    if passed_s < _MINUTE_S:
        return "刚刚"
    if passed_s < _HOUR_S:
        return f"{int(passed_s // _MINUTE_S)} 分钟前"
    if passed_s < _DAY_S:
        return f"{int(passed_s // _HOUR_S)} 小时前"
    return f"{int(passed_s // _DAY_S)} 天前"


def clock(at: datetime | None) -> str:
    """Return a time of day of the county, such as 08:26."""
    return f"{at.astimezone(COUNTY_TIME):%H:%M}" if at is not None else ""


def day(on: date) -> str:
    """Return a day such as 10 月 8 日 周四."""
    return f"{on.month} 月 {on.day} 日 周{_WEEKDAYS[on.weekday()]}"


def points(exact: Fraction | int) -> str:
    """Return points with their sign, such as −5 and +10, at most two decimals."""
    shown = number(Fraction(exact))
    return f"+{shown}" if shown > 0 else str(shown).replace("-", "−")


def plain(exact: Fraction | int) -> str:
    """Return a number of at most two decimals, such as 91 and 88.33."""
    return str(number(Fraction(exact)))


def event_name(type_: str | None) -> str:
    """Return what an event's type is called."""
    return _EVENTS.get(type_ or "", type_ or "无法识别")


def quarantine_name(reason: str) -> str:
    """Return in words why a line was quarantined; the exact reason stands beside it."""
    return _REASONS.get(reason.partition(":")[0], "不能采信")
