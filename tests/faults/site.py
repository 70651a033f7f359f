"""A county for faults: a real centre and a real terminal, started as a row wants them, and citizens who press."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from deploy.demo.centre import DemoError, answers, call, wait_for
from deploy.demo.county import HALL, TERMINAL, Run, directory, terminal_config
from kiosk import control
from kiosk.config import Config, load_config
from kiosk.errors import ControlError
from kiosk.identity import enrol
from sync.events import COUNTY_TIME
from tests.faults.compare import of_origin
from tests.stack import Stack

WINDOWS = ("1", "2", "3")
_PAUSE_S = 0.05


def free_port() -> int:
    """Return a port that nobody listens to."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Site(Stack):
    """A county whose programs can be started under another program, with another environment or another address."""

    def __init__(self, folder: Path, centre_url: str | None = None) -> None:
        super().__init__(folder)
        self.run = Run(str(folder), free_port(), free_port(), "")
        self.prefix: dict[str, Sequence[str]] = {}
        self.environment: dict[str, Mapping[str, str]] = {}
        self.listen = "127.0.0.1"
        self.meet(centre_url or self.run.centre_url)

    def meet(self, centre_url: str) -> None:
        """Write the terminal's configuration: it reaches the centre at `centre_url`, and has no camera."""
        text = terminal_config(self.run).replace(f'"{self.run.centre_url}"', f'"{centre_url}"')
        self.run.config.write_text(text.replace('"folder:scene"', '"none"'), encoding="utf-8")

    def beside(self, folder: Path) -> Site:
        """Return a second terminal of the same centre, in a folder of its own; the centre is started here only."""
        folder.mkdir()
        other = Site(folder)
        other.run = Run(str(folder), self.run.centre_port, free_port(), "")
        other.meet(self.run.centre_url)
        return other

    @property
    def config(self) -> Config:
        """Return the terminal's configuration."""
        return load_config(self.run.config)

    @property
    def terminal_folder(self) -> Path:
        """Return the terminal's state."""
        return self.run.path / "terminal"

    @property
    def centre_folder(self) -> Path:
        """Return the centre's database and keys."""
        return self.run.path / "centre"

    def _start(self, name: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self.run.path / f"{name}.log").open("ab") as log:
            words = [*self.prefix.get(name, ()), sys.executable, *arguments]
            environment = {**os.environ, **self.environment.get(name, {})}
            return subprocess.Popen(words, stdout=log, stderr=log, start_new_session=True, env=environment)

    def start_centre(self) -> None:
        """Start the centre on the address it is to listen on, and wait until it answers."""
        port = str(self.run.centre_port)
        self.centre = self._start("centre", "-m", "scoring", "serve", "--database", self.run.database, "--port", port,
                                  "--heartbeat-s", "1", "--host", self.listen)  # fmt: skip
        wait_for("the centre", lambda: answers(f"{self.run.centre_url}/"))

    def launch_terminal(self) -> None:
        """Start the terminal and do not wait for it."""
        self.terminal = self._start("terminal", "-m", "kiosk", "run", "--config", str(self.run.config))

    def found(self) -> None:
        """Let the running centre know the county, and the terminal the centre."""
        self.open_halls()
        code = call(self.run, "/v1/centre/enrol-codes", {"origin": TERMINAL, "hall": HALL})["code"]
        enrol(self.config, code, "faults")

    def open_halls(self) -> None:
        """Let the running centre know the county's halls and clerks."""
        self.record(*directory(datetime(2010, 1, 4, tzinfo=COUNTY_TIME)))

    def begin(self) -> None:
        """Start the centre, make the county known, start the terminal and wait until it knows its clerks."""
        self.start_centre()
        self.found()
        self.start_terminal()
        wait_for("the roster", lambda: self.health()["feed"]["roster"])

    def start_terminal(self, patience_s: float = 60) -> None:
        """Start the terminal and wait until it answers; DemoError where it ended instead."""
        self.launch_terminal()
        wait_for("the terminal", lambda: self.terminal_has_ended or self.terminal_answers, patience_s)

    @property
    def terminal_answers(self) -> bool:
        """Return whether the terminal says how it is."""
        with contextlib.suppress(OSError, ValueError):
            return bool(self.health())
        return False

    @property
    def terminal_has_ended(self) -> bool:
        """Return whether the terminal's process is gone."""
        return self.terminal is None or self.terminal.poll() is not None

    def ours(self) -> list[bytes]:
        """Return the lines of the terminal's store."""
        return self.kiosk("export").encode().splitlines()

    def theirs(self) -> list[bytes]:
        """Return the terminal's lines at the centre."""
        return of_origin(self.centre_lines(), TERMINAL)

    def centre_lines(self) -> list[bytes]:
        """Return every line at the centre."""
        return self.command("scoring", "export", "--database", self.run.database).encode().splitlines()

    def left(self, export: Callable[[], list[bytes]]) -> list[bytes]:
        """Return the lines of an export, none where what is left of the store cannot even be read."""
        try:
            return export()
        except AssertionError:
            return []

    def wait_until_arrived(self, patience_s: float = 60) -> bool:
        """Return whether both sides hold the same bytes before the patience ends."""
        try:
            wait_for("both ledgers to be the same", lambda: self.ours() == self.theirs() or None, patience_s)
        except DemoError:
            return False
        return True

    def end(self) -> None:
        """Ask both to end, as a shutdown would, and wait."""
        for process in (self.terminal, self.centre):
            if process is not None:
                with contextlib.suppress(ProcessLookupError):
                    process.send_signal(signal.SIGTERM)
                process.wait(30)


