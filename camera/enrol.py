"""Makes one person's template: several pictures enter, the mean vector leaves, or a refusal that says why.

Pictures are read and forgotten; only the vector is returned, and nothing is written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

import numpy as np

from camera.detect import STILL_WIDTHS_PX, Detector, detect_in_still
from camera.errors import EnrolmentRefusedError, PictureError
from camera.frames import Pixels
from camera.pictures import read_picture
from camera.quality import ENROLMENT, QualityLimits, first_fault
from camera.reasons import Reason
from camera.templates import Encoder, Template, Vector, mean_template


def template_from_pictures(paths: Sequence[Path], encoder: Encoder, *, limits: QualityLimits = ENROLMENT) -> Template:
    """Return the mean template of the pictures, which must all be good and of one person.

    Raise EnrolmentRefusedError (in Chinese, naming every picture at fault) otherwise.
    """
    return template_from_shots({path.name: _pixels(path) for path in paths}, encoder, limits=limits)


def template_from_shots(
    shots: Mapping[str, Pixels | None], encoder: Encoder, *, limits: QualityLimits = ENROLMENT
) -> Template:
    """Return the mean template of named shots; None stands for one that could not be read.

    Raise EnrolmentRefusedError as above.
    """
    if not shots:
        raise EnrolmentRefusedError("没有照片，请先拍照")
    detectors = tuple(Detector(width_px=width_px) for width_px in STILL_WIDTHS_PX)
    vectors: dict[str, Vector] = {}
    faults: list[str] = []
    for name, pixels in shots.items():
        found = _vector(pixels, encoder, detectors, limits)
        if isinstance(found, Reason):
            faults.append(f"照片 {name}：{found.message}")
        else:
            vectors[name] = found
    if faults:
        raise EnrolmentRefusedError("；".join(faults))
    _check_one_person(vectors, encoder.operating_point.most_spread)
    return mean_template(list(vectors.values()), encoder.version)


def nearest_other(template: Template, others: Mapping[str, Template], encoder: Encoder) -> str | None:
    """Return who of the others is so near that the two may be confused, the nearest one; None if nobody is.

    Others of another encoder version cannot be compared and are passed over.
    """
    limit = encoder.operating_point.distance_for(len(others) + 1)
    near = [
        (float(np.linalg.norm(other.vector - template.vector)), person)
        for person, other in others.items()
        if other.version == template.version
    ]
    distance, person = min(near, default=(limit, ""))
    return person if distance < limit else None


def _pixels(path: Path) -> Pixels | None:
    try:
        return read_picture(path)
    except PictureError:
        return None


def _vector(
    pixels: Pixels | None, encoder: Encoder, detectors: tuple[Detector, ...], limits: QualityLimits
) -> Vector | Reason:
    if pixels is None:
        return Reason.UNREADABLE
    faces = detect_in_still(pixels, detectors)
    return first_fault(pixels, faces, limits) or encoder.encode(pixels, faces[0].points)


def _check_one_person(vectors: Mapping[str, Vector], most_spread: float) -> None:
    """Refuse the picture that is farthest from the others, if any two are too far apart."""
    apart = dict.fromkeys(vectors, 0.0)
    widest = 0.0
    for one, other in combinations(vectors, 2):
        distance = float(np.linalg.norm(vectors[one] - vectors[other]))
        apart[one] += distance
        apart[other] += distance
        widest = max(widest, distance)
    if widest > most_spread:
        worst = max(apart, key=apart.__getitem__)
        raise EnrolmentRefusedError(f"照片 {worst}：与其他照片不像同一个人，请重拍")
