"""What the ledger says in another order than that of the days is read, and told, by the days."""

from __future__ import annotations

from tests.rules.county import MONDAY, PERSON, County


def test_an_investigation_that_was_recorded_late_is_closed_before_a_later_one_is_opened() -> None:
    county = County(sessions=[])
    county.hires()
    for type_, on, at in (
        ("investigation.opened", "2026-12-01", "2026-12-01 09:00"),
        ("investigation.opened", "2026-11-03", "2026-12-02 09:00"),
        ("investigation.closed", "2026-11-20", "2026-12-02 09:01"),
    ):
        county.says(type_, {"person": PERSON, "on": on}, at=at)
    assert county.person(month="2026-11", as_of="2026-12-31")["status"] == "assessed"
    assert county.person(month="2026-12", as_of="2026-12-31")["status"] == "pending"


def test_what_is_pending_stands_in_order_of_day_clause_and_session() -> None:
    county = County()
    county.hires(from_=MONDAY)
    county.finds("5.4", on="2026-11-03", confirmed=False)
    county.finds("2.2", on="2026-11-03", confirmed=False)
    county.rates("v", 1)  # on the second, as are the punches that the clock leaves open
    county.punches("08:31", "12:00", "13:31", "17:30", uncertainty_ms=60_000)
    pending = county.person(as_of="2026-11-03")["pending"]
    assert [(item["on"], item["clause"], item.get("session")) for item in pending] == [
        (MONDAY, "1.1", "am"),
        (MONDAY, "1.1", "pm"),
        (MONDAY, "4.4", None),
        ("2026-11-03", "2.2", None),
        ("2026-11-03", "5.4", None),
    ]


def test_lines_of_one_day_and_clause_stand_in_order_of_their_evidence() -> None:
    county = County(sessions=[])
    county.hires()
    first = county.finds("6.1", variant="province")
    second = county.finds("6.1", variant="city_department")
    lines = county.person()["lines"]
    assert [(line["points"], line["evidence"]) for line in lines] == [(20, [first]), (10, [second])]
