"""File systems of our own that can be cut off, filled up or made read-only. Only root can make one."""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

_SHUT_DOWN = 0x8004587D
_WITHOUT_FLUSHING = struct.pack("I", 2)


def impossible() -> str:
    """Return why no file system can be made here, nothing where one can."""
    if os.geteuid() != 0:
        return "only root can mount a file system"
    if not Path("/dev/loop-control").exists():
        return "this machine has no loop devices"
    return ""


def command(*words: str | Path) -> str:
    """Return what a program of the system printed; CalledProcessError where it failed."""
    return subprocess.run([str(word) for word in words], check=True, capture_output=True, text=True).stdout


class Disk:
    """An ext4 file system in a file, mounted at `place`."""

    def __init__(self, image: Path, place: Path, size_mb: int, options: str = "loop") -> None:
        self.image = image
        self.place = place
        self._options = options
        with image.open("wb") as file:
            file.truncate(size_mb * 1024 * 1024)
        command("mkfs.ext4", "-q", "-m", "0", image)
        place.mkdir(exist_ok=True)
        self.mount()

    def mount(self) -> None:
        """Attach the image; the kernel replays its journal as after any power cut."""
        command("mount", "-o", self._options, self.image, self.place)

    def unmount(self) -> None:
        """Detach it; whoever still had a file open on it must be gone."""
        command("umount", self.place)

    def cut(self) -> bool:
        """Lose the power: nothing that is not on the disk by now gets there; return whether it is dead."""
        handle = os.open(self.place, os.O_RDONLY)
        try:
            fcntl.ioctl(handle, _SHUT_DOWN, _WITHOUT_FLUSHING)
        finally:
            os.close(handle)
        return not self.is_writable()

    def is_writable(self) -> bool:
        """Return whether a new file can be written and synced."""
        try:
            handle = os.open(self.place / "probe", os.O_CREAT | os.O_WRONLY)
            try:
                os.write(handle, b"x")
                os.fsync(handle)
            finally:
                os.close(handle)
            (self.place / "probe").unlink()
        except OSError:
            return False
        return True

    def revive(self) -> None:
        """Give the power back: what the page cache held is gone."""
        self.unmount()
        self.mount()

    def fail(self) -> None:
        """Let the file system find an error in itself, upon which it goes read-only (`errors=remount-ro`)."""
        loop = command("findmnt", "-n", "-o", "SOURCE", self.place).strip()
        Path("/sys/fs/ext4", Path(loop).name, "trigger_fs_error").write_text("made by a test", encoding="ascii")

    def repair(self) -> None:
        """Check and mount it again, as a boot would."""
        self.unmount()
        subprocess.run(["e2fsck", "-fp", str(self.image)], check=False, capture_output=True)
        self.mount()

    def remove(self) -> None:
        """Detach and delete it, whatever state it is in."""
        subprocess.run(["umount", "-l", str(self.place)], check=False, capture_output=True)
        self.image.unlink(missing_ok=True)


@contextlib.contextmanager
def disk(folder: Path, name: str, size_mb: int, options: str = "loop") -> Iterator[Disk]:
    """Yield an ext4 file system mounted at `folder/name`, removed afterwards."""
    made = Disk(folder / f"{name}.ext4", folder / name, size_mb, options)
    try:
        yield made
    finally:
        made.remove()
