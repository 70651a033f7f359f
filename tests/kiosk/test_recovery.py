"""A terminal that lost its ledger gets back what the centre holds of it, once, and says what it could not get back."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from kiosk.quarantine import quarantined
from kiosk.recovery import Recovery, missing_of
from kiosk.soundness import whole_fault
from kiosk.store import Ledger
from kiosk.upkeep import Upkeep
from sync import chain, wire
from sync.errors import ChainBrokenError, SignatureRejectedError
from sync.keys import SigningKey
from sync.link import Link
from sync.refetch import BATCHES_A_TIME, Refetch, RefetchError
from tests.kiosk.conftest import START, TurnedClock
from tests.kiosk.damaged import CENTRE_KEY, ORIGIN, PUNCH, opened
from tests.sync.scripted_centre import NOW, Answer, Asked, scripted

KEY = SigningKey.from_seed(b"t" * 32)


@dataclass
class Archive:
    """What a centre holds of one terminal, given back over HTTP in small pieces; `signer` may be somebody else."""

    epochs: dict[str, list[bytes]]
    signer: SigningKey = CENTRE_KEY
    a_time: int = 4
    answers: list[str] = field(default_factory=list)

    def __call__(self, asked: Asked) -> Answer:
        self.answers.append(asked.path)
        if asked.path.endswith("/epochs"):
            heads = [
                {
                    "epoch": epoch,
                    "seq": len(lines),
                    "hash": chain.links(chain.GENESIS, lines)[-1].hex(),
                    "forked": False,
                }
                for epoch, lines in sorted(self.epochs.items())
            ]
            return Answer(200, {"epochs": heads, "server_time": NOW})
        found = re.fullmatch(rf"/v1/t/{ORIGIN}/e/(\w+)/lines\?after=(\d+)", asked.path)
        assert found, asked.path
        epoch, after = found[1], int(found[2])
        lines = self.epochs[epoch]
        taken = lines[after : after + self.a_time]
        if not taken:
            return Answer(204, b"")
        hashes = [chain.GENESIS, *chain.links(chain.GENESIS, lines)]
        batch = wire.seal_lines(self.signer, ORIGIN, epoch, after + 1, hashes[after], hashes[after + len(taken)], taken)
        return Answer(200, batch.body, batch.headers())


def refetched(ledger: Ledger, archive: Archive, turns: int = 4) -> None:
    refetch = Refetch(CENTRE_KEY.public_text, Recovery(ledger))
    with scripted(archive) as (url, _):
        link = Link(url, ORIGIN, KEY, ledger.clock)
        for _ in range(turns):
            refetch.run(link, {})


def lost(folder: Path, turned: TurnedClock, lines: int = 10) -> tuple[str, list[bytes]]:
    """Return the epoch and the lines of a ledger that is gone."""
    ledger = opened(folder, turned.clock)
    epoch = ledger.record_all([("punch", PUNCH)] * lines)[0].epoch
    written = ledger.lines()
    ledger.close()
    (folder / "ledger.db").unlink()
    return epoch, written


def said(ledger: Ledger) -> list[dict[str, object]]:
    return [dict(event.data) for event in ledger.events() if event.type == "device.refetched"]


def test_everything_that_the_centre_holds_is_there_again_in_its_place(tmp_path: Path, turned: TurnedClock) -> None:
    epoch, lines = lost(tmp_path, turned)
    ledger = opened(tmp_path, turned.clock)
    begun = ledger.lines()[0]
    refetched(ledger, Archive({epoch: lines}))
    assert ledger.lines()[:11] == [*lines, begun]
    assert [event.line for event in ledger.events_on(START.date())][:10] == lines
    assert said(ledger) == [{"epoch": epoch, "held": 10, "missing": []}]
    assert missing_of(ledger) == {}
    assert ledger.writer.submit(lambda connection: whole_fault(connection, ORIGIN), writes=False).result() is None
    ledger.close()


def test_what_came_back_is_never_sent_again(tmp_path: Path, turned: TurnedClock) -> None:
    epoch, lines = lost(tmp_path, turned)
    ledger = opened(tmp_path, turned.clock)
    refetched(ledger, Archive({epoch: lines}))
    assert [progress.epoch for progress in ledger.epochs()] == [ledger.reported()[0]]
    assert epoch not in [progress.epoch for progress in ledger.epochs()]
    assert ledger.unsent() == 2  # that the epoch begins, and what came back
    ledger.close()


def test_it_is_asked_for_and_told_once(tmp_path: Path, turned: TurnedClock) -> None:
    epoch, lines = lost(tmp_path, turned)
    ledger = opened(tmp_path, turned.clock)
    archive = Archive({epoch: lines})
    refetched(ledger, archive, turns=9)
    assert len([path for path in archive.answers if path.endswith("/epochs")]) == 1
    ledger.close()
    again = opened(tmp_path, turned.clock)
    refetched(again, archive)
    assert len(said(again)) == 1
    assert len(again.lines()) == 12
    again.close()


def test_lines_that_the_centre_never_got_are_listed_by_number(tmp_path: Path, turned: TurnedClock) -> None:
    epoch, lines = lost(tmp_path, turned)
    ledger = opened(tmp_path, turned.clock)
    refetched(ledger, Archive({epoch: lines[:6]}))
    assert said(ledger) == [{"epoch": epoch, "held": 6, "missing": [[7, 10]]}]
    assert missing_of(ledger) == {epoch: [(7, 10)]}
    ledger.close()


def test_an_epoch_that_the_centre_never_heard_of_is_missing_whole(tmp_path: Path, turned: TurnedClock) -> None:
    epoch, _ = lost(tmp_path, turned)
    ledger = opened(tmp_path, turned.clock)
    refetched(ledger, Archive({}))
    assert said(ledger) == [{"epoch": epoch, "held": 0, "missing": [[1, 10]]}]
    ledger.close()


def test_lines_that_only_the_moved_file_mentions_are_listed_too(tmp_path: Path, turned: TurnedClock) -> None:
    ledger = opened(tmp_path, turned.clock)
    epoch = ledger.record_all([("punch", PUNCH)] * 10)[0].epoch
    lines = ledger.lines()
    ledger.close()
    for part in ("heads.json", "ledger.mark"):
        (tmp_path / part).unlink()
    path = tmp_path / "ledger.db"
    path.write_bytes(b"\0" * 4096 + path.read_bytes()[4096:])
    ledger = opened(tmp_path, turned.clock)
    assert len(quarantined(tmp_path)) == 1
    refetched(ledger, Archive({epoch: lines[:6]}))
    assert said(ledger) == [{"epoch": epoch, "held": 6, "missing": [[7, 10]]}]
    ledger.close()


def test_older_epochs_come_back_before_the_newer_ones(tmp_path: Path, turned: TurnedClock) -> None:
    ledger = opened(tmp_path, turned.clock)
    old = ledger.record("punch", PUNCH).epoch
    ledger.fork(old)
    lines = ledger.lines()
    ledger.close()
    (tmp_path / "ledger.db").unlink()
    again = opened(tmp_path, turned.clock)
    new = json.loads(lines[1])["epoch"]
    refetched(again, Archive({old: lines[:1], new: lines[1:]}))
    assert again.lines()[:2] == lines
    assert [each["epoch"] for each in said(again)] == [old, new]
    again.close()


def test_another_history_than_was_held_here_is_said(tmp_path: Path, turned: TurnedClock) -> None:
    epoch, lines = lost(tmp_path, turned)
    ledger = opened(tmp_path, turned.clock)
    refetched(ledger, Archive({epoch: [line.replace(b"P1", b"P2") for line in lines]}))
    assert said(ledger)[0]["differs_at"] == 10
    ledger.close()


def test_what_the_centre_did_not_sign_is_not_kept(tmp_path: Path, turned: TurnedClock) -> None:
    epoch, lines = lost(tmp_path, turned)
    ledger = opened(tmp_path, turned.clock)
    with pytest.raises(SignatureRejectedError):
        refetched(ledger, Archive({epoch: lines}, signer=KEY))
    assert len(ledger.lines()) == 1
    ledger.close()


def test_lines_that_do_not_hang_together_are_not_kept(tmp_path: Path, turned: TurnedClock) -> None:
    epoch, lines = lost(tmp_path, turned)

    class Cut(Archive):
        def __call__(self, asked: Asked) -> Answer:
            if not asked.path.endswith("/lines?after=0"):
                return super().__call__(asked)
            hashes = chain.links(chain.GENESIS, lines)
            batch = wire.seal_lines(CENTRE_KEY, ORIGIN, epoch, 1, chain.GENESIS, hashes[3], lines[:3])
            return Answer(200, batch.body, batch.headers())

    ledger = opened(tmp_path, turned.clock)
    with pytest.raises(ChainBrokenError):
        refetched(ledger, Cut({epoch: lines}))
    assert len(ledger.lines()) == 1
    ledger.close()


def test_lines_of_another_place_are_not_kept(tmp_path: Path, turned: TurnedClock) -> None:
    epoch, lines = lost(tmp_path, turned)

    class Elsewhere(Archive):
        def __call__(self, asked: Asked) -> Answer:
            if not asked.path.endswith("/lines?after=0"):
                return super().__call__(asked)
            hashes = chain.links(chain.GENESIS, lines)
            batch = wire.seal_lines(CENTRE_KEY, ORIGIN, epoch, 5, hashes[3], hashes[5], lines[4:6])
            return Answer(200, batch.body, batch.headers())

    ledger = opened(tmp_path, turned.clock)
    with pytest.raises(RefetchError, match="do not follow line 0"):
        refetched(ledger, Elsewhere({epoch: lines}))
    ledger.close()


def test_a_line_that_this_terminal_never_wrote_ends_what_is_had(tmp_path: Path, turned: TurnedClock) -> None:
    epoch, lines = lost(tmp_path, turned)
    strange = [*lines[:5], lines[5].replace(ORIGIN.encode(), b"gaogou-t02"), *lines[6:]]
    ledger = opened(tmp_path, turned.clock)
    refetched(ledger, Archive({epoch: strange}))
    assert said(ledger) == [{"epoch": epoch, "held": 5, "missing": [[6, 10]]}]
    ledger.close()


def test_a_long_history_leaves_room_for_what_is_new(tmp_path: Path, turned: TurnedClock) -> None:
    epoch, lines = lost(tmp_path, turned, lines=BATCHES_A_TIME * 4 + 3)
    ledger = opened(tmp_path, turned.clock)
    archive = Archive({epoch: lines})
    refetch = Refetch(CENTRE_KEY.public_text, Recovery(ledger))
    with scripted(archive) as (url, _):
        link = Link(url, ORIGIN, KEY, ledger.clock)
        refetch.run(link, {})
        assert len(ledger.lines()) == BATCHES_A_TIME * 4 + 1
        assert said(ledger) == []
        refetch.run(link, {})
    assert said(ledger) == [{"epoch": epoch, "held": len(lines), "missing": []}]
    ledger.close()


def test_a_centre_that_gives_nothing_back_is_left_alone(ledger: Ledger) -> None:
    refetch = Refetch(CENTRE_KEY.public_text, Recovery(ledger))
    with scripted(lambda _: Answer(404, {"error": "not_found"})) as (url, asked):
        refetch.run(Link(url, ORIGIN, KEY, ledger.clock), {})
    assert (len(asked), ledger.lines()) == (1, [])


def test_a_terminal_that_lost_nothing_fetches_and_says_nothing(ledger: Ledger) -> None:
    epoch = ledger.record("punch", PUNCH).epoch
    archive = Archive({epoch: ledger.lines()})
    refetched(ledger, archive)
    assert archive.answers == [f"/v1/t/{ORIGIN}/epochs"]
    assert len(ledger.lines()) == 1


def test_after_damage_while_running_it_is_asked_again(tmp_path: Path, turned: TurnedClock) -> None:
    ledger = opened(tmp_path, turned.clock)
    epoch = ledger.record_all([("punch", PUNCH)] * 5)[0].epoch
    lines = ledger.lines()
    refetch = Refetch(CENTRE_KEY.public_text, Recovery(ledger))
    with scripted(Archive({epoch: lines})) as (url, _):
        link = Link(url, ORIGIN, KEY, ledger.clock)
        refetch.run(link, {})
        ledger.writer.condemn("a page was torn", ledger.writer.replacements)
        ledger.probe()
        ledger.reported()
        refetch.run(link, {})
    assert ledger.lines()[:5] == lines
    assert Upkeep(ledger, 90, turned.now_s).check() is None
    ledger.close()


def test_what_came_back_is_kept_for_ninety_days_too(tmp_path: Path, turned: TurnedClock) -> None:
    epoch, lines = lost(tmp_path, turned)
    ledger = opened(tmp_path, turned.clock)
    refetched(ledger, Archive({epoch: lines}))
    own = ledger.epochs()[-1].epoch
    for days, left in ((90, 12), (92, 2)):
        on = (START + timedelta(days=days)).date().isoformat()
        ledger.acknowledge(own, 1, {"ack": 1, "received_at": f"{on}T08:30:00.000+08:00"})
        Upkeep(ledger, 90, turned.now_s).prune()
        assert len(ledger.lines()) == left
    ledger.close()


def test_until_it_is_known_what_came_back_nothing_is_said_to_have_arrived(tmp_path: Path, turned: TurnedClock) -> None:
    epoch, lines = lost(tmp_path, turned)
    turned.at_s = 600
    ledger = opened(tmp_path, turned.clock)
    assert ledger.reported()[2] < START
    refetched(ledger, Archive({epoch: lines}))
    assert ledger.reported()[2] == START + timedelta(seconds=600)
    ledger.close()


def test_while_lines_are_missing_no_later_absence_is_final_until_somebody_has_seen_to_it(
    tmp_path: Path, turned: TurnedClock
) -> None:
    epoch, lines = lost(tmp_path, turned)
    turned.at_s = 600
    ledger = opened(tmp_path, turned.clock)
    refetched(ledger, Archive({epoch: lines[:6]}))
    assert ledger.reported()[2] == START
    (tmp_path / "quarantine").rename(tmp_path / "seen-to")
    assert ledger.reported()[2] == START + timedelta(seconds=600)
    ledger.close()
