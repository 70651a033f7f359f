"""A terminal refuses to record where the next power cut takes everything away."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kiosk.errors import StateRefusedError
from kiosk.mount import Mount, check_mount, mount_of, mounts

CARD = """\
24 30 0:22 / /proc rw,relatime - proc proc rw
30 1 179:2 / / rw,noatime shared:1 - ext4 /dev/mmcblk0p2 rw
31 30 179:3 / /var/lib/lkb rw,noatime shared:2 master:4 - ext4 /dev/mmcblk0p3 rw
40 30 0:40 / /tmp rw - tmpfs tmpfs rw
41 30 0:41 / /mnt/a\\040folder rw - overlay overlay rw,lowerdir=/a
42 30 0:42 / /cdrom ro - squashfs /dev/loop0 ro
43 30 0:43 / /net rw - nfs4 server:/export rw
44 31 0:44 / /var/lib/lkb/later rw - ext4 /dev/sda1 rw
45 31 0:45 / /var/lib/lkb/later rw - ramfs none rw
"""
CONTAINER = "500 400 0:50 / / rw,relatime - overlay overlay rw,lowerdir=/l,upperdir=/u,workdir=/w\n"


@pytest.mark.parametrize(
    ("path", "mount"),
    [
        ("/var/lib/lkb/state", Mount(Path("/var/lib/lkb"), "ext4")),
        ("/var/lib/lkbs", Mount(Path("/"), "ext4")),
        ("/mnt/a folder/state", Mount(Path("/mnt/a folder"), "overlay")),
        ("/var/lib/lkb/later/state", Mount(Path("/var/lib/lkb/later"), "ramfs")),
    ],
)
def test_the_innermost_and_latest_mount_counts(path: str, mount: Mount) -> None:
    assert mount_of(Path(path), mounts(CARD)) == mount


@pytest.mark.parametrize("path", ["/tmp/s", "/mnt/a folder/s", "/cdrom/s", "/net/s", "/var/lib/lkb/later/s"])
def test_a_real_terminal_records_on_none_that_forgets(path: str) -> None:
    with pytest.raises(StateRefusedError, match="Nothing is recorded there"):
        check_mount(Path(path), simulated=False, mountinfo=CARD)


@pytest.mark.parametrize("simulated", [True, False])
def test_a_disk_is_neither_refused_nor_warned_of(simulated: bool) -> None:
    assert check_mount(Path("/var/lib/lkb/state"), simulated=simulated, mountinfo=CARD) is None


def test_a_real_terminal_does_not_record_on_a_covered_card() -> None:
    with pytest.raises(StateRefusedError, match="overlay"):
        check_mount(Path("/var/lib/lkb"), simulated=False, mountinfo=CONTAINER)


@pytest.mark.parametrize(("path", "mountinfo"), [("/var/state", CONTAINER), ("/tmp/state", CARD)])
def test_a_simulated_terminal_may_run_in_a_container_and_says_so(path: str, mountinfo: str) -> None:
    assert "lies on" in str(check_mount(Path(path), simulated=True, mountinfo=mountinfo))


def test_not_even_a_simulated_terminal_records_on_a_covered_disk() -> None:
    with pytest.raises(StateRefusedError, match="raspi-config"):
        check_mount(Path("/mnt/a folder/state"), simulated=True, mountinfo=CARD)


@contextmanager
def mounted(place: Path, *options: str) -> Iterator[Path]:
    if os.geteuid() != 0:
        pytest.skip("only root can mount a file system")
    place.mkdir()
    done = subprocess.run(["mount", *options, str(place)], capture_output=True, check=False)
    if done.returncode:
        pytest.skip(f"this machine mounts no such file system: {done.stderr.decode().strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


CONFIG = """\
[terminal]
id = "t1"
hall = "h"
state = "{state}"
port = 18399
[centre]
url = "http://127.0.0.1:9"
[hardware]
simulated = {simulated}
"""


def refusal_of(folder: Path, state: Path, simulated: str) -> str:
    config = folder / "t.toml"
    config.write_text(CONFIG.format(state=state, simulated=simulated), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "kiosk", "run", "--config", str(config)], capture_output=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert not (state / "ledger.db").exists()
    return done.stderr.decode()


def test_a_real_terminal_does_not_start_on_a_real_tmpfs(tmp_path: Path) -> None:
    with mounted(tmp_path / "memory", "-t", "tmpfs", "tmpfs") as place:
        assert "in memory" in refusal_of(tmp_path, place / "state", "false")


def test_no_terminal_starts_on_a_real_overlay(tmp_path: Path) -> None:
    for name in ("lower", "ram"):
        (tmp_path / name).mkdir()
    with mounted(tmp_path / "ram" / "disk", "-t", "tmpfs", "tmpfs") as upper:
        for name in ("upper", "work"):
            (upper / name).mkdir()
        options = f"lowerdir={tmp_path}/lower,upperdir={upper}/upper,workdir={upper}/work"
        with mounted(tmp_path / "covered", "-t", "overlay", "overlay", "-o", options) as place:
            assert "overlay" in refusal_of(tmp_path, place / "state", "true")
