"""A terminal that asks too fast is told to wait; it slows down nobody else."""

from __future__ import annotations

from dataclasses import replace

from scoring.app import create_app
from scoring.centre import Centre
from scoring.pace import BURST, Pace
from sync.keys import SigningKey
from tests.scoring.fakes import FakeTerminal, Office, StillClock
from tests.scoring.test_batches import held, refused


class Seconds:
    def __init__(self) -> None:
        self.at_s = 1000.0

    def __call__(self) -> float:
        return self.at_s


def test_a_bucket_empties_and_fills_again() -> None:
    clock = Seconds()
    pace = Pace(burst=3, per_second=2.0, clock=clock)
    assert [pace.wait_s("t1") for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]
    clock.at_s += 0.5
    assert [pace.wait_s("t1") for _ in range(2)] == [0.0, 0.5]
    clock.at_s += 3600
    assert [pace.wait_s("t1") for _ in range(4)] == [0.0, 0.0, 0.0, 0.5]


def test_each_terminal_has_its_own_bucket() -> None:
    pace = Pace(burst=1, per_second=1.0, clock=Seconds())
    assert [pace.wait_s(name) for name in ("t1", "t2", "t1", "t2")] == [0.0, 0.0, 1.0, 1.0]


def paced(centre: Centre, terminal: FakeTerminal, burst: int) -> Centre:
    """Return the same centre with little patience, its clock standing still."""
    other = replace(centre, pace=Pace(burst=burst, clock=Seconds()))
    terminal.client = create_app(other).test_client()
    return other


def test_the_one_that_asks_too_fast_gets_429_with_retry_after(
    terminal: FakeTerminal, office: Office, centre: Centre, clock: StillClock
) -> None:
    paced(centre, terminal, 2)
    other = FakeTerminal(terminal.client, clock, "gaogou-t02", key=SigningKey.from_seed(bytes(32)))
    office.enrol(other)
    terminal.add()
    assert [terminal.send().status_code, terminal.beat().status_code] == [200, 200]
    terminal.add()
    for answer in (terminal.send(2), terminal.beat(), terminal.head(), terminal.feed("roster")):
        refused(answer, 429, "pace")
        assert answer.headers["Retry-After"] == "1"
    assert len(held(centre)) == 1
    assert other.beat().status_code == 200


def test_nobody_else_can_use_up_a_terminals_pace(terminal: FakeTerminal, centre: Centre, clock: StillClock) -> None:
    paced(centre, terminal, 1)
    stranger = FakeTerminal(terminal.client, clock, key=SigningKey.from_seed(b"s" * 32))
    stranger.add()
    for _ in range(3):
        refused(stranger.send(), 401, "signature")
        refused(stranger.beat(), 401, "signature")
    assert terminal.beat().status_code == 200


def test_a_month_of_batches_fits_into_the_burst() -> None:
    """30 days at 1,000 events a day, 500 a batch, and whatever a start asks beside."""
    assert BURST >= 30 * 1000 / 500 + 50
