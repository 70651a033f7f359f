"""Runs the centre's server: waitress, one process, several threads.

Its own loop reads every request whole before a thread sees it, so that clients who fall silent in the middle of an
upload cost a socket and nothing else.
"""

from __future__ import annotations

import gc
import logging
import resource
import signal
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from waitress.server import create_server

from scoring.app import create_app
from scoring.centre import open_centre
from scoring.errors import AddressTakenError, ScoringError
from scoring.turnstile import Turnstile

_THREADS = 8
_SILENT_S = 60
_LARGEST_BODY_BYTES = 4 * 1024 * 1024
_MOST_CONNECTIONS = 20_000
_FILES_FOR_THE_REST = 64


@dataclass(frozen=True, slots=True)
class Settings:
    """What `serve` was asked for."""

    database: str
    host: str
    port: int
    state: Path | None
    heartbeat_s: float


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT; prints the address once it answers.

    Whatever the store refuses is raised here, and AddressTakenError where somebody else serves the address.
    """
    centre = open_centre(settings.database, settings.state, settings.heartbeat_s)
    try:
        server = create_server(
            Turnstile(create_app(centre), lambda: len(server.task_dispatcher.queue)),
            host=settings.host,
            port=settings.port,
            threads=_THREADS,
            connection_limit=_connections(),
            channel_timeout=_SILENT_S,
            cleanup_interval=_SILENT_S // 4,
            max_request_body_size=_LARGEST_BODY_BYTES,
            asyncore_use_poll=True,
            ident=None,
        )
    except OSError as error:
        centre.store.close()
        where = f"{settings.host}:{settings.port}"
        raise AddressTakenError(f"{where} cannot be served ({error.strerror}): give another --port") from error
    signal.signal(signal.SIGTERM, _interrupt)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # the turnstile does something about it
    gc.freeze()  # what lives as long as the server need not be looked through again and again
    stopping = threading.Event()
    keeper = threading.Thread(target=centre.checkpoints.keep_making, args=(stopping, centre.now), name="checkpoints")
    shown = f"[{settings.host}]" if ":" in settings.host else settings.host
    try:
        print(f"centre: http://{shown}:{settings.port}", flush=True)  # noqa: T201 (its address is its answer)
        keeper.start()
        server.run()
    except KeyboardInterrupt:  # asked to end before it had begun
        return
    finally:
        stopping.set()
        server.close()
        if keeper.is_alive():
            keeper.join()
        with suppress(ScoringError):
            centre.contacts.write()
        centre.store.close()


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    """End as Ctrl-C does: the request under way is answered first."""
    raise KeyboardInterrupt


def _connections() -> int:
    """Return how many connections this process may hold, after raising its own limit as far as it may."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        return max(_FILES_FOR_THE_REST, min(_MOST_CONNECTIONS, most - _FILES_FOR_THE_REST))
    return _MOST_CONNECTIONS
