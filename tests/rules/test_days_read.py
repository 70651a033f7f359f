"""One person's day: what was due, which punch met it, how late."""

from __future__ import annotations

import pytest

from tests.rules.county import MONDAY, PERSON, County


def at(county: County, place: int = 0) -> tuple[str | None, ...]:
    session = county.day().sessions[place]
    return tuple(f"{punch.at:%H:%M}" if punch else None for punch in (session.in_punch, session.out_punch))


def a_county() -> County:
    county = County()
    county.hires()
    return county


def test_a_day_without_punches_expects_both_sessions() -> None:
    day = a_county().day()
    assert day.working
    assert [(s.name, f"{s.in_due_at:%H:%M}", f"{s.out_due_at:%H:%M}") for s in day.sessions] == [
        ("am", "08:30", "12:00"),
        ("pm", "13:30", "17:30"),
    ]


def test_the_first_punch_of_the_morning_is_its_in() -> None:
    county = a_county()
    county.punches("08:26")
    assert at(county) == ("08:26", None)
    assert county.day().sessions[0].late_minutes == 0


def test_six_minutes_late_are_six_minutes() -> None:
    county = a_county()
    county.punches("08:36:59")
    assert county.day().sessions[0].late_minutes == 6


def test_seconds_do_not_make_late() -> None:
    county = a_county()
    county.punches("08:30:59")
    assert county.day().sessions[0].late_minutes == 0


def test_of_two_punches_in_a_row_the_nearer_one_is_read_and_the_other_is_idle() -> None:
    county = a_county()
    county.punches("08:26", "08:27")
    assert at(county) == ("08:27", None)
    assert [f"{punch.at:%H:%M}" for punch in county.day().unused] == ["08:26"]


def test_a_forgotten_out_does_not_flip_the_afternoon() -> None:
    county = a_county()
    county.punches("08:26", "13:20", "17:35")
    assert at(county, 1) == ("13:20", "17:35")
    assert at(county, 0) == ("08:26", None)


def test_one_punch_at_noon_is_the_mornings_out() -> None:
    county = a_county()
    county.punches("12:10")
    assert at(county, 0) == (None, "12:10")


def test_a_withdrawn_punch_is_not_there() -> None:
    county = a_county()
    (punch,) = county.punches("08:26")
    county.says("punch.withdrawn", {"punch": punch}, origin="gaogou-t01")
    assert at(county) == (None, None)
    assert county.day().unused == ()


def test_a_punch_at_another_hall_counts() -> None:
    county = a_county()
    county.opens("baotan")
    county.punches("08:26", hall="baotan")
    assert at(county) == ("08:26", None)


def test_a_punch_after_midnight_county_time_is_of_the_next_day() -> None:
    county = a_county()
    county.says("punch", {"person": PERSON, "hall": "gaogou", "method": "pin"}, at="2026-11-03 00:10")
    assert len(county.day("2026-11-02").unused) == 0
    assert len(county.day("2026-11-03").unused) == 1


def test_a_punch_stated_in_universal_time_is_read_in_county_time() -> None:
    county = a_county()
    county.punches("08:26")
    county.lines[-1] = county.lines[-1].replace(b"2026-11-02T08:26:00+08:00", b"2026-11-02T00:26:00Z")
    assert at(county) == ("08:26", None)


def test_leave_in_the_morning_leaves_the_rest_of_it_due() -> None:
    county = a_county()
    county.grants("sick", f"{MONDAY} 08:00", f"{MONDAY} 10:00")
    session = county.day().sessions[0]
    assert (f"{session.in_due_at:%H:%M}", f"{session.out_due_at:%H:%M}") == ("10:00", "12:00")


def test_leave_in_the_middle_changes_nothing_that_is_due() -> None:
    county = a_county()
    county.grants("sick", f"{MONDAY} 09:00", f"{MONDAY} 10:00")
    session = county.day().sessions[0]
    assert (f"{session.in_due_at:%H:%M}", f"{session.out_due_at:%H:%M}") == ("08:30", "12:00")


def test_two_leaves_that_meet_cut_as_one() -> None:
    county = a_county()
    county.grants("sick", f"{MONDAY} 09:00", f"{MONDAY} 10:00")
    county.grants("annual", f"{MONDAY} 08:30", f"{MONDAY} 09:00")
    county.grants("annual", f"{MONDAY} 11:00", f"{MONDAY} 11:30")
    county.grants("annual", f"{MONDAY} 11:30", f"{MONDAY} 12:30")
    session = county.day().sessions[0]
    assert (f"{session.in_due_at:%H:%M}", f"{session.out_due_at:%H:%M}") == ("10:00", "11:00")


def test_leave_that_takes_all_of_a_session_leaves_nothing_due() -> None:
    county = a_county()
    county.grants("official", f"{MONDAY} 08:30", f"{MONDAY} 12:00")
    assert [session.name for session in county.day().sessions] == ["pm"]


def test_leave_that_lacks_a_minute_leaves_that_minute_due() -> None:
    county = a_county()
    county.grants("official", f"{MONDAY} 08:30", f"{MONDAY} 11:59")
    county.punches("11:59", "12:00")
    session = county.day().sessions[0]
    assert f"{session.in_due_at:%H:%M}" == "11:59"
    assert session.is_complete


