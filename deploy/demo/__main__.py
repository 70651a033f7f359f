"""`python -m deploy.demo`: makes a fresh demonstration county and starts centre, terminal and scene under honcho."""

from __future__ import annotations

import socket
import sys
from datetime import datetime
from pathlib import Path

from honcho.manager import Manager

from deploy.demo.county import Run, terminal_config
from sync.events import COUNTY_TIME

_CENTRE_PORT, _TERMINAL_PORT = 8080, 8081
_HIGHEST_PORT = 65535


def main() -> int:
    """Return the exit code once everything has ended; Ctrl-C ends it."""
    now = datetime.now(COUNTY_TIME)
    folder = Path("var/runs").absolute() / f"{now:%Y%m%d-%H%M%S}"
    folder.mkdir(parents=True)
    (folder / "scene").mkdir()
    (folder / "centre").mkdir()
    centre_port = free_port(_CENTRE_PORT)
    run = Run(
        str(folder), centre_port, free_port(max(_TERMINAL_PORT, centre_port + 1)), str(Path("var/samples").absolute())
    )
    run.config.write_text(terminal_config(run), encoding="utf-8")
    run.save()
    print(f"Starting the centre and one terminal; this run's files: {folder}", flush=True)
    manager = Manager()
    python = sys.executable
    manager.add_process(
        "centre",
        f"exec {python} -m scoring serve --database {run.database} --port {run.centre_port} --heartbeat-s 2",
        quiet=True,
    )
    manager.add_process("terminal", f"exec {python} -m deploy.demo.terminal {folder}")
    manager.add_process("scene", f"exec {python} -m deploy.demo.scene {folder}")
    manager.loop()
    return _exit_code(manager.returncode)


def _exit_code(code: int | None) -> int:
    """Return 0 for an end that was asked for (Ctrl-C, SIGTERM), else what the failing process returned."""
    return 0 if code in {None, 0, 130, 143, -2, -15} else int(code or 1)


def free_port(wanted: int) -> int:
    """Return the first port from `wanted` on that nobody on this machine listens to."""
    for port in range(wanted, _HIGHEST_PORT):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise SystemExit("no free port on this machine")


if __name__ == "__main__":
    sys.exit(main())
