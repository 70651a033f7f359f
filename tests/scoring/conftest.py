"""A centre on a real store for every test: SQLite in a folder of its own, and PostgreSQL that the run starts itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from scoring.app import create_app
from scoring.centre import Centre, open_centre
from tests.scoring import postgres
from tests.scoring.fakes import FakeTerminal, Office, StillClock


@pytest.fixture(scope="session")
def postgres_host() -> Iterator[str]:
    programs = postgres.binaries()
    if programs is None:
        message = "no PostgreSQL server here: apt-get install -y postgresql"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    with postgres.server(programs) as host:
        yield host


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'centre.db'}"
    return postgres.empty_database(request.getfixturevalue("postgres_host"))


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def centre(database: str, tmp_path: Path, clock: StillClock) -> Iterator[Centre]:
    opened = open_centre(database, tmp_path / "state", now=clock)
    yield opened
    opened.store.close()


@pytest.fixture
def client(centre: Centre) -> FlaskClient:
    return create_app(centre).test_client()


@pytest.fixture
def office(client: FlaskClient, centre: Centre) -> Office:
    return Office(client, centre)


@pytest.fixture
def terminal(office: Office, client: FlaskClient, clock: StillClock) -> FakeTerminal:
    """A terminal that is enrolled at the hall of Gaogou."""
    office.open_hall()
    office.employ()
    enrolled = FakeTerminal(client, clock)
    assert office.enrol(enrolled).status_code == 201
    return enrolled
