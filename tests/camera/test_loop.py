"""What the recognition process does, step by step, without a process."""

from __future__ import annotations

import cv2
import numpy as np

from camera.detect import Box
from camera.errors import CameraLostError
from camera.frames import Frame, FrameSource
from camera.gallery import Gallery
from camera.loop import RecognitionConfig, RecognitionLoop, preview_of
from camera.messages import CameraChanged, CameraState, Message, Notice, Preview, Switch, UseTemplates
from camera.reasons import Reason
from camera.recognizer import Recognizer, Sighting
from tests.camera.fakes import FakeClock, FakeEncoder, FakeFinder, FakeSource, line_template, picture

CONFIG = RecognitionConfig("fake:", frames_per_s=5, retry_s=2)


class Terminal:
    """A loop with a camera that can be pulled out and put back."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.camera: FakeSource | None = FakeSource(self.clock)
        self.camera.shows = picture(0)
        self.opened = 0
        self.sent: list[Message] = []
        encoder = FakeEncoder()
        watching = Recognizer(FakeFinder(), encoder, Gallery({}, encoder.operating_point))
        self.loop = RecognitionLoop(CONFIG, watching, encoder, self.open, self.sent.append, clock=self.clock)

    def open(self) -> FrameSource:
        self.opened += 1
        if self.camera is None:
            raise CameraLostError("no camera")
        self.camera.closed = False
        return self.camera

    def run(self, seconds: float) -> list[Message]:
        """Step whenever the loop says, for that long; return what it sent."""
        end_s = self.clock.now_s + seconds
        self.sent.clear()
        while self.clock.now_s < end_s - 1e-9:
            self.clock.now_s += min(self.loop.step() or 1e-3, end_s - self.clock.now_s)
        return list(self.sent)

    def states(self, seconds: float) -> list[tuple[CameraState, str]]:
        return [(m.state, m.why) for m in self.run(seconds) if isinstance(m, CameraChanged)]


def test_each_frame_gives_a_preview_and_a_sighting() -> None:
    sent = Terminal().run(0.1)
    assert [type(message) for message in sent] == [CameraChanged, Preview, Sighting]


def test_no_more_frames_a_second_are_looked_at_than_configured() -> None:
    sent = Terminal().run(10)
    assert sum(isinstance(message, Sighting) for message in sent) == 50


def test_after_a_long_wait_the_lost_frames_are_not_caught_up() -> None:
    terminal = Terminal()
    terminal.run(0.1)
    terminal.clock.now_s += 60
    assert sum(isinstance(message, Sighting) for message in terminal.run(1)) <= 6


def test_people_who_are_sent_are_recognised() -> None:
    terminal = Terminal()
    terminal.loop.obey(UseTemplates({"wang": line_template(0)}))
    named = [m.person for m in terminal.run(0.5) if isinstance(m, Sighting)]
    assert named == [None, "wang", "wang"]


def test_a_template_of_another_encoder_is_told_and_the_others_are_used() -> None:
    terminal = Terminal()
    stale = line_template(1)
    stale = type(stale)(stale.vector, "line-0", 1)
    terminal.loop.obey(UseTemplates({"li": stale, "wang": line_template(0)}))
    (notice,) = terminal.sent
    assert isinstance(notice, Notice)
    assert "li is not recognised" in notice.text
    assert "wang" in [m.person for m in terminal.run(0.5) if isinstance(m, Sighting)]


def test_loss_and_return_of_the_camera_are_told_once_each() -> None:
    terminal = Terminal()
    camera = terminal.camera
    assert camera is not None
    assert terminal.states(1) == [(CameraState.ON, "")]
    camera.pulled_out, terminal.camera = True, None
    assert terminal.states(9) == [(CameraState.LOST, "pulled out")]
    assert camera.closed
    assert terminal.opened == 1 + 4  # every two seconds
    camera.pulled_out, terminal.camera = False, camera
    assert terminal.states(3) == [(CameraState.ON, "")]


def test_a_camera_missing_from_the_start_is_told_and_found_later() -> None:
    terminal = Terminal()
    camera, terminal.camera = terminal.camera, None
    assert terminal.states(5) == [(CameraState.LOST, "no camera")]
    terminal.camera = camera
    assert terminal.states(3) == [(CameraState.ON, "")]


def test_switched_off_the_camera_is_let_go_and_nobody_is_looked_at() -> None:
    terminal = Terminal()
    camera = terminal.camera
    assert camera is not None
    terminal.run(1)
    terminal.sent.clear()
    terminal.loop.obey(Switch(on=False))
    assert terminal.sent == [CameraChanged(CameraState.OFF)]
    assert camera.closed
    reads = camera.reads
    assert terminal.run(5) == []
    assert camera.reads == reads
    terminal.loop.obey(Switch(on=True))
    assert terminal.states(1) == [(CameraState.ON, "")]


def test_what_the_camera_has_to_say_is_passed_on() -> None:
    terminal = Terminal()
    assert terminal.camera is not None
    terminal.camera.left_out = ["picture left out: x"]
    assert Notice("picture left out: x") in terminal.run(0.1)


def test_a_camera_without_a_frame_just_now_shows_nothing_and_says_nothing() -> None:
    terminal = Terminal()
    assert terminal.camera is not None
    terminal.camera.shows = None
    assert terminal.run(2.9) == []


def test_a_camera_that_gives_no_frame_for_three_seconds_is_lost_until_it_gives_one() -> None:
    terminal = Terminal()
    assert terminal.camera is not None
    shown, terminal.camera.shows = terminal.camera.shows, None
    ((state, why),) = terminal.states(3.5)
    assert state is CameraState.LOST
    assert "no picture that can be read" in why
    terminal.camera.shows = shown
    assert terminal.states(1) == [(CameraState.ON, "")]


def test_without_people_every_sighting_says_so() -> None:
    reasons = {m.reason for m in Terminal().run(1) if isinstance(m, Sighting)}
    assert reasons == {Reason.NO_GALLERY}


def test_a_preview_is_a_small_jpeg_with_the_box_in_its_own_pixels() -> None:
    frame = Frame(np.full((720, 1280, 3), 90, dtype=np.uint8), 7.0)
    preview = preview_of(frame, Box(128, 64, 256, 320), 320)
    shown = cv2.imdecode(np.frombuffer(preview.jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert shown is not None
    assert shown.shape == (180, 320, 3)
    assert (preview.width_px, preview.height_px, preview.captured_s) == (320, 180, 7.0)
    assert preview.box == Box(32, 16, 64, 80)
    assert len(preview.jpeg) < 20_000


def test_a_small_frame_is_not_enlarged() -> None:
    preview = preview_of(Frame(np.zeros((30, 40, 3), dtype=np.uint8), 0.0), None, 480)
    assert (preview.width_px, preview.height_px, preview.box) == (40, 30, None)
