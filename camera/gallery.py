"""Who is nearest? Templates and one vector enter; the nearest person, how alike, and whether accepted, leave.

Pure arithmetic on vectors: no pictures, no clock, no storage. It never hides how far the next person is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from camera.errors import TemplateError
from camera.reasons import Reason
from camera.templates import Encoder, OperatingPoint, Template, Vector


@dataclass(frozen=True)
class Match:
    """The answer for one face.

    `best` is the nearest person whether accepted or not; `score` is 1 minus the distance, so that more is
    more alike and probes can be compared; `margin` is how much farther the next person is (None in a gallery
    of one). `person` is the accepted one; otherwise `reason` says why nobody is.
    """

    best: str | None
    score: float | None
    margin: float | None
    person: str | None
    reason: Reason | None


class Gallery:
    """The templates of one roster, all of one encoder version."""

    def __init__(self, templates: Mapping[str, Template], point: OperatingPoint) -> None:
        """Raise TemplateError where templates differ in version or length: they cannot be compared."""
        if len({(template.version, template.vector.shape) for template in templates.values()}) > 1:
            raise TemplateError("templates are of different encoders; enrol again those of the other one")
        self._people = sorted(templates)
        self._vectors = np.array([templates[person].vector for person in self._people], dtype=np.float32)
        self._point = point

    def __len__(self) -> int:
        """Return how many people are enrolled."""
        return len(self._people)

    def match(self, vector: Vector) -> Match:
        """Return the nearest person, and whether that is near enough and far enough from the next."""
        if not self._people:
            return Match(None, None, None, None, Reason.NO_GALLERY)
        if vector.shape != self._vectors.shape[1:]:
            raise TemplateError(f"a vector of {vector.shape} cannot be compared with {self._vectors.shape[1:]}")
        distances = np.linalg.norm(self._vectors - vector, axis=1)
        order = np.argsort(distances, kind="stable")
        nearest = float(distances[order[0]])
        margin = float(distances[order[1]]) - nearest if len(order) > 1 else None
        return self._judged(self._people[order[0]], nearest, margin)

    def _judged(self, best: str, nearest: float, margin: float | None) -> Match:
        if not nearest < self._point.distance_for(len(self)):
            return Match(best, 1 - nearest, margin, None, Reason.UNKNOWN)
        if margin is not None and margin < self._point.least_margin:
            return Match(best, 1 - nearest, margin, None, Reason.AMBIGUOUS)
        return Match(best, 1 - nearest, margin, best, None)


def gallery_of(templates: Mapping[str, Template], encoder: Encoder) -> tuple[Gallery, list[str]]:
    """Return the gallery of all templates that this encoder can use, and why each other one was left out."""
    usable: dict[str, Template] = {}
    left_out: list[str] = []
    for person, template in sorted(templates.items()):
        if fault := _fault(template, encoder):
            left_out.append(f"{person} is not recognised: the template {fault}; enrol again")
        else:
            usable[person] = template
    return Gallery(usable, encoder.operating_point), left_out


def _fault(template: Template, encoder: Encoder) -> str | None:
    if template.version != encoder.version:
        return f"is of {template.version}, this encoder makes {encoder.version}"
    if template.vector.shape != (encoder.length,):
        return f"has the shape {template.vector.shape}, not {encoder.length} numbers"
    return None if np.isfinite(template.vector).all() else "holds something that is not a number"
