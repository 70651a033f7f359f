"""One box in a hall has an uplink: what the other records arrives through it, whoever is switched off in between."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator

import pytest
import requests

from deploy.demo.centre import wait_for
from deploy.demo.county import PUNCTUAL
from kiosk.config import load_config
from kiosk.identity import sealing_key
from kiosk.shared_templates import received
from sync.sealing import SealingKey
from tests.contract.hall import LEAF, Hall, hall


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    with hall(tmp_path_factory.mktemp("hall")) as made:
        yield made


@pytest.mark.timeout(300)
def test_what_a_leaf_records_arrives_through_the_hub(two: Hall) -> None:
    two.rate(5)
    wait_for("the leaf's lines at the centre", lambda: two.lines_at_centre() == two.leaf_lines())
    wait_for("the receipt at the leaf", lambda: two.leaf_health()["unsent"] == 0)
    assert two.leaf_health()["relayed"] is False


@pytest.mark.timeout(300)
def test_the_hub_keeps_what_came_while_the_centre_was_away_through_its_own_power_cut(two: Hall) -> None:
    two.kill(two.centre)
    two.rate(1)
    wait_for("the hub to hold it", lambda: two.spooled() > 0)
    wait_for("the leaf to say so", lambda: two.leaf_health()["relayed"])
    assert two.leaf_health()["unsent"] > 0, "what only the hub holds was taken for acknowledged"
    written = two.leaf_lines()
    two.kill(two.leaf)
    two.kill(two.terminal)
    assert two.spooled() > 0
    two.start_centre()
    two.start_terminal()
    wait_for("the hub to forward it", lambda: two.lines_at_centre() == written)
    two.start_leaf()
    wait_for("the receipt at the leaf", lambda: two.leaf_health()["unsent"] == 0, 90)
    assert two.lines_at_centre()[: len(written)] == written


@pytest.mark.timeout(300)
def test_a_key_changed_through_the_hub_goes_on_being_heard(two: Hall) -> None:
    new = two.at_leaf("rotate-key").strip()
    assert new
    two.rate(4)
    wait_for("the leaf's lines at the centre", lambda: two.lines_at_centre() == two.leaf_lines(), 90)
    wait_for("the receipt at the leaf", lambda: two.leaf_health()["unsent"] == 0, 90)


@pytest.mark.timeout(300)
def test_a_face_enrolled_at_one_terminal_is_known_at_the_other(two: Hall) -> None:
    """`prepare` enrolled somebody at the hub's terminal; the leaf has no camera and enrolled nobody."""
    wait_for("the sealed template", lambda: two.leaf_health()["feed"]["templates"], 90)
    config = load_config(two.leaf_config)
    with contextlib.closing(sqlite3.connect(config.state_dir / "ledger.db")) as connection:
        (body,) = connection.execute("SELECT body FROM manifest WHERE kind = 'templates'").fetchone()
    complaints: list[str] = []
    known = received(json.loads(body), LEAF, sealing_key(config.state_dir), complaints.append)
    assert (list(known), complaints) == ([PUNCTUAL.person], [])
    assert known[PUNCTUAL.person].vector.shape == (128,)
    for theirs in (two.run.path / "centre" / "centre.sealing.key", two.run.path / "terminal" / "sealing.key"):
        other = SealingKey.from_seed(theirs.read_bytes())
        assert received(json.loads(body), LEAF, other, complaints.append) == {}


def test_a_hub_passes_nothing_on_for_another_hall_nor_to_the_office(two: Hall) -> None:
    assert requests.post(f"{two.hub_url}/v1/t/elsewhere-t01/heartbeat", data=b"{}", timeout=10).status_code == 403
    assert requests.get(f"{two.hub_url}/v1/centre/terminals", timeout=10).status_code == 404
    assert requests.get(f"{two.hub_url}/v1/t/{LEAF}/e/e1/head", timeout=10).status_code == 401
