"""Finds the threshold for one hall: shots of its own staff enter, a threshold and what it costs leave. Pure.

A stranger is stood for by each member of staff before a roster from which he is left out: who serves in a hall is
more like its strangers than any other set of pictures. The refused are staff before templates made without the
shot that is tried.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from camera.cohort import Cohort
from camera.errors import EvaluationError, TemplateError
from camera.figures import Numbers, Share, share_by_person, threshold_for
from camera.gallery import Gallery
from camera.templates import Calibration, Encoder, Template, Vector, mean_template

LEAST_PEOPLE = 20
"""Fewer say nothing about one stranger in a hundred."""
TAIL = {0.05: 1.645, 0.01: 2.326, 0.001: 3.090}
"""How many standard deviations below the mean a normal distribution has this share left."""
MOST_LOOSER = 0.05
"""A calibrated threshold is never looser than the shipped one by more than this: staff are not all strangers."""

Shots = Mapping[str, Sequence[Vector]]


@dataclass(frozen=True)
class Calibrated:
    """The threshold, and of strangers the share accepted, of staff the share refused, each with its interval."""

    calibration: Calibration
    strangers: Share
    refused: Share
    shipped_strangers: Share
    shipped_refused: Share


def calibrated(shots: Shots, encoder: Encoder, *, target: float = 0.01, cohort: Cohort | None = None) -> Calibrated:
    """Return the threshold at which about `target` of strangers are accepted by this roster.

    The tail is read off a normal distribution through the staff's own nearest distances, and off the distances
    themselves; the stricter counts. Raise EvaluationError for fewer than twenty people.
    """
    if len(shots) < LEAST_PEOPLE:
        raise EvaluationError(f"{len(shots)} people are too few to calibrate; {LEAST_PEOPLE} are needed")
    if target not in TAIL:
        raise EvaluationError(f"no tail for {target:g}; take one of {', '.join(f'{each:g}' for each in TAIL)}")
    templates = {person: mean_template(vectors, encoder.version) for person, vectors in shots.items()}
    whole = Gallery(templates, encoder.operating_point, cohort=cohort)
    strangers = _strangers(shots, templates, encoder, cohort)
    staff = _staff(shots, templates, encoder, cohort)
    normal = float(strangers.nearest.mean() - TAIL[target] * strangers.nearest.std())
    limit = min(normal, threshold_for(strangers.nearest, target), whole.accept_below + MOST_LOOSER)
    return Calibrated(
        Calibration(encoder.version, whole.judged_by, round(limit, 4), len(shots)),
        strangers=strangers.accepted(limit, whole.least_margin),
        refused=staff.refused(limit, whole.least_margin),
        shipped_strangers=strangers.accepted(whole.accept_below, whole.least_margin),
        shipped_refused=staff.refused(whole.accept_below, whole.least_margin),
    )


def calibration_to_json(found: Calibrated) -> str:
    """Return what a terminal keeps: the threshold, for what it holds, and its estimates."""
    return json.dumps(asdict(found), ensure_ascii=False, indent=1)


def calibration_from_json(text: str) -> Calibration:
    """Return the threshold of such a file; raise TemplateError where the text is not one."""
    try:
        said = json.loads(text)["calibration"]
        made = Calibration(
            str(said["version"]), str(said["judged_by"]), float(said["accept_below"]), int(said["people"])
        )
    except (ValueError, TypeError, KeyError) as error:
        raise TemplateError(f"this is no calibration: {error}; run python -m camera calibrate again") from error
    if not np.isfinite(made.accept_below):
        raise TemplateError("a calibration's threshold is a number; run python -m camera calibrate again")
    return made


@dataclass(frozen=True)
class _Tried:
    people: np.ndarray
    nearest: Numbers
    margins: Numbers
    right: np.ndarray

    def accepted(self, limit: float, margin: float) -> Share:
        return share_by_person((self.nearest < limit) & (self.margins >= margin), self.people)

    def refused(self, limit: float, margin: float) -> Share:
        return share_by_person(~((self.nearest < limit) & (self.margins >= margin) & self.right), self.people)


def _strangers(shots: Shots, templates: Mapping[str, Template], encoder: Encoder, cohort: Cohort | None) -> _Tried:
    tried = []
    for person, vectors in shots.items():
        others = {name: template for name, template in templates.items() if name != person}
        gallery = Gallery(others, encoder.operating_point, cohort=cohort, judged_as=len(templates))
        tried += [(person, gallery, vector) for vector in vectors]
    return _try(tried)


def _staff(shots: Shots, templates: Mapping[str, Template], encoder: Encoder, cohort: Cohort | None) -> _Tried:
    tried = []
    for person, vectors in shots.items():
        for place, vector in enumerate(vectors) if len(vectors) > 1 else ():
            rest = [each for other, each in enumerate(vectors) if other != place]
            without = {**templates, person: mean_template(rest, encoder.version)}
            tried.append((person, Gallery(without, encoder.operating_point, cohort=cohort), vector))
    return _try(tried)


def _try(attempts: list[tuple[str, Gallery, Vector]]) -> _Tried:
    matches = [(person, gallery.match(vector)) for person, gallery, vector in attempts]
    return _Tried(
        np.array([person for person, _ in matches]),
        np.array([1 - (match.score or 0.0) for _, match in matches], dtype=np.float64),
        np.array([match.margin or 0.0 for _, match in matches], dtype=np.float64),
        np.array([match.best == person for person, match in matches], dtype=np.bool_),
    )
