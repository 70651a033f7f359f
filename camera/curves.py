"""Draws how errors trade against each other: distances of pairs enter, two pictures in a folder leave.

Needs matplotlib, a tool of development that no terminal has.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from camera.errors import EvaluationError
from camera.evaluate import Verification
from camera.figures import Numbers

POINTS = 2000
LEAST_RATE = 1e-5


def draw_curves(found: Mapping[str, Verification], folder: Path) -> list[Path]:
    """Write roc.png and det.png with one line for each name, and return where they lie.

    Raise EvaluationError without matplotlib, or where the folder cannot be written.
    """
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 (not on a terminal)
    except ImportError as error:
        raise EvaluationError("curves need matplotlib; install it, or leave --plots out") from error
    paths = []
    for kind, label in (("roc", "same person accepted"), ("det", "same person refused")):
        figure = Figure(figsize=(7, 5), layout="constrained")
        axes = figure.subplots()
        some_refused = False
        for name, each in found.items():
            if not (each.same.size and each.other.size):
                continue
            false, refused = _rates(each.same, each.other)
            some_refused = some_refused or bool(refused.any())
            axes.plot(false, 1 - refused if kind == "roc" else refused, label=name)
        axes.set_xscale("log")
        if kind == "det" and some_refused:
            axes.set_yscale("log")
        axes.set_xlabel("two people taken for one")
        axes.set_ylabel(label)
        axes.grid(visible=True, which="both", alpha=0.3)
        axes.legend()
        paths.append(folder / f"{kind}.png")
        try:
            folder.mkdir(parents=True, exist_ok=True)
            figure.savefig(paths[-1], dpi=120)
        except OSError as error:
            raise EvaluationError(f"{paths[-1]} cannot be written ({error.strerror}); name another folder") from error
    return paths


def _rates(same: Numbers, other: Numbers) -> tuple[Numbers, Numbers]:
    """Return shares of false matches and of refusals at thresholds from strict to loose."""
    false = np.geomspace(max(LEAST_RATE, 1 / other.size), 1, POINTS)
    limits = np.sort(other)[np.minimum((false * other.size).astype(int), other.size - 1)]
    return false, 1 - np.searchsorted(np.sort(same), limits) / same.size
