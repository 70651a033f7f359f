"""Names the people on photographs from a folder of others: two folders enter, one answer a probe leaves.

A probe is never compared with itself: where the same picture was enrolled, that person's template is made
without it. Nothing is concluded from a file's name, which only tells in what folder a picture lies.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from camera.detect import STILL_WIDTHS_PX, Detector, detect_in_still
from camera.errors import PictureError
from camera.gallery import Gallery, Match
from camera.pictures import SUFFIXES, picture_paths, read_picture
from camera.quality import STILL, QualityLimits, first_fault
from camera.reasons import Reason
from camera.templates import Encoder, Template, Vector, mean_template

Enrolled = dict[str, dict[str, Vector]]
"""Of each person the vector of each picture, by the picture's SHA-256."""


@dataclass(frozen=True)
class Answer:
    """One probe's line; `best`, `score` and `margin` are None where no usable face was found."""

    probe: str
    person: str | None
    best: str | None
    score: float | None
    margin: float | None
    reason: str | None


class Identifier:
    """Reads photographs with one encoder."""

    def __init__(self, encoder: Encoder, *, limits: QualityLimits = STILL) -> None:
        """Take the encoder; `limits` decide which faces are good enough to be named."""
        self._encoder = encoder
        self._limits = limits
        self._detectors = tuple(Detector(width_px=width_px) for width_px in STILL_WIDTHS_PX)

    def enrol(self, folder: Path, complain: Callable[[str], None]) -> Enrolled:
        """Return the vectors of everybody who has a folder with a usable picture; complain about the rest."""
        enrolled: Enrolled = {}
        for person in sorted(path for path in folder.iterdir() if path.is_dir()):
            vectors: dict[str, Vector] = {}
            for path in picture_paths(person):
                vector, reason = self._seen(path)
                if vector is None:
                    complain(f"{person.name}/{path.name} not enrolled: {reason}")
                else:
                    vectors[_sha256(path)] = vector
            if vectors:
                enrolled[person.name] = vectors
            else:
                complain(f"{person.name} has no usable picture and is not in the gallery")
        return enrolled

    def answers(self, enrolled: Enrolled, folder: Path) -> Iterator[Answer]:
        """Yield one answer for each picture in or below the folder, by path."""
        gallery = self._gallery(enrolled)
        for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file()):
            yield self._answer(path, path.relative_to(folder).as_posix(), enrolled, gallery)

    def _answer(self, path: Path, probe: str, enrolled: Enrolled, gallery: Gallery) -> Answer:
        vector, reason = self._seen(path)
        if vector is None:
            return Answer(probe, None, None, None, None, reason)
        sha256 = _sha256(path)
        if any(sha256 in vectors for vectors in enrolled.values()):
            gallery = self._gallery(_without(enrolled, sha256))
        match = gallery.match(vector)
        if reason is not None:
            match = replace(match, person=None, reason=Reason(reason))
        return _answer_of(probe, match)

    def _seen(self, path: Path) -> tuple[Vector | None, str | None]:
        """Return the vector of the face in front, and why it should not be named although it has one."""
        try:
            pixels = read_picture(path)
        except PictureError as error:
            return None, f"{Reason.UNREADABLE}: {error}"
        faces = detect_in_still(pixels, self._detectors)
        if not faces:
            return None, Reason.NO_FACE
        return self._encoder.encode(pixels, faces[0].points), first_fault(pixels, faces, self._limits)

    def _gallery(self, enrolled: Enrolled) -> Gallery:
        return Gallery(
            {person: self._template(vectors) for person, vectors in enrolled.items()},
            self._encoder.operating_point,
        )

    def _template(self, vectors: dict[str, Vector]) -> Template:
        return mean_template(list(vectors.values()), self._encoder.version)


def _without(enrolled: Enrolled, sha256: str) -> Enrolled:
    left = {person: {k: v for k, v in vectors.items() if k != sha256} for person, vectors in enrolled.items()}
    return {person: vectors for person, vectors in left.items() if vectors}


def _answer_of(probe: str, match: Match) -> Answer:
    score = None if match.score is None else round(match.score, 6)
    margin = None if match.margin is None else round(match.margin, 6)
    return Answer(probe, match.person, match.best, score, margin, match.reason)


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
