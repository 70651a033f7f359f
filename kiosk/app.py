"""One terminal, wired together: the only place where its parts meet. A configuration enters, a terminal runs."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime

from cheroot.wsgi import Server

from camera.detect import Box
from camera.messages import CameraChanged, CameraState, Failed, Notice, Preview
from camera.recognizer import Sighting
from camera.templates import Template
from camera.worker import RecognitionProcess
from kiosk import hall, health
from kiosk.checkpoints import CheckpointBook
from kiosk.config import Config
from kiosk.control import control_token
from kiosk.desk import ClockDesk
from kiosk.errors import EnrolmentRefusedError, LedgerUnavailableError
from kiosk.hardware import ButtonPanel
from kiosk.identity import Identity, known_identity, sealing_key
from kiosk.keeping import Keeping
from kiosk.knowledge import Knowledge
from kiosk.pages import create_app
from kiosk.recognition import aids, recognition_config
from kiosk.screens import Item, Screens
from kiosk.shared_templates import SharedTemplates, received
from kiosk.uplinking import make_hub, make_uplink
from kiosk.vault import Vault
from kiosk.windows import Pressed, RatingDesk
from rules.policy import load_policy
from sync.clock import SystemClock
from sync.events import COUNTY_TIME
from sync.feed import KINDS
from sync.following import CheckpointErrand
from sync.refetch import Refetch
from sync.uplink import LinkState, Uplink

_log = logging.getLogger("kiosk")
_REFRESH_S = 0.5
_RESTART_S = 2.0
_PROBE_S = 3.0
_WEB_THREADS = 24


class Terminal:
    """Everything that runs in one box. `start` returns at once, `stop` when all has ended."""

    def __init__(self, config: Config, clock: SystemClock | None = None) -> None:
        self._config = config
        self._stopping = threading.Event()
        self._changed = threading.Event()
        self._clock = clock or SystemClock()
        self._policy = load_policy()
        self._keeping = Keeping(config, self._clock, self._note_return)
        self._ledger = self._keeping.ledger
        self.token = control_token(config)
        self._knowledge = Knowledge(self._ledger, config.terminal.hall, self._policy)
        self.screens = Screens([window.id for window in config.windows])
        self.ratings = RatingDesk(
            config.terminal.hall,
            config.windows,
            config.rating,
            self._ledger,
            self.screens,
            lambda window: self._knowledge.serving(window, self._calendar_now()),
            time.monotonic,
        )
        self._desk = ClockDesk(
            config.terminal.hall,
            self._ledger,
            self._knowledge,
            self.screens,
            time.monotonic,
            config.recognition.repeat_after_s,
        )
        self.buttons: ButtonPanel[Pressed] = ButtonPanel(
            config.windows, config.hardware, lambda window, grade: self.ratings.press(window, grade, "button")
        )
        self._recognition = self._make_recognition()
        self._camera_trouble: str | None = "摄像头正在启动" if self._recognition else "本终端没有摄像头"
        self._identity = known_identity(config.state_dir)
        self._checkpoints = CheckpointBook(
            config.state_dir, self._identity.server_key if self._identity else "", self._now, self._ledger.record
        )
        self._uplink = self._make_uplink(self._identity) if self._identity else None
        self._hub = make_hub(config, self._identity, self._ledger) if self._identity else None
        self._threads: list[threading.Thread] = []
        self._probed_s = 0.0
        self._server = Server(("127.0.0.1", config.terminal.port), create_app(self), numthreads=_WEB_THREADS)

    @property
    def hall_name(self) -> str:
        """Return the hall's name for a page's first painting."""
        return self._knowledge.hall_name(self._now())

    def feed_versions(self) -> dict[str, int]:
        """Return the version held of each kind of the centre's feed, 0 for none and where none can be read."""
        try:
            return {kind: self._ledger.held_version(kind) for kind in KINDS}
        except LedgerUnavailableError:
            return dict.fromkeys(KINDS, 0)

    def clock_in_by_pin(self, job_number: str, pin: str) -> str:
        """Return the id of the committed punch; raises PinRefusedError or LedgerUnavailableError."""
        return self._desk.clock_in_by_pin(job_number, pin, self._calendar_now())

    def start(self) -> None:
        """Start the pages, the link, recognition and the regular refresh."""
        self._ledger.on_record(self._note_record)
        self._server.prepare()
        self._run(self._server.serve, "pages")
        self._run(self._refresh, "refresh")
        self._run(self._keeping.upkeep.run, "upkeep")
        if self._uplink:
            self._run(self._uplink.run, "uplink")
        if self._hub:
            self._hub.start(self._run)
        if self._recognition:
            self._run(self._recognise, "recognition")

    def stop(self) -> None:
        """End everything; what was pressed before is committed."""
        self._stopping.set()
        self._changed.set()
        self._keeping.upkeep.stop()
        if self._uplink:
            self._uplink.stop()
        if self._hub:
            self._hub.stop()
        self.screens.close()
        self._server.stop()
        for thread in self._threads:
            thread.join()
        if self._recognition:
            self._recognition.stop()
        self.buttons.close()
        if self._hub:
            self._hub.close()
        self._keeping.close()

    # -- parts -------------------------------------------------------------------------------------------------

    def _make_recognition(self) -> RecognitionProcess | None:
        looking = recognition_config(self._config)
        return RecognitionProcess(looking) if looking else None

    def _make_uplink(self, identity: Identity) -> Uplink:
        return make_uplink(
            self._config,
            identity,
            self._ledger,
            self._clock,
            lambda: {"camera": self._camera_trouble or "ok", "unsent": self._ledger.unsent()},
            self._changed.set,
            (
                Refetch(identity.server_key, self._keeping.recovery),
                CheckpointErrand(self._checkpoints, identity.server_key),
                SharedTemplates(
                    self._config.state_dir,
                    identity.origin,
                    sealing_key(self._config.state_dir),
                    lambda: self._ledger.manifest("roster"),
                    self._enrolled,
                ),
            ),
        )

    def _templates(self) -> dict[str, Template]:
        """Return whom this terminal recognises: those enrolled at others of the hall, and those enrolled here."""
        key = sealing_key(self._config.state_dir)
        sealed = self._ledger.manifest("templates")
        return {**received(sealed, self._config.terminal.id, key, _log.warning), **self._enrolled()}

    def _enrolled(self) -> dict[str, Template]:
        vault = Vault.at(self._config.state_dir / "vault.key")
        opened = {}
        for person, version, sealed in self._ledger.templates():
            try:
                opened[person] = Template(vault.open(person, version, sealed), version, 0)
            except EnrolmentRefusedError as error:
                _log.warning("%s", error)
        return opened

    def _run(self, work: Callable[[], None], name: str) -> None:
        thread = threading.Thread(target=work, name=name)
        thread.start()
        self._threads.append(thread)

    def _now(self) -> datetime:
        return self._clock.read().at.astimezone(COUNTY_TIME)

    def _calendar_now(self) -> datetime:
        """Return the time by which a roster is read: the centre's, so that a clock years off turns nobody away."""
        return self._clock.centre_time().astimezone(COUNTY_TIME)

    def _note_record(self) -> None:
        self._changed.set()
        if self._uplink:
            self._uplink.wake()

    def _note_return(self) -> None:
        """Lines that were lost came back: who has clocked in and what was asked may be other than was known."""
        self.ratings.recall()
        self._note_record()

    # -- threads -----------------------------------------------------------------------------------------------

    def _refresh(self) -> None:
        """Keep every screen true: twice a second what time changes, the board on each change and each minute."""
        shown: object = None
        while not self._stopping.is_set():
            changed = self._changed.wait(_REFRESH_S)
            self._changed.clear()
            try:
                self._probe_storage()
                self._keeping.tell()
                self._desk.refresh()
                self.ratings.refresh()
                condition = self.condition()
                lines = health.items(condition)
                self.screens.show_status(lines)
                state = (condition.now.hour, condition.now.minute, tuple(lines))
                if changed or state != shown:
                    self._show_board(condition.now, lines)
                    shown = state
            except LedgerUnavailableError as error:  # even reading failed: say so, and look again
                self.screens.show_status([health.storage_item(error.reason)])

    def _probe_storage(self) -> None:
        if self._ledger.trouble and time.monotonic() - self._probed_s >= _PROBE_S:
            self._probed_s = time.monotonic()
            self._ledger.probe()

    def _show_board(self, now: datetime, lines: Sequence[Item]) -> None:
        names = {window.id: window.name for window in self._config.windows}
        facts = self._knowledge.facts(now)
        board = hall.board(facts, self._config.terminal.hall, now, self._policy, names, self._grades(), lines)
        self.screens.show_board(self._knowledge.hall_name(now), board)

    def _grades(self) -> list[int]:
        """Return today's ratings in the order given."""
        today = self._ledger.events_on(self._now().date())
        return [event.data["grade"] for event in today if event.type == "rating.given"]

    def condition(self) -> health.Condition:
        """Return how the box is at this moment."""
        state = self._uplink.state if self._uplink else LinkState()
        kept = self._keeping.state()
        return health.Condition(
            now=self._now(),
            unsent=kept.unsent,
            contact_at=state.contact_at,
            link_trouble=state.trouble,
            relayed=state.relayed,
            enrolled=self._identity is not None,
            forked=kept.forked,
            storage=kept.trouble,
            camera_trouble=self._camera_trouble,
            clock_offset_s=self._clock.offset_from_centre_s(),
            doubted_at=self._checkpoints.conflict_at,
            quarantined=kept.quarantined,
            missing=kept.missing,
            forgets=kept.forgets,
        )

    def _recognise(self) -> None:
        """Keep the recognition process alive and act on what it says; without it PIN goes on working."""
        if self._recognition is None:
            return
        cohort, calibration = aids(self._config, lambda text: _log.warning("%s", text))
        held, looks = -1, True
        while not self._stopping.is_set():
            known = self._templates_version(held)
            if held != known:
                held = known
                self._recognition.use_templates(self._templates(), cohort=cohort, calibration=calibration)
            if looks is self.ratings.visit_is_open():  # a camera at the window would see the citizen
                looks = not looks
                self._recognition.switch(on=looks)
            if not self._recognition.alive():
                self._recognition.start()
            for message in self._recognition.messages(wait_s=0.2):
                self._heed(message)
            if not self._recognition.alive():
                self._lost(self._camera_trouble or "识别程序正在重新启动")
                self._stopping.wait(_RESTART_S)

    def _templates_version(self, held: int) -> int:
        """Return the version of the templates that others have sealed for this one; `held` where nobody can tell."""
        try:
            return self._ledger.held_version("templates")
        except LedgerUnavailableError:
            return held

    def _heed(self, message: object) -> None:
        match message:
            case Sighting():
                self._desk.see(message)
            case Preview():
                self.screens.show_frame(message.jpeg, (message.width_px, message.height_px), _fractions(message))
            case CameraChanged(CameraState.ON):
                self._camera_trouble = None
                self._desk.can_see(sees=True)
                self._changed.set()
            case CameraChanged(CameraState.OFF):
                self._lost("正在接待群众，人脸识别暂停")
            case Notice(text):
                _log.warning("%s", text)
            case CameraChanged(CameraState.LOST, why):
                _log.warning("camera lost: %s", why)
                self._lost("摄像头没有画面")
            case Failed(why):
                _log.warning("recognition ended: %s", why)
                self._lost("人脸识别不能使用")

    def _lost(self, words: str) -> None:
        self._camera_trouble = words
        self._desk.can_see(sees=False)
        self.screens.show_no_frame(words)
        self._changed.set()


def _fractions(preview: Preview) -> tuple[float, float, float, float] | None:
    """Return the face's frame as (left, top, width, height) fractions of the picture."""
    box: Box | None = preview.box
    if box is None:
        return None
    width, height = preview.width_px, preview.height_px
    return box.left / width, box.top / height, box.width / width, box.height / height