@contextlib.contextmanager
def site(folder: Path, centre_url: str | None = None) -> Iterator[Site]:
    """Yield a county of which nothing runs yet; everything that was started is killed afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Site(folder, centre_url)
    try:
        yield made
    finally:
        made.close()


class Citizens:
    """People at every window who are asked and press, one visit after another, until they are sent home.

    `promises` are the ids that the terminal has called recorded: of ratings, and of visits opened; `happened_s` says
    of each between which two true instants, in seconds, it happened.
    """

    def __init__(self, config: Config, most: int | None = None) -> None:
        self._config = config
        self._most = most
        self._home = threading.Event()
        self._lock = threading.Lock()
        self.promises: list[str] = []
        self.happened_s: dict[str, tuple[float, float]] = {}
        self.refusals: list[str] = []
        self._threads = [threading.Thread(target=self._visit, args=(window,)) for window in WINDOWS]
        for thread in self._threads:
            thread.start()

    def _visit(self, window: str) -> None:
        while not self._home.is_set() and (self._most is None or len(self.promises) < self._most):
            try:
                self._act("ask", {"window": window})
                self._act("press", {"window": window, "grade": random.randint(1, 5)})
            except (ControlError, OSError) as error:
                self.refusals.append(str(error))
                self._home.wait(_PAUSE_S)

    def _act(self, act: str, fields: Mapping[str, object]) -> None:
        began_s = time.time()
        status, answer = control.call(self._config, act, fields)
        identity = answer.get("id") or answer.get("visit")
        if status == 200 and identity:
            with self._lock:
                self.promises.append(str(identity))
                self.happened_s[str(identity)] = (began_s, time.time())
        else:
            self.refusals.append(str(answer.get("message", status)))
            self._home.wait(_PAUSE_S)

    def wait_for(self, promises: int, patience_s: float = 60) -> None:
        """Wait until so many promises were made."""
        wait_for(f"{promises} promises", lambda: len(self.promises) >= promises, patience_s)

    def forget_after(self, promised: int) -> None:
        """Let what was promised after the first so many count for nothing: it crossed with a cut of the power."""
        with self._lock:
            del self.promises[promised:]

    def wait_for_refusal(self, patience_s: float = 60) -> None:
        """Wait until one more act is refused than now."""
        before = len(self.refusals)
        wait_for("a refusal", lambda: len(self.refusals) > before, patience_s)

    def go_home(self) -> list[str]:
        """Send everybody home and return every promise made."""
        self._home.set()
        for thread in self._threads:
            thread.join()
        return self.promises


@contextlib.contextmanager
def citizens(config: Config, most: int | None = None) -> Iterator[Citizens]:
    """Yield citizens at work; they have gone home afterwards."""
    people = Citizens(config, most)
    try:
        yield people
    finally:
        people.go_home()
