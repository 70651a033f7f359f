"""A hall with two real terminals: the demonstration's own one is the hub, a second one speaks to it alone."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests

from deploy.demo.__main__ import free_port
from deploy.demo.centre import answers, call, wait_for
from deploy.demo.county import HALL, terminal_config
from deploy.demo.terminal import prepare
from tests.stack import Stack

LEAF = "yanshi-t02"


class Hall(Stack):
    """A county whose terminal is the hub of a second one, the leaf."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.hub_port, self.leaf_port = free_port(18280), free_port(18380)
        self.leaf: subprocess.Popen[bytes] | None = None
        text = self.run.config.read_text(encoding="utf-8")
        self.run.config.write_text(f'{text}\n[hub]\nlisten = "127.0.0.1:{self.hub_port}"\n', encoding="utf-8")
        text = terminal_config(self.run).replace("yanshi-t01", LEAF).replace('"terminal"', '"leaf"')
        text = text.replace(f"port = {self.run.terminal_port}", f"port = {self.leaf_port}")
        text = text.replace("[camera]", f'via = "{self.hub_url}"\n\n[camera]').replace("folder:scene", "none")
        self.leaf_config.write_text(text, encoding="utf-8")

    @property
    def hub_url(self) -> str:
        return f"http://127.0.0.1:{self.hub_port}"

    @property
    def leaf_config(self) -> Path:
        return self.run.path / "leaf.toml"

    def enrol_leaf(self) -> None:
        """Let the leaf in through the hub; its address reaches nobody else."""
        code = call(self.run, "/v1/centre/enrol-codes", {"origin": LEAF, "hall": HALL})["code"]
        self.at_leaf("enrol", "--code", code)

    def start_leaf(self) -> None:
        self.leaf = self._start("leaf", "-m", "kiosk", "run", "--config", str(self.leaf_config))
        wait_for("the leaf", lambda: answers(f"http://127.0.0.1:{self.leaf_port}/health.json"))

    def at_leaf(self, command: str, *arguments: str) -> str:
        return self.command("kiosk", command, "--config", str(self.leaf_config), *arguments)

    def rate(self, grade: int) -> None:
        """Have a visit at the leaf's first window and a citizen's rating of it."""
        self.at_leaf("ask", "--window", "1")
        self.at_leaf("press", "--window", "1", "--grade", str(grade))

    def leaf_health(self) -> dict[str, Any]:
        found: dict[str, Any] = requests.get(f"http://127.0.0.1:{self.leaf_port}/health.json", timeout=10).json()
        return found

    def leaf_lines(self) -> list[str]:
        return self.at_leaf("export").splitlines()

    def lines_at_centre(self) -> list[str]:
        lines = self.command("scoring", "export", "--database", self.run.database).splitlines()
        return [line for line in lines if f'"origin":"{LEAF}"' in line]

    def spooled(self) -> int:
        """Return how many batches the hub holds for the centre."""
        uri = f"{(self.run.path / 'terminal' / 'hub.db').as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
            return int(connection.execute("SELECT count(*) FROM batch").fetchone()[0])

    def close(self) -> None:
        self.kill(self.leaf)
        super().close()


@contextlib.contextmanager
def hall(folder: Path) -> Iterator[Hall]:
    """Yield a hall whose hub and leaf follow their centre; end everything afterwards."""
    made = Hall(folder)
    try:
        made.start_centre()
        prepare(made.run)
        made.start_terminal()
        wait_for("the hub's roster", lambda: made.health()["feed"]["roster"])
        made.enrol_leaf()
        made.start_leaf()
        wait_for("the leaf's roster", lambda: made.leaf_health()["feed"]["roster"], 90)
        yield made
    finally:
        made.close()
