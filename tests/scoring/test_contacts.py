"""Heartbeats are noted at once and written in groups; nobody who looks sees an older word than the last."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from scoring import tables
from scoring.centre import Centre
from scoring.errors import StoreUnavailableError
from tests.scoring.fakes import NOON, FakeTerminal, Office, StillClock
from tests.scoring.obstacles import obstruct, unobstruct


def written(centre: Centre) -> str | None:
    with centre.store.reading() as connection:
        return connection.scalar(select(tables.terminal.c.contact_at))


def shown(office: Office) -> tuple[str, dict[str, object]]:
    headers = {"Authorization": f"Bearer {office.centre.admin_token}"}
    [terminal] = office.client.get("/v1/centre/terminals", headers=headers).get_json()["terminals"]
    return terminal["contact_at"], terminal["health"]


def test_heartbeats_within_five_seconds_are_one_write_and_all_are_shown(
    terminal: FakeTerminal, centre: Centre, office: Office, clock: StillClock
) -> None:
    terminal.beat()
    clock.forward(seconds=4)
    terminal.beat(health={"disk_free_mb": 7})
    assert written(centre) == "2026-10-08T12:00:00.000+08:00"
    assert shown(office) == ("2026-10-08T12:00:04.000+08:00", {"disk_free_mb": 7})
    clock.forward(seconds=1)
    terminal.beat()
    assert written(centre) == "2026-10-08T12:00:05.000+08:00"


def test_a_clock_that_was_set_back_does_not_stop_the_writing(
    terminal: FakeTerminal, centre: Centre, clock: StillClock
) -> None:
    terminal.beat()
    clock.forward(hours=-1)
    terminal.beat()
    assert written(centre) == "2026-10-08T11:00:00.000+08:00"


def test_what_the_store_refused_is_written_the_next_time(
    terminal: FakeTerminal, centre: Centre, clock: StillClock
) -> None:
    terminal.beat()
    with centre.store.writing() as connection:
        obstruct(connection, "UPDATE ON terminal", "health IS NOT NULL")
    clock.forward(seconds=10)
    with pytest.raises(StoreUnavailableError):
        centre.contacts.note(terminal.origin, clock.at, {"disk_free_mb": 5})
    with centre.store.writing() as connection:
        unobstruct(connection, "terminal")
    centre.contacts.write()
    assert written(centre) == "2026-10-08T12:00:10.000+08:00"
    assert clock.at > NOON
