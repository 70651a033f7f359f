"""Rows 11 and 12: every one-byte change of what is signed or stored is refused or named, an insider's edits too."""

from __future__ import annotations

import contextlib
import json
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from flask.testing import FlaskClient
from sqlalchemy import update

from kiosk.store import Ledger
from scoring import tables
from scoring.app import create_app
from scoring.centre import Centre, open_centre
from sync import feed, wire
from sync.clock import SystemClock
from sync.errors import SyncError
from sync.events import instant_text
from sync.keys import verify
from tests.faults.fault import Outcome
from tests.faults.recorder import ORIGIN, work
from tests.scoring.fakes import FakeTerminal, Office, StillClock
from tests.scoring.insider import Insider, verified

_LINES = 12
_REFUSED = (SyncError, ValueError, KeyError, TypeError, AttributeError)


@dataclass
class Desk:
    """A centre in this process with one terminal, whose lines it holds under a checkpoint."""

    centre: Centre
    client: FlaskClient
    terminal: FakeTerminal


@contextlib.contextmanager
def desk(folder: Path) -> Iterator[Desk]:
    """Yield a centre that holds a dozen lines of one terminal."""
    centre = open_centre(f"sqlite:///{folder / 'centre.db'}")
    try:
        client = create_app(centre).test_client()
        office, clock = Office(client, centre), StillClock(datetime.now(UTC))
        office.open_hall()
        office.employ()
        terminal = FakeTerminal(client, clock)
        office.enrol(terminal)
        for _ in range(_LINES):
            terminal.add()
        assert terminal.send().status_code == 200
        yield Desk(centre, client, terminal)
    finally:
        centre.store.close()


def changed(content: bytes) -> Iterator[bytes]:
    """Yield the content with each of its bytes changed, one at a time, each in one random bit."""
    for place in range(len(content)):
        yield content[:place] + bytes([content[place] ^ (1 << random.randrange(8))]) + content[place + 1 :]


def on_the_wire(folder: Path, _wanted: int) -> Iterator[Outcome]:
    """Yield one change after another of a batch, a receipt, a manifest and a request, byte by byte."""
    folder.mkdir(parents=True, exist_ok=True)
    with desk(folder) as here:
        while True:
            every = [
                *_batches(here.terminal), *_receipts(here), *_manifests(here), *_requests(here.terminal),
            ]  # fmt: skip
            random.shuffle(every)
            for what, accepts in every:
                yield _outcome(what, accepts)


def _outcome(what: str, accepts: Callable[[], bool]) -> Outcome:
    try:
        accepted = accepts()
    except _REFUSED:
        accepted = False
    return Outcome(True, altered=int(accepted), note=f"accepted: {what}" if accepted else "")


Change = tuple[str, Callable[[], bool]]


def _batches(terminal: FakeTerminal) -> Iterator[Change]:
    """Yield changes of a batch; one counts as accepted where it opens at all."""
    batch, key = terminal.batch(), terminal.key.public_text

    def opens(headers: Mapping[str, str], body: bytes) -> bool:
        wire.open_batch(wire.read_batch(batch.origin, batch.epoch, headers, body), key)
        return True

    for body in changed(batch.body):
        yield "a byte of a batch's body", partial(opens, batch.headers(), body)
    for name, text in batch.headers().items():
        for other in changed(text.encode()):
            headers = {**batch.headers(), name: other.decode("latin-1")}
            yield f"a character of {name}", partial(opens, headers, batch.body)


def _receipts(here: Desk) -> Iterator[Change]:
    """Yield changes of a receipt as it travels."""
    receipt = here.terminal.send().get_json()["receipt"]

    def holds(content: bytes) -> bool:
        told = json.loads(content)
        verify(here.centre.key.public_text, told["signature"], wire.receipt_text(told))
        return True

    for content in changed(wire.compact_json(receipt)):
        yield "a byte of a receipt", partial(holds, content)


def _manifests(here: Desk) -> Iterator[Change]:
    """Yield changes of a manifest's body, version and signature."""
    answer, key = here.terminal.feed("roster"), here.centre.key.public_text
    version, signature = int(answer.headers["X-Version"]), answer.headers["X-Signature"]

    def holds(kind: str, version: int, body: bytes, signature: str) -> bool:
        feed.check_manifest(feed.Manifest(here.terminal.origin, kind, version, body, signature), key, 0)
        return True

    assert holds("roster", version, answer.data, signature)
    for body in changed(answer.data):
        yield "a byte of a manifest", partial(holds, "roster", version, body, signature)
    for other in changed(signature.encode()):
        text = other.decode("latin-1")
        yield "a character of a manifest's signature", partial(holds, "roster", version, answer.data, text)
    yield "a manifest's version", lambda: holds("roster", version + 1, answer.data, signature)
    yield "a manifest's kind", lambda: holds("schedule", version, answer.data, signature)


