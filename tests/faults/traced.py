"""Programs under strace, which kills them or fails their system calls at a chosen moment."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

CALLS = ("pwrite64", "fdatasync", "fsync", "ftruncate", "unlink", "rename")
"""The calls by which a file, or a folder, changes for good."""
_CALL = re.compile(r"^(\d+) +(\w+)\(")


def impossible() -> str:
    """Return why nothing can be traced here, nothing where it can."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    probe = subprocess.run(["strace", "-o", "/dev/null", "true"], check=False, capture_output=True)
    return "" if probe.returncode == 0 else "this machine does not let one process trace another"


def traced(log: Path, inject: str = "", calls: Sequence[str] = CALLS) -> list[str]:
    """Return the words to put before a command; `inject` is strace's own, such as `fdatasync:signal=KILL:when=3`."""
    words = ["strace", "-f", "-q", "-o", str(log), "-e", f"trace={','.join(calls)}"]
    return [*words, "-e", f"inject={inject}"] if inject else words


def moments(log: Path) -> list[tuple[str, int]]:
    """Return (call, n) for each n-th call of a kind that one thread made."""
    counted = Counter(match.groups() for line in log.read_text().splitlines() if (match := _CALL.match(line)))
    most: dict[str, int] = {}
    for (_, call), times in counted.items():
        most[call] = max(times, most.get(call, 0))
    return [(call, n) for call, times in most.items() for n in range(1, times + 1)]


def injected(log: Path) -> int:
    """Return how many calls strace failed, or killed the program at."""
    text = log.read_text(errors="replace") if log.exists() else ""
    return text.count("(INJECTED)") + text.count("+++ killed by SIGKILL +++")


def module(*words: str, prefix: Sequence[str] = ()) -> subprocess.CompletedProcess[bytes]:
    """Return how `python -m words…` ended, and what it printed."""
    return subprocess.run([*prefix, sys.executable, "-m", *words], capture_output=True, timeout=120, check=False)
