"""What the terminal calls recorded is on the disk, chained, numbered without a hole, and its alone."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from kiosk.errors import LedgerUnavailableError
from kiosk.export import exported_lines
from kiosk.lines import MAX_LINE_BYTES
from kiosk.schema import open_for_reading, open_for_writing
from kiosk.store import Ledger
from sync import chain
from sync.events import parse_event
from sync.feed import Manifest
from tests.kiosk.conftest import START, TurnedClock

PUNCH = {"person": "P1", "hall": "gaogou", "method": "face"}


def test_recorded_events_are_numbered_chained_and_kept_byte_for_byte(ledger: Ledger) -> None:
    events = [ledger.record("punch", PUNCH) for _ in range(3)]
    epoch = events[0].epoch
    assert [event.seq for event in events] == [1, 2, 3]
    assert ledger.lines() == [event.line for event in events]
    assert ledger.hash_at(epoch, 3) == chain.links(chain.GENESIS, ledger.lines())[-1]


def test_a_store_that_was_closed_goes_on_where_it_ended(tmp_path: Path, turned: TurnedClock) -> None:
    first = Ledger(tmp_path / "ledger.db", "t1", turned.clock)
    before = first.record("punch", PUNCH)
    first.close()
    again = Ledger(tmp_path / "ledger.db", "t1", turned.clock)
    after = again.record("punch", PUNCH)
    again.close()
    assert (after.epoch, after.seq) == (before.epoch, 2)


def test_every_commit_is_synced_to_the_disk(tmp_path: Path) -> None:
    connection = open_for_writing(tmp_path / "ledger.db")
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA foreign_keys").fetchone() == (1,)
    connection.close()


@pytest.mark.usefixtures("turned")
def test_only_the_writer_checkpoints_and_it_keeps_its_log_short(ledger: Ledger, tmp_path: Path) -> None:
    for _ in range(20):
        ledger.record_all([("punch", PUNCH)] * 50)
        assert len(ledger.events_on(START.date())) % 50 == 0  # a reader looks in between
    ledger.reported()  # behind the last checkpoint
    assert (tmp_path / "ledger.db").stat().st_size > 300_000
    assert (tmp_path / "ledger.db-wal").stat().st_size < 1_000_000
    assert open_for_writing(tmp_path / "other.db").execute("PRAGMA wal_autocheckpoint").fetchone() == (0,)


def test_facts_recorded_together_stand_together_or_not_at_all(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="bytes"):
        ledger.record_all([("punch", PUNCH), ("punch", {"note": "x" * MAX_LINE_BYTES})])
    assert ledger.lines() == []
    assert ledger.record("punch", PUNCH).seq == 1


def test_a_second_program_is_refused_while_the_first_runs(ledger: Ledger, tmp_path: Path, turned: TurnedClock) -> None:
    with pytest.raises(LedgerUnavailableError, match="in use"):
        Ledger(tmp_path / "ledger.db", "gaogou-t01", turned.clock)
    assert ledger.record("punch", PUNCH).seq == 1


def test_another_terminals_store_is_refused(tmp_path: Path, turned: TurnedClock) -> None:
    Ledger(tmp_path / "ledger.db", "t1", turned.clock).close()
    with pytest.raises(LedgerUnavailableError, match="belongs to terminal 't1'"):
        Ledger(tmp_path / "ledger.db", "t2", turned.clock)


def test_the_store_can_be_read_by_its_user_alone(ledger: Ledger, tmp_path: Path) -> None:
    ledger.record("punch", PUNCH)
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.glob("ledger.db*")}
    assert modes == {"ledger.db": 0o600, "ledger.db-wal": 0o600, "ledger.db-shm": 0o600}


def test_readers_cannot_write(ledger: Ledger, tmp_path: Path) -> None:
    ledger.record("punch", PUNCH)
    with pytest.raises(sqlite3.OperationalError):
        open_for_reading(tmp_path / "ledger.db").execute("DELETE FROM event")


def test_everything_before_the_reported_instant_is_numbered_up_to_the_reported_line(
    ledger: Ledger, turned: TurnedClock
) -> None:
    ledger.record("punch", PUNCH)
    turned.at_s = 60
    epoch, seq, at = ledger.reported()
    turned.at_s = 61
    later = ledger.record("punch", PUNCH)
    assert (epoch, seq, at) == (later.epoch, 1, START + timedelta(seconds=60))


def test_the_centres_word_on_what_arrived_may_go_back(ledger: Ledger) -> None:
    epoch = ledger.record("punch", PUNCH).epoch
    ledger.record_all([("punch", PUNCH), ("punch", PUNCH)])
    ledger.acknowledge(epoch, 3, {"ack": 3})
    assert ledger.unsent() == 0
    ledger.acknowledge(epoch, 1, {})
    assert ledger.unsent() == 2


def test_after_a_fork_recording_goes_on_in_a_new_epoch_that_names_the_last_head(ledger: Ledger) -> None:
    old = ledger.record("punch", PUNCH)
    ledger.fork(old.epoch)
    new = ledger.record("punch", PUNCH)
    begun = parse_event(ledger.lines()[1])
    assert (begun.type, begun.seq, new.seq) == ("device.epoch_begun", 1, 2)
    assert begun.data["last_hash"] == ledger.hash_at(old.epoch, 1).hex()
    assert [progress.epoch for progress in ledger.epochs()] == [new.epoch]
    assert len(ledger.lines()) == 3


def test_what_a_forked_epoch_still_holds_back_is_counted_and_limits_what_is_reported(
    ledger: Ledger, turned: TurnedClock
) -> None:
    epoch = ledger.record("punch", PUNCH).epoch
    ledger.acknowledge(epoch, 1, {"ack": 1})
    turned.at_s = 60
    ledger.record("punch", PUNCH)
    turned.at_s = 120
    ledger.fork(epoch)
    assert ledger.has_forked()
    assert ledger.unsent() == 2  # the line that the centre will not take, and the new epoch's first
    assert ledger.reported()[2] == START + timedelta(seconds=60)


def test_a_held_manifest_survives_a_restart(tmp_path: Path, turned: TurnedClock) -> None:
    first = Ledger(tmp_path / "ledger.db", "t1", turned.clock)
    first.hold(Manifest("t1", "roster", 4, b'{"events":[]}', "sig"))
    first.close()
    again = Ledger(tmp_path / "ledger.db", "t1", turned.clock)
    assert (again.held_version("roster"), again.manifest("roster")) == (4, {"events": []})
    again.close()


def test_a_ledger_that_does_not_exist_is_not_exported_as_empty(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnavailableError, match="no ledger yet"):
        exported_lines(tmp_path / "ledger.db")


RECORDER = """
import sys
from pathlib import Path
from kiosk.store import Ledger
from sync.clock import SystemClock
ledger = Ledger(Path(sys.argv[1]), "t1", SystemClock())
while True:
    print(ledger.record("punch", {"person": "P1", "hall": "h", "method": "pin"}).id, flush=True)
