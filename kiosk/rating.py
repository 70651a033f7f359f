"""One window's visit: asked, pressed, lapsed. Pure: the time and the ids are handed in, the facts to record come back.

One visit, one rating: the first press counts, no answer is a lapse (未评价) and never a grade.
Source: 实施意见 四(六)1; 考核细则 4.4.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

Fact = tuple[str, Mapping[str, Any]]
"""An event's type and its `data`."""

GRADES: dict[int, str] = {5: "非常满意", 4: "满意", 3: "基本满意", 2: "不满意", 1: "非常不满意"}
"""Best first, as on the buttons and on the wire."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One service to one citizen, waiting for its rating; `asked_s` is seconds on the clock that was handed in."""

    id: str
    person: str
    asked_s: float


@dataclass(frozen=True, slots=True)
class Window:
    """The state of one window: the visit that is open, if any."""

    hall: str
    id: str
    visit: Visit | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What comes of an act: the window afterwards, and the facts that must be committed before it is shown."""

    window: Window
    facts: tuple[Fact, ...] = ()


def ask(window: Window, visit: Visit, particulars: Mapping[str, str]) -> Step:
    """Return the step that opens a visit; one still open lapses first.

    `particulars` are `ticket`, `case_number`, `task_code` as the queue or case system gave them.
    """
    lapsed = lapse(window).facts
    asked: Fact = (
        "rating.requested",
        {"visit": visit.id, "hall": window.hall, "window": window.id, "person": visit.person, **particulars},
    )
    return Step(replace(window, visit=visit), (*lapsed, asked))


def press(window: Window, grade: int, channel: str) -> Step:
    """Return the step of a citizen's press (`grade` 5 … 1, `channel` button or screen); without a visit, no facts."""
    if window.visit is None:
        return Step(window)
    given: Fact = (
        "rating.given",
        {
            "visit": window.visit.id,
            "hall": window.hall,
            "window": window.id,
            "person": window.visit.person,
            "grade": grade,
            "channel": channel,
        },
    )
    return Step(replace(window, visit=None), (given,))


def lapse(window: Window) -> Step:
    """Return the step that ends an unanswered visit as 未评价."""
    if window.visit is None:
        return Step(window)
    return Step(replace(window, visit=None), (("rating.lapsed", {"visit": window.visit.id}),))


def is_overdue(window: Window, now_s: float, answer_within_s: float) -> bool:
    """Return whether the open visit has waited longer than a citizen is given."""
    return window.visit is not None and now_s - window.visit.asked_s >= answer_within_s


def restored(window: Window, facts: Iterable[Fact], now_s: float) -> Window:
    """Return the window as its recorded facts leave it: a visit open when the power went is open again."""
    for type_, payload in facts:
        if type_ == "rating.requested" and payload.get("window") == window.id:
            window = replace(window, visit=Visit(str(payload["visit"]), str(payload["person"]), now_s))
        elif window.visit is not None and payload.get("visit") == window.visit.id and type_ != "rating.requested":
            window = replace(window, visit=None)
    return window
