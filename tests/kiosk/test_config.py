"""A configuration is right, or refused with its place and reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiosk.config import documented_keys, load_config
from kiosk.errors import ConfigError

GOOD = """
[terminal]
id = "gaogou-t01"
hall = "gaogou"
state = "state"
[centre]
url = "http://127.0.0.1:8080"
[camera]
source = "folder:pictures"
[[windows]]
id = "1"
name = "综合窗口"
pins = [4, 5, 6, 12, 13]
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "terminal.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_relative_paths_are_taken_from_the_files_own_folder(tmp_path: Path) -> None:
    config = load_config(written(tmp_path, GOOD))
    assert config.state_dir == tmp_path / "state"
    assert config.camera.source == f"folder:{tmp_path / 'pictures'}"


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ('state = "state"', 'state = "state"\nstaet = "x"', "staet"),
        ("[camera]", "[kamera]", "kamera"),
        ('state = "state"', 'state = ""', r"terminal\.state"),
        ('id = "gaogou-t01"', "id = 7", r"terminal\.id"),
        ('id = "gaogou-t01"', 'id = "../etc"', r"terminal\.id"),
        ('hall = "gaogou"', "", "hall"),
        ('url = "http://127.0.0.1:8080"', 'url = "ftp://x"', r"centre\.url"),
        ('source = "folder:pictures"', 'source = "webcam"', r"camera\.source"),
        ("pins = [4, 5, 6, 12, 13]", "pins = [4, 5, 6, 12]", r"windows\[0\]\.pins"),
        ("pins = [4, 5, 6, 12, 13]", "pins = [4, 5, 6, 12, 99]", r"windows\[0\]\.pins"),
        ("pins = [4, 5, 6, 12, 13]", "pins = [4, 5, 6, 12, 4]", "pin 4 stands twice"),
        ('[[windows]]\nid = "1"', '[[windows]]\nid = "1"\nname = "二"\n[[windows]]\nid = "1"', "window 1 stands twice"),
        ("[terminal]", "[terminal", "TOML"),
    ],
)
def test_a_malformed_configuration_names_its_place(tmp_path: Path, old: str, new: str, place: str) -> None:
    assert old in GOOD
    with pytest.raises(ConfigError, match=place) as refused:
        load_config(written(tmp_path, GOOD.replace(old, new, 1)))
    assert "terminal.toml" in str(refused.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml"):
        load_config(tmp_path / "nowhere.toml")


def test_a_list_of_sections_has_its_keys_named_too() -> None:
    assert {"terminal.id", "camera.source", "windows.pins"} <= set(documented_keys())