"""


@pytest.mark.parametrize("promised", [1, 7, 40])
def test_what_was_called_recorded_before_a_kill_is_there_after_it(tmp_path: Path, promised: int) -> None:
    path = tmp_path / "ledger.db"
    with subprocess.Popen([sys.executable, "-c", RECORDER, str(path)], stdout=subprocess.PIPE, text=True) as recorder:
        assert recorder.stdout is not None
        seen = [recorder.stdout.readline().strip() for _ in range(promised)]
        recorder.send_signal(signal.SIGKILL)
        seen += recorder.stdout.read().split()
    lines = exported_lines(path)
    events = [parse_event(line) for line in lines]
    assert [event.id for event in events][: len(seen)] == seen
    assert [event.seq for event in events] == list(range(1, len(events) + 1))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 1 MiB; only root can make one."""
    if os.geteuid() != 0:
        pytest.skip("a full disk needs a file system of its own, which only root can mount")
    place = tmp_path / "small"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], check=True)
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def until_refused(ledger: Ledger) -> tuple[int, LedgerUnavailableError]:
    """Return how many more punches were recorded before one was refused, and the refusal."""
    for recorded in range(5000):
        try:
            ledger.record("punch", PUNCH)
        except LedgerUnavailableError as error:
            return recorded, error
    raise AssertionError("the disk never filled")


