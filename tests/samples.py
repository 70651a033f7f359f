"""Typed access to the sample photographs that `deploy/fetch_samples.py` puts into var/samples.

OBAMA, OBAMA_2 and OBAMA_3 are three photographs of one person. OBAMA_2_RGBA is OBAMA_2 again, and both partial
faces are cut out of OBAMA: none of these three may be a probe where its original was enrolled.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "var" / "samples"


class Sample(StrEnum):
    """The pictures, by file name."""

    OBAMA = "obama.jpg"
    OBAMA_2 = "obama2.jpg"
    OBAMA_3 = "obama3.jpg"
    OBAMA_2_RGBA = "32bit.png"
    OBAMA_LEFT_HALF = "obama_partial_face.jpg"
    OBAMA_RIGHT_HALF = "obama_partial_face2.jpg"
    BIDEN = "biden.jpg"
    ASTRONAUT = "astronaut.png"
    COFFEE = "coffee.png"
    CHELSEA_THE_CAT = "chelsea.png"
    PAGE = "page.png"

    @property
    def path(self) -> Path:
        """Return where the picture lies; raise FileNotFoundError saying how to fetch it."""
        path = FOLDER / self.value
        if not path.is_file():
            raise FileNotFoundError(f"no {path}; fetch it with: python deploy/fetch_samples.py")
        return path


NO_FACE = (Sample.COFFEE, Sample.CHELSEA_THE_CAT, Sample.PAGE)
