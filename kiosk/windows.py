"""The evaluators of one terminal: asks and presses enter, committed events and the citizen's screen leave."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from kiosk import rating
from kiosk.config import RatingSettings, WindowSettings
from kiosk.errors import KioskError, LedgerUnavailableError
from kiosk.screens import EvaluatorView, Screens
from kiosk.store import Ledger
from sync.events import Event


class NobodyServesError(KioskError, LookupError):
    """A visit cannot open at a window where no clerk is known."""


@dataclass(frozen=True, slots=True)
class Clerk:
    """Who serves at a window: id, name and job number as the roster has them, and whether they are there now."""

    person: str
    name: str
    job_number: str
    is_present: bool = True


@dataclass(frozen=True, slots=True)
class Pressed:
    """What came of a press: the committed event, or why there is none (`no_visit` or `unavailable`)."""

    event: Event | None
    refusal: str = ""
    message: str = ""


@dataclass(slots=True)
class _Place:
    settings: WindowSettings
    state: rating.Window
    lock: threading.Lock = field(default_factory=threading.Lock)
    notice: tuple[str, float] = ("", 0.0)


class RatingDesk:
    """All windows. Safe from any thread: one press and one ask at a window never cross."""

    def __init__(
        self,
        hall: str,
        windows: Iterable[WindowSettings],
        settings: RatingSettings,
        ledger: Ledger,
        screens: Screens,
        serving: Callable[[str], Clerk | None],
        now_s: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._ledger = ledger
        self._screens = screens
        self._serving = serving
        self._now_s = now_s
        self._places = {window.id: _Place(window, rating.Window(hall, window.id)) for window in windows}
        self.recall()

    def recall(self) -> None:
        """Let every window without a visit be as the ledger leaves it: at a start, and when lost lines came back."""
        for place in self._places.values():
            with place.lock:
                if place.state.visit is None:
                    facts = [(event.type, event.data) for event in self._ledger.events_of_types(("rating.",))]
                    place.state = rating.restored(place.state, facts, self._now_s())

    def ask(self, window: str, particulars: Mapping[str, str]) -> str:
        """Return the id of the visit that is now open and on the citizen's screen.

        Raises NobodyServesError, KeyError for an unknown window, LedgerUnavailableError.
        """
        place = self._places[window]
        clerk = self._serving(window)
        if clerk is None:
            raise NobodyServesError(f"nobody is assigned to window {window}: assign a clerk at the centre first")
        with place.lock:
            visit = rating.Visit(f"V-{uuid.uuid4()}", clerk.person, self._now_s())
            self._take(place, rating.ask(place.state, visit, particulars))
            place.notice = ("", 0.0)
            self._show(place)
        return visit.id

    def visit_is_open(self) -> bool:
        """Return whether a citizen is being served at any window of this terminal."""
        return any(place.state.visit is not None for place in self._places.values())

    def press(self, window: str, grade: int, channel: str) -> Pressed:
        """Return what came of a citizen's press; the thanks are shown only after the commit."""
        place = self._places[window]
        with place.lock:
            now_s = self._now_s()
            try:
                written = self._take(place, rating.press(place.state, grade, channel))
            except LedgerUnavailableError as error:
                place.notice = ("trouble", now_s)
                self._show(place)
                return Pressed(None, "unavailable", str(error))
            if not written:
                place.notice = ("hint", now_s)
                self._show(place)
                return Pressed(None, "no_visit", f"no visit is open at window {window}: the clerk asks first")
            place.notice = ("thanks", now_s)
            self._show(place)
            return Pressed(written[-1])

    def refresh(self) -> None:
        """End overdue visits and stale notices, and show every window as it is."""
        for place in self._places.values():
            with place.lock:
                now_s = self._now_s()
                if rating.is_overdue(place.state, now_s, self._settings.answer_within_s):
                    self._lapse(place)
                if place.notice[0] and now_s - place.notice[1] >= self._settings.thanks_s:
                    place.notice = ("", 0.0)
                self._show(place)

    def _lapse(self, place: _Place) -> None:
        try:
            self._take(place, rating.lapse(place.state))
        except LedgerUnavailableError:
            return  # the visit stays open and is ended at a later refresh; the status strip says what is wrong

    def _take(self, place: _Place, step: rating.Step) -> list[Event]:
        """Commit a step's facts, and only then let the window be what the step says."""
        written = self._ledger.record_all(step.facts) if step.facts else []
        place.state = step.window
        return written

    def _show(self, place: _Place) -> None:
        clerk = self._serving(place.settings.id)
        state = place.notice[0] or ("asked" if place.state.visit else "idle")
        if place.state.visit and state != "trouble":
            state = "asked"
        if clerk is not None and not clerk.is_present and not place.state.visit:
            clerk = None  # nobody is announced as serving who is not there
        view = EvaluatorView(state, place.settings.name)
        if clerk is not None:
            view = replace(view, person=clerk.name, job_number=clerk.job_number)
        if state == "trouble":
            view = replace(view, hint="请稍后再按一次，或告诉工作人员")
        self._screens.show_evaluator(place.settings.id, view)
