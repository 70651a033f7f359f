"""The clock-in desk: sightings and PINs enter, committed punches and what the screen says leave."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from camera.recognizer import Sighting
from kiosk import clockin
from kiosk.errors import LedgerUnavailableError
from kiosk.health import STORAGE_WORDS
from kiosk.knowledge import Knowledge
from kiosk.pins import PinDesk, PinRefusedError
from kiosk.screens import Panel, Screens
from kiosk.store import Ledger
from sync.events import COUNTY_TIME, Event

_PANEL_S = 6.0
_REFUSAL_S = 3.0
_GUIDANCE_S = 1.0

IDLE = Panel("calm", "请面向屏幕打卡", "人脸、工号密码都可以", sign="i")
IDLE_WITHOUT_CAMERA = Panel("calm", "请用工号密码打卡", "摄像头现在不能用", sign="i")
_OTHER_WAY = "请再试一次，或点下面的“工号密码打卡”"
_REFUSALS = {
    "unknown": Panel("bad", "没有认出您", "没有打卡记录", _OTHER_WAY, sign="?"),
    "ambiguous": Panel("bad", "不能确定是哪一位", "没有打卡记录", _OTHER_WAY, sign="?"),
}


class ClockDesk:
    """Clocks people in. Safe from the recognition thread and from the pages' threads."""

    def __init__(
        self,
        hall: str,
        ledger: Ledger,
        knowledge: Knowledge,
        screens: Screens,
        now_s: Callable[[], float],
        repeat_after_s: float,
    ) -> None:
        self._hall = hall
        self._ledger = ledger
        self._knowledge = knowledge
        self._screens = screens
        self._now_s = now_s
        self._repeat_after_s = repeat_after_s
        self._pins = PinDesk(now_s)
        self._lock = threading.Lock()
        self._punched_s: dict[str, float] = {}
        self._panel_until_s = 0.0
        self._holding = False
        self._idle = IDLE_WITHOUT_CAMERA
        screens.show_panel(self._idle)

    def see(self, sighting: Sighting) -> None:
        """Act on one frame's sighting."""
        with self._lock:
            decision = clockin.decide(
                sighting.person,
                sighting.reason,
                sighting.score,
                self._punched_s,
                self._now_s(),
                self._repeat_after_s,
            )
            match decision:
                case clockin.Punch(person, score):
                    self._clock_in_by_face(person, score, sighting.liveness)
                case clockin.Known(person):
                    self._hold(person)
                case clockin.Refused(reason):
                    self._guide(_REFUSALS[reason], _REFUSAL_S)
                case clockin.Nothing():
                    if sighting.box is not None and sighting.message:
                        self._guide(Panel("calm", sighting.message), _GUIDANCE_S)

    def clock_in_by_pin(self, job_number: str, pin: str, now: datetime) -> str:
        """Return the id of the committed punch; raises PinRefusedError or LedgerUnavailableError."""
        people, hashes = self._knowledge.by_job_number(now)
        self._pins.check(job_number, pin, hashes)
        with self._lock:
            person = people[job_number]
            return self._record(person.id, {"method": "pin"}).id

    def can_see(self, *, sees: bool) -> None:
        """Take note of whether there is a camera to face."""
        with self._lock:
            self._idle = IDLE if sees else IDLE_WITHOUT_CAMERA
            if not self._panel_until_s:
                self._screens.show_panel(self._idle)

    def refresh(self) -> None:
        """Clear what has been shown long enough."""
        with self._lock:
            if self._panel_until_s and self._now_s() >= self._panel_until_s:
                self._panel_until_s = 0.0
                self._screens.show_panel(self._idle)

    def _clock_in_by_face(self, person: str, score: float, liveness: str | None) -> None:
        try:
            checked = {"liveness": liveness} if liveness else {}
            self._record(person, {"method": "face", "score": round(score, 4), **checked})
        except LedgerUnavailableError as error:
            said = STORAGE_WORDS[error.reason]
            self._show(Panel("bad", "没有记上", said, "请稍后再试，或用纸质登记", sign="!"), _PANEL_S)

    def _record(self, person: str, how: dict[str, object]) -> Event:
        """Commit a punch, and only then say so."""
        event = self._ledger.record("punch", {"person": person, "hall": self._hall, **how})
        self._punched_s[person] = self._now_s()
        self._show(self._panel_of(person, event), _PANEL_S)
        return event

    def _panel_of(self, person: str, event: Event) -> Panel:
        now = event.occurred_at.astimezone(COUNTY_TIME)
        try:
            greeting = self._knowledge.greeting(person, event.id, now)
            name = self._knowledge.name_of(person, now)
        except LedgerUnavailableError:  # the punch is committed, only the words for it could not be read
            return Panel("good", "已记录", f"{now:%H:%M}", sign="✓")
        said = greeting.said if greeting.meaning != "none" else f"{greeting.said} {now:%H:%M}"
        return Panel(greeting.tone, name, said, greeting.hint, initial=name[:1])

    def _hold(self, person: str) -> None:
        """Somebody who was just recorded still stands there: leave his own result on the screen."""
        if self._panel_until_s and self._now_s() - self._punched_s.get(person, 0.0) < _PANEL_S * 2:
            self._panel_until_s = self._now_s() + 1.0

    def _guide(self, panel: Panel, for_s: float) -> None:
        """Show how to stand, or a refusal, unless somebody's result is still to be read."""
        if not self._holding or self._now_s() >= self._panel_until_s:
            self._show(panel, for_s, holding=False)

    def _show(self, panel: Panel, for_s: float, *, holding: bool = True) -> None:
        self._holding = holding
        self._panel_until_s = self._now_s() + for_s
        self._screens.show_panel(panel)


__all__ = ["ClockDesk", "PinRefusedError"]