def test_leave_granted_anew_replaces_the_old() -> None:
    county = a_county()
    county.grants("official", f"{MONDAY} 08:30", f"{MONDAY} 17:30", leave="L")
    county.says(
        "leave.granted",
        {"leave": "L", "person": PERSON, "kind": "sick", "filed": True}
        | {"from": "2026-11-02T08:30:00+08:00", "to": "2026-11-02T12:00:00+08:00"},
        at="2026-01-02 00:00",
    )
    assert [session.name for session in county.day().sessions] == ["pm"]


def test_nothing_is_due_before_hiring_and_assignment_nor_after_the_last_day() -> None:
    county = County()
    county.hires(from_="2026-11-03", hired_on="2026-11-04")
    county.loses(on="2026-11-05")
    due = {on: len(county.day(f"2026-11-0{on}").sessions) for on in range(2, 7)}
    assert due == {2: 0, 3: 0, 4: 2, 5: 2, 6: 0}


def test_a_transfer_brings_the_new_halls_shift() -> None:
    county = a_county()
    county.opens("baotan")
    county.sets_shift("baotan", sessions=[{"name": "day", "start": "09:00", "end": "16:00"}])
    county.assigns(from_="2026-11-03", hall="baotan")
    assert [session.name for session in county.day("2026-11-02").sessions] == ["am", "pm"]
    assert [session.name for session in county.day("2026-11-03").sessions] == ["day"]


def test_the_shift_with_the_latest_beginning_is_in_force() -> None:
    county = a_county()
    county.sets_shift(from_="2026-11-03", sessions=[{"name": "winter", "start": "09:00", "end": "16:00"}])
    assert [session.name for session in county.day("2026-11-02").sessions] == ["am", "pm"]
    assert [session.name for session in county.day("2026-11-03").sessions] == ["winter"]


def test_sessions_told_out_of_order_are_read_in_order_of_time() -> None:
    county = County(
        sessions=[{"name": "x", "start": "13:30", "end": "17:30"}, {"name": "y", "start": "08:30", "end": "12:00"}]
    )
    county.hires()
    county.punches("08:30", "12:00", "13:30", "17:30")
    assert [session.name for session in county.day().sessions if session.is_complete] == ["y", "x"]


def test_the_national_calendar_is_followed() -> None:
    county = a_county()
    assert not county.day("2026-10-01").working, "a holiday"
    assert not county.day("2026-10-03").working, "a Saturday"
    assert county.day("2026-10-10").working, "a made-up Saturday"
    assert len(county.day("2026-10-10").sessions) == 2


def test_the_countys_word_comes_before_the_nations_and_the_halls_before_the_countys() -> None:
    county = a_county()
    county.decides_day("2026-11-02", working=False)
    assert not county.day().working
    county.decides_day("2026-11-02", working=True, hall="gaogou")
    assert county.day().working
    county.decides_day("2026-11-07", working=True)
    assert len(county.day("2026-11-07").sessions) == 2, "a Saturday that the county works"


def test_the_later_of_two_words_about_a_day_counts_whatever_the_order_of_lines() -> None:
    county = a_county()
    county.decides_day("2026-11-02", working=True, at="2026-02-02 00:00")
    county.decides_day("2026-11-02", working=False, at="2026-02-01 00:00")
    assert county.day().working


def test_at_the_same_instant_the_higher_seq_counts() -> None:
    county = a_county()
    county.decides_day("2026-11-02", working=True)
    county.decides_day("2026-11-02", working=False)
    assert not county.day().working
    county.lines.reverse()
    assert not county.day().working


def test_punches_handed_over_in_any_order_are_read_in_order_of_time() -> None:
    county = a_county()
    county.punches("12:05", "08:26")
    assert at(county) == ("08:26", "12:05")


def test_a_year_without_a_national_calendar_goes_by_weekdays() -> None:
    county = a_county()
    assert county.day("2031-10-01").working, "a Wednesday"
    assert not county.day("2031-10-04").working, "a Saturday"


@pytest.mark.parametrize(("uncertainty_ms", "is_open"), [(30_000, False), (30_001, True), (10**30, True)])
def test_lateness_is_open_where_the_clock_may_have_been_fast(uncertainty_ms: int, *, is_open: bool) -> None:
    county = a_county()
    county.punches("08:31:30", "12:00", uncertainty_ms=uncertainty_ms)
    session = county.day().sessions[0]
    assert (session.late_minutes, session.late_uncertain) == (1, is_open)


@pytest.mark.parametrize(("uncertainty_ms", "is_open"), [(59_999, False), (60_000, True)])
def test_leaving_early_is_open_where_the_clock_may_have_been_slow(uncertainty_ms: int, *, is_open: bool) -> None:
    county = a_county()
    county.punches("08:30", "11:59", uncertainty_ms=uncertainty_ms)
    session = county.day().sessions[0]
    assert (session.early_minutes, session.early_uncertain) == (1, is_open)


def test_what_is_punctual_is_never_open() -> None:
    county = a_county()
    county.punches("08:30", "12:00", uncertainty_ms=10**9)
    session = county.day().sessions[0]
    assert not session.late_uncertain
    assert not session.early_uncertain