def _requests(terminal: FakeTerminal) -> Iterator[Change]:
    """Yield changes of a signed request; one counts as accepted where it is answered well."""
    path, date = f"/v1/t/{terminal.origin}/heartbeat", instant_text(terminal.clock.at)
    message = {"epoch": terminal.epoch, "seq": _LINES, "at": date, "health": {}}
    body = wire.compact_json(message)
    signature = terminal.key.sign(wire.request_text("POST", path, date, body))

    def answered(date: str, signature: str, body: bytes) -> bool:
        headers = {"X-Date": date, "X-Signature": signature}
        return terminal.client.post(path, data=body, headers=headers).status_code == 200

    assert answered(date, signature, body)
    for other in changed(body):
        yield "a byte of a request", partial(answered, date, signature, other)
    for other in changed(signature.encode()):
        text = other.decode("latin-1")
        yield "a character of a request's signature", partial(answered, date, text, body)
    for other in changed(date.encode()):
        text = other.decode("latin-1")
        yield "a character of X-Date", partial(answered, text, signature, body)


def at_the_centre(folder: Path, _wanted: int) -> Iterator[Outcome]:
    """Yield one change after another of a stored line, which `verify` must name."""
    folder.mkdir(parents=True, exist_ok=True)
    with desk(folder) as here:
        while True:
            seq = random.randint(1, _LINES)
            line = here.terminal.lines[seq - 1]
            for other in random.sample(list(changed(line)), 20):
                _set_line(here, seq, other)
                report = verified(here.centre)
                _set_line(here, seq, line)
                named = report.first_altered is not None and report.first_altered.seq == seq
                yield Outcome(True, altered=int(not named), note="" if named else f"not named: a byte of line {seq}")


def _set_line(here: Desk, seq: int, line: bytes) -> None:
    columns = tables.event.c
    where = (columns.origin == here.terminal.origin) & (columns.seq == seq)
    with here.centre.store.writing() as connection:
        connection.execute(update(tables.event).where(where).values(line=line))


def at_the_terminal(folder: Path, _wanted: int) -> Iterator[Outcome]:
    """Yield one change after another of a stored line: it is never exported or sent as if it had been written."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = folder / "whole"
    whole.mkdir()
    ledger = Ledger(whole / "ledger.db", ORIGIN, SystemClock())
    work(ledger, 0, lambda *_, **__: None)
    lines = ledger.lines()
    ledger.close()
    while True:
        state = folder / "state"
        shutil.copytree(whole, state)
        line = random.choice(lines)
        other = random.choice(list(changed(line)))
        with contextlib.closing(sqlite3.connect(state / "ledger.db")) as connection:
            connection.execute("UPDATE event SET line = ? WHERE line = ?", (other, line))
            connection.commit()
        ledger = Ledger(state / "ledger.db", ORIGIN, SystemClock())
        kept = other in ledger.lines()
        again = ledger.record("punch", {"person": "P1", "hall": "h", "method": "pin"})
        outcome = Outcome(True, altered=int(kept))
        if again.seq == len(lines) + 1 or not list((state / "quarantine").glob("*/ledger.db")):
            outcome += Outcome(True, broken="the altered ledger was not moved aside")
        ledger.close()
        shutil.rmtree(state)
        yield outcome


def insider(folder: Path, _wanted: int) -> Iterator[Outcome]:
    """Yield one edit after another below a checkpoint, its tracks covered; every second time signed anew."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(10**6):
        place = folder / f"{number}"
        place.mkdir()
        with desk(place) as here:
            checkpoint = here.centre.checkpoints.make(here.terminal.clock.at)
            held = [checkpoint] if number % 2 else []
            culprit = Insider(here.centre, here.terminal)
            seq = random.randint(1, _LINES)
            culprit.edit(seq)
            culprit.rechain()
            if held:
                culprit.sign_anew()
            report = verified(here.centre, held)
            named = report.first_altered is not None and report.first_altered.seq == seq
            told = bool(report.other) if held else named
            yield Outcome(True, altered=int(not told))
