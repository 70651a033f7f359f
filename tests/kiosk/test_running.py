"""A terminal that finds its disk read-only at the start says so on its screens, and comes back by itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from deploy.demo.__main__ import free_port
from deploy.demo.centre import wait_for

CONFIG = """\
[terminal]
id = "t1"
hall = "h"
state = "{state}"
port = {port}
[centre]
url = "http://127.0.0.1:9"
[hardware]
simulated = true
"""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("only root can make a disk read-only")
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(place)], check=True)
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def status_of(url: str) -> tuple[int, str | None]:
    """Return the status of a terminal's own health, and what it says of its store."""
    try:
        answer = requests.get(f"{url}/health.json", timeout=5)
    except requests.ConnectionError:
        return 0, None
    return answer.status_code, answer.json()["storage"]


def remount(place: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(place)], check=True)


def test_a_read_only_disk_at_the_start_is_said_and_waited_for(tmp_path: Path, disk: Path) -> None:
    port = free_port(18400)
    (tmp_path / "t.toml").write_text(CONFIG.format(state=disk, port=port), encoding="utf-8")
    url = f"http://127.0.0.1:{port}"
    remount(disk, "ro")
    terminal = subprocess.Popen([sys.executable, "-m", "kiosk", "run", "--config", str(tmp_path / "t.toml")])
    try:
        wait_for("the trouble", lambda: status_of(url) == (503, "read_only"))
        assert "存储只读" in requests.get(f"{url}/", timeout=5).text
        assert requests.post(f"{url}/control/press", timeout=5).json()["recorded"] is False
        remount(disk, "rw")
        wait_for("the terminal", lambda: status_of(url) == (200, None))
    finally:
        terminal.send_signal(signal.SIGTERM)
        assert terminal.wait(30) == 0
