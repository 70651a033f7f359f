"""What is kept of a person, and when two vectors are one person. Values only; no picture enters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from camera.errors import TemplateError
from camera.frames import Pixels, Points

Vector: TypeAlias = npt.NDArray[np.float32]
"""One face as an encoder sees it; only distances between vectors of one encoder version mean anything."""

FEW_PEOPLE = 5


@dataclass(frozen=True)
class CohortPoint:
    """How distances are judged beside those to other people, and below which such a distance a face is accepted.

    The cohort distance is `d - weight * (c(probe) + c(template)) / 2`, where `c` is the mean distance to the
    `neighbours` nearest of the cohort: whoever is near everybody is near nobody in particular. It holds from
    `least_people` in the cohort on.
    """

    least_people: int
    weight: float
    accept_below: float
    least_margin: float
    neighbours: int = 3


@dataclass(frozen=True)
class OperatingPoint:
    """Below which distance a face is accepted, and how far behind the next person must be.

    More people are more chances of a false match, so the distance shrinks with each doubling of the roster
    above five people, though never below `floor`.
    """

    accept_below: float
    less_per_doubling: float
    floor: float
    least_margin: float
    most_spread: float
    """How far apart two enrolment pictures of one person may be."""
    own_cohort: tuple[CohortPoint, ...] = ()
    """For rosters whose people serve as each other's cohort, by growing `least_people`."""
    shared_cohort: CohortPoint | None = None
    """With the group averages that a terminal of many people has shared."""
    borrow_below: int = 40
    """A roster of fewer people is judged by shared averages where there are any, a larger one is its own cohort."""

    def distance_for(self, people: int) -> float:
        """Return the distance below which a face is accepted in a gallery of that many people."""
        doublings = math.log2(max(people, FEW_PEOPLE) / FEW_PEOPLE)
        return max(self.floor, self.accept_below - self.less_per_doubling * doublings)


@dataclass(frozen=True)
class Calibration:
    """A threshold found on a hall's own staff; it holds for one encoder version and one way of judging distances."""

    version: str
    judged_by: str
    accept_below: float
    people: int


@dataclass(frozen=True)
class Template:
    """A person's mean vector; `version` names the encoder, `shots` how many pictures it is the mean of."""

    vector: Vector
    version: str
    shots: int


def mean_template(vectors: Sequence[Vector], version: str) -> Template:
    """Return the plain mean (measured better than the best of several); raise TemplateError for none."""
    if not vectors:
        raise TemplateError("a template needs at least one vector")
    mean: Vector = np.stack(vectors).mean(axis=0).astype(np.float32)
    return Template(mean, version, len(vectors))


class Encoder(Protocol):
    """What any encoder has: templates of another `version` are never compared with its vectors."""

    @property
    def version(self) -> str:
        """Return the name under which templates of this encoder are kept."""

    @property
    def length(self) -> int:
        """Return how many numbers a vector has."""

    @property
    def operating_point(self) -> OperatingPoint:
        """Return this encoder's own thresholds."""

    def encode(self, pixels: Pixels, points: Points) -> Vector:
        """Return the vector of the face with these five points."""
