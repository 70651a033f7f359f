# ruff: noqa: INP001 - deploy/ holds scripts, not a package
"""Fetches the openly licensed sample photographs that `make run` and the tests use.

Two packages enter (by name and hash, through pip, never installed), eleven checked pictures leave.
It never keeps a picture whose SHA-256 is not the one written below, and touches nothing when all are there.

Usage: python deploy/fetch_samples.py [FOLDER]      (default: var/samples beside this folder)
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
LOCK = HERE / "samples.lock"
DEFAULT_FOLDER = HERE.parent / "var" / "samples"

PICTURES = {
    "face_recognition-1.3.0/tests/test_images/32bit.png": (
        "44dca895a7d635a4aedddd91a4f37af9a8a5b44e66154282a24645a757b5f627"
    ),
    "face_recognition-1.3.0/tests/test_images/biden.jpg": (
        "3c17508bb91554c637a2eabddfae790e5bb1caba93130814fc2ac50be9760c4c"
    ),
    "face_recognition-1.3.0/tests/test_images/obama.jpg": (
        "0930e3aa8cae5920329c0c8cbc6a2ab70f47b0e67b432875beaa95cbf7e741f6"
    ),
    "face_recognition-1.3.0/tests/test_images/obama2.jpg": (
        "a7efcc907375274796f39646510704aa86672d59f6d5469d69af3c85590976a6"
    ),
    "face_recognition-1.3.0/tests/test_images/obama3.jpg": (
        "76ac6bf97c36dc2da0ad16a537d6a5ac1b10f48d49aac29a0cca9a17cdbc3ca3"
    ),
    "face_recognition-1.3.0/tests/test_images/obama_partial_face.jpg": (
        "c2d1f09e7ef3042352b41e41286e6eb0522f64f88308be13886991b95db52117"
    ),
    "face_recognition-1.3.0/tests/test_images/obama_partial_face2.jpg": (
        "9a812347f97633542b8cd9992de22def11b74f79d82056bc3ee830f13878e028"
    ),
    "skimage/data/astronaut.png": "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
    "skimage/data/chelsea.png": "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb",
    "skimage/data/coffee.png": "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7",
    "skimage/data/page.png": "341a6f0a61557662b02734a9b6e56ec33a915b2c41886b97509dedf2a43b47a3",
}
"""Where each picture lies in its package, and its SHA-256."""

DOWNLOAD = (
    *("download", "--quiet", "--no-deps", "--require-hashes", "--no-cache-dir"),
    *("--only-binary", ":all:", "--no-binary", "face-recognition"),
    # The machine's own kind does not matter for pictures: ask for the one wheel that the lock names.
    *("--platform", "manylinux_2_24_x86_64", "--implementation", "cp", "--python-version", "3.11"),
    *("--abi", "cp311", "--requirement", str(LOCK)),
)


class SamplesError(RuntimeError):
    """The sample photographs could not be fetched; the message says which step and what to do."""


def missing(folder: Path) -> list[str]:
    """Return the pictures that are not in the folder, or not with the right content, by their place."""
    return [place for place, sha256 in PICTURES.items() if not _is(folder / Path(place).name, sha256)]


def fetch(folder: Path) -> None:
    """Download both packages and put their pictures into the folder.

    Raise SamplesError when a download fails or a picture is not the one it should be; that one is not kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        _download(Path(scratch))
        for place, content in _contents(Path(scratch)):
            _keep(folder, place, content)
    if left := missing(folder):
        raise SamplesError(f"not in the downloaded packages: {', '.join(left)}; see {LOCK.name}")


def _is(picture: Path, sha256: str) -> bool:
    return picture.is_file() and hashlib.sha256(picture.read_bytes()).hexdigest() == sha256


def _download(folder: Path) -> None:
    command = (sys.executable, "-m", "pip", *DOWNLOAD, "--dest", str(folder))
    if subprocess.run(command, check=False).returncode != 0:
        raise SamplesError("pip could not download the packages of samples.lock (its reason is above)")


def _contents(folder: Path) -> Iterator[tuple[str, bytes]]:
    for package in sorted(folder.glob("*.tar.gz")):
        with tarfile.open(package) as archive:
            for member in archive:
                if member.name in PICTURES and (opened := archive.extractfile(member)):
                    yield member.name, opened.read()
    for package in sorted(folder.glob("*.whl")):
        with zipfile.ZipFile(package) as archive_of_wheel:
            for name in PICTURES.keys() & set(archive_of_wheel.namelist()):
                yield name, archive_of_wheel.read(name)


def _keep(folder: Path, place: str, content: bytes) -> None:
    if hashlib.sha256(content).hexdigest() != PICTURES[place]:
        raise SamplesError(f"{place} is not the picture it should be; nothing of it was kept")
    name = Path(place).name
    partial = folder / f".{name}.partial"
    partial.write_bytes(content)
    partial.replace(folder / name)


def main(arguments: list[str]) -> int:
    """Return 0 once every picture is in the folder, else 1, with the reason on standard error."""
    folder = Path(arguments[0]) if arguments else DEFAULT_FOLDER
    absent = missing(folder)
    if not absent:
        sys.stdout.write(f"samples: all {len(PICTURES)} pictures are in {folder}\n")
        return 0
    sys.stdout.write(f"samples: fetching {len(absent)} of {len(PICTURES)} pictures into {folder} ...\n")
    sys.stdout.flush()
    try:
        fetch(folder)
    except SamplesError as error:
        sys.stderr.write(f"samples: {error}\n")
        return 1
    sys.stdout.write(f"samples: {len(PICTURES)} pictures fetched and checked\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
