"""The terminal's pages on the loopback: requests enter, pages and streams leave. Decides nothing itself."""

from __future__ import annotations

import hmac
from dataclasses import asdict
from typing import Protocol

from flask import Flask, Response, abort, jsonify, render_template, request
from flask.typing import ResponseReturnValue

from kiosk.control import HEADER
from kiosk.errors import ConfigError, KioskError, LedgerUnavailableError
from kiosk.hardware import ButtonPanel
from kiosk.health import STORAGE_WORDS, Condition
from kiosk.pins import PinRefusedError
from kiosk.screens import Screens
from kiosk.windows import NobodyServesError, Pressed, RatingDesk

_PARTICULARS = ("ticket", "case_number", "task_code")
_MAX_BODY_BYTES = 16 * 1024


class Terminal(Protocol):
    """What the pages need of a running terminal."""

    screens: Screens
    ratings: RatingDesk
    buttons: ButtonPanel[Pressed]
    token: str

    @property
    def hall_name(self) -> str:
        """Return the hall's name."""

    def clock_in_by_pin(self, job_number: str, pin: str) -> str:
        """Return the id of the punch that was committed."""

    def condition(self) -> Condition:
        """Return how the box is."""

    def feed_versions(self) -> dict[str, int]:
        """Return the version held of each kind of the centre's feed."""


def create_app(terminal: Terminal) -> Flask:
    """Return the WSGI application of one terminal."""
    app = Flask("kiosk")
    app.config["MAX_CONTENT_LENGTH"] = _MAX_BODY_BYTES
    _add_pages(app, terminal)
    _add_screen_acts(app, terminal)
    _add_control(app, terminal)

    @app.after_request
    def keep_to_ourselves(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = (
            "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"
        )
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    return app


def _add_pages(app: Flask, terminal: Terminal) -> None:
    streams = {"clock": terminal.screens.clock, "hall": terminal.screens.hall}
    streams |= {f"evaluator/{window}": channel for window, channel in terminal.screens.evaluators.items()}

    @app.get("/")
    def clock() -> str:
        return render_template("clock.html", stream="clock", hall=terminal.hall_name)

    @app.get("/hall")
    def hall() -> str:
        return render_template("hall.html", stream="hall", hall=terminal.hall_name)

    @app.get("/evaluator/<window>")
    def evaluator(window: str) -> str:
        if window not in terminal.screens.evaluators:
            abort(404)
        return render_template("evaluator.html", stream=f"evaluator/{window}", window=window)

    @app.get("/health.json")
    def condition() -> Response:
        return jsonify({**asdict(terminal.condition()), "feed": terminal.feed_versions()})

    @app.get("/stream/<path:name>")
    def stream(name: str) -> Response:
        if name not in streams:
            abort(404)
        return Response(streams[name].listen(), mimetype="text/event-stream", headers={"Cache-Control": "no-store"})

    @app.errorhandler(404)
    def missing(_: Exception) -> ResponseReturnValue:
        return render_template("missing.html", windows=terminal.screens.evaluators), 404


def _add_screen_acts(app: Flask, terminal: Terminal) -> None:
    """Take what a touch on this terminal's own screen does; a page of another site cannot send the header."""

    @app.post("/pin")
    def pin() -> ResponseReturnValue:
        _only_from_our_screen()
        try:
            punch = terminal.clock_in_by_pin(request.form.get("job_number", ""), request.form.get("pin", ""))
        except PinRefusedError as error:
            return jsonify(recorded=False, message=str(error)), 403
        except LedgerUnavailableError as error:
            return jsonify(recorded=False, message=f"没有记上：{STORAGE_WORDS[error.reason]}"), 503
        return jsonify(recorded=True, id=punch)

    @app.post("/evaluator/<window>/press")
    def press(window: str) -> ResponseReturnValue:
        _only_from_our_screen()
        grade = request.form.get("grade", type=int)
        if window not in terminal.screens.evaluators or grade not in {1, 2, 3, 4, 5}:
            return jsonify(recorded=False, message="没有这个窗口或这个选项"), 404
        return _answer(terminal.ratings.press(window, grade, "screen"))


def _add_control(app: Flask, terminal: Terminal) -> None:
    """Take what programs on this machine may do: the token lies in the state folder, readable by its owner alone."""

    @app.before_request
    def only_with_the_token() -> None:
        if request.path.startswith("/control/") and not hmac.compare_digest(
            request.headers.get(HEADER, "").encode(), terminal.token.encode()
        ):
            abort(403)

    @app.post("/control/ask")
    def ask() -> ResponseReturnValue:
        wanted = request.get_json()
        particulars = {name: str(wanted[name]) for name in _PARTICULARS if wanted.get(name)}
        try:
            return jsonify(visit=terminal.ratings.ask(str(wanted.get("window")), particulars))
        except KeyError as error:
            return jsonify(message=f"this terminal has no window {error}: see [[windows]]"), 404
        except NobodyServesError as error:
            return jsonify(message=str(error)), 409
        except LedgerUnavailableError as error:
            return jsonify(message=str(error)), 503

    @app.post("/control/press")
    def simulated_press() -> ResponseReturnValue:
        wanted = request.get_json()
        try:
            return _answer(terminal.buttons.simulate(str(wanted.get("window")), int(wanted.get("grade", 0))))
        except (ConfigError, ValueError, TypeError) as error:
            return jsonify(message=str(error)), 404

    @app.errorhandler(KioskError)
    def refused(error: KioskError) -> ResponseReturnValue:
        return jsonify(message=str(error)), 500


def _only_from_our_screen() -> None:
    if request.headers.get("X-Screen") != "1":
        abort(403)


def _answer(pressed: Pressed) -> ResponseReturnValue:
    if pressed.event is not None:
        return jsonify(recorded=True, id=pressed.event.id)
    status = 409 if pressed.refusal == "no_visit" else 503
    return jsonify(recorded=False, refusal=pressed.refusal, message=pressed.message), status
