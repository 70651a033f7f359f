"""How the box is, in words for a screen: link, disk, camera and clock enter, status lines leave. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kiosk.screens import Item

_CLOCK_WARNING_S = 30
_SILENCE_WARNING_S = 180
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86400

STORAGE_WORDS = {
    "full": "存储已满，暂时不能记录，请告诉负责人",
    "read_only": "存储只读，暂时不能记录，请告诉负责人",
    "corrupt": "存储损坏，暂时不能记录，请告诉负责人",
    "io": "存储故障，暂时不能记录，请告诉负责人",
}


@dataclass(frozen=True, slots=True)
class Condition:
    """What is known of the box at one moment; None where it was never known."""

    now: datetime
    unsent: int
    contact_at: datetime | None
    link_trouble: str | None
    enrolled: bool
    forked: bool
    storage: str | None
    camera_trouble: str | None
    clock_offset_s: float | None
    relayed: bool = False
    doubted_at: datetime | None = None
    quarantined: int = 0
    missing: int = 0
    forgets: bool = False


def items(condition: Condition) -> list[Item]:
    """Return the status lines, the worst first; a silent box is never called well."""
    lines = [
        line
        for line in (
            _storage(condition),
            _doubt(condition),
            _replaced(condition),
            _link(condition),
            _camera(condition),
            _clock(condition),
            _forgets(condition),
        )
        if line
    ]
    order = {"bad": 0, "warn": 1, "good": 2}
    return sorted(lines, key=lambda item: order[item.tone])


def ago(seconds: float) -> str:
    """Return a length of time in the coarse words of a glance."""
    if seconds < _MINUTE_S:
        return "刚刚"
    if seconds < _HOUR_S:
        return f"{int(seconds // _MINUTE_S)} 分钟前"
    if seconds < _DAY_S:
        return f"{int(seconds // _HOUR_S)} 小时前"
    return f"{int(seconds // _DAY_S)} 天前"


def storage_item(reason: str) -> Item:
    """Return the line for a ledger that cannot be used, for the reason of its error."""
    return Item("bad", STORAGE_WORDS[reason])


def _storage(condition: Condition) -> Item | None:
    return storage_item(condition.storage) if condition.storage is not None else None


def _doubt(condition: Condition) -> Item | None:
    """Return the line for a centre that signed two histories, for a day after it was seen."""
    if condition.doubted_at is None or (condition.now - condition.doubted_at).total_seconds() > _DAY_S:
        return None
    return Item("bad", "中心的账本与本机保存的检查点不符，请告诉县政务办核对")


def _replaced(condition: Condition) -> Item | None:
    """Return the line for a ledger that was damaged or lost, until somebody has taken the moved files away."""
    if not condition.quarantined:
        return None
    if condition.missing:
        return Item("bad", f"存储曾损坏，{condition.missing} 条记录没能取回，请交负责人核对；现在记录正常")
    return Item("warn", "存储曾损坏，旧文件已另存，请告诉负责人；现在记录正常")


def _forgets(condition: Condition) -> Item | None:
    return Item("warn", "模拟终端：记录所在的文件系统断电后不保留") if condition.forgets else None


def _link(condition: Condition) -> Item:
    waiting = f"{condition.unsent} 条待传，已安全保存在本机" if condition.unsent else "没有待传记录"
    if not condition.enrolled:
        return Item("warn", f"本终端还没有在中心登记，{waiting}")
    if condition.forked:
        return Item("bad", f"中心发现本机有两份记录，请联系管理员，{waiting}")
    if condition.relayed and condition.unsent:
        return Item("warn", f"经本厅主机转存，{condition.unsent} 条等中心确认")
    return _contact(condition, waiting)


def _contact(condition: Condition, waiting: str) -> Item:
    if condition.contact_at is None:
        return Item("warn", f"还没有联系上中心，{waiting}")
    silent_s = (condition.now - condition.contact_at).total_seconds()
    if condition.link_trouble or silent_s > _SILENCE_WARNING_S:
        return Item("warn", f"联系不上中心（上次 {ago(silent_s)}），{waiting}")
    if condition.unsent:
        return Item("warn", f"正在上传，{waiting}")
    return Item("good", "中心已收到全部记录")


def _camera(condition: Condition) -> Item | None:
    if condition.camera_trouble is None:
        return Item("good", "摄像头正常")
    return Item("warn", f"{condition.camera_trouble}，请用工号密码打卡")


def _clock(condition: Condition) -> Item | None:
    offset_s = condition.clock_offset_s
    if offset_s is None or abs(offset_s) < _CLOCK_WARNING_S:
        return None
    word = "快" if offset_s > 0 else "慢"
    return Item("bad", f"本机时钟比中心{word} {_length(abs(offset_s))}，打卡照常记录，时间由负责人核对")


def _length(seconds: float) -> str:
    if seconds < _MINUTE_S:
        return f"{int(seconds)} 秒"
    if seconds < _HOUR_S:
        return f"{int(seconds // _MINUTE_S)} 分钟"
    if seconds < _DAY_S:
        return f"{int(seconds // _HOUR_S)} 小时"
    return f"{int(seconds // _DAY_S)} 天"
