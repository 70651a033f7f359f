"""A damaged or lost ledger is always noticed, kept as it is, and recording goes on in a new epoch that says so."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kiosk.errors import LedgerUnavailableError
from kiosk.quarantine import mentioned, quarantined
from kiosk.store import Ledger
from kiosk.takeover import Proven
from kiosk.upkeep import Upkeep
from kiosk.vault import Vault
from sync import chain
from sync.events import parse_event
from tests.kiosk.conftest import TurnedClock
from tests.kiosk.damaged import (
    ORIGIN,
    PARTS,
    PUNCH,
    elsewhere,
    first_event,
    flip,
    killed,
    opened,
    overwrite_under_it,
    with_a_past,
)


def garbled(folder: Path) -> None:
    (folder / "ledger.db").write_bytes(b"not a database, but perhaps the only copy of something" * 50)


def cut_in_half(folder: Path) -> None:
    path = folder / "ledger.db"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def emptied(folder: Path) -> None:
    (folder / "ledger.db").write_bytes(b"")


def taken_away(folder: Path) -> None:
    (folder / "ledger.db").unlink()


def rewritten(folder: Path) -> None:
    """Change a word of the newest line, as an insider or a bit of the card might."""
    with sqlite3.connect(folder / "ledger.db") as connection:
        connection.execute(
            "UPDATE event SET line = CAST(replace(CAST(line AS TEXT), 'face', 'card') AS BLOB) WHERE position ="
            " (SELECT max(position) FROM event WHERE type = 'punch')"
        )
    connection.close()


def shortened(folder: Path) -> None:
    """Take the newest line away, and leave everything else whole."""
    with sqlite3.connect(folder / "ledger.db") as connection:
        connection.execute("DELETE FROM event WHERE position = (SELECT max(position) FROM event)")
    connection.close()


@pytest.mark.parametrize(
    ("damage", "because"),
    [
        (garbled, "corrupt"), (cut_in_half, "corrupt"), (rewritten, "corrupt"),
        (emptied, "lost"), (taken_away, "lost"), (shortened, "lost"),
    ],
)  # fmt: skip
def test_recording_goes_on_in_a_new_epoch_that_names_the_last_head(
    tmp_path: Path, turned: TurnedClock, damage: Callable[[Path], None], because: str
) -> None:
    lines = with_a_past(tmp_path, turned.clock)
    last = parse_event(lines[-1])
    damage(tmp_path)
    ledger = opened(tmp_path, turned.clock)
    begun = first_event(ledger)
    assert begun.type == "device.epoch_begun"
    assert begun.epoch != last.epoch
    assert begun.data == {
        "because": because,
        "previous_epoch": last.epoch,
        "last_seq": len(lines),
        "last_hash": chain.links(chain.GENESIS, lines)[-1].hex(),
    }
    assert ledger.record("punch", PUNCH).seq == 2
    assert ledger.trouble is None
    ledger.close()


def test_what_was_moved_aside_is_kept_byte_for_byte(tmp_path: Path, turned: TurnedClock) -> None:
    with_a_past(tmp_path, turned.clock)
    cut_in_half(tmp_path)
    was = (tmp_path / "ledger.db").read_bytes()
    opened(tmp_path, turned.clock).close()
    (folder,) = quarantined(tmp_path)
    assert (folder / "ledger.db").read_bytes() == was
    assert (folder / "ledger.db").stat().st_mode & 0o777 == 0o600


def test_a_log_without_its_file_is_moved_aside_and_not_thrown_away(tmp_path: Path, turned: TurnedClock) -> None:
    live = tmp_path / "live"
    live.mkdir()
    ledger = opened(live, turned.clock)
    ledger.record("punch", PUNCH)
    folder = killed(live, ledger, tmp_path / "after")
    (folder / "ledger.db").unlink()
    log = (folder / "ledger.db-wal").read_bytes()
    opened(folder, turned.clock).close()
    assert (quarantined(folder)[0] / "ledger.db-wal").read_bytes() == log


def test_a_damaged_events_line_is_never_taken_over(tmp_path: Path, turned: TurnedClock) -> None:
    lines = with_a_past(tmp_path, turned.clock)
    rewritten(tmp_path)
    ledger = opened(tmp_path, turned.clock, Proven(tmp_path))
    assert not set(ledger.lines()) & set(lines)
    ledger.close()


def test_what_proves_itself_is_taken_over_and_nothing_else(tmp_path: Path, turned: TurnedClock) -> None:
    with_a_past(tmp_path, turned.clock)
    (tmp_path / "spare.json").unlink()
    strange = Vault(b"k" * 32).seal("P2", "v1", np.ones(128, dtype=np.float32))
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        connection.execute("INSERT INTO template VALUES ('P2', 'v1', ?, x'00')", (strange,))
        connection.execute("INSERT INTO manifest VALUES ('schedule', 9, x'7b7d', 'c2lnbmVk', x'00')")
    connection.close()
    rewritten(tmp_path)
    ledger = opened(tmp_path, turned.clock, Proven(tmp_path))
    assert [person for person, _, _ in ledger.templates()] == ["P1"]
    assert (ledger.held_version("roster"), ledger.held_version("schedule")) == (7, 0)
    ledger.close()


def test_an_older_copy_of_the_ledger_is_noticed(tmp_path: Path, turned: TurnedClock) -> None:
    with_a_past(tmp_path, turned.clock)
    copy = (tmp_path / "ledger.db").read_bytes()
    ledger = opened(tmp_path, turned.clock)
    last = ledger.record("punch", PUNCH)
    ledger.close()
    (tmp_path / "ledger.db").write_bytes(copy)
    ledger = opened(tmp_path, turned.clock)
    assert (first_event(ledger).data["because"], first_event(ledger).data["last_seq"]) == ("lost", last.seq)
    ledger.close()


@pytest.mark.parametrize("keeps", [0, 0.5, 0.98])
def test_a_log_that_lost_its_end_is_noticed_though_what_is_left_is_whole(
    tmp_path: Path, turned: TurnedClock, keeps: float
) -> None:
    live = tmp_path / "live"
    live.mkdir()
    ledger = opened(live, turned.clock)
    events = [ledger.record("punch", PUNCH) for _ in range(40)]
    folder = killed(live, ledger, tmp_path / "after")
    log = folder / "ledger.db-wal"
    log.write_bytes(log.read_bytes()[: int(log.stat().st_size * keeps)])
    (folder / "ledger.db-shm").unlink()
    ledger = opened(folder, turned.clock)
    assert first_event(ledger).type == "device.epoch_begun"
    assert first_event(ledger).data["last_seq"] == events[-1].seq
    ledger.close()


def test_a_kill_alone_is_no_damage(tmp_path: Path, turned: TurnedClock) -> None:
    live = tmp_path / "live"
    live.mkdir()
    ledger = opened(live, turned.clock)
    event = ledger.record("punch", PUNCH)
    folder = killed(live, ledger, tmp_path / "after")
    ledger = opened(folder, turned.clock)
    after = ledger.record("punch", PUNCH)
    assert (after.epoch, after.seq) == (event.epoch, 2)
    assert quarantined(folder) == []
    ledger.close()


def read_whole(folder: Path, turned: TurnedClock) -> object:
    """Return everything that a ledger gives back, after its file was checked whole; None where it was replaced."""
    ledger = opened(folder, turned.clock, Proven(folder))
    try:
        Upkeep(ledger, 90, turned.now_s).check()
        ledger.record("punch", PUNCH)
        if quarantined(folder):
            return None
        epochs = [(progress.epoch, progress.acknowledged) for progress in ledger.epochs()]
        return ledger.lines()[:-1], ledger.manifest("roster"), ledger.templates(), epochs
    finally:
        ledger.close()


def test_a_flipped_byte_anywhere_is_noticed_or_changes_nothing(tmp_path: Path, turned: TurnedClock) -> None:
    sound = tmp_path / "sound"
    sound.mkdir()
    with_a_past(sound, turned.clock, punches=12)
    shutil.copytree(sound, tmp_path / "whole")
    whole = read_whole(tmp_path / "whole", turned)
    chance = random.Random(4)
    used = [position for position, byte in enumerate((sound / "ledger.db").read_bytes()) if byte]
    noticed = 0
    for number in range(120):
        folder = tmp_path / f"flipped-{number}"
        shutil.copytree(sound, folder)
        flip(folder / "ledger.db", chance.choice(used), chance.randrange(1, 256))
        found = read_whole(folder, turned)
        noticed += found is None
        assert found in (None, whole), number
    assert noticed > 60


def test_damage_that_a_reader_meets_is_looked_into_and_the_file_replaced(tmp_path: Path, turned: TurnedClock) -> None:
    with_a_past(tmp_path, turned.clock)
    ledger = opened(tmp_path, turned.clock)
    upkeep = Upkeep(ledger, 90, turned.now_s)
    upkeep.turn()
    overwrite_under_it(tmp_path)
    refused = elsewhere(ledger.events)
    assert isinstance(refused, LedgerUnavailableError)
    assert refused.reason == "corrupt"
    upkeep.turn()
    assert ledger.record("punch", PUNCH).seq == 2
    assert first_event(ledger).data["because"] == "corrupt"
    assert len(quarantined(tmp_path)) == 1
    ledger.close()


def test_damage_that_the_writer_meets_fails_that_press_and_not_the_next(tmp_path: Path, turned: TurnedClock) -> None:
    with_a_past(tmp_path, turned.clock)
    ledger = opened(tmp_path, turned.clock)
    ledger.writer.submit(lambda connection: connection.execute("PRAGMA shrink_memory")).result()
    overwrite_under_it(tmp_path)
    with pytest.raises(LedgerUnavailableError, match="nothing was recorded") as refused:
        ledger.record("punch", PUNCH)
    assert refused.value.reason == "corrupt"
    assert ledger.record("punch", PUNCH).seq == 2
    assert ledger.trouble is None
    ledger.close()


def test_a_fresh_ledger_is_not_condemned_for_the_one_before(tmp_path: Path, turned: TurnedClock) -> None:
    ledger = opened(tmp_path, turned.clock)
    before = ledger.writer.replacements
    ledger.writer.condemn("seen twice", before)
    ledger.writer.condemn("seen twice", before)
    assert ledger.record("punch", PUNCH).seq == 2
    assert len(quarantined(tmp_path)) == 1
    ledger.close()


def test_another_terminals_damaged_ledger_is_left_alone(tmp_path: Path, turned: TurnedClock) -> None:
    with_a_past(tmp_path, turned.clock)
    garbled(tmp_path)
    with pytest.raises(LedgerUnavailableError, match=f"belongs to terminal '{ORIGIN}'"):
        Ledger(tmp_path / "ledger.db", "t2", turned.clock)
    assert (tmp_path / "ledger.db").read_bytes().startswith(b"not a database")


def test_the_moved_files_say_how_far_they_went_whatever_is_broken(tmp_path: Path, turned: TurnedClock) -> None:
    lines = with_a_past(tmp_path, turned.clock)
    for part in ("heads.json", "ledger.mark"):
        (tmp_path / part).unlink()
    path = tmp_path / "ledger.db"
    path.write_bytes(b"\0" * 4096 + path.read_bytes()[4096:])
    opened(tmp_path, turned.clock).close()
    assert mentioned(quarantined(tmp_path)[0]) == {parse_event(lines[0]).epoch: len(lines)}


def test_one_flipped_digit_names_no_line_that_never_was(tmp_path: Path) -> None:
    said = b'"epoch":"7f3a9c21","seq":%d,"type":"punch"'
    (tmp_path / "ledger.db").write_bytes(b"".join(said % seq for seq in (1, 2, 3, 903)))
    assert mentioned(tmp_path) == {"7f3a9c21": 3}


def test_all_three_files_are_moved(tmp_path: Path, turned: TurnedClock) -> None:
    live = tmp_path / "live"
    live.mkdir()
    ledger = opened(live, turned.clock)
    ledger.record("punch", PUNCH)
    folder = killed(live, ledger, tmp_path / "after")
    garbled(folder)
    (folder / "ledger.db-wal").write_bytes(b"\xa5" * 4096)
    opened(folder, turned.clock).close()
    assert {path.name for path in quarantined(folder)[0].iterdir()} == {*PARTS, "why.json"}


def test_a_log_or_file_that_was_cut_flipped_or_taken_is_noticed_or_changes_nothing(
    tmp_path: Path, turned: TurnedClock
) -> None:
    live = tmp_path / "live"
    live.mkdir()
    with_a_past(live, turned.clock, punches=5)
    ledger = opened(live, turned.clock, Proven(live))
    for _ in range(10):
        ledger.record("punch", PUNCH)
    sound = killed(live, ledger, tmp_path / "sound")
    shutil.copytree(sound, tmp_path / "whole")
    whole = read_whole(tmp_path / "whole", turned)
    chance = random.Random(4)
    noticed = 0
    for number in range(60):
        folder = tmp_path / f"damaged-{number}"
        shutil.copytree(sound, folder)
        (folder / "ledger.db-shm").unlink()
        path = folder / chance.choice(["ledger.db", "ledger.db-wal"])
        if number % 2:
            flip(path, chance.randrange(path.stat().st_size), chance.randrange(1, 256))
        else:
            path.write_bytes(path.read_bytes()[: chance.randrange(path.stat().st_size)])
        found = read_whole(folder, turned)
        noticed += found is None
        assert found in (None, whole), number
    assert noticed > 30


ALTERED = {
    "the type of an old line": "UPDATE event SET type = 'rating.given' WHERE position = (1 << 32) + 3",
    "the day of an old line": "UPDATE event SET occurred_on = '2026-10-09' WHERE position = (1 << 32) + 3",
    "the hash of an old line": "UPDATE event SET hash = zeroblob(32) WHERE position = (1 << 32) + 3",
    "an old line is gone": "DELETE FROM event WHERE position = (1 << 32) + 3",
    "the first line of a day": "UPDATE day SET first = first + 5",
    "a day is gone": "DELETE FROM day",
    "a roster": "UPDATE manifest SET body = zeroblob(9)",
    "a version": "UPDATE manifest SET version = version + 1",
    "a template": "UPDATE template SET person = 'P2'",
    "an acknowledgement": "UPDATE epoch SET acknowledged = 9, receipt = '{\"ack\":8}'",
    "more acknowledged than there is": "UPDATE epoch SET acknowledged = 9999",
    "a fork": "UPDATE epoch SET forked = 1",
}


@pytest.mark.parametrize("what", ALTERED)
def test_whatever_was_altered_is_found_when_the_file_is_checked_whole(
    tmp_path: Path, turned: TurnedClock, what: str
) -> None:
    with_a_past(tmp_path, turned.clock)
    ledger = opened(tmp_path, turned.clock)
    upkeep = Upkeep(ledger, 90, turned.now_s)
    assert upkeep.check() is None
    with sqlite3.connect(tmp_path / "ledger.db") as connection:
        connection.execute(ALTERED[what])
    connection.close()
    assert upkeep.check() is not None
    assert ledger.record("punch", PUNCH).seq == 2
    ledger.close()
