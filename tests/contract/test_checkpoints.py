"""A real terminal holds what a real centre signed, and with it finds out who edits the centre's database."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import requests

from deploy.demo.centre import wait_for
from kiosk.config import load_config
from kiosk.identity import known_identity
from sync import chain
from sync.checkpoint import Checkpoint, read_checkpoint
from tests.stack import Stack


@pytest.fixture(scope="module")
def held(county: Stack) -> list[Checkpoint]:
    """What the terminal holds once it was told of a checkpoint: the first is made within seconds of the first line."""
    printed = wait_for("a checkpoint at the terminal", lambda: county.kiosk("checkpoints"))
    return [read_checkpoint(json.loads(line)) for line in printed.splitlines()]


def copied(county: Stack, folder: Path) -> Path:
    """Return a copy of the centre's database as it stands, beside the running server."""
    path = folder / "copy.db"
    source = county.run.database.removeprefix("sqlite:///")
    with closing(sqlite3.connect(source)) as theirs, closing(sqlite3.connect(path)) as ours:
        theirs.backup(ours)
    return path


def test_the_terminal_holds_the_very_checkpoint_of_the_centre(county: Stack, held: list[Checkpoint]) -> None:
    identity = known_identity(load_config(county.run.config).state_dir)
    assert identity is not None
    held[-1].check(identity.server_key)
    answer = requests.get(f"{county.run.centre_url}/v1/checkpoints/{held[-1].number}", timeout=10)
    assert read_checkpoint(answer.json()) == held[-1]


def test_verify_holds_beside_the_running_centre(county: Stack, held: list[Checkpoint], tmp_path: Path) -> None:
    roots = tmp_path / "roots.ndjson"
    roots.write_text(county.kiosk("checkpoints"), encoding="utf-8")
    said = county.command("scoring", "verify", "--database", county.run.database, "--roots", str(roots))
    assert f"{len(held)} held by terminals" in said


def test_verify_names_the_event_that_an_insider_edited_and_chained_anew(
    county: Stack, held: list[Checkpoint], tmp_path: Path
) -> None:
    path = copied(county, tmp_path)
    with closing(sqlite3.connect(path)) as store:
        rows = store.execute("SELECT position, line, id FROM event WHERE origin = 'centre' ORDER BY seq").fetchall()
        line_hash = chain.GENESIS
        for position, line, _ in rows:
            edited = line.replace(b'"actor":"', b'"actor":"X') if position == rows[2][0] else line
            line_hash = chain.link(line_hash, edited)
            store.execute("UPDATE event SET line = ?, hash = ? WHERE position = ?", (edited, line_hash, position))
        store.execute("UPDATE head SET hash = ? WHERE origin = 'centre'", (line_hash,))
        store.commit()
    said = county.command("scoring", "verify", "--database", f"sqlite:///{path}", "--state", str(tmp_path), expect=1)
    assert said.startswith("ALTERED, first of all: centre/")
    assert f"/3 ({rows[2][2]})" in said.splitlines()[0]
    assert held
