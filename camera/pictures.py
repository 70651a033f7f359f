"""Reads one picture file that anybody may have made: a path enters, checked pixels leave.

Never returns half a picture, and never decodes what its header already shows to be unusable.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageFile, ImageOps, UnidentifiedImageError

from camera.errors import PictureError
from camera.frames import Pixels

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".webp"})
FORMATS = ("JPEG", "PNG", "BMP", "WEBP")
MODES = frozenset({"RGB", "RGBA", "L", "LA", "P"})
MAX_FILE_BYTES = 40_000_000
MAX_MEGAPIXELS = 60
MAX_SIDE_PX = 1920
"""A longer side is reduced to this: a face that fills the picture keeps several times the pixels it needs."""


def picture_paths(folder: Path) -> list[Path]:
    """Return the folder's picture files by name, without hidden ones; raise OSError without a folder."""
    return sorted(p for p in folder.iterdir() if p.suffix.lower() in SUFFIXES and not p.name.startswith("."))


def read_picture(path: Path) -> Pixels:
    """Return the picture upright, at most 1920 pixels long or high; raise PictureError saying why not."""
    ImageFile.LOAD_TRUNCATED_IMAGES = False  # `face_recognition`, where it is imported, allows half pictures
    try:
        _check_size_on_disk(path)
        with Image.open(path, formats=FORMATS) as picture:
            _check_header(picture, path)
            return _decoded(picture)
    except PictureError:
        raise
    except UnidentifiedImageError as error:
        raise PictureError(f"{path.name}: not a JPEG, PNG, BMP or WebP picture; replace it") from error
    except Exception as error:  # a decoder fed with broken bytes raises whatever it likes
        raise PictureError(f"{path.name}: cannot be read ({error}); replace it") from error


def _check_size_on_disk(path: Path) -> None:
    size_bytes = path.stat().st_size
    if size_bytes == 0:
        raise PictureError(f"{path.name}: the file is empty; copy it again")
    if size_bytes > MAX_FILE_BYTES:
        raise PictureError(f"{path.name}: {size_bytes / 1e6:.0f} MB, more than {MAX_FILE_BYTES / 1e6:.0f}; reduce it")


def _check_header(picture: Image.Image, path: Path) -> None:
    megapixels = picture.width * picture.height / 1e6
    if megapixels > MAX_MEGAPIXELS:
        raise PictureError(f"{path.name}: {megapixels:.0f} megapixels, more than {MAX_MEGAPIXELS}; reduce it")
    if getattr(picture, "n_frames", 1) > 1:
        raise PictureError(f"{path.name}: an animation, not one picture; save one frame of it")
    if picture.mode not in MODES:
        raise PictureError(f"{path.name}: colour mode {picture.mode}; save it as 8-bit RGB")


def _decoded(picture: Image.Image) -> Pixels:
    picture.draft("RGB", (MAX_SIDE_PX, MAX_SIDE_PX))
    upright = ImageOps.exif_transpose(picture).convert("RGB")
    upright.thumbnail((MAX_SIDE_PX, MAX_SIDE_PX), Image.Resampling.BOX)
    return np.ascontiguousarray(np.asarray(upright)[:, :, ::-1])
