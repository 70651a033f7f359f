"""The protocol against whatever may happen to it, in any order: a real ledger, a real link, a real centre.

Requests and answers are lost, repeated and come late; programs end; the card is cloned or put back, and so is the
centre's database. Model and invariants stand in `Protocol`; the bytes travel within this process.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import random
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from requests.adapters import BaseAdapter

from kiosk.store import Ledger
from scoring import ledger as centre_ledger
from scoring.app import create_app
from scoring.centre import Centre, open_centre
from sync.clock import SystemClock
from sync.keys import SigningKey
from sync.link import Link, UplinkError
from sync.sender import Sender
from tests.scoring.fakes import FakeTerminal, Office, StillClock

ORIGIN, HALL = "gaogou-t01", "gaogou"
KEY = SigningKey.from_seed(bytes(range(32)))
PUNCH = {"person": "P0007", "hall": HALL, "method": "pin"}
MEMORY = Path("/dev/shm")  # nothing here is about a disk, and its syncs would be most of the time
NETWORK = st.sampled_from(["well", "well", "well", "request lost", "answer lost", "twice"])


class Wire(BaseAdapter):
    """Carries requests to a Flask application in this process, as well or badly as it is told to."""

    def __init__(self, machine: Protocol) -> None:
        super().__init__()
        self._machine = machine
        self.mood = "well"

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        if self.mood == "request lost":
            raise requests.ConnectionError("lost on the way there")
        if str(request.url).endswith("/batches"):
            self._machine.overheard.append(request)
        answer = self._machine.deliver(request)
        if self.mood == "twice":
            answer = self._machine.deliver(request)
        if self.mood == "answer lost":
            raise requests.ConnectionError("lost on the way back")
        return answer

    def close(self) -> None:
        """Nothing to close."""


@dataclass
class Box:
    """One terminal's card in a running terminal; `behind_restore` until it has asked a restored centre for its head."""

    folder: Path
    machine: Protocol
    wire: Wire = field(init=False)
    ledger: Ledger = field(init=False)
    sender: Sender = field(init=False)
    behind_restore: bool = False

    def __post_init__(self) -> None:
        self.wire = Wire(self.machine)
        self.start()

    def start(self) -> None:
        self.ledger = Ledger(self.folder / "ledger.db", ORIGIN, SystemClock())
        link = Link("http://centre", ORIGIN, KEY, SystemClock())
        link.http.mount("http://", self.wire)
        self.sender = Sender(link, self.machine.centre.key.public_text, self.ledger, lambda _: None, lambda: None)
        self.machine.learn(self.ledger)

    def stop(self) -> None:
        self.ledger.close()

    def contact(self, mood: str) -> None:
        """Ask for the heads and send what is pending, as the uplink does at a start and after each failure."""
        self.wire.mood = mood
        try:
            self.sender.check_heads()
            self.behind_restore = False
            self.sender.send_pending(lambda: False)
        except (requests.ConnectionError, UplinkError):
            return
        finally:
            self.wire.mood = "well"
            self.machine.learn(self.ledger)


def line_hash(previous: str, line: bytes) -> str:
    return hashlib.sha256(b"evt1" + bytes.fromhex(previous) + line).hexdigest()


