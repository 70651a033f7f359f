"""One bad event is set aside with its reason and stops nobody's score; a broken envelope stops everything."""

from __future__ import annotations

import json
from typing import Any

import pytest

from scoring.replay import read_ledger
from sync.errors import EnvelopeError
from tests.rules.county import MONDAY, PERSON, TERMINAL, County


def a_county() -> County:
    county = County()
    county.hires(from_=MONDAY)
    return county


def set_aside(county: County) -> list[str]:
    return [each["id"] for each in county.month()["quarantined"]]


SOUND: dict[str, dict[str, Any]] = {
    "hall.opened": {"hall": "h", "name": "h", "level": "village"},
    "person.registered": {
        "person": "P5",
        "name": "䶮",
        "job_number": "7",
        "hired_on": "2020-01-01",
        "education": "none",
    },
    "person.assigned": {"person": PERSON, "hall": "gaogou", "from": "2020-01-01"},
    "person.left": {"person": PERSON, "on": "2027-01-01"},
    "certificate.recorded": {"person": PERSON, "grade": 5, "issued_on": "2020-01-01"},
    "investigation.opened": {"person": PERSON, "on": "2020-01-01"},
    "investigation.closed": {"person": PERSON, "on": "2020-01-01"},
    "shift.set": {"hall": "gaogou", "from": "2020-01-01", "weekdays": [1, 7], "sessions": []},
    "calendar.day": {"on": "2020-01-01", "working": True},
    "punch": {"person": PERSON, "hall": "gaogou", "method": "pin"},
    "punch.withdrawn": {"punch": "x"},
    "terminal.assigned": {"terminal": "t", "hall": "gaogou", "from": "2020-01-01"},
    "terminal.retired": {"terminal": "t", "on": "2020-01-01"},
    "terminal.reported": {"terminal": "t", "through": "2020-01-01T00:00:00+08:00"},
    "leave.granted": {"leave": "L", "person": PERSON, "kind": "sick", "filed": True}
    | {"from": "2020-01-01T00:00:00+08:00", "to": "2020-01-02T00:00:00+08:00"},
    "leave.closed": {"leave": "L", "on": "2020-01-01"},
    "explanation.accepted": {"person": PERSON, "on": "2020-01-01", "session": "am", "reason": "停电"},
    "finding.recorded": {"finding": "F", "person": PERSON, "clause": "2.2", "on": "2020-01-01"}
    | {"hall": "gaogou", "confirmed": True},
    "finding.confirmed": {"finding": "F"},
    "finding.revoked": {"finding": "F"},
    "evaluator.opened": {"hall": "gaogou", "window": "1"},
    "evaluator.closed": {"hall": "gaogou", "window": "1"},
    "rating.requested": {"visit": "v", "hall": "gaogou", "window": "1", "person": PERSON},
    "rating.given": {"visit": "v", "hall": "gaogou", "window": "1", "person": PERSON, "grade": 1, "channel": "qr"},
    "rating.lapsed": {"visit": "v"},
    "rating.reviewed": {"visit": "v", "valid": True, "attributable": False},
    "month.closed": {"month": "2026-11", "scorecards_sha256": "0"},
}
WITHOUT_ONE_KEY = [(type_, key) for type_, payload in SOUND.items() for key in payload]
BROKEN: list[tuple[str, dict[str, Any]]] = [
    ("hall.opened", {"level": "province"}),
    ("person.registered", {"hired_on": "2020-1-1"}),
    ("person.registered", {"hired_on": "2026-02-29"}),
    ("person.registered", {"education": "master"}),
    ("person.assigned", {"from": "2026-11-01T00:00:00+08:00"}),
    ("certificate.recorded", {"grade": 0}),
    ("certificate.recorded", {"grade": 6}),
    ("shift.set", {"weekdays": [0]}),
    ("shift.set", {"weekdays": [8]}),
    ("shift.set", {"sessions": [{"name": "am", "start": "8:30", "end": "12:00"}]}),
    ("shift.set", {"sessions": [{"name": "am", "start": "08:30", "end": "24:00"}]}),
    ("shift.set", {"sessions": [{"name": "am", "start": "12:00", "end": "12:00"}]}),
    ("shift.set", {"sessions": [{"name": "am", "start": "08:00", "end": "09:00"}] * 2}),
    ("calendar.day", {"working": 1}),
    ("punch", {"method": "nod"}),
    ("terminal.reported", {"through": "2026-11-01T00:00:00"}),
    ("leave.granted", {"kind": "holiday"}),
    ("leave.granted", {"to": "2020-01-01T00:00:00+08:00"}),
    ("leave.granted", {"to": "9999-12-31T23:59:59Z"}),
    ("finding.recorded", {"confirmed": "yes"}),
    ("finding.recorded", {"clause": 2.2}),
    ("rating.given", {"grade": 0}),
    ("rating.given", {"grade": 6}),
    ("rating.given", {"channel": "phone"}),
    ("rating.reviewed", {"valid": None}),
    ("month.closed", {"month": "2026-13"}),
    ("month.closed", {"good": "P1"}),
]


