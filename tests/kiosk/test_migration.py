"""A ledger of an earlier program becomes one of this program, with every line, or stays what it was."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from kiosk.errors import StateRefusedError
from kiosk.export import exported_lines
from kiosk.layout import laid_out
from kiosk.soundness import whole_fault
from kiosk.store import Ledger
from sync import chain
from sync.events import COUNTY_TIME, encode_event
from sync.wire import sha256
from tests.kiosk.conftest import TurnedClock
from tests.kiosk.damaged import ORIGIN, PUNCH

FIRST_SCHEMA = """
CREATE TABLE "_sqlite_migrations" ("id" INTEGER PRIMARY KEY, "migration_set" TEXT, "name" TEXT, "applied_at" TEXT);
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name" ON "_sqlite_migrations" ("migration_set", "name");
INSERT INTO "_sqlite_migrations" VALUES (1, 'kiosk', 'ledger', '2026-11-23 00:00:00+00:00');
CREATE TABLE epoch (
            number INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, origin TEXT NOT NULL,
            born_at TEXT NOT NULL, forked INTEGER NOT NULL DEFAULT 0,
            acknowledged INTEGER NOT NULL DEFAULT 0, receipt TEXT NOT NULL DEFAULT '{}') STRICT;
CREATE TABLE event (
            position INTEGER PRIMARY KEY AUTOINCREMENT, epoch TEXT NOT NULL REFERENCES epoch (name),
            seq INTEGER NOT NULL, id TEXT NOT NULL UNIQUE, type TEXT NOT NULL, occurred_on TEXT NOT NULL,
            line BLOB NOT NULL, hash BLOB NOT NULL, UNIQUE (epoch, seq)) STRICT;
CREATE INDEX event_by_day ON event (occurred_on);
CREATE INDEX event_by_type ON event (type);
CREATE TABLE manifest (
            kind TEXT PRIMARY KEY, version INTEGER NOT NULL, body BLOB NOT NULL, signature TEXT NOT NULL) STRICT;
CREATE TABLE template (person TEXT PRIMARY KEY, version TEXT NOT NULL, sealed BLOB NOT NULL) STRICT;
"""
"""As the first program laid it out, word for word."""

AT = datetime(2026, 10, 8, 8, 20, tzinfo=COUNTY_TIME)


def of_the_first_program(path: Path) -> list[bytes]:
    """Return the lines of a ledger in the first layout: an epoch that forked, and the one that follows it."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.executescript(FIRST_SCHEMA)
    written = []
    for name, forked in (("7f3a9c21", 1), ("00c0ffee", 0)):
        connection.execute(
            "INSERT INTO epoch (name, origin, born_at, forked, acknowledged, receipt) VALUES (?, ?, 'x', ?, 5, ?)",
            (name, ORIGIN, forked, json.dumps({"ack": 5})),
        )
        previous = chain.GENESIS
        for seq in range(1, 21):
            line = encode_event(
                event_id=f"{name}-{seq}", origin=ORIGIN, epoch=name, seq=seq, type_="punch", occurred_at=AT,
                payload={"person": f"P{seq}", "hall": "gaogou", "method": "pin"},
            )  # fmt: skip
            previous = chain.link(previous, line)
            connection.execute(
                "INSERT INTO event (epoch, seq, id, type, occurred_on, line, hash) VALUES (?, ?, ?, 'punch', ?, ?, ?)",
                (name, seq, f"{name}-{seq}", "2026-10-08", line, previous),
            )
            written.append(line)
    connection.execute("INSERT INTO manifest VALUES ('roster', 4, x'7b7d', 'sig'), ('probe', 0, zeroblob(16384), '')")
    connection.execute("INSERT INTO template VALUES ('P1', 'v1', x'0102')")
    connection.close()
    return written


def check_upgraded(path: Path, lines: list[bytes], turned: TurnedClock) -> None:
    ledger = Ledger(path, ORIGIN, turned.clock)
    assert ledger.lines() == lines
    assert ledger.unsent() == 30
    assert (ledger.held_version("roster"), ledger.held_version("probe")) == (4, 0)
    assert ledger.templates() == [("P1", "v1", b"\1\2")]
    assert ledger.record("punch", PUNCH).seq == 21
    assert ledger.writer.submit(lambda connection: whole_fault(connection, ORIGIN), writes=False).result() is None
    ledger.close()


def test_a_ledger_of_the_first_program_goes_on_with_every_line(tmp_path: Path, turned: TurnedClock) -> None:
    lines = of_the_first_program(tmp_path / "ledger.db")
    check_upgraded(tmp_path / "ledger.db", lines, turned)


def test_it_can_be_exported_before_it_was_brought_up_to_date(tmp_path: Path) -> None:
    lines = of_the_first_program(tmp_path / "ledger.db")
    assert list(exported_lines(tmp_path / "ledger.db")) == [*lines[20:], *lines[:20]]  # by the epochs' names


OPENER = """
import sys
from pathlib import Path
from kiosk.schema import open_for_writing
open_for_writing(Path(sys.argv[1])).close()
"""


def changed_under(trace: list[str], path: Path) -> int:
    """Return how the program ended that brings a ledger up to date, watched by strace."""
    command = ["strace", "-f", "-qq", *trace, sys.executable, "-B", "-c", OPENER, str(path)]
    return subprocess.run(command, check=False).returncode


@pytest.mark.parametrize("call", ["pwrite64", "fdatasync"])
def test_a_kill_at_any_write_of_the_change_leaves_the_old_or_the_new(
    tmp_path: Path, turned: TurnedClock, call: str
) -> None:
    if shutil.which("strace") is None:
        pytest.skip("a kill at the n-th write is made with strace")
    before = tmp_path / "before"
    before.mkdir()
    lines = of_the_first_program(before / "ledger.db")
    shutil.copytree(before, tmp_path / "counted")
    trace = ["-e", f"trace={call}"]
    assert changed_under([*trace, "-o", str(tmp_path / "trace")], tmp_path / "counted" / "ledger.db") == 0
    times = (tmp_path / "trace").read_text(encoding="utf-8", errors="replace").count(f"{call}(")
    assert times >= 3
    for nth in sorted({*range(1, times, max(1, times // 16)), times - 1, times}):
        folder = tmp_path / f"killed-{nth}"
        shutil.copytree(before, folder)
        kill = [*trace, "-o", "/dev/null", "-e", f"inject={call}:signal=KILL:when={nth}"]
        assert changed_under(kill, folder / "ledger.db") != 0, nth
        check_upgraded(folder / "ledger.db", lines, turned)


def test_a_newer_programs_ledger_is_refused_and_left_alone(tmp_path: Path, turned: TurnedClock) -> None:
    path = tmp_path / "ledger.db"
    Ledger(path, ORIGIN, turned.clock).close()
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO _sqlite_migrations VALUES (9, 'kiosk', 'much_better', '2031-01-01')")
    connection.close()
    was = path.read_bytes()
    with pytest.raises(StateRefusedError, match="newer program"):
        Ledger(path, ORIGIN, turned.clock)
    assert path.read_bytes() == was


def test_the_text_of_a_migration_that_terminals_have_run_never_changes() -> None:
    """A ledger whose statements are others counts as damaged: change a layout by a further migration alone."""
    texts = [sha256(repr(sorted(laid_out(applied))).encode())[:16] for applied in (1, 2)]
    assert texts == ["ac2584cfc2b0351d", "76f72074f1c1a3cf"]
