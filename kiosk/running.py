"""Runs a terminal until it is told to stop. While its disk takes no writes at the start, its screens say so instead.

A configuration enters, an exit code leaves.
"""

from __future__ import annotations

import logging
import signal
import threading
from types import FrameType

from cheroot.wsgi import Server
from flask import Flask, jsonify, render_template
from flask.typing import ResponseReturnValue

from kiosk.app import Terminal
from kiosk.config import Config
from kiosk.errors import LedgerUnavailableError, StateRefusedError
from kiosk.health import STORAGE_WORDS

_log = logging.getLogger("kiosk")
_RETRY_S = 3.0


def run(config: Config) -> int:
    """Run a terminal until SIGINT or SIGTERM; return its exit code.

    Raises StateRefusedError where it must not record in its state folder; waiting would not help.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    told = threading.Event()
    failed = threading.Event()

    def tell(_signal: int, _frame: FrameType | None) -> None:
        told.set()

    def give_up(failure: threading.ExceptHookArgs) -> None:
        """End the whole terminal, which its supervisor starts again, rather than go on with a part missing."""
        threading.__excepthook__(failure)
        failed.set()
        told.set()

    threading.excepthook = give_up
    signal.signal(signal.SIGINT, tell)
    signal.signal(signal.SIGTERM, tell)
    terminal = _opened(config, told)
    if terminal is None:
        return 1
    terminal.start()
    print(f"terminal {config.terminal.id}: {config.url}/ (clock-in), {config.url}/hall (board)", flush=True)  # noqa: T201
    told.wait()
    terminal.stop()
    return 1 if failed.is_set() else 0


def _opened(config: Config, told: threading.Event) -> Terminal | None:
    """Return the terminal as soon as its ledger can be opened; None where it was told to stop before."""
    while not told.is_set():
        try:
            return Terminal(config)
        except StateRefusedError:
            raise
        except LedgerUnavailableError as error:
            _log.warning("%s", error)
            _wait_beside(config, error, told)
    return None


def _wait_beside(config: Config, error: LedgerUnavailableError, told: threading.Event) -> None:
    """Say on every page of the terminal what is wrong, for a few seconds."""
    server = Server(("127.0.0.1", config.terminal.port), trouble_pages(error.reason))
    server.prepare()
    serving = threading.Thread(target=server.serve, name="trouble")
    serving.start()
    told.wait(_RETRY_S)
    server.stop()
    serving.join()


def trouble_pages(reason: str) -> Flask:
    """Return an application whose every page says why nothing can be recorded, and loads itself again."""
    app = Flask("kiosk")

    @app.route("/health.json")
    def condition() -> ResponseReturnValue:
        return jsonify(storage=reason), 503

    @app.route("/", defaults={"path": ""}, methods=["GET", "POST"])
    @app.route("/<path:path>", methods=["GET", "POST"])
    def trouble(path: str) -> ResponseReturnValue:
        if path.startswith("control/") or path == "pin" or path.endswith("/press"):
            return jsonify(recorded=False, refusal="unavailable", message=STORAGE_WORDS[reason]), 503
        return render_template("trouble.html", words=STORAGE_WORDS[reason]), 503

    return app
