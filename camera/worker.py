"""Recognition in a process of its own, so that a slow frame never delays a button or a page.

The parent asks (templates, on, off) and collects messages when it likes. Only the newest are kept for it, the
child drops frames instead of falling behind, and it ends by itself when its parent is gone.
"""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections import deque
from collections.abc import Mapping
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import cv2

from camera.challenge import Challenger
from camera.cohort import Cohort
from camera.detect import Detector
from camera.errors import CameraError
from camera.gallery import Gallery
from camera.liveness import RepeatedPicture, ScreenEdges
from camera.loop import RecognitionConfig, RecognitionLoop
from camera.messages import Command, Failed, Message, Preview, Switch, UseTemplates
from camera.other_encoder import open_encoder
from camera.recognizer import Agreement, Recognizer
from camera.sources import open_source
from camera.templates import Calibration, Template

__all__ = ["RecognitionConfig", "RecognitionProcess"]

MOST_MESSAGES = 200
STOP_WITHIN_S = 3.0


class RecognitionProcess:
    """The parent's end. Start, stop and start again as often as needed; what was last asked still holds."""

    def __init__(self, config: RecognitionConfig) -> None:
        """Take the configuration; nothing runs before `start`."""
        self._config = config
        self._context = multiprocessing.get_context("spawn")
        self._process: multiprocessing.process.BaseProcess | None = None
        self._commands: Connection | None = None
        self._inbox = _Inbox()
        self._compared_with = UseTemplates({})
        self._on = True

    def start(self) -> None:
        """Start the process, unless it runs; a process that died is replaced."""
        if self.alive():
            return
        self.stop()
        child_commands, self._commands = self._context.Pipe(duplex=False)
        messages, child_messages = self._context.Pipe(duplex=False)
        process = self._context.Process(
            target=_run,
            args=(
                self._config,
                (self._compared_with, Switch(self._on)),
                child_commands,
                child_messages,
            ),
            name="recognition",
            daemon=True,
        )
        process.start()
        child_commands.close()
        child_messages.close()
        self._process = process
        self._inbox.listen(messages)

    def stop(self) -> None:
        """End the process and wait until it has ended; stopping twice does no harm."""
        if self._commands is not None:
            self._commands.close()
            self._commands = None
        if self._process is not None:
            self._process.join(STOP_WITHIN_S)
            if self._process.is_alive():
                self._process.kill()
                self._process.join()
            self._process = None
        self._inbox.finish()

    def alive(self) -> bool:
        """Return whether the process runs; if it should and does not, `start` again."""
        return self._process is not None and self._process.is_alive()

    def messages(self, wait_s: float = 0.0) -> list[Message]:
        """Return what arrived since the last call, oldest first, of previews the newest only.

        With `wait_s`, wait at most that long for something to arrive.
        """
        return self._inbox.take(wait_s)

    def use_templates(
        self,
        templates: Mapping[str, Template],
        *,
        cohort: Cohort | None = None,
        calibration: Calibration | None = None,
    ) -> None:
        """Recognise these people from the next frame on, and after each restart."""
        self._compared_with = UseTemplates(dict(templates), cohort, calibration)
        self._ask(self._compared_with)

    def switch(self, *, on: bool) -> None:
        """Open the camera, or let it go; holds after a restart too."""
        self._on = on
        self._ask(Switch(on))

    def _ask(self, command: Command) -> None:
        """Send the command; a process that has died learns it when it is started again."""
        if self._commands is not None:
            try:
                self._commands.send(command)
            except OSError:
                self._commands.close()
                self._commands = None


class _Inbox:
    """Collects the child's messages in a thread, so that the child never waits for its parent."""

    def __init__(self) -> None:
        self._arrived: deque[Message] = deque(maxlen=MOST_MESSAGES)
        self._preview: Preview | None = None
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def listen(self, connection: Connection) -> None:
        self._thread = threading.Thread(target=self._collect, args=(connection,), name="recognition-inbox", daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Wait for the end of the child's stream, which comes when the child has ended."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def take(self, wait_s: float) -> list[Message]:
        with self._changed:
            if wait_s > 0:
                self._changed.wait_for(lambda: self._arrived or self._preview, wait_s)
            taken: list[Message] = list(self._arrived)
            if self._preview is not None:
                taken.append(self._preview)
            self._arrived.clear()
            self._preview = None
            return taken

    def _collect(self, connection: Connection) -> None:
        with connection:
            while (message := _received(connection)) is not None:
                self._keep(message)

    def _keep(self, message: Message) -> None:
        with self._changed:
            if isinstance(message, Preview):
                self._preview = message
            else:
                self._arrived.append(message)
            self._changed.notify_all()


def _received(connection: Connection) -> Message | None:
    """Return the next message, or None at the end; one cut short by the child's death is lost with it."""
    try:
        message: Message = connection.recv()
    except (EOFError, OSError):
        return None
    return message


def _run(config: RecognitionConfig, first: tuple[Command, ...], commands: Connection, messages: Connection) -> None:
    """Be the child: until the parent closes its end, or is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches every process; the parent decides
    cv2.setNumThreads(1)
    try:
        loop = _loop(config, messages)
        for command in first:
            loop.obey(command)
        _serve(loop, commands)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return
    except CameraError as error:
        messages.send(Failed(str(error)))


def _loop(config: RecognitionConfig, messages: Connection) -> RecognitionLoop:
    encoder = open_encoder(Path(config.encoder) if config.encoder else None, mirrored=config.mirrored)
    recognizer = Recognizer(
        Detector(),
        encoder,
        Gallery({}, encoder.operating_point),
        agreement=Agreement(config.agreeing_frames, config.agree_within_s),
        challenger=Challenger(config.challenge, (RepeatedPicture(), ScreenEdges())),
    )
    opener = partial(open_source, config.source, hold_s=config.hold_s)
    return RecognitionLoop(config, recognizer, encoder, opener, messages.send)


def _serve(loop: RecognitionLoop, commands: Connection) -> None:
    wait_s = 0.0
    try:
        while True:
            if commands.poll(wait_s):
                loop.obey(commands.recv())
                wait_s = 0.0
            else:
                wait_s = loop.step()
    finally:
        loop.close()
