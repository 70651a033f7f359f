"""What recognition costs, beside the stock `face_recognition` pipeline on the same frames, in the same run.

Run as a program it prints one measurement as JSON, so that each has a process, and so a memory, of its own.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

SIZES = {"640x480": (640, 480), "1280x720": (1280, 720)}
ROSTERS = (50, 500, 5000)
LENGTH = 128
IDLE_S = 10.0
_ROUNDS = 15
_MATCHES = 50


def measure(what: str, *, threads: int = 1, size: str = "640x480") -> dict[str, float]:
    """Return what a process of its own measured: medians in ms by stage, `memory_mb` at the most.

    `what` is `ours`, `ours-plain` (no mirror image), `stock`, `matching` or `idle`.
    """
    limits = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), str(threads))
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.recognition", what, str(threads), size],
        env={**os.environ, **limits},
        capture_output=True,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def report() -> Iterator[str]:
    """Yield the lines of the tables, good or bad."""
    for size in SIZES:
        for threads in (1, 2):
            yield f"Recognition: one {size} frame to a vector, {threads} thread(s), ms (medians of {_ROUNDS})"
            stock = measure("stock", threads=threads, size=size)
            yield f"  {'stock face_recognition':26} {stock['frame']:8.1f}   {stock['memory_mb']:5.0f} MB"
            for name, what in (("ours", "ours-plain"), ("ours, with mirror image", "ours")):
                found = measure(what, threads=threads, size=size)
                stages = ", ".join(f"{stage} {found[stage]:.1f}" for stage in ("detect", "quality", "encode"))
                ratio = stock["frame"] / found["frame"]
                yield (
                    f"  {name:26} {found['frame']:8.1f}   {found['memory_mb']:5.0f} MB   "
                    f"{ratio:5.1f} x the stock speed   ({stages})"
                )
    yield "\nMatching one vector, ms: stock compare_faces, plain distance, beside its own cohort"
    matching = measure("matching")
    for people in ROSTERS:
        row = [matching[f"{kind}-{people}"] for kind in ("stock", "plain", "cohort")]
        yield f"  {people:5} people " + "".join(f"{value:9.3f}" for value in row)
    idle = measure("idle")
    yield f"\nIdle, an empty hall at six frames a second: {idle['share_of_a_core']:.1%} of one core"


def main(what: str, threads: int, size: str) -> None:
    """Print one measurement."""
    import cv2  # noqa: PLC0415 (each pipeline loads only what it uses)

    cv2.setNumThreads(threads)
    found = {"matching": _matching, "idle": _idle}.get(what, lambda: _frames(what, size))()
    found["memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    json.dump(found, sys.stdout)


def _frames(pipeline: str, size: str) -> dict[str, float]:
    stages = _stock(size) if pipeline == "stock" else _ours(size, mirrored=pipeline == "ours")
    return {name: _median_ms(stage, _ROUNDS) for name, stage in stages.items()}


def _stock(size: str) -> Mapping[str, Callable[[], object]]:
    import face_recognition  # noqa: PLC0415

    rgb = _picture(size)[:, :, ::-1].copy()
    return {"frame": lambda: face_recognition.face_encodings(rgb, face_recognition.face_locations(rgb))[0]}


def _ours(size: str, *, mirrored: bool) -> Mapping[str, Callable[[], object]]:
    from camera.detect import Detector  # noqa: PLC0415
    from camera.encode import DlibEncoder  # noqa: PLC0415
    from camera.quality import first_fault  # noqa: PLC0415

    picture, detector, encoder = _picture(size), Detector(), DlibEncoder(mirrored=mirrored)
    faces = detector.detect(picture)

    def frame() -> object:
        found = detector.detect(picture)
        first_fault(picture, found)
        return encoder.encode(picture, found[0].points)

    return {
        "frame": frame,
        "detect": lambda: detector.detect(picture),
        "quality": lambda: first_fault(picture, faces),
        "encode": lambda: encoder.encode(picture, faces[0].points),
    }


def _picture(size: str) -> Any:
    import cv2  # noqa: PLC0415

    from camera.pictures import read_picture  # noqa: PLC0415
    from deploy.demo.stage import framed  # noqa: PLC0415
    from tests.samples import Sample  # noqa: PLC0415

    return cv2.resize(framed(read_picture(Sample.OBAMA_3.path)), SIZES[size])


def _matching() -> dict[str, float]:
    import face_recognition  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    from camera.encode import DLIB  # noqa: PLC0415
    from camera.gallery import Gallery  # noqa: PLC0415
    from camera.templates import OperatingPoint, Template  # noqa: PLC0415

    random = np.random.default_rng(1)
    plain_point = OperatingPoint(0.42, 0.005, 0.38, 0.08, 0.45)
    probe = random.normal(0, 0.08, LENGTH).astype(np.float32)
    found: dict[str, float] = {}
    for people in ROSTERS:
        vectors = random.normal(0, 0.08, (people, LENGTH)).astype(np.float32)
        templates = {f"P{n}": Template(vector, "seeded", 1) for n, vector in enumerate(vectors)}
        plain, cohort = Gallery(templates, plain_point), Gallery(templates, DLIB.operating_point)
        known = list(vectors.astype(np.float64))
        found[f"stock-{people}"] = _median_ms(lambda: face_recognition.compare_faces(known, probe), _MATCHES)  # noqa: B023
        found[f"plain-{people}"] = _median_ms(lambda: plain.match(probe), _MATCHES)  # noqa: B023
        found[f"cohort-{people}"] = _median_ms(lambda: cohort.match(probe), _MATCHES)  # noqa: B023
    return found


def _idle() -> dict[str, float]:
    """Run the real child process before a noisy empty hall, and read what it used of a core."""
    import tempfile  # noqa: PLC0415

    import cv2  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    from camera.messages import Preview  # noqa: PLC0415
    from camera.worker import RecognitionConfig, RecognitionProcess  # noqa: PLC0415

    random = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        for n in range(4):
            noise = random.normal(120, 8, (480, 640, 3)).clip(0, 255).astype(np.uint8)
            cv2.imwrite(str(Path(folder) / f"{n}.png"), noise)
        recognition = RecognitionProcess(RecognitionConfig(f"folder:{folder}", hold_s=0.15))
        recognition.start()
        while not any(isinstance(message, Preview) for message in recognition.messages(wait_s=1.0)):
            pass
        pid = recognition._process.pid if recognition._process else 0
        before_s, began_s = _cpu_s(pid), time.monotonic()
        while time.monotonic() - began_s < IDLE_S:
            recognition.messages(wait_s=0.5)
        share = (_cpu_s(pid) - before_s) / (time.monotonic() - began_s)
        recognition.stop()
    return {"share_of_a_core": share}


def _cpu_s(pid: int | None) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _median_ms(work: Callable[[], object], rounds: int) -> float:
    """Return the median after a first round that loads everything."""
    work()
    spans_ms = []
    for _ in range(rounds):
        began_s = time.perf_counter()
        work()
        spans_ms.append((time.perf_counter() - began_s) * 1000)
    return statistics.median(spans_ms)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