class Protocol(RuleBasedStateMachine):
    """The model is every line that a store ever committed, by the chain hash that it leads to."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="protocol-", dir=MEMORY if MEMORY.is_dir() else None))
        self.written: dict[str, tuple[str, int, bytes]] = {}  # chain hash -> epoch, number, line
        self.overheard: list[requests.PreparedRequest] = []
        self.held_before: list[bytes] = []
        self.boxes: list[Box] = []
        self.centre: Centre
        self.client: FlaskClient

    @initialize()
    def begin(self) -> None:
        self._open_centre()
        office, terminal = Office(self.client, self.centre), FakeTerminal(self.client, StillClock(), key=KEY)
        office.open_hall()
        office.employ()
        assert office.enrol(terminal).status_code == 201
        (self.folder / "card").mkdir()
        self.boxes = [Box(self.folder / "card", self)]
        self.copy_the_card()
        self.back_up_the_centre()

    def _open_centre(self) -> None:
        self.centre = open_centre(f"sqlite:///{self.folder / 'centre' / 'centre.db'}")
        self.client = create_app(self.centre).test_client()

    def deliver(self, request: requests.PreparedRequest) -> requests.Response:
        """Return the centre's answer to a request, in the form that the link reads."""
        parts = urlsplit(str(request.url))
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        told = self.client.open(path, method=request.method, data=request.body or b"", headers=dict(request.headers))
        answer = requests.Response()
        answer.status_code, answer.raw = told.status_code, io.BytesIO(told.data)
        answer.headers.update(dict(told.headers))
        answer.url, answer.request = str(request.url), request
        return answer

    def learn(self, ledger: Ledger) -> None:
        """Take down every line of a store with the hash of all that leads to it, computed here."""
        epochs: dict[str, str] = {}
        for line in ledger.lines():
            event = json.loads(line)
            hash_ = epochs[event["epoch"]] = line_hash(epochs.get(event["epoch"], "0" * 64), line)
            self.written[hash_] = (event["epoch"], event["seq"], line)

    def exported(self) -> list[bytes]:
        return [line for line in centre_ledger.exported(self.centre.store) if b'"origin":"centre"' not in line]

    # -- what happens ------------------------------------------------------------------------------------------

    @rule(which=st.integers(0, 1), count=st.integers(1, 4))
    def record(self, which: int, count: int) -> None:
        box = self.boxes[which % len(self.boxes)]
        box.ledger.record_all([("punch", PUNCH)] * count)
        self.learn(box.ledger)

    @rule(which=st.integers(0, 1), mood=NETWORK, most=st.sampled_from([1, 2, 500]))
    def contact(self, which: int, mood: str, most: int) -> None:
        box = self.boxes[which % len(self.boxes)]
        box.sender.max_lines = most
        box.contact(mood)

    @precondition(lambda self: self.overheard)
    @rule(chance=st.randoms(use_true_random=False))
    def an_old_batch_arrives_late(self, chance: random.Random) -> None:
        self.deliver(chance.choice(self.overheard))

    @rule(which=st.integers(0, 1))
    def restart(self, which: int) -> None:
        box = self.boxes[which % len(self.boxes)]
        box.stop()
        box.start()

    @precondition(lambda self: len(self.boxes) == 1)
    @rule()
    def clone_the_card(self) -> None:
        box = self.boxes[0]
        box.stop()
        shutil.copytree(box.folder, self.folder / "clone")
        box.start()
        self.boxes.append(Box(self.folder / "clone", self, behind_restore=box.behind_restore))

    @rule()
    def copy_the_card(self) -> None:
        box = self.boxes[0]
        box.stop()
        shutil.rmtree(self.folder / "old card", ignore_errors=True)
        shutil.copytree(box.folder, self.folder / "old card")
        box.start()

    @rule()
    def put_the_old_card_back(self) -> None:
        box = self.boxes[0]
        box.stop()
        shutil.rmtree(box.folder)
        shutil.copytree(self.folder / "old card", box.folder)
        box.behind_restore = True  # what it says of acknowledgements may be from before a restore
        box.start()

    @rule()
    def back_up_the_centre(self) -> None:
        self.centre.store.close()
        shutil.rmtree(self.folder / "backup", ignore_errors=True)
        shutil.copytree(self.folder / "centre", self.folder / "backup")
        self._open_centre()

    @rule()
    def restore_the_centre(self) -> None:
        self.centre.store.close()
        shutil.rmtree(self.folder / "centre")
        shutil.copytree(self.folder / "backup", self.folder / "centre")
        self._open_centre()
        self.held_before = []
        for box in self.boxes:
            box.behind_restore = True

    @rule()
    def the_network_is_well_for_a_while(self) -> None:
        self.drain()

    def drain(self) -> None:
        """After two undisturbed contacts of everybody the centre has all that it can take."""
        for box in [*self.boxes, *self.boxes]:
            box.contact("well")
        held = set(self.exported())
        for box in self.boxes:
            sent = {progress.epoch for progress in box.ledger.epochs()}
            missing = [line for line in box.ledger.lines() if json.loads(line)["epoch"] in sent and line not in held]
            assert not missing, "an epoch that is sent did not arrive whole"

    # -- what must hold at all times ---------------------------------------------------------------------------

    @invariant()
    def what_the_centre_holds_was_written_as_it_stands_there(self) -> None:
        """Each epoch at the centre is a prefix of what one store wrote: its hash leads there, by our own count."""
        heads: dict[str, tuple[int, str]] = {}
        for line in self.exported() if self.boxes else ():
            event = json.loads(line)
            seq, previous = heads.get(event["epoch"], (0, "0" * 64))
            hash_ = line_hash(previous, line)
            assert event["seq"] == seq + 1, "a number is missing or stands twice"
            assert self.written.get(hash_) == (event["epoch"], event["seq"], line), "no store ever wrote this"
            heads[event["epoch"]] = (event["seq"], hash_)

    @invariant()
    def nothing_held_is_overwritten(self) -> None:
        held = self.exported() if self.boxes else []
        assert set(self.held_before) <= set(held)
        self.held_before = held

    @invariant()
    def each_id_stands_once(self) -> None:
        ids = [json.loads(line)["id"] for line in (self.exported() if self.boxes else ())]
        assert len(ids) == len(set(ids))

    @invariant()
    def nothing_is_acknowledged_that_the_centre_has_not_committed(self) -> None:
        held = list(self._places(self.exported())) if self.boxes else []
        for box in self.boxes:
            own = {(json.loads(line)["epoch"], json.loads(line)["seq"]): line for line in box.ledger.lines()}
            for progress in box.ledger.epochs():
                assert progress.acknowledged <= progress.seq
                for seq in range(1, progress.acknowledged + 1 if not box.behind_restore else 1):
                    assert (progress.epoch, seq, own[progress.epoch, seq]) in held

    @staticmethod
    def _places(lines: list[bytes]) -> Iterator[tuple[str, int, bytes]]:
        for line in lines:
            event: Mapping[str, Any] = json.loads(line)
            yield event["epoch"], event["seq"], line

    def teardown(self) -> None:
        try:
            self.drain()
            self.what_the_centre_holds_was_written_as_it_stands_there()
        finally:
            self._end()

    def _end(self) -> None:
        for box in self.boxes:
            with contextlib.suppress(OSError):
                box.stop()
        if self.boxes:
            self.centre.store.close()
        shutil.rmtree(self.folder, ignore_errors=True)


Protocol.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],  # ids and epochs are drawn anew each time: a failure is shown as it came, not made smaller
)
TestProtocol = pytest.mark.timeout(300)(Protocol.TestCase)
