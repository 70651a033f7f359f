"""Runs the centre's server: granian with one worker process, several threads, and nothing that outlives its parent."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from flask import Flask
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from scoring.app import create_app
from scoring.centre import open_centre
from scoring.errors import AddressTakenError, StoreInUseError

_THREADS = 8
_PR_SET_PDEATHSIG = 1


@dataclass(frozen=True, slots=True)
class Settings:
    """What `serve` was asked for."""

    database: str
    host: str
    port: int
    state: Path | None
    heartbeat_s: float


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Whatever the store refuses is raised here, before a process is started."""
    _check_address(settings.host, settings.port)
    open_centre(settings.database, settings.state, settings.heartbeat_s).store.close()
    server = Server(
        "scoring",
        address=settings.host,
        port=settings.port,
        interface=Interfaces.WSGI,
        workers=1,
        blocking_threads=_THREADS,
        backpressure=256,
        workers_kill_timeout=5,
        websockets=False,
        log_level=LogLevels.error,
    )
    parent = os.getpid()
    server.serve(target_loader=lambda: _load(settings, parent), wrap_loader=False)


def _load(settings: Settings, parent: int) -> Flask:
    """Return the application, in the worker process; it ends with its parent, however that ends."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise StoreInUseError("the server that started this worker is gone")
    app = create_app(open_centre(settings.database, settings.state, settings.heartbeat_s))
    threading.Thread(target=_announce, args=(settings.host, settings.port), daemon=True).start()
    return app


def _check_address(host: str, port: int) -> None:
    """Refuse an address that somebody else serves: granian would share the port with him and say nothing."""
    try:
        with socket.create_server((host, port), family=_family(host)):
            pass
    except OSError as error:
        raise AddressTakenError(f"{host}:{port} cannot be served ({error.strerror}): give another --port") from error


def _announce(host: str, port: int) -> None:
    """Print the address once it answers: granian listens only after the application is loaded."""
    probe = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (compared, not served)
    while True:
        try:
            with socket.create_connection((probe, port), timeout=1):
                break
        except OSError:
            time.sleep(0.02)
    shown = f"[{host}]" if ":" in host else host
    print(f"centre: http://{shown}:{port}", flush=True)  # noqa: T201 (its address is its answer)


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
