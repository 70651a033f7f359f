"""The truth lies in the interval that a boot's statements leave, and one good statement mends all others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sync.boots import Interval, Statement, intervals, of_comparison, of_event

BOOT = datetime(2026, 10, 8, 0, 0, tzinfo=UTC)
SECOND_NS = 1_000_000_000
DAY_MS = 86_400_000


def at(seconds: float) -> datetime:
    return BOOT + timedelta(seconds=seconds)


def event(since_boot_s: float, shown_s: float, uncertainty_ms: int, received_s: float | None = None) -> Statement:
    received_at = None if received_s is None else at(received_s)
    return of_event(round(since_boot_s * SECOND_NS), at(shown_s), uncertainty_ms, received_at)


def width_s(interval: Interval) -> float:
    assert interval.earliest_at is not None
    assert interval.latest_at is not None
    return (interval.latest_at - interval.earliest_at).total_seconds()


def test_one_statement_alone_is_believed_as_it_stands() -> None:
    assert intervals([event(10, 10, 500)]) == [Interval(at(9.5), at(10.5))]


def test_a_good_statement_bounds_a_doubtful_one_of_the_same_boot_and_the_drift_between_them() -> None:
    doubtful, good = event(0, -7200, DAY_MS), event(1000, 1000, 10)
    first, _ = intervals([doubtful, good])
    assert (first.earliest_at, first.latest_at) == (at(-0.11), at(0.11))  # 10 ms, and 100 ppm of 1000 s


def test_the_bound_goes_both_ways_and_the_order_given_is_kept() -> None:
    after, before, good = event(2000, 9999, DAY_MS), event(0, 9999, DAY_MS), event(1000, 1000, 10)
    found = intervals([after, before, good])
    assert (found[0].earliest_at, found[0].latest_at) == (at(1999.89), at(2000.11))
    assert (found[1].earliest_at, found[1].latest_at) == (at(-0.11), at(0.11))


def test_nothing_happened_after_it_was_received() -> None:
    (found,) = intervals([event(10, 10, 60_000, received_s=12)])
    assert found == Interval(at(-50), at(12))


def test_a_receipt_bounds_the_events_before_it_too() -> None:
    first, _ = intervals([event(0, 0, DAY_MS), event(100, 100, DAY_MS, received_s=101)])
    assert first.latest_at == at(1.01)


def test_a_comparison_with_the_centre_is_a_statement_like_another() -> None:
    found = intervals([event(0, 5000, DAY_MS), of_comparison(100 * SECOND_NS, at(100), 40)])
    assert (found[0].earliest_at, found[0].latest_at) == (at(-0.01), at(0.05))


def test_statements_that_contradict_each_other_leave_all_that_any_of_them_allows() -> None:
    first, second = intervals([event(0, 0, 100), event(10, 3610, 100)])
    assert first == Interval(at(-0.1), at(3600.101), is_doubtful=True)
    assert second == Interval(at(9.899), at(3610.1), is_doubtful=True)


def test_a_moment_of_which_nothing_is_said_is_bounded_by_the_others() -> None:
    silent, good = Statement(0), event(10, 10, 100)
    assert intervals([silent, good])[0] == Interval(at(-0.101), at(0.101))
    assert intervals([silent]) == [Interval(None, None)]
    assert intervals([]) == []


@given(
    ppm=st.floats(-99, 99),
    moments=st.lists(
        st.tuples(st.floats(0, 1e6), st.floats(-1, 1), st.integers(1, DAY_MS), st.one_of(st.none(), st.floats(0, 1e5))),
        min_size=1,
        max_size=12,
    ),
)
def test_the_truth_is_inside_and_no_interval_is_wider_than_its_own_statement(
    ppm: float, moments: list[tuple[float, float, int, float | None]]
) -> None:
    said = []
    for true_s, wrong, uncertainty_ms, later_s in moments:
        boottime_s = true_s * (1 + ppm / 1e6)
        received_s = None if later_s is None else true_s + later_s
        said.append(event(boottime_s, true_s + wrong * uncertainty_ms / 1000, uncertainty_ms, received_s))
    slack = timedelta(milliseconds=1)
    for (true_s, _, uncertainty_ms, _), interval in zip(moments, intervals(said), strict=True):
        assert not interval.is_doubtful
        assert interval.earliest_at is not None
        assert interval.latest_at is not None
        assert interval.earliest_at - slack <= at(true_s) <= interval.latest_at + slack
        assert width_s(interval) <= 2 * uncertainty_ms / 1000 + 0.001
