"""The arithmetic of accuracy: distances and who is who enter, shares with their intervals leave. Pure.

Terms follow ISO/IEC 19795-1: a false match takes two people for one; identification in an open set names the
enrolled and refuses strangers. An interval holds 95 times in 100.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Names = npt.NDArray[np.str_]

Z95 = 1.959964
RESAMPLES = 1000
SEED = 20240722


@dataclass(frozen=True)
class Share:
    """A share of `trials` (0 to 1) and the interval in which it lies; all three are None without a trial."""

    value: float | None
    low: float | None
    high: float | None
    trials: int


def wilson(hits: int, trials: int) -> Share:
    """Return the share of hits with Wilson's interval, which holds for few trials and for shares near 0 too."""
    if trials == 0:
        return Share(None, None, None, 0)
    share = hits / trials
    middle = (share + Z95**2 / (2 * trials)) / (1 + Z95**2 / trials)
    half = Z95 / (1 + Z95**2 / trials) * sqrt(share * (1 - share) / trials + Z95**2 / (4 * trials**2))
    return Share(share, max(0.0, middle - half), min(1.0, middle + half), trials)


def share_by_person(hits: npt.NDArray[np.bool_], people: Names) -> Share:
    """Return the share of hits with an interval from people drawn again and again.

    Pictures of one person succeed and fail together, so that it is people, not pictures, that are drawn.
    """
    if not hits.size:
        return Share(None, None, None, 0)
    names, place = np.unique(people, return_inverse=True)
    hit, trials = np.bincount(place, weights=hits), np.bincount(place)
    if len(names) == 1 or hits.all() or not hits.any():
        return wilson(int(hits.sum()), hits.size)
    drawn = np.random.default_rng(SEED).integers(0, len(names), (RESAMPLES, len(names)))
    shares = hit[drawn].sum(axis=1) / trials[drawn].sum(axis=1)
    low, high = (float(edge) for edge in np.quantile(shares, (0.025, 0.975)))
    return Share(float(hits.mean()), low, high, hits.size)


def threshold_for(others: Numbers, rate: float) -> float:
    """Return the largest distance that accepts at most this share of `others` (those below it are accepted)."""
    ordered = np.sort(others)
    return float(ordered[min(int(rate * len(ordered)), len(ordered) - 1)]) if len(ordered) else float("nan")


def best_accuracy(same: Numbers, other: Numbers) -> float | None:
    """Return the share judged rightly at the best threshold, same and different pairs weighing the same."""
    if not (same.size and other.size):
        return None
    thresholds = np.unique(np.concatenate([same, np.quantile(other, np.linspace(0, 0.2, 2001))]))
    accepted = np.searchsorted(np.sort(same), thresholds, side="right") / same.size
    false = np.searchsorted(np.sort(other), thresholds, side="right") / other.size
    return float(((accepted + 1 - false) / 2).max())


def apart(these: Numbers, those: Numbers) -> Numbers:
    """Return the distance between each of these vectors and each of those."""
    squares = (these * these).sum(1)[:, None] + (those * those).sum(1)[None] - 2 * these @ those.T
    return np.asarray(np.sqrt(np.maximum(squares, 0)), dtype=np.float64)


def around(vectors: Numbers, people: Names, neighbours: int) -> Callable[[int], Numbers]:
    """Return a function that gives, of picture `i`, how near the cohort is when compared with each picture.

    The cohort is everybody's mean, but for the two who are compared.
    """
    names, place = np.unique(people, return_inverse=True)
    means = np.array([vectors[place == each].mean(axis=0) for each in range(len(names))])
    distances = apart(vectors, means)
    distances[np.arange(len(vectors)), place] = np.inf
    order = np.argsort(distances, axis=1)[:, : neighbours + 1]
    nearest = np.take_along_axis(distances, order, axis=1)
    whole = nearest[:, :neighbours].sum(axis=1)

    def of(picture: int) -> Numbers:
        among = (order[picture][None, :neighbours] == place[:, None]) * nearest[picture][None, :neighbours]
        gone = among.sum(axis=1)
        instead = np.where(gone > 0, nearest[picture, neighbours], 0)
        return np.asarray((whole[picture] - gone + instead) / neighbours, dtype=np.float64)

    return of
