"""A real centre and a real terminal, each a process of its own, as a county would run them."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests

from deploy.demo.__main__ import free_port
from deploy.demo.centre import answers, record, wait_for
from deploy.demo.county import Run, terminal_config
from deploy.demo.terminal import prepare
from tests.samples import FOLDER


class Stack:
    """One county's centre and its terminal; either can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.run = Run(str(folder), free_port(18080), free_port(18180), str(FOLDER))
        for name in ("centre", "scene"):
            (folder / name).mkdir()
        self.run.config.write_text(terminal_config(self.run), encoding="utf-8")
        self.run.save()
        self.centre: subprocess.Popen[bytes] | None = None
        self.terminal: subprocess.Popen[bytes] | None = None
        self.prepared_version = 0

    def start_centre(self) -> None:
        port = str(self.run.centre_port)
        self.centre = self._start("centre", "-m", "scoring", "serve", "--database", self.run.database, "--port", port,
                                  "--heartbeat-s", "1")  # fmt: skip
        wait_for("the centre", lambda: answers(f"{self.run.centre_url}/"))

    def start_terminal(self) -> None:
        self.terminal = self._start("terminal", "-m", "kiosk", "run", "--config", str(self.run.config))
        wait_for("the terminal", lambda: answers(f"{self.run.terminal_url}/health.json"))

    def _start(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        log = (self.run.path / f"{name}.log").open("ab")
        with log:
            return subprocess.Popen([sys.executable, *arguments], stdout=log, stderr=log, start_new_session=True)

    def kill(self, process: subprocess.Popen[bytes] | None) -> None:
        """Cut a process and its children off in the middle of whatever they do."""
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def command(self, room: str, *arguments: str, expect: int = 0) -> str:
        """Return what `python -m room …` prints; the exit code must be `expect`."""
        done = subprocess.run([sys.executable, "-m", room, *arguments], capture_output=True, timeout=60, check=False)
        assert done.returncode == expect, done.stderr.decode()
        return done.stdout.decode() or done.stderr.decode()

    def kiosk(self, command: str, *arguments: str, expect: int = 0) -> str:
        return self.command("kiosk", command, "--config", str(self.run.config), *arguments, expect=expect)

    def health(self) -> dict[str, Any]:
        """Return how the terminal says it is."""
        answer: dict[str, Any] = requests.get(f"{self.run.terminal_url}/health.json", timeout=10).json()
        return answer

    def exports(self) -> tuple[list[str], list[str]]:
        """Return the terminal's ledger and what the centre has of it, as lines."""
        ours = self.kiosk("export").splitlines()
        theirs = self.command("scoring", "export", "--database", self.run.database).splitlines()
        return ours, [line for line in theirs if '"origin":"yanshi-t01"' in line]

    def wait_until_synced(self) -> None:
        """Wait until the centre holds every line of the terminal, byte for byte."""
        wait_for("both ledgers to be the same", lambda: self._same() or None)

    def _same(self) -> bool:
        ours, theirs = self.exports()
        return ours == theirs

    def record(self, *events: dict[str, object]) -> None:
        record(self.run, events)

    def close(self) -> None:
        self.kill(self.terminal)
        self.kill(self.centre)


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Stack]:
    """Yield a county with three clerks, its centre and terminal running; end both afterwards."""
    stack = Stack(folder)
    try:
        stack.start_centre()
        prepare(stack.run)
        stack.start_terminal()
        wait_for("the roster", lambda: stack.health()["feed"]["schedule"])
        stack.prepared_version = stack.health()["feed"]["schedule"]
        yield stack
    finally:
        stack.close()
