"""A line stays for at least ninety days after it arrived at the centre; what never arrived stays for good."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from kiosk import retention
from kiosk.export import removed_before
from kiosk.soundness import whole_fault
from kiosk.store import Ledger
from kiosk.upkeep import Upkeep
from sync import chain
from tests.kiosk.conftest import TurnedClock
from tests.kiosk.damaged import ORIGIN, PUNCH

FIRST = date(2026, 10, 8)


def receipt(ack: int, on: date) -> Mapping[str, Any]:
    return {"ack": ack, "received_at": f"{on.isoformat()}T08:30:00.000+08:00"}


def filled(ledger: Ledger, lines: int = 10) -> str:
    events = ledger.record_all([("punch", PUNCH)] * lines)
    return events[0].epoch


def prune(ledger: Ledger, turned: TurnedClock, days: int = 90) -> None:
    Upkeep(ledger, days, turned.now_s).prune()


def numbers(ledger: Ledger) -> list[int]:
    return [event.seq for event in ledger.events()]


def test_lines_go_ninety_days_after_they_arrived_and_not_before(ledger: Ledger, turned: TurnedClock) -> None:
    epoch = filled(ledger)
    ledger.acknowledge(epoch, 6, receipt(6, FIRST))
    ledger.acknowledge(epoch, 8, receipt(8, FIRST + timedelta(days=90)))
    prune(ledger, turned)
    assert numbers(ledger) == list(range(1, 11))
    ledger.acknowledge(epoch, 9, receipt(9, FIRST + timedelta(days=91)))
    prune(ledger, turned)
    assert numbers(ledger) == [7, 8, 9, 10]


def test_what_did_not_arrive_stays_however_old_it_is(ledger: Ledger, turned: TurnedClock) -> None:
    epoch = filled(ledger)
    ledger.acknowledge(epoch, 3, receipt(3, FIRST))
    turned.at_s = 4000 * 86400
    ledger.fork(epoch)
    ledger.acknowledge(ledger.epochs()[-1].epoch, 1, receipt(1, FIRST + timedelta(days=4000)))
    prune(ledger, turned)
    assert [event.seq for event in ledger.events() if event.epoch == epoch] == [4, 5, 6, 7, 8, 9, 10]


def test_what_the_centre_lost_again_stays(ledger: Ledger, turned: TurnedClock) -> None:
    epoch = filled(ledger)
    ledger.acknowledge(epoch, 9, receipt(9, FIRST))
    ledger.acknowledge(epoch, 2, {})  # it was restored from a backup
    ledger.acknowledge(epoch, 5, receipt(5, FIRST + timedelta(days=200)))
    prune(ledger, turned)
    assert numbers(ledger) == list(range(1, 11))


def test_a_clock_that_jumps_ten_years_removes_nothing(ledger: Ledger, turned: TurnedClock) -> None:
    epoch = filled(ledger)
    ledger.acknowledge(epoch, 9, receipt(9, FIRST))
    turned.set_s = 3653 * 86400
    ledger.record("punch", PUNCH)
    prune(ledger, turned)
    assert len(numbers(ledger)) == 12  # the step of the clock, and the punch


def test_less_than_ninety_days_are_refused(ledger: Ledger) -> None:
    with pytest.raises(ValueError, match="at least 90 days"):
        ledger.writer.submit(lambda connection: retention.prune(connection, 89)).result()


def pruned(ledger: Ledger, turned: TurnedClock) -> tuple[str, list[bytes]]:
    """Return the epoch of a ledger whose first six of ten lines were removed, and all that were ever written."""
    epoch = filled(ledger)
    lines = ledger.lines()
    ledger.acknowledge(epoch, 6, receipt(6, FIRST))
    ledger.acknowledge(epoch, 7, receipt(7, FIRST + timedelta(days=91)))
    prune(ledger, turned)
    return epoch, lines


def test_the_chain_goes_on_from_what_was_removed(ledger: Ledger, tmp_path: Path, turned: TurnedClock) -> None:
    epoch, lines = pruned(ledger, turned)
    hashes = chain.links(chain.GENESIS, lines)
    assert [ledger.hash_at(epoch, seq) for seq in (6, 7, 10)] == [hashes[5], hashes[6], hashes[9]]
    assert [stored.line for stored in ledger.lines_after(epoch, 6, 500)] == lines[6:]
    assert ledger.record("punch", PUNCH).seq == 11
    ledger.close()
    again = Ledger(tmp_path / "ledger.db", ORIGIN, turned.clock)
    assert again.record("punch", PUNCH).seq == 12
    assert again.writer.submit(lambda connection: whole_fault(connection, ORIGIN), writes=False).result() is None
    again.close()


def test_a_whole_epoch_may_go_and_the_next_line_still_follows(ledger: Ledger, turned: TurnedClock) -> None:
    epoch = filled(ledger)
    head = ledger.hash_at(epoch, 10)
    ledger.acknowledge(epoch, 10, receipt(10, FIRST))
    ledger.fork(epoch)
    ledger.acknowledge(ledger.epochs()[-1].epoch, 1, receipt(1, FIRST + timedelta(days=91)))
    prune(ledger, turned)
    assert {event.epoch for event in ledger.events()} == {ledger.epochs()[-1].epoch}
    assert (ledger.hash_at(epoch, 10), ledger.unsent()) == (head, 0)


@pytest.mark.parametrize("after", [0, 5])
def test_a_centre_that_asks_for_removed_lines_gets_a_clear_word_and_nothing_invented(
    ledger: Ledger, turned: TurnedClock, after: int
) -> None:
    epoch, _ = pruned(ledger, turned)
    ledger.acknowledge(epoch, after, {})
    with pytest.raises(LookupError, match=f"line {after + 1} of epoch .* up to 6 arrived long ago"):
        ledger.lines_after(epoch, after, 500)
    with pytest.raises(LookupError, match="restore the centre from a later backup"):
        ledger.hash_at(epoch, after)


@pytest.mark.usefixtures("turned")
def test_many_lines_are_removed_a_few_at_a_time(ledger: Ledger) -> None:
    epoch = filled(ledger, 1200)
    ledger.acknowledge(epoch, 1100, receipt(1100, FIRST))
    ledger.acknowledge(epoch, 1101, receipt(1101, FIRST + timedelta(days=91)))
    removed = [ledger.writer.submit(lambda connection: retention.prune(connection, 90)).result() for _ in range(4)]
    assert removed == [500, 500, 100, 0]


CONFIG = '[terminal]\nid = "gaogou-t01"\nhall = "gaogou"\nstate = "."\n[centre]\nurl = "http://127.0.0.1:9"\n'


def test_an_export_says_where_it_begins(ledger: Ledger, tmp_path: Path, turned: TurnedClock) -> None:
    epoch, lines = pruned(ledger, turned)
    assert removed_before(tmp_path / "ledger.db") == [(epoch, 7)]
    (tmp_path / "t.toml").write_text(CONFIG, encoding="utf-8")
    command = [sys.executable, "-m", "kiosk", "export", "--config", str(tmp_path / "t.toml")]
    done = subprocess.run(command, capture_output=True, check=True)
    assert done.stdout.splitlines() == lines[6:]
    assert f"epoch {epoch} begins here at line 7" in done.stderr.decode()