@pytest.mark.parametrize("type_", SOUND)
def test_a_sound_event_of_every_type_is_believed(type_: str) -> None:
    county = a_county()
    county.says(type_, SOUND[type_] | {"a_key_of_tomorrow": 1})
    assert set_aside(county) == []


@pytest.mark.parametrize(("type_", "key"), WITHOUT_ONE_KEY)
def test_an_event_that_lacks_a_key_is_set_aside_and_the_reason_names_it(type_: str, key: str) -> None:
    county = a_county()
    event = county.says(type_, {name: value for name, value in SOUND[type_].items() if name != key})
    (found,) = county.month()["quarantined"]
    assert found["id"] == event
    assert f"`{key}`" in found["reason"]


@pytest.mark.parametrize(("type_", "wrong"), BROKEN)
def test_an_event_with_a_wrong_value_is_set_aside(type_: str, wrong: dict[str, Any]) -> None:
    county = a_county()
    event = county.says(type_, SOUND[type_] | wrong)
    assert set_aside(county) == [event]


def test_an_unknown_type_is_set_aside() -> None:
    county = a_county()
    event = county.says("weather.changed", {})
    assert set_aside(county) == [event]


@pytest.mark.parametrize(
    "type_",
    ["adjustment.recorded", "device.started", "consent.given", "enrolment.done", "signin.done", "proposal.made"],
)
def test_types_that_change_no_replay_are_passed_over(type_: str) -> None:
    county = a_county()
    county.says(type_, {})
    assert set_aside(county) == []


@pytest.mark.parametrize("type_", sorted(set(SOUND) - {"punch", "punch.withdrawn"}))
def test_a_terminal_may_say_only_what_it_sees(type_: str) -> None:
    county = a_county()
    event = county.says(type_, SOUND[type_], origin=TERMINAL)
    may = type_.startswith(("evaluator.", "rating.")) and type_ != "rating.reviewed"
    assert set_aside(county) == ([] if may else [event])


class TestOwnHall:
    def a_county(self) -> County:
        county = a_county()
        county.opens("baotan")
        county.says("terminal.assigned", {"terminal": TERMINAL, "hall": "gaogou", "from": MONDAY})
        return county

    @pytest.mark.parametrize(
        ("hall", "at", "origin", "believed"),
        [
            ("gaogou", f"{MONDAY} 08:00", TERMINAL, True),
            ("baotan", f"{MONDAY} 08:00", TERMINAL, False),
            ("baotan", "2026-11-01 08:00", TERMINAL, True),
            ("baotan", f"{MONDAY} 08:00", "baotan-t01", True),
            ("atlantis", f"{MONDAY} 08:00", TERMINAL, True),
        ],
    )
    def test_a_terminal_speaks_for_its_own_hall(self, hall: str, at: str, origin: str, *, believed: bool) -> None:
        county = self.a_county()
        event = county.says("punch", {"person": PERSON, "hall": hall, "method": "pin"}, at=at, origin=origin)
        assert set_aside(county) == ([] if believed else [event])

    @pytest.mark.parametrize(("on", "believed"), [("2026-11-03", True), ("2026-11-04", False)])
    def test_a_terminal_that_moved_speaks_for_its_old_hall_up_to_the_day_before(
        self, on: str, *, believed: bool
    ) -> None:
        county = self.a_county()
        county.says("terminal.assigned", {"terminal": TERMINAL, "hall": "baotan", "from": "2026-11-04"})
        event = county.says("punch", SOUND["punch"], at=f"{on} 08:00", origin=TERMINAL)
        assert set_aside(county) == ([] if believed else [event])

    def test_and_takes_back_only_its_own_halls_punches(self) -> None:
        county = self.a_county()
        (punch,) = county.punches("08:30", hall="baotan")
        event = county.says("punch.withdrawn", {"punch": punch}, at=f"{MONDAY} 09:00", origin=TERMINAL)
        assert set_aside(county) == [event]
        assert county.day().sessions[0].in_punch is not None


@pytest.mark.parametrize(
    ("type_", "payload"),
    [(type_, payload) for type_, payload in SOUND.items() if "person" in payload and type_ != "person.registered"],
)
def test_somebody_never_registered_is_set_aside(type_: str, payload: dict[str, Any]) -> None:
    county = a_county()
    event = county.says(type_, payload | {"person": "P9"})
    assert set_aside(county) == [event]


