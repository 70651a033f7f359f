"""Whether the place where the ledger lies keeps what is written: the kernel's list of mounts enters, a verdict leaves.

raspi-config's overlay covers whole cards, data partitions among them: what is recorded there is gone with the power.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from kiosk.errors import StateRefusedError

_MOUNTINFO = Path("/proc/self/mountinfo")
_OVERLAYS = {"overlay", "overlayfs", "aufs", "unionfs", "fuse.overlayfs", "fuse.unionfs-fuse"}
_IN_MEMORY = {"tmpfs", "ramfs", "rootfs", "devtmpfs", "zram"}
_UNCHANGING = {"squashfs", "iso9660", "erofs", "cramfs", "romfs"}
_ELSEWHERE = {"nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "afs", "ceph"}
_ESCAPED = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Mount:
    """One mounted file system: where, and of which kind."""

    point: Path
    kind: str


def mounts(mountinfo: str) -> list[Mount]:
    """Return the mounts of a text in the form of /proc/self/mountinfo, in its order.

    Source: proc(5), /proc/pid/mountinfo.
    """
    found = []
    for line in mountinfo.splitlines():
        fields = line.split()
        if "-" in fields[6:]:
            point = _ESCAPED.sub(lambda match: chr(int(match[1], 8)), fields[4])
            found.append(Mount(Path(point), fields[fields.index("-", 6) + 1]))
    return found


def mount_of(path: Path, every: list[Mount]) -> Mount:
    """Return the mount on which an absolute path lies: the innermost, and of two on one place the later."""
    above = [mount for mount in every if path.is_relative_to(mount.point)]
    deepest = max((len(mount.point.parts) for mount in above), default=0)
    return next((mount for mount in reversed(above) if len(mount.point.parts) == deepest), Mount(Path("/"), ""))


def objection(mount: Mount) -> str | None:
    """Return why a mount cannot hold a ledger, in words; None where it can."""
    if mount.kind in _OVERLAYS:
        return "an overlay, which forgets at the next start what was written"
    if mount.kind in _IN_MEMORY:
        return "in memory, which a power cut empties"
    if mount.kind in _UNCHANGING:
        return "a file system that takes no writes"
    if mount.kind in _ELSEWHERE:
        return "on another machine, which SQLite's log does not bear"
    return None


def check_mount(state_dir: Path, *, simulated: bool, mountinfo: str | None = None) -> str | None:
    """Return a warning where a simulated terminal records on what does not keep it, None where all is well.

    Raises StateRefusedError, and then nothing may be recorded, for a real terminal on such a mount; for a simulated
    one too on an overlay that is not the root of a container, for that is a disk which was covered by mistake.
    """
    text = mountinfo if mountinfo is not None else _MOUNTINFO.read_text(encoding="utf-8", errors="surrogateescape")
    mount = mount_of(state_dir.resolve(), mounts(text))
    why = objection(mount)
    if why is None:
        return None
    if not simulated or (mount.kind in _OVERLAYS and mount.point != Path("/")):
        raise StateRefusedError(
            f"{state_dir} lies on {mount.point} ({mount.kind}): {why}. Nothing is recorded there. Switch the overlay"
            " file system off (raspi-config, Performance), or set [terminal] state to a folder on the data partition"
        )
    return f"{state_dir} lies on {mount.point} ({mount.kind}): {why}"
