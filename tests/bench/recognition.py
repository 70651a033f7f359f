"""How long one 640×480 frame takes, beside the stock `face_recognition` pipeline on the same frame, one thread.

Run as a program it prints one measurement as JSON, so that each pipeline has a process of its own.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping

ONE_THREAD: Mapping[str, str] = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
_ROUNDS = 15


def measure(pipeline: str) -> dict[str, float]:
    """Return `{ms, spread_ms}` a frame of `ours`, `ours-plain` (no mirror) or `stock`, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.recognition", pipeline],
        env={**os.environ, **ONE_THREAD},
        capture_output=True,
        check=True,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _frame_of(pipeline: str) -> Callable[[], object]:
    """Return a function that takes one frame through a pipeline to a vector."""
    import cv2  # noqa: PLC0415 (each pipeline loads only what it uses)

    from camera.pictures import read_picture  # noqa: PLC0415
    from deploy.demo.stage import framed  # noqa: PLC0415
    from tests.samples import Sample  # noqa: PLC0415

    cv2.setNumThreads(1)
    picture = framed(read_picture(Sample.OBAMA_3.path))
    if pipeline == "stock":
        import face_recognition  # noqa: PLC0415

        rgb = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
        return lambda: face_recognition.face_encodings(rgb, face_recognition.face_locations(rgb))[0]
    from camera.detect import Detector  # noqa: PLC0415
    from camera.encode import DlibEncoder  # noqa: PLC0415

    detector, encoder = Detector(), DlibEncoder(mirrored=pipeline == "ours")
    return lambda: encoder.encode(picture, detector.detect(picture)[0].points)


def main(pipeline: str) -> None:
    """Print the measurement of one pipeline: the median of 15 frames after a first one that loads everything."""
    frame = _frame_of(pipeline)
    frame()
    spans_ms = []
    for _ in range(_ROUNDS):
        began_s = time.perf_counter()
        frame()
        spans_ms.append((time.perf_counter() - began_s) * 1000)
    json.dump({"ms": statistics.median(spans_ms), "spread_ms": max(spans_ms) - min(spans_ms)}, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
