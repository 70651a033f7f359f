"""Why nobody was named, and what a person can do about it, in the words that the screen shows."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """A code that is kept and compared; `message` is the Chinese sentence for it."""

    NO_FACE = "no_face"
    MANY_FACES = "many_faces"
    TOO_FAR = "too_far"
    CUT_OFF = "cut_off"
    NOT_FRONTAL = "not_frontal"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    BLURRED = "blurred"
    NO_GALLERY = "no_gallery"
    UNKNOWN = "unknown"
    AMBIGUOUS = "ambiguous"
    CONFIRMING = "confirming"
    UNREADABLE = "unreadable"
    MASKED = "masked"
    HOLD_STILL = "hold_still"
    TURN_LEFT = "turn_left"
    TURN_RIGHT = "turn_right"
    TURN_BACK = "turn_back"
    NOT_LIVE = "not_live"

    @property
    def message(self) -> str:
        """Return what to tell the person before the screen."""
        return MESSAGES[self]


MESSAGES = {
    Reason.NO_FACE: "没有看到人脸，请站到屏幕前",
    Reason.MANY_FACES: "一次一人，请其他人退后",
    Reason.TOO_FAR: "请靠近一点",
    Reason.CUT_OFF: "请把整张脸放进画面",
    Reason.NOT_FRONTAL: "请正对屏幕",
    Reason.TOO_DARK: "光线太暗，请面向光源",
    Reason.TOO_BRIGHT: "光线太亮，请避开强光",
    Reason.BLURRED: "画面模糊，请站稳",
    Reason.NO_GALLERY: "本机还没有登记人脸，请用工号密码",
    Reason.UNKNOWN: "没有认出您，请再试一次或用工号密码",
    Reason.AMBIGUOUS: "不能确定是哪一位，请用工号密码",
    Reason.CONFIRMING: "正在识别，请稍候",
    Reason.UNREADABLE: "照片无法读取，请换一张",
    Reason.MASKED: "请摘下口罩",
    Reason.HOLD_STILL: "请正对屏幕，稍候",
    Reason.TURN_LEFT: "请向左转头",
    Reason.TURN_RIGHT: "请向右转头",
    Reason.TURN_BACK: "请转回正面",
    Reason.NOT_LIVE: "没有通过真人检查，请用工号密码",
}
"""One sentence for each reason."""
