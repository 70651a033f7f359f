"""Averages over groups of people, against which a small hall's distances are judged: templates enter, averages leave.

Made only where many people are enrolled, and only the averages are shared: each is of at least five people, so it is
nobody's template, and all together they show where faces of this county lie close. Pure arithmetic.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from camera.errors import TemplateError
from camera.templates import Template

LEAST_PEOPLE = 50
LEAST_GROUP = 5
PEOPLE_A_GROUP = 10
SEED = 1
ROUNDS, ATTEMPTS, STILL_BELOW = 100, 5, 1e-4
DECIMALS = 5

Vectors = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Cohort:
    """Group averages (groups x numbers) of one encoder version, and of how many people they were made."""

    averages: Vectors
    version: str
    people: int


def cohort_of(templates: Sequence[Template]) -> Cohort:
    """Return the averages of groups of like faces, about one for ten people and none of fewer than five.

    Raise TemplateError for fewer than fifty people or templates of several encoders.
    """
    versions = {template.version for template in templates}
    if len(templates) < LEAST_PEOPLE or len(versions) != 1:
        raise TemplateError(f"a cohort needs {LEAST_PEOPLE} people or more, all enrolled with one encoder")
    vectors = np.array([template.vector for template in templates], dtype=np.float32)
    groups = _groups(vectors)
    averages = np.array([vectors[groups == group].mean(axis=0) for group in np.unique(groups)], dtype=np.float32)
    return Cohort(averages, versions.pop(), len(templates))


def cohort_to_json(cohort: Cohort) -> str:
    """Return the cohort as the JSON object that terminals share: `version`, `people`, `averages`."""
    averages = [[round(float(number), DECIMALS) for number in average] for average in cohort.averages]
    return json.dumps({"version": cohort.version, "people": cohort.people, "averages": averages})


def cohort_from_json(text: str) -> Cohort:
    """Return the cohort; raise TemplateError where the text is not one, or speaks of groups too small to share."""
    try:
        said = json.loads(text)
        averages = np.array(said["averages"], dtype=np.float32)
        cohort = Cohort(averages, str(said["version"]), int(said["people"]))
    except (ValueError, TypeError, KeyError) as error:
        raise TemplateError(f"this is no cohort: {error}; have it made again") from error
    if averages.ndim != 2 or not np.isfinite(averages).all():  # noqa: PLR2004 - groups x numbers
        raise TemplateError("a cohort is a list of averages of equal length; have it made again")
    if cohort.people < max(LEAST_PEOPLE, LEAST_GROUP * len(averages)):
        raise TemplateError(f"a cohort of {len(averages)} averages over {cohort.people} people shows too much of each")
    return cohort


def _groups(vectors: Vectors) -> npt.NDArray[np.int64]:
    """Return each person's group; a group too small joins the one nearest to it."""
    cv2.setRNGSeed(SEED)
    stop = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, ROUNDS, STILL_BELOW)
    count = len(vectors) // PEOPLE_A_GROUP
    labels = cv2.kmeans(vectors, count, np.empty(0, np.int32), stop, ATTEMPTS, cv2.KMEANS_PP_CENTERS)[1]
    groups = np.asarray(labels, dtype=np.int64).reshape(-1)
    while True:
        names, sizes = np.unique(groups, return_counts=True)
        smallest = int(sizes.argmin())
        if sizes[smallest] >= LEAST_GROUP or len(names) == 1:
            return groups
        centres = np.array([vectors[groups == name].mean(axis=0) for name in names])
        apart = np.linalg.norm(centres - centres[smallest], axis=1)
        apart[smallest] = np.inf
        groups[groups == names[smallest]] = names[int(apart.argmin())]
