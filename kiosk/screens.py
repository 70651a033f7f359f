"""What the screens show: view records enter, HTML fragments leave on each page's channel. Decides nothing."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from jinja2 import Environment, PackageLoader, select_autoescape

from kiosk.broadcast import Channel
from kiosk.rating import GRADES

MOUTHS = {
    5: "M13 28 Q24 42 35 28",
    4: "M14 29 Q24 37 34 29",
    3: "M15 31 L33 31",
    2: "M14 34 Q24 27 34 34",
    1: "M13 36 Q24 22 35 36",
}
"""Each face's mouth as an SVG path: the word beside it says the same."""


@dataclass(frozen=True, slots=True)
class Panel:
    """The result beside the camera: `tone` is good, warn, bad or calm, never told by colour alone."""

    tone: str
    title: str
    said: str = ""
    hint: str = ""
    initial: str = ""
    sign: str = "i"


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a status strip; `tone` is good, warn or bad."""

    tone: str
    text: str

    @property
    def sign(self) -> str:
        """Return the mark that says the tone without colour."""
        return {"good": "✓", "warn": "…", "bad": "!"}[self.tone]


@dataclass(frozen=True, slots=True)
class EvaluatorView:
    """A citizen's screen: `state` is idle, asked, thanks, hint or trouble."""

    state: str
    window_name: str
    person: str = ""
    job_number: str = ""
    hint: str = ""

    @property
    def initial(self) -> str:
        """Return the first character of the name."""
        return self.person[:1]


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One clerk on the hall board; neither lateness nor leave nor points, since citizens can see it."""

    name: str
    place: str
    state: str
    tone: str
    sign: str

    @property
    def initial(self) -> str:
        """Return the first character of the name."""
        return self.name[:1]


@dataclass(frozen=True, slots=True)
class RatingBar:
    """How often one grade was given, `percent` of the ratings shown."""

    word: str
    count: int
    percent: int


@dataclass(frozen=True, slots=True)
class Board:
    """The hall at a glance; `rated` is 0 until three ratings can be shown together."""

    present: int
    missing: int
    off_duty: int
    rows: Sequence[BoardRow]
    rated: int
    bars: Sequence[RatingBar]
    health: Sequence[Item]


@dataclass(slots=True)
class Screens:
    """The channels of one terminal's pages: the clock, each window, the hall."""

    windows: Iterable[str]
    clock: Channel = field(default_factory=Channel)
    hall: Channel = field(default_factory=Channel)
    evaluators: dict[str, Channel] = field(init=False)
    _templates: Environment = field(init=False)

    def __post_init__(self) -> None:
        self.evaluators = {window: Channel() for window in self.windows}
        self._templates = Environment(
            loader=PackageLoader("kiosk"),
            autoescape=select_autoescape(),
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def show_panel(self, panel: Panel | None) -> None:
        """Show a result on the clock-in screen, or clear it."""
        self.clock.publish("result", self._render("_result.html", view=panel))

    def show_frame(self, jpeg: bytes, size_px: tuple[int, int], box: tuple[float, float, float, float] | None) -> None:
        """Show the live picture of `size_px`; `box` is the face as (left, top, width, height) fractions of it."""
        width, height = size_px
        frame = {"jpeg": base64.b64encode(jpeg).decode(), "width": width, "height": height, "box": box}
        self.clock.publish("frame", json.dumps(frame))

    def show_no_frame(self, trouble: str) -> None:
        """Show in words why there is no live picture."""
        self.clock.publish("frame", json.dumps({"jpeg": None, "box": None, "trouble": trouble}))

    def show_status(self, items: Sequence[Item]) -> None:
        """Show the strip at the foot of the clock-in screen."""
        self.clock.publish("status", self._render("_status.html", items=items))

    def show_evaluator(self, window: str, view: EvaluatorView) -> None:
        """Show a citizen's screen."""
        fragment = self._render("_evaluator.html", view=view, grades=GRADES, mouths=MOUTHS)
        self.evaluators[window].publish("evaluator", fragment)

    def show_board(self, hall_name: str, board: Board) -> None:
        """Show the hall board, and the hall's name wherever it stands."""
        for channel in (self.hall, self.clock):
            channel.publish("hall", self._render_text(hall_name))
        self.hall.publish("board", self._render("_board.html", board=board))

    def close(self) -> None:
        """End every stream."""
        for channel in (self.clock, self.hall, *self.evaluators.values()):
            channel.close()

    def _render(self, template: str, **view: object) -> str:
        return self._templates.get_template(template).render(**view)

    def _render_text(self, text: str) -> str:
        return self._templates.from_string("{{ text }}").render(text=text)