def test_a_full_disk_is_never_called_recorded_and_ends_by_itself(small_disk: Path, turned: TurnedClock) -> None:
    ballast = small_disk / "ballast"
    ledger = Ledger(small_disk / "ledger.db", "t1", turned.clock)
    ledger.record("punch", PUNCH)
    ballast.write_bytes(b"x" * 512 * 1024)
    recorded, refused = until_refused(ledger)
    assert refused.reason == "full"
    assert str(ledger.trouble) == str(refused)
    assert len(ledger.lines()) == 1 + recorded
    ledger.reported()  # reading succeeds, and does not end the trouble
    assert str(ledger.trouble) == str(refused)
    ledger.probe()
    ledger.reported()
    assert ledger.trouble
    ballast.unlink()
    ledger.probe()
    ledger.reported()
    assert not ledger.trouble
    assert ledger.record("punch", PUNCH).seq == recorded + 2
    ledger.close()


def test_a_clock_that_was_set_is_recorded_before_the_next_event(ledger: Ledger, turned: TurnedClock) -> None:
    ledger.record("punch", PUNCH)
    turned.at_s = 60
    turned.set_s = -3600
    punch = ledger.record("punch", PUNCH)
    events = ledger.events()
    assert [event.type for event in events] == ["punch", "device.clock_stepped", "punch"]
    assert events[1].data == {
        "boot_id": "b1",
        "before_at": "2026-10-08T08:21:00.000+08:00",
        "after_at": "2026-10-08T07:21:00.000+08:00",
        "step_ms": -3_600_000,
        "boottime_ns": 1060 * 10**9,
    }
    assert punch.id == events[2].id


def test_a_clock_that_is_set_while_nothing_happens_is_recorded_once(ledger: Ledger, turned: TurnedClock) -> None:
    ledger.record("punch", PUNCH)
    ledger.watch_clock()
    turned.set_s = 86_400
    for _ in range(3):
        turned.at_s += 1
        ledger.watch_clock()
    assert [event.type for event in ledger.events()] == ["punch", "device.clock_stepped"]


def test_a_clock_that_was_set_while_the_program_stood_still_is_recorded(tmp_path: Path, turned: TurnedClock) -> None:
    first = Ledger(tmp_path / "ledger.db", "t1", turned.clock)
    first.record("punch", PUNCH)
    first.close()
    turned.at_s, turned.set_s = 600, 3600
    again = Ledger(tmp_path / "ledger.db", "t1", turned.clock)
    again.record("punch", PUNCH)
    assert [event.type for event in again.events()] == ["punch", "device.clock_stepped", "punch"]
    again.close()


def test_a_step_that_could_not_be_recorded_is_recorded_later(small_disk: Path, turned: TurnedClock) -> None:
    ballast = small_disk / "ballast"
    ledger = Ledger(small_disk / "ledger.db", "t1", turned.clock)
    ballast.write_bytes(b"x" * 512 * 1024)
    recorded, _ = until_refused(ledger)
    turned.set_s = 3600
    with pytest.raises(LedgerUnavailableError):
        ledger.record("punch", PUNCH)
    ballast.unlink()
    ledger.record("punch", PUNCH)
    assert [event.type for event in ledger.events()][recorded:] == ["device.clock_stepped", "punch"]
    ledger.close()


def test_what_comes_after_the_end_is_refused_and_waits_for_nothing(tmp_path: Path, turned: TurnedClock) -> None:
    ledger = Ledger(tmp_path / "ledger.db", "t1", turned.clock)
    ledger.close()
    with pytest.raises(LedgerUnavailableError, match="closed"):
        ledger.record("punch", PUNCH)
    ledger.close()


ONCE = RECORDER.replace("while True:\n    print(", "for _ in range(1):\n    print(")


def test_a_read_only_disk_is_never_called_recorded_and_ends_by_itself(small_disk: Path, turned: TurnedClock) -> None:
    path = small_disk / "ledger.db"
    subprocess.run([sys.executable, "-c", ONCE, str(path)], check=True)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    try:
        with pytest.raises(LedgerUnavailableError) as refused:
            Ledger(path, "t1", turned.clock)
        assert refused.value.reason == "read_only"
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    again = Ledger(path, "t1", turned.clock)
    assert again.record("punch", PUNCH).seq == 2
    again.close()
