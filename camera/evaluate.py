"""How well does an encoder know people apart? Photographs of many people enter, figures with intervals leave.

Nobody's enrolled picture is ever a probe. Nothing is chosen here: thresholds for a rate of false matches are read
off the same pictures that they are reported for, those of the operating point are the shipped ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from camera.detect import STILL_WIDTHS_PX, Detector, detect_in_still
from camera.errors import EvaluationError, PictureError
from camera.figures import Names, Numbers, Share, apart, around, best_accuracy, share_by_person, threshold_for
from camera.gallery import Gallery
from camera.pictures import SUFFIXES, read_picture
from camera.templates import Encoder, mean_template

RATES = (0.01, 0.001)
NEIGHBOURS, WEIGHT = 3, 0.7
"""Of the cohort in verification; in identification the operating point names its own."""
LEAST_IN_COHORT = NEIGHBOURS + 2
DRAWS = 5
MOST_PICTURES = 4000
"""Of these all pairs are compared; of a larger set so many, of people drawn at random."""
SEED = 1


@dataclass(frozen=True)
class Pictures:
    """The vectors of all pictures with a face, whose they are, and how many had none."""

    vectors: Numbers
    people: Names
    groups: Names
    without_face: int

    def of_group(self, group: str) -> Pictures:
        """Return the pictures of one group alone."""
        kept = self.groups == group
        return replace(self, vectors=self.vectors[kept], people=self.people[kept], groups=self.groups[kept])


@dataclass(frozen=True)
class Verification:
    """Pairs of pictures: one person or two? `accepted` holds the share of same-person pairs at each rate of `RATES`."""

    score: str
    same_pairs: int
    other_pairs: int
    best_accuracy: float | None
    accepted: dict[str, Share]
    thresholds: dict[str, float]
    same: Numbers
    other: Numbers


@dataclass(frozen=True)
class Identification:
    """Probes of the enrolled and of strangers, at the shipped operating point and at each rate of strangers."""

    roster: int
    shots: int
    identified: Share
    as_another: Share
    strangers: Share
    nearest_right: Share
    at_rate: dict[str, Share]


def read_people(folder: Path, encoder: Encoder, groups: Mapping[str, str], complain: Callable[[str], None]) -> Pictures:
    """Return the vectors of `folder/**/<person>/*.jpg`; a picture that cannot be used is told and counted.

    Raise EvaluationError where fewer than two people are left.
    """
    detectors = tuple(Detector(width_px=width_px) for width_px in STILL_WIDTHS_PX)
    vectors, people, without = [], [], 0
    for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file()):
        try:
            pixels = read_picture(path)
            faces = detect_in_still(pixels, detectors)
        except PictureError as error:
            complain(str(error))
            faces = []
        if faces:
            vectors.append(encoder.encode(pixels, faces[0].points))
            people.append(path.parent.name)
        else:
            without += 1
            complain(f"{path.name}: no face that can be used")
    if len(set(people)) < 2:  # noqa: PLR2004 - one person cannot be told from another
        raise EvaluationError(f"{folder} shows {len(set(people))} people; figures need two or more")
    named = np.array(people)
    return Pictures(np.array(vectors, np.float64), named, np.array([groups.get(p, "others") for p in people]), without)


def verification(pictures: Pictures, *, cohort: bool) -> Verification:
    """Return how well pairs are told apart, by plain distance or beside a cohort (everybody but the two compared)."""
    pictures = _at_most(pictures, MOST_PICTURES)
    vectors, people = pictures.vectors, pictures.people
    distances = apart(vectors, vectors)
    if cohort:
        of = around(vectors, people, NEIGHBOURS)
        near = np.stack([of(picture) for picture in range(len(vectors))])
        distances = distances - WEIGHT * (near + near.T) / 2
    first, second = np.triu_indices(len(vectors), 1)
    alike = people[first] == people[second]
    pairs = distances[first, second]
    same, other = pairs[alike], pairs[~alike]
    thresholds = {f"{rate:g}": threshold_for(other, rate) for rate in RATES}
    accepted = {rate: share_by_person(same < limit, people[first][alike]) for rate, limit in thresholds.items()}
    score = f"cohort distance, weight {WEIGHT:g}" if cohort else "distance"
    return Verification(score, len(same), len(other), best_accuracy(same, other), accepted, thresholds, same, other)


def identification(pictures: Pictures, encoder: Encoder, *, roster: int, shots: int) -> Identification:
    """Return how the enrolled are named and strangers refused, over several seeded draws of roster and shots.

    People with two pictures or more are enrolled with at most `shots`, one at least being left as a probe; all
    others are strangers, one picture each. Raise EvaluationError where nobody is left for either.
    """
    draws = [_draw(pictures, encoder, roster, shots, seed) for seed in range(SEED, SEED + DRAWS)]
    known, unknown = (_joined([draw[part] for draw in draws]) for part in (0, 1))
    right = known.best == known.people
    limits = {f"{rate:g}": threshold_for(unknown.distance, rate) for rate in RATES}
    enrolled = len(np.unique(draws[0][0].people))
    return Identification(
        roster=enrolled,
        shots=shots,
        identified=share_by_person(known.accepted & right, known.people),
        as_another=share_by_person(known.accepted & ~right, known.people),
        strangers=share_by_person(unknown.accepted, unknown.people),
        nearest_right=share_by_person(right, known.people),
        at_rate={rate: share_by_person(right & (known.distance < limits[rate]), known.people) for rate in limits},
    )


def _at_most(pictures: Pictures, most: int) -> Pictures:
    names, counts = np.unique(pictures.people, return_counts=True)
    order = np.random.default_rng(SEED).permutation(len(names))
    kept = np.isin(pictures.people, names[order[np.cumsum(counts[order]) <= most]])
    return replace(pictures, vectors=pictures.vectors[kept], people=pictures.people[kept], groups=pictures.groups[kept])


@dataclass(frozen=True)
class _Answers:
    people: Names
    best: Names
    distance: Numbers
    accepted: npt.NDArray[np.bool_]


def _joined(parts: list[_Answers]) -> _Answers:
    return _Answers(
        np.concatenate([part.people for part in parts]),
        np.concatenate([part.best for part in parts]),
        np.concatenate([part.distance for part in parts]),
        np.concatenate([part.accepted for part in parts]),
    )


def _draw(pictures: Pictures, encoder: Encoder, roster: int, shots: int, seed: int) -> tuple[_Answers, _Answers]:
    random = np.random.default_rng(seed)
    names, counts = np.unique(pictures.people, return_counts=True)
    several = names[counts > 1]
    if not several.size:
        raise EvaluationError("nobody has two pictures, one to enrol and one to be recognised by")
    enrolled = set(random.permutation(several)[: roster or None])
    if len(enrolled) == len(names):
        enrolled = set(random.permutation(sorted(enrolled))[: (len(enrolled) + 1) // 2])
    templates, probes, strangers = {}, [], []
    for name in names:
        mine = random.permutation(np.flatnonzero(pictures.people == name))
        if name in enrolled:
            taken = min(shots, len(mine) - 1)
            vectors = [pictures.vectors[place].astype(np.float32) for place in mine[:taken]]
            templates[str(name)] = mean_template(vectors, encoder.version)
            probes += list(mine[taken:])
        else:
            strangers.append(mine[0])
    gallery = Gallery(templates, encoder.operating_point)
    return _answers(gallery, pictures, probes), _answers(gallery, pictures, strangers)


def _answers(gallery: Gallery, pictures: Pictures, places: list[int]) -> _Answers:
    matches = [gallery.match(pictures.vectors[place].astype(np.float32)) for place in places]
    return _Answers(
        pictures.people[places],
        np.array([match.best for match in matches], dtype=np.str_),
        np.array([1 - (match.score or 0.0) for match in matches], dtype=np.float64),
        np.array([match.person is not None for match in matches], dtype=np.bool_),
    )
