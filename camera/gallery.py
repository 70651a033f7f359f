"""Who is nearest? Templates and one vector enter; the nearest person, how alike, and whether accepted, leave.

Pure arithmetic on vectors: no pictures, no clock, no storage. It never hides how far the next person is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from camera.cohort import Cohort
from camera.errors import TemplateError
from camera.reasons import Reason
from camera.templates import Calibration, CohortPoint, Encoder, OperatingPoint, Template, Vector

Distances = npt.NDArray[np.float32]

BLOCK = 256
"""So many templates are compared with all others at a time: five thousand people need little memory."""


@dataclass(frozen=True)
class Match:
    """The answer for one face.

    `best` is the nearest person whether accepted or not; `score` is 1 minus the distance (minus the cohort
    distance, where there is a cohort), so that more is more alike and probes can be compared; `margin` is how
    much farther the next person is (None in a gallery of one). `person` is the accepted one; otherwise
    `reason` says why nobody is.
    """

    best: str | None
    score: float | None
    margin: float | None
    person: str | None
    reason: Reason | None


class Gallery:
    """The templates of one roster, all of one encoder version, and the cohort that distances are judged by."""

    def __init__(
        self,
        templates: Mapping[str, Template],
        point: OperatingPoint,
        *,
        cohort: Cohort | None = None,
        calibration: Calibration | None = None,
        judged_as: int | None = None,
    ) -> None:
        """Raise TemplateError where templates differ in version or length: they cannot be compared.

        `cohort` serves a roster too small to be its own; one of another encoder is passed over. `calibration`
        takes the place of the encoder's own threshold while distances are judged as when it was found.
        `judged_as` is the size of roster whose operating point holds, by default this one's.
        """
        if len({(template.version, template.vector.shape) for template in templates.values()}) > 1:
            raise TemplateError("templates are of different encoders; enrol again those of the other one")
        self._people = sorted(templates)
        self._vectors = np.array([templates[person].vector for person in self._people], dtype=np.float32)
        size = len(templates) if judged_as is None else judged_as
        self._cohort_point, self._shared = _judged_by(size, point, cohort, templates)
        judge = self._cohort_point
        self._accept_below = judge.accept_below if judge else point.distance_for(size)
        self._least_margin = judge.least_margin if judge else point.least_margin
        version = next(iter(templates.values())).version if templates else ""
        if calibration and (calibration.version, calibration.judged_by) == (version, self.judged_by):
            self._accept_below = calibration.accept_below
        self._around = self._around_templates()

    def __len__(self) -> int:
        """Return how many people are enrolled."""
        return len(self._people)

    @property
    def people(self) -> list[str]:
        """Return who is enrolled, in the order of `distances`."""
        return list(self._people)

    @property
    def judged_by(self) -> str:
        """Return how distances are judged, as a text: thresholds of one way mean nothing in another."""
        if self._cohort_point is None:
            return "distance"
        kind = "own" if self._shared is None else "shared"
        return f"{kind} cohort, weight {self._cohort_point.weight:g}, {self._cohort_point.neighbours} nearest"

    @property
    def accept_below(self) -> float:
        """Return the distance below which a face is accepted."""
        return self._accept_below

    @property
    def least_margin(self) -> float:
        """Return how much farther the next person must be."""
        return self._least_margin

    def distances(self, vector: Vector) -> Distances:
        """Return how far each person is, in the order of `people`: the smaller the more alike.

        Raise TemplateError for a vector of another length.
        """
        if vector.shape != self._vectors.shape[1:]:
            raise TemplateError(f"a vector of {vector.shape} cannot be compared with {self._vectors.shape[1:]}")
        plain: Distances = np.linalg.norm(self._vectors - vector, axis=1).astype(np.float32)
        point = self._cohort_point
        if point is None:
            return plain
        if self._shared is None:
            around = _mean_of_nearest_others(plain, point.neighbours)
        else:
            around = np.full_like(plain, _mean_of_nearest(_apart(vector[None], self._shared), point.neighbours)[0])
        return np.asarray(plain - point.weight * (around + self._around) / 2, dtype=np.float32)

    def match(self, vector: Vector) -> Match:
        """Return the nearest person, and whether that is near enough and far enough from the next."""
        if not self._people:
            return Match(None, None, None, None, Reason.NO_GALLERY)
        distances = self.distances(vector)
        order = np.argsort(distances, kind="stable")
        nearest = float(distances[order[0]])
        margin = float(distances[order[1]]) - nearest if len(order) > 1 else None
        return self._judged(self._people[order[0]], nearest, margin)

    def _judged(self, best: str, nearest: float, margin: float | None) -> Match:
        if not nearest < self._accept_below:
            return Match(best, 1 - nearest, margin, None, Reason.UNKNOWN)
        if margin is not None and margin < self._least_margin:
            return Match(best, 1 - nearest, margin, None, Reason.AMBIGUOUS)
        return Match(best, 1 - nearest, margin, best, None)

    def _around_templates(self) -> Distances:
        """Return the mean distance of each template to the nearest of its cohort, itself not among them."""
        point = self._cohort_point
        if point is None:
            return np.zeros(len(self._people), dtype=np.float32)
        if self._shared is not None:
            return _mean_of_nearest(_apart(self._vectors, self._shared), point.neighbours)
        found = []
        for start in range(0, len(self._people), BLOCK):
            apart = _apart(self._vectors[start : start + BLOCK], self._vectors)
            own = np.arange(len(apart))
            apart[own, start + own] = np.inf
            found.append(_mean_of_nearest(apart, point.neighbours))
        return np.concatenate(found)


def _judged_by(
    people: int, point: OperatingPoint, cohort: Cohort | None, templates: Mapping[str, Template]
) -> tuple[CohortPoint | None, Distances | None]:
    """Return how distances are judged, and the shared averages where these are the cohort.

    A large roster is its own cohort (measured better than averages), a small one borrows, one in between
    without a loan is its own as well as it can be.
    """
    own = [each for each in point.own_cohort if people >= each.least_people]
    if cohort is not None and point.shared_cohort is not None and people < point.borrow_below:
        fits = all(template.version == cohort.version for template in templates.values())
        if fits and cohort.people >= point.shared_cohort.least_people:
            return point.shared_cohort, cohort.averages
    return (own[-1] if own else None), None


def _apart(these: Distances, those: Distances) -> Distances:
    """Return the distance between each of these and each of those."""
    squares = (these * these).sum(1)[:, None] + (those * those).sum(1)[None] - 2 * these @ those.T
    return np.asarray(np.sqrt(np.maximum(squares, 0)), dtype=np.float32)


def _mean_of_nearest(distances: Distances, neighbours: int) -> Distances:
    """Return the mean of the smallest numbers in each row."""
    count = min(neighbours, distances.shape[1])
    return np.asarray(np.partition(distances, count - 1, axis=1)[:, :count].mean(axis=1), dtype=np.float32)


def _mean_of_nearest_others(distances: Distances, neighbours: int) -> Distances:
    """Return for each person the mean distance to the nearest of all the others.

    The person compared with is never of the cohort: whoever stands there would be his own neighbour.
    """
    nearest = np.sort(np.partition(distances, neighbours)[: neighbours + 1])
    among = distances <= nearest[neighbours - 1]
    whole = nearest[:neighbours].sum()
    return np.asarray(np.where(among, whole - distances + nearest[neighbours], whole) / neighbours, dtype=np.float32)


def gallery_of(
    templates: Mapping[str, Template],
    encoder: Encoder,
    *,
    cohort: Cohort | None = None,
    calibration: Calibration | None = None,
) -> tuple[Gallery, list[str]]:
    """Return the gallery of all templates that this encoder can use, and why each other one was left out."""
    usable: dict[str, Template] = {}
    left_out: list[str] = []
    for person, template in sorted(templates.items()):
        if fault := _fault(template, encoder):
            left_out.append(f"{person} is not recognised: the template {fault}; enrol again")
        else:
            usable[person] = template
    return Gallery(usable, encoder.operating_point, cohort=cohort, calibration=calibration), left_out


def _fault(template: Template, encoder: Encoder) -> str | None:
    if template.version != encoder.version:
        return f"is of {template.version}, this encoder makes {encoder.version}"
    if template.vector.shape != (encoder.length,):
        return f"has the shape {template.vector.shape}, not {encoder.length} numbers"
    return None if np.isfinite(template.vector).all() else "holds something that is not a number"
