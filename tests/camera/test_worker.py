"""The recognition process for real: it recognises, dies, is started again, and never outlives its parent."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from camera.messages import CameraChanged, CameraState, Failed, Message, Notice, Preview
from camera.recognizer import Sighting
from camera.templates import Template, mean_template
from camera.worker import RecognitionConfig, RecognitionProcess
from tests.camera.conftest import Seen
from tests.samples import Sample

MOST_WAITS = 60
"""Seconds, since each wait is one: far more than any of these tests needs."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(Sample.OBAMA_3.path, tmp_path)
    return tmp_path


@pytest.fixture
def people(seen: Seen) -> dict[str, Template]:
    shots = [seen.vector(Sample.OBAMA), seen.vector(Sample.OBAMA_2)]
    return {"P0001": mean_template(shots, seen.encoder.version)}


@pytest.fixture
def recognition(folder: Path) -> Iterator[RecognitionProcess]:
    running = RecognitionProcess(RecognitionConfig(f"folder:{folder}", hold_s=0.1, retry_s=0.1))
    yield running
    running.stop()


def until(recognition: RecognitionProcess, wanted: Callable[[Message], bool]) -> list[Message]:
    """Collect messages until the wanted one; fail if it does not come."""
    collected: list[Message] = []
    for _ in range(MOST_WAITS):
        arrived = recognition.messages(wait_s=1)
        collected += arrived
        if any(wanted(message) for message in arrived):
            return collected
    raise AssertionError(f"did not come, but {collected[-5:]}")


def names(message: Message) -> bool:
    return isinstance(message, Sighting) and message.person == "P0001"


def pid_of(recognition: RecognitionProcess) -> int:
    assert recognition._process is not None
    assert recognition._process.pid is not None
    return recognition._process.pid


def test_a_person_is_recognised_and_shown(recognition: RecognitionProcess, people: dict[str, Template]) -> None:
    recognition.use_templates(people)
    recognition.start()
    collected = until(recognition, names)
    collected += until(recognition, lambda message: isinstance(message, Preview))
    assert CameraChanged(CameraState.ON) in collected
    previews = [message for message in collected if isinstance(message, Preview)]
    assert all(preview.jpeg.startswith(b"\xff\xd8") for preview in previews)
    assert any(preview.box is not None for preview in previews)


def test_killed_it_is_started_again_and_still_knows_everybody(
    recognition: RecognitionProcess, people: dict[str, Template]
) -> None:
    recognition.start()
    recognition.use_templates(people)
    until(recognition, names)
    first = pid_of(recognition)
    assert recognition._process is not None
    os.kill(first, signal.SIGKILL)
    recognition._process.join()
    assert not recognition.alive()
    recognition.switch(on=True)  # asking a dead process does no harm
    recognition.start()
    recognition.messages()
    assert recognition.alive()
    assert pid_of(recognition) != first
    until(recognition, names)


def test_switched_off_it_lives_and_looks_at_nothing_until_switched_on(recognition: RecognitionProcess) -> None:
    recognition.start()
    until(recognition, lambda message: isinstance(message, Sighting))
    recognition.switch(on=False)
    until(recognition, lambda message: message == CameraChanged(CameraState.OFF))
    assert recognition.alive()
    recognition.messages()
    recognition.switch(on=True)
    assert until(recognition, lambda message: isinstance(message, Sighting))[0] == CameraChanged(CameraState.ON)


def test_a_folder_that_goes_and_comes_back_is_a_camera_lost_and_found(
    recognition: RecognitionProcess, folder: Path
) -> None:
    (folder / "broken.jpg").write_bytes(b"broken")
    recognition.start()
    until(recognition, lambda message: isinstance(message, Notice) and "broken.jpg" in message.text)
    shutil.move(folder, f"{folder}-away")
    until(recognition, lambda m: isinstance(m, CameraChanged) and m.state is CameraState.LOST)
    shutil.move(f"{folder}-away", folder)
    until(recognition, lambda message: message == CameraChanged(CameraState.ON))


def test_stopped_it_has_ended_and_stopping_twice_does_no_harm(recognition: RecognitionProcess) -> None:
    recognition.start()
    pid = pid_of(recognition)
    recognition.stop()
    recognition.stop()
    assert not recognition.alive()
    assert not Path(f"/proc/{pid}").exists()


def test_a_source_of_an_unknown_kind_is_told_and_the_process_ends() -> None:
    recognition = RecognitionProcess(RecognitionConfig("rtsp://camera/1"))
    recognition.start()
    (failed,) = until(recognition, lambda message: isinstance(message, Failed))
    recognition.stop()
    assert isinstance(failed, Failed)
    assert "unknown kind" in failed.why


def test_what_nobody_collects_does_not_pile_up(recognition: RecognitionProcess) -> None:
    inbox = recognition._inbox
    preview = Preview(b"", 1, 1, None, 0.0)
    for n in range(1000):
        inbox._keep(Notice(str(n)))
        inbox._keep(preview)
    messages = recognition.messages()
    assert len(messages) == 201
    assert messages[-2:] == [Notice("999"), preview]


PARENT = """
import os, signal, sys
from camera.worker import RecognitionConfig, RecognitionProcess
if __name__ == "__main__":
    recognition = RecognitionProcess(RecognitionConfig("folder:" + sys.argv[1]))
    recognition.start()
    while not recognition.messages(wait_s=1):
        pass
    print(recognition._process.pid, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_it_ends_by_itself_when_its_parent_is_killed(folder: Path, tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(PARENT, encoding="utf-8")
    parent = subprocess.Popen(
        [sys.executable, script, folder], stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": "."}
    )
    assert parent.stdout is not None
    with parent.stdout as said:
        assert int(said.readline()) > 0
        # The child holds the other end of this pipe: it closes when the child has ended, not before.
        assert said.read() == ""
    assert parent.wait() == -signal.SIGKILL
