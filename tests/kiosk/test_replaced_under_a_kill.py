"""The replacement of a damaged ledger may be cut at any moment: its file is kept, and the next start records."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kiosk.store import Ledger
from sync.wire import sha256
from tests.kiosk.conftest import TurnedClock
from tests.kiosk.damaged import ORIGIN, PUNCH, first_event, with_a_past

OPENER = """
import sys
from pathlib import Path
from kiosk.store import Ledger
from sync.clock import SystemClock
Ledger(Path(sys.argv[1]), "gaogou-t01", SystemClock()).close()
"""


def opened_under(trace: list[str], path: Path) -> int:
    command = ["strace", "-f", "-qq", *trace, sys.executable, "-B", "-c", OPENER, str(path)]
    return subprocess.run(command, check=False).returncode


def damaged_copy(sound: Path, to: Path) -> str:
    """Return the fingerprint of the damaged file in a copy of a ledger's folder."""
    shutil.copytree(sound, to)
    path = to / "ledger.db"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return sha256(path.read_bytes())


@pytest.mark.parametrize("call", ["rename", "pwrite64", "fdatasync", "fsync", "mkdir"])
def test_a_kill_at_any_moment_of_the_replacement_loses_no_file_and_the_next_start_records(
    tmp_path: Path, turned: TurnedClock, call: str
) -> None:
    if shutil.which("strace") is None:
        pytest.skip("a kill at the n-th call is made with strace")
    sound = tmp_path / "sound"
    sound.mkdir()
    lines = with_a_past(sound, turned.clock)
    damaged_copy(sound, tmp_path / "counted")
    trace = ["-e", f"trace={call}"]
    assert opened_under([*trace, "-o", str(tmp_path / "trace")], tmp_path / "counted" / "ledger.db") == 0
    times = (tmp_path / "trace").read_text(encoding="utf-8", errors="replace").count(f"{call}(")
    assert times >= 1
    for nth in sorted({*range(1, times + 1, max(1, times // 4)), times}):
        folder = tmp_path / f"killed-{nth}"
        was = damaged_copy(sound, folder)
        opened_under([*trace, "-o", "/dev/null", "-e", f"inject={call}:signal=KILL:when={nth}"], folder / "ledger.db")
        ledger = Ledger(folder / "ledger.db", ORIGIN, turned.clock)
        assert ledger.record("punch", PUNCH).seq >= 2
        begun = first_event(ledger)
        assert begun.type == "device.epoch_begun"
        assert begun.data["last_seq"] == len(lines)
        ledger.close()
        kept = [sha256(path.read_bytes()) for path in folder.glob("quarantine/*/ledger.db")]
        assert was in kept, nth
