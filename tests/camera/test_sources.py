"""One suite for every camera that can run here, then what is special to each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from camera.capture import VideoSource
from camera.errors import CameraLostError, SourceError
from camera.folder import FolderSource
from camera.frames import FrameSource
from camera.sources import open_source

FRAMES_PER_S = 10
RED, GREEN, BLUE = (0, 0, 200), (0, 200, 0), (200, 0, 0)


class Clock:
    """Seconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def paint(path: Path, colour: tuple[int, int, int]) -> Path:
    Image.new("RGB", (64, 48), colour[::-1]).save(path)
    return path


def folder_of(tmp_path: Path) -> Path:
    paint(tmp_path / "1.png", RED)
    paint(tmp_path / "2.png", GREEN)
    paint(tmp_path / "3.png", BLUE)
    return tmp_path


def video_of(tmp_path: Path) -> Path:
    path = tmp_path / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), FRAMES_PER_S, (64, 48))
    for colour in (RED, GREEN, BLUE):
        writer.write(np.full((48, 64, 3), colour, dtype=np.uint8))
    writer.release()
    return path


def folder_source(tmp_path: Path, clock: Clock) -> FrameSource:
    return FolderSource(folder_of(tmp_path), hold_s=1 / FRAMES_PER_S, clock=clock)


def video_source(tmp_path: Path, clock: Clock) -> FrameSource:
    return VideoSource(video_of(tmp_path), clock=clock)


Opener = Callable[[Path, Clock], FrameSource]
every_source = pytest.mark.parametrize("opener", [folder_source, video_source])


def colour_seen(source: FrameSource) -> tuple[int, int, int] | None:
    """Which of the three colours fills the frame, whatever compression did to it."""
    frame = source.read()
    if frame is None:
        return None
    mean = frame.pixels.reshape(-1, 3).mean(axis=0)
    return min((RED, GREEN, BLUE), key=lambda colour: float(np.abs(mean - colour).sum()))


@every_source
def test_a_frame_is_an_eight_bit_colour_picture_with_its_time(opener: Opener, tmp_path: Path) -> None:
    clock = Clock()
    with opener(tmp_path, clock) as source:
        frame = source.read()
    assert frame is not None
    assert frame.pixels.shape == (48, 64, 3)
    assert frame.pixels.dtype == np.uint8
    assert frame.captured_s == 1000.0


@every_source
def test_frames_come_in_order_and_begin_again_at_the_end(opener: Opener, tmp_path: Path) -> None:
    clock = Clock()
    with opener(tmp_path, clock) as source:
        colours = []
        for _ in range(7):
            colours.append(colour_seen(source))
            clock.now_s += 1.01 / FRAMES_PER_S
    assert colours[:4] == [RED, GREEN, BLUE, RED]
    assert set(colours[4:]) == {RED, GREEN, BLUE}


@every_source
def test_the_same_frame_is_shown_until_its_time_is_over(opener: Opener, tmp_path: Path) -> None:
    clock = Clock()
    with opener(tmp_path, clock) as source:
        assert [colour_seen(source), colour_seen(source)] == [RED, RED]


@every_source
def test_a_source_is_a_frame_source_and_closes_twice_without_harm(opener: Opener, tmp_path: Path) -> None:
    source = opener(tmp_path, Clock())
    assert isinstance(source, FrameSource)
    source.close()
    source.close()


def test_frames_whose_time_has_passed_are_left_out_of_a_video(tmp_path: Path) -> None:
    clock = Clock()
    with video_source(tmp_path, clock) as source:
        assert colour_seen(source) == RED
        clock.now_s += 2 / FRAMES_PER_S + 0.01
        assert colour_seen(source) == BLUE


def test_an_empty_folder_gives_nothing_until_a_picture_arrives(tmp_path: Path) -> None:
    with FolderSource(tmp_path, clock=Clock()) as source:
        assert source.read() is None
        paint(tmp_path / "1.png", GREEN)
        assert colour_seen(source) == GREEN


def test_a_picture_that_is_put_in_or_taken_out_is_noticed_at_the_next_change(tmp_path: Path) -> None:
    clock = Clock()
    folder = folder_of(tmp_path)
    with FolderSource(folder, hold_s=1, clock=clock) as source:
        assert colour_seen(source) == RED
        (folder / "2.png").unlink()
        paint(folder / "0.png", GREEN)
        clock.now_s += 1
        assert colour_seen(source) == BLUE
        clock.now_s += 1
        assert colour_seen(source) == GREEN


def test_a_broken_picture_is_left_out_and_named_once(tmp_path: Path) -> None:
    clock = Clock()
    (tmp_path / "0.png").write_bytes(b"broken")
    paint(tmp_path / "1.png", RED)
    with FolderSource(tmp_path, hold_s=1, clock=clock) as source:
        assert colour_seen(source) == RED
        assert source.notices() == ["picture left out: 0.png: not a JPEG, PNG, BMP or WebP picture; replace it"]
        clock.now_s += 1
        assert colour_seen(source) == RED
        assert source.notices() == []


def test_a_broken_picture_that_was_replaced_is_shown(tmp_path: Path) -> None:
    clock = Clock()
    (tmp_path / "0.png").write_bytes(b"broken")
    with FolderSource(tmp_path, hold_s=1, clock=clock) as source:
        assert source.read() is None
        paint(tmp_path / "0.png", BLUE)
        assert colour_seen(source) == BLUE


def test_a_folder_that_disappears_is_a_lost_camera(tmp_path: Path) -> None:
    clock = Clock()
    folder = tmp_path / "pictures"
    folder.mkdir()
    picture = paint(folder / "1.png", RED)
    with FolderSource(folder, hold_s=1, clock=clock) as source:
        source.read()
        picture.unlink()
        folder.rmdir()
        clock.now_s += 1
        with pytest.raises(CameraLostError, match="no folder"):
            source.read()


def test_a_camera_is_opened_by_its_name(tmp_path: Path) -> None:
    with open_source(f"folder:{folder_of(tmp_path)}") as folder, open_source(f"video:{video_of(tmp_path)}") as video:
        assert isinstance(folder, FolderSource)
        assert isinstance(video, VideoSource)


@pytest.mark.parametrize("text", ["", "folder:", "v4l2", "/dev/video0", "rtsp://camera/1"])
def test_a_name_of_another_form_is_refused_with_the_forms_there_are(text: str) -> None:
    with pytest.raises(SourceError, match="folder:PATH, video:PATH or v4l2:/dev/videoN"):
        open_source(text)


@pytest.mark.parametrize("kind", ["folder", "video", "v4l2"])
def test_a_camera_that_is_not_there_is_named(kind: str, tmp_path: Path) -> None:
    with pytest.raises(CameraLostError, match="nowhere"):
        open_source(f"{kind}:{tmp_path}/nowhere")


def test_a_file_that_is_no_video_is_a_lost_camera(tmp_path: Path) -> None:
    (tmp_path / "clip.avi").write_bytes(b"not a video")
    with pytest.raises(CameraLostError, match="cannot be opened"):
        open_source(f"video:{tmp_path}/clip.avi")


def test_a_device_that_is_no_camera_is_a_lost_camera() -> None:
    with pytest.raises(CameraLostError, match="/dev/null"):
        open_source("v4l2:/dev/null")
