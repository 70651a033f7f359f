"""Every kind of picture file that turns up in a folder is either read whole or refused with its reason."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from camera import pictures
from camera.errors import PictureError
from camera.pictures import picture_paths, read_picture
from tests.samples import Sample


def refused(path: Path) -> str:
    with pytest.raises(PictureError) as caught:
        read_picture(path)
    return str(caught.value)


def coloured(mode: str = "RGB", size: tuple[int, int] = (40, 30)) -> Image.Image:
    return Image.new(mode, size, 0)


def test_a_picture_is_read_as_blue_green_red(tmp_path: Path) -> None:
    Image.new("RGB", (4, 2), (255, 10, 20)).save(tmp_path / "red.png")
    pixels = read_picture(tmp_path / "red.png")
    assert pixels.shape == (2, 4, 3)
    assert pixels[0, 0].tolist() == [20, 10, 255]


def test_a_picture_with_transparency_is_read() -> None:
    assert read_picture(Sample.OBAMA_2_RGBA.path).shape == (1200, 626, 3)


def test_a_grey_picture_is_read() -> None:
    assert read_picture(Sample.PAGE.path).shape == (191, 384, 3)


def test_a_picture_taken_sideways_is_turned_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera lay on its right side
    coloured(size=(40, 30)).save(tmp_path / "a.jpg", exif=exif)
    assert read_picture(tmp_path / "a.jpg").shape == (40, 30, 3)


def test_a_large_picture_is_reduced(tmp_path: Path) -> None:
    coloured(size=(4000, 1000)).save(tmp_path / "a.jpg")
    assert read_picture(tmp_path / "a.jpg").shape == (480, 1920, 3)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    assert "empty" in refused(tmp_path / "a.jpg")


def test_something_else_under_a_pictures_name_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"%PDF-1.7 not a picture at all")
    assert "not a JPEG" in refused(tmp_path / "a.jpg")


@pytest.mark.parametrize("sample", [Sample.BIDEN, Sample.ASTRONAUT])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.95])
def test_a_truncated_picture_is_refused(tmp_path: Path, sample: Sample, share: float) -> None:
    whole = sample.path.read_bytes()
    cut = tmp_path / sample.value
    cut.write_bytes(whole[: int(len(whole) * share)])
    assert "cannot be read" in refused(cut)


def test_a_png_with_a_flipped_byte_is_refused(tmp_path: Path) -> None:
    content = bytearray(Sample.ASTRONAUT.path.read_bytes())
    content[20_000] ^= 0xFF
    (tmp_path / "a.png").write_bytes(content)
    assert "cannot be read" in refused(tmp_path / "a.png")


def test_an_animation_is_refused(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (40, 30), (n, 0, 0)) for n in (0, 90, 180)]
    frames[0].save(tmp_path / "a.png", save_all=True, append_images=frames[1:])
    frames[0].save(tmp_path / "a.webp", save_all=True, append_images=frames[1:])
    assert "animation" in refused(tmp_path / "a.png")
    assert "animation" in refused(tmp_path / "a.webp")


def test_sixteen_bit_and_cmyk_pictures_are_refused_by_their_mode(tmp_path: Path) -> None:
    Image.fromarray(np.full((30, 40), 40_000, dtype=np.uint16)).save(tmp_path / "deep.png")
    coloured("CMYK").save(tmp_path / "print.jpg")
    assert "I;16" in refused(tmp_path / "deep.png")
    assert "CMYK" in refused(tmp_path / "print.jpg")


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    Image.new("1", (12_000, 12_000)).save(tmp_path / "a.png")
    assert "144 megapixels" in refused(tmp_path / "a.png")


def test_a_file_of_too_many_bytes_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "a.jpg").open("wb") as file:
        file.truncate(pictures.MAX_FILE_BYTES + 1)
    assert "MB" in refused(tmp_path / "a.jpg")


def test_a_missing_file_and_a_folder_under_a_pictures_name_are_refused(tmp_path: Path) -> None:
    (tmp_path / "folder.jpg").mkdir()
    assert "cannot be read" in refused(tmp_path / "folder.jpg")
    assert "cannot be read" in refused(tmp_path / "gone.jpg")


def test_a_folders_pictures_come_by_name_without_hidden_and_other_files(tmp_path: Path) -> None:
    for name in ("b.PNG", "a.jpg", ".c.jpg", "notes.txt"):
        (tmp_path / name).touch()
    assert [path.name for path in picture_paths(tmp_path)] == ["a.jpg", "b.PNG"]