def test_somebody_registered_later_in_the_ledger_is_known() -> None:
    county = County()
    county.assigns("P9", from_="2020-01-01")
    county.hires("P9")
    assert set_aside(county) == []


def test_a_broken_registration_takes_the_rest_with_it_and_nobody_else() -> None:
    county = a_county()
    broken = county.says("person.registered", SOUND["person.registered"] | {"hired_on": "?"})
    punch = county.says("punch", SOUND["punch"] | {"person": "P5"})
    assert set_aside(county) == [broken, punch]
    assert [each["person"] for each in county.month()["people"]] == [PERSON]


@pytest.mark.parametrize(
    "type_", ["person.assigned", "shift.set", "calendar.day", "punch", "terminal.assigned", "rating.requested"]
)
def test_a_hall_that_does_not_exist_makes_an_event_idle_and_not_wrong(type_: str) -> None:
    county = a_county()
    county.says(type_, SOUND[type_] | {"hall": "atlantis"}, at=f"{MONDAY} 08:30")
    assert set_aside(county) == []
    assert county.day().sessions[0].in_punch is None


def test_a_leave_that_does_not_exist_is_closed_without_effect() -> None:
    county = a_county()
    county.says("leave.closed", {"leave": "nowhere", "on": MONDAY})
    county.says("punch.withdrawn", {"punch": "nowhere"})
    county.says("rating.reviewed", {"visit": "nowhere", "valid": True, "attributable": True})
    assert set_aside(county) == []


def test_set_aside_events_are_in_order_of_their_ids() -> None:
    county = a_county()
    for id_ in ("c", "a", "b"):
        county.says("weather.changed", {}, id_=id_)
    assert set_aside(county) == ["a", "b", "c"]


@pytest.mark.parametrize("backwards", [False, True])
def test_of_a_visit_asked_for_in_two_halls_the_first_is_meant_whatever_the_order_of_lines(backwards: bool) -> None:
    county = a_county()
    county.opens("baotan")
    for hall, at in (("gaogou", "09:00"), ("baotan", "09:01")):
        county.says("terminal.assigned", {"terminal": f"{hall}-t01", "hall": hall, "from": "2020-01-01"})
        visit = {"visit": "v", "hall": hall, "window": "1", "person": PERSON}
        county.says("rating.requested", visit, at=f"{MONDAY} {at}", origin=f"{hall}-t01")
    foreign = county.says("rating.lapsed", {"visit": "v"}, at=f"{MONDAY} 10:00", origin="baotan-t01")
    if backwards:
        county.lines.reverse()
    assert set_aside(county) == [foreign]


def test_a_terminal_assigned_to_a_hall_that_does_not_exist_is_believed_of_the_hall_it_serves() -> None:
    county = a_county()
    for hall, on in (("gaogou", "2020-01-01"), ("nowhere", "2021-01-01")):
        county.says("terminal.assigned", {"terminal": TERMINAL, "hall": hall, "from": on})
    county.punches("08:30")
    assert set_aside(county) == []


def test_the_same_line_twice_counts_once() -> None:
    county = a_county()
    county.finds("5.4")
    county.lines.append(county.lines[-1])
    assert len([line for line in county.first_day()["lines"] if line["clause"] == "5.4"]) == 1


SAME = b'{"v":1,"id":"a","origin":"centre","seq":1,"type":"x","occurred_at":"2026-01-01T00:00:00+08:00","data":{}}'


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (SAME + b" ", "a second time"),
        (SAME.replace(b'"seq":1', b'"seq":2'), "a second time"),
        (SAME.replace(b'"id":"a"', b'"id":"b"'), "another event as well as b"),
        (b"", "not JSON"),
        (b"[]", "not a JSON object"),
        (SAME.replace(b'"seq":1', b'"seq":0'), "seq"),
        (SAME.replace(b'"v":1', b'"v":2'), "v is 2"),
        (SAME.replace(b'"data":{}', b'"data":{"a":{"b":1,"b":1}}'), "twice"),
    ],
)
def test_a_broken_envelope_names_its_line(second: bytes, reason: str) -> None:
    with pytest.raises(EnvelopeError, match=rf"^line 2: .*{reason}"):
        list(read_ledger([SAME + b"\n", second + b"\n"]))


def test_an_absent_epoch_is_one_of_its_own_and_other_epochs_count_anew() -> None:
    other = json.loads(SAME) | {"id": "b", "epoch": "1"}
    third = other | {"id": "c", "epoch": "2"}
    assert len(list(read_ledger([SAME, json.dumps(other).encode(), json.dumps(third).encode()]))) == 3


def test_the_line_end_is_no_part_of_the_line() -> None:
    assert len(list(read_ledger([SAME + b"\n", SAME + b"\r\n", SAME]))) == 1
