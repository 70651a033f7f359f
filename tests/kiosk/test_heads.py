"""What is remembered beside a ledger is durable, lags behind what is committed, and never runs ahead of it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kiosk import heads
from kiosk.errors import LedgerUnavailableError
from kiosk.heads import Mark, Remembered
from kiosk.lines import MAX_LINE_BYTES
from kiosk.store import Ledger
from sync.outbox import KnownHead
from tests.kiosk.conftest import TurnedClock
from tests.kiosk.damaged import ORIGIN, PUNCH

OLD, NEW = KnownHead("7f3a9c21", 4, b"\1" * 32), KnownHead("7f3a9c21", 9, b"\2" * 32)


def test_what_was_remembered_is_recalled(tmp_path: Path) -> None:
    other = KnownHead("00000001", 7, b"\3" * 32)
    heads.remember(tmp_path, "t1", [other, OLD])
    assert heads.recall(tmp_path) == Remembered("t1", (other, OLD))


def test_where_there_never_was_a_ledger_nothing_is_recalled(tmp_path: Path) -> None:
    assert heads.recall(tmp_path) is None


def test_the_mark_goes_further_than_what_was_written_durably(tmp_path: Path) -> None:
    heads.remember(tmp_path, "t1", [OLD])
    mark = Mark(tmp_path, "t1")
    mark.set(NEW)
    mark.close()
    assert heads.recall(tmp_path) == Remembered("t1", (NEW,))


def test_an_older_mark_takes_nothing_back(tmp_path: Path) -> None:
    heads.remember(tmp_path, "t1", [NEW])
    mark = Mark(tmp_path, "t1")
    mark.set(OLD)
    mark.close()
    assert heads.recall(tmp_path) == Remembered("t1", (NEW,))


@pytest.mark.parametrize("at", range(0, 110, 7))
def test_a_torn_mark_is_no_mark(tmp_path: Path, at: int) -> None:
    heads.remember(tmp_path, "t1", [OLD])
    mark = Mark(tmp_path, "t1")
    mark.set(NEW)
    mark.close()
    path = tmp_path / "ledger.mark"
    text = path.read_bytes()
    path.write_bytes(text[:at] + b"x" + text[at + 1 :])
    assert heads.recall(tmp_path) == Remembered("t1", (OLD,))


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"{}", b'{"origin":"t1","epochs":[{"epoch":"e"}]}', b"\xff\xfe"])
def test_a_torn_sidecar_is_none(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "heads.json").write_bytes(text)
    assert heads.recall(tmp_path) is None


def test_after_each_commit_the_newest_head_is_known(ledger: Ledger, tmp_path: Path) -> None:
    event = ledger.record("punch", PUNCH)
    known = heads.recall(tmp_path)
    assert known is not None
    assert known.newest == KnownHead(event.epoch, 1, ledger.hash_at(event.epoch, 1))


def test_what_was_not_committed_is_not_remembered(ledger: Ledger, tmp_path: Path) -> None:
    ledger.record("punch", PUNCH)
    before = heads.recall(tmp_path)
    with pytest.raises(ValueError, match="bytes"):
        ledger.record_all([("punch", PUNCH), ("punch", {"note": "x" * MAX_LINE_BYTES})])
    ledger.probe()
    ledger.reported()
    assert heads.recall(tmp_path) == before


def test_a_fork_is_remembered_at_once(ledger: Ledger, tmp_path: Path) -> None:
    old = ledger.record("punch", PUNCH).epoch
    ledger.fork(old)
    known = heads.recall(tmp_path)
    assert known is not None
    assert known.newest is not None
    assert (known.newest.epoch, known.newest.seq) == (ledger.epochs()[-1].epoch, 1)


RECORDER = """
import sys
from pathlib import Path
from kiosk.store import Ledger
from sync.clock import SystemClock
ledger = Ledger(Path(sys.argv[1]), "t1", SystemClock())
ledger.record("punch", {"person": "P1", "hall": "h", "method": "pin"})
ledger.close()
"""


def calls_of(tmp_path: Path) -> list[str]:
    """Return what a ledger asks of the disk, in order: `sync NAME`, `rename NAME`, `write NAME`."""
    if shutil.which("strace") is None:
        pytest.skip("the order of writes is watched with strace")
    log = tmp_path / "trace"
    calls = "trace=fsync,fdatasync,rename,renameat,renameat2,pwrite64"
    subprocess.run(
        [
            "strace",
            "-f",
            "-y",
            "-o",
            str(log),
            "-e",
            calls,
            sys.executable,
            "-c",
            RECORDER,
            str(tmp_path / "ledger.db"),
        ],
        check=True,
    )
    found = []
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        if match := re.search(r"(fsync|fdatasync|pwrite64)\(\d+<[^>]*/([^/>]+)>", line):
            found.append(f"{'write' if match[1] == 'pwrite64' else 'sync'} {match[2]}")
        elif match := re.search(r'rename\w*\(.*"[^"]*/([^/"]+)"', line):
            found.append(f"rename {match[1]}")
    return found


def test_the_sidecar_is_on_the_disk_before_it_takes_its_name_and_its_name_afterwards(tmp_path: Path) -> None:
    calls = calls_of(tmp_path)
    first = calls.index("rename heads.json")
    assert calls[first - 1] == "sync heads.json.new"
    assert calls[first + 1] == f"sync {tmp_path.name}"
    assert calls.count("rename heads.json") >= 2


def test_a_mark_is_written_only_when_the_commit_is_on_the_disk(tmp_path: Path) -> None:
    calls = calls_of(tmp_path)
    born = calls.index("rename heads.json")  # what follows is the event
    before_the_mark = calls[born : calls.index("write ledger.mark")]
    assert "write ledger.db-wal" in before_the_mark
    assert "sync ledger.db-wal" in before_the_mark[before_the_mark.index("write ledger.db-wal") :]


def test_a_ledger_that_cannot_be_written_still_reads(ledger: Ledger, tmp_path: Path, turned: TurnedClock) -> None:
    event = ledger.record("punch", PUNCH)
    with pytest.raises(LedgerUnavailableError, match="in use"):
        Ledger(tmp_path / "ledger.db", ORIGIN, turned.clock)
    assert ledger.reported()[:2] == (event.epoch, 1)
