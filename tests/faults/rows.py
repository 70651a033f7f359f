"""Every fault that this project makes happen, by the rows of docs/reliability.md."""

from __future__ import annotations

from tests.faults import (
    altered,
    chaos,
    clock,
    copies,
    corrupt,
    disk,
    disk_trouble,
    killed,
    mount,
    offline,
    power,
    traced,
)
from tests.faults.fault import Fault

ROWS = [
    Fault("1t", "power cut, terminal", "nothing shown as recorded is lost", 1, 50, power.terminal,
          ("normal_sync",), disk.impossible),
    Fault("1c", "power cut, centre", "nothing acknowledged is lost", 1, 50, power.centre,
          ("normal_sync",), disk.impossible),
    Fault("2t", "SIGKILL at a system call, terminal's ledger", "atomic, resumes by itself", 4, 120, killed.terminal,
          ("late_commit",), traced.impossible),
    Fault("2c", "SIGKILL at a system call, centre", "atomic, resumes by itself", 3, 120, killed.centre,
          ("late_commit",), traced.impossible),
    Fault("3f", "disk full", "never a false 'recorded'; the screen says so; goes on by itself", 1, 20,
          disk_trouble.full, ("swallowed_failure",), disk.impossible),
    Fault("3r", "disk fails and goes read-only", "never a false 'recorded'; the screen says so", 1, 20,
          disk_trouble.read_only, ("swallowed_failure",), disk.impossible),
    Fault("3e", "EIO, ENOSPC, EROFS at single calls", "never a false 'recorded'; goes on by itself", 1, 20,
          disk_trouble.failing, ("swallowed_failure",), traced.impossible),
    Fault("4", "damaged ledger files", "found, set aside, recording within 5 s, refetched, the rest listed", 1, 40,
          corrupt.pages, ("blind_to_damage",)),
    Fault("5", "bad network, kills of both sides, power cuts (300 events a try)", "each event once, byte-identical",
          1, 40, chaos.network, ("late_commit",), long_s=2400),
    Fault("6", "thirty days offline, then 64 kbit/s", "nothing dropped; drains within 10 min", 1, 2,
          offline.month, ("one_line_batches",), offline.impossible, long_s=3000),
    Fault("7c", "card cloned", "the fork is found at first contact", 1, 10, copies.cloned, ("never_fork",)),
    Fault("7r", "card rolled back", "the fork is found at first contact", 1, 10, copies.rolled_back, ("never_fork",)),
    Fault("8", "centre restored from an old backup", "heals from the terminals", 1, 10, copies.restored,
          ("deaf_to_heads",)),
    Fault("10c", "clock ±10 years and steps, centre in reach", "no loss; the truth lies within the stated error", 1, 20,
          clock.connected, ("sure_of_time",)),
    Fault("10a", "clock ±10 years and steps, centre out of reach", "no loss; the truth lies within the stated error", 1,
          20, clock.alone, ("sure_of_time",)),
    Fault("11w", "one byte changed on the wire", "every change is refused", 3000, 20_000, altered.on_the_wire,
          ("any_signature",)),
    Fault("11t", "one byte changed in the terminal's store", "found at the next start, never exported", 20, 2000,
          altered.at_the_terminal, ("blind_to_damage",)),
    Fault("11c", "one byte changed in the centre's store", "`verify` names the line", 20, 2000, altered.at_the_centre,
          ("unread_verdict",)),
    Fault("12", "insider edits rows and recomputes the chain", "found by `verify`, or by what terminals hold", 4, 200,
          altered.insider, ("unread_verdict",)),
    Fault("16", "state on an overlay or in memory", "a real terminal refuses to record there", 3, 12, mount.wrong,
          ("any_mount",), disk.impossible),
]  # fmt: skip


def chosen(words: list[str]) -> list[Fault]:
    """Return the faults of rows such as `1` (its terminal and its centre) or `1t`, all where none is named."""
    unknown = [word for word in words if not any(word in {fault.key, str(fault.row)} for fault in ROWS)]
    if unknown:
        raise LookupError(f"there is no row {', '.join(unknown)}: {' '.join(fault.key for fault in ROWS)}")
    return [fault for fault in ROWS if not words or {fault.key, str(fault.row)} & set(words)]
