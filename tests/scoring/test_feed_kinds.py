"""Policy, tasks and releases reach the terminals they concern, and no version is ever told twice."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scoring.app import create_app
from scoring.centre import Centre, open_centre
from sync.errors import SyncError
from sync.events import parse_event
from sync.feed import KINDS, check_manifest
from tests.scoring.fakes import FakeTerminal, Office, StillClock
from tests.scoring.test_batches import held, refused
from tests.scoring.test_feeds import SHIFT, manifest, told

OVERLAY = """
[[month.good_min_total]]
value = 92
in_force_from = 2026-11-01
chosen = "for this test"
source = { document = "县办发〔2026〕7号", clause = "三", quotation = "九十二分以上", checked_on = 2026-10-08 }
"""
RELEASE = {"version": "0.2.0", "sha256": "ab" * 32, "size": 1_000_000, "ring": "pilot"}
TASK = {"task": "K1", "hall": "gaogou", "kind": "explanation", "text": "请说明 10 月 8 日上午缺卡", "person": "P0007"}


def recorded(office: Office, type_: str, **said: Any) -> None:
    answer = office.record((type_, said))
    assert answer.status_code == 201, answer.text


def said_of(terminal: FakeTerminal, kind: str) -> list[dict[str, Any]]:
    return [dict(parse_event(line.encode()).data) for line in manifest(terminal, kind).contents()["events"]]


def test_the_overlay_in_force_and_the_settings_come_with_the_policy(terminal: FakeTerminal, office: Office) -> None:
    recorded(office, "policy.adopted", overlay="", **{"from": "2026-11-01"})
    recorded(office, "policy.adopted", overlay=OVERLAY, **{"from": "2026-11-01"})
    recorded(office, "setting.set", name="retention_days", value=120)
    recorded(office, "setting.set", name="retention_days", value=180)
    recorded(office, "setting.set", name="greeting", value="您好", hall="gaogou")
    office.open_hall("baotan")
    recorded(office, "setting.set", name="greeting", value="欢迎", hall="baotan")
    assert said_of(terminal, "policy") == [
        {"overlay": OVERLAY, "from": "2026-11-01"},
        {"name": "retention_days", "value": 180},
        {"name": "greeting", "value": "您好", "hall": "gaogou"},
    ]


def test_the_open_tasks_of_the_hall_are_told(terminal: FakeTerminal, office: Office) -> None:
    office.open_hall("baotan")
    recorded(office, "task.opened", **TASK)
    recorded(office, "task.opened", **{**TASK, "task": "K2", "kind": "rectification"})
    recorded(office, "task.opened", **{**TASK, "task": "K3", "hall": "baotan"})
    recorded(office, "task.closed", task="K1", on="2026-10-09")
    assert [task["task"] for task in said_of(terminal, "tasks")] == ["K2"]


def test_the_newest_release_of_each_ring_is_told(terminal: FakeTerminal, office: Office) -> None:
    recorded(office, "release.named", **RELEASE)
    recorded(office, "release.named", **{**RELEASE, "ring": "all"})
    recorded(office, "release.named", **{**RELEASE, "version": "0.3.0"})
    assert [(each["ring"], each["version"]) for each in said_of(terminal, "release")] == [
        ("pilot", "0.3.0"),
        ("all", "0.2.0"),
    ]


@pytest.mark.parametrize(
    ("type_", "said", "names"),
    [
        ("policy.adopted", {"overlay": "[[month.nonsense]]\nvalue = 1", "from": "2026-11-01"}, "nonsense"),
        ("policy.adopted", {"overlay": "not TOML", "from": "2026-11-01"}, "overlay: "),
        ("policy.adopted", {"overlay": ""}, "from"),
        ("setting.set", {"name": "x", "value": []}, "value"),
        ("setting.set", {"name": "x", "value": 1, "hall": "nowhere"}, "nowhere"),
        ("task.opened", {**TASK, "kind": "reward"}, "kind"),
        ("release.named", {**RELEASE, "sha256": "AB" * 32}, "sha256"),
        ("release.named", {**RELEASE, "size": 0}, "size"),
        ("template.relayed", {"person": "P0007", "sender": "a", "recipient": "b"}, "template.relayed"),
        ("attachment.erased", {"sha256": "ab" * 32}, "attachment.erased"),
    ],
)
def test_what_cannot_be_followed_is_not_recorded(
    terminal: FakeTerminal, office: Office, type_: str, said: dict[str, Any], names: str
) -> None:
    before = terminal.beat().get_json()["cursors"]
    assert names in refused(office.record((type_, said)), 400, "invalid")["message"]
    assert terminal.beat().get_json()["cursors"] == before


def test_a_terminal_may_say_none_of_this(terminal: FakeTerminal, centre: Centre) -> None:
    terminal.add("release.named", RELEASE)
    terminal.send()
    assert held(centre)[0].quarantined == "speaker: a terminal may not say release.named"
    assert manifest(terminal, "release").contents()["events"] == []


def test_a_kind_of_which_nothing_was_said_has_version_0(terminal: FakeTerminal) -> None:
    cursors = terminal.beat().get_json()["cursors"]
    assert {kind for kind in KINDS if not cursors[kind]} == {"templates", "policy", "tasks", "release"}


def test_only_the_kind_that_changed_moves(terminal: FakeTerminal, office: Office) -> None:
    before = terminal.beat().get_json()["cursors"]
    recorded(office, "release.named", **RELEASE)
    after = terminal.beat().get_json()["cursors"]
    assert [kind for kind in KINDS if after[kind] != before[kind]] == ["release"]


def test_whoever_joins_a_hall_moves_its_schedule_too(terminal: FakeTerminal, office: Office) -> None:
    before = terminal.beat().get_json()["cursors"]["schedule"]
    office.employ("P0008")
    assert terminal.beat().get_json()["cursors"]["schedule"] > before


def test_every_kind_says_304_to_whoever_holds_it(terminal: FakeTerminal, office: Office) -> None:
    recorded(office, "release.named", **RELEASE)
    for kind in ("roster", "schedule", "release"):
        version = manifest(terminal, kind).version
        assert terminal.feed(kind, version).status_code == 304
        assert terminal.feed(kind, "", {"If-None-Match": f'"{version}"'}).status_code == 304


def test_versions_survive_a_restart(
    terminal: FakeTerminal, office: Office, centre: Centre, database: str, tmp_path: Path, clock: StillClock
) -> None:
    for number in range(1, 4):  # three in one millisecond: counted on beyond it
        recorded(office, "calendar.day", on=f"2026-11-0{number}", working=False)
    before = terminal.beat().get_json()["cursors"]
    centre.store.close()
    again = open_centre(database, tmp_path / "state", now=clock)
    try:
        terminal.client = create_app(again).test_client()
        assert terminal.beat().get_json()["cursors"] == before
    finally:
        again.store.close()


@pytest.fixture
def restored(tmp_path: Path, clock: StillClock) -> Iterator[tuple[FakeTerminal, dict[str, int], Office]]:
    """A terminal that follows a centre, which is then restored from a backup of its file: the acts since are gone."""
    url = f"sqlite:///{tmp_path / 'centre.db'}"
    first = open_centre(url, tmp_path / "state", now=clock)
    client = create_app(first).test_client()
    office = Office(client, first)
    office.open_hall()
    office.employ()
    terminal = FakeTerminal(client, clock)
    assert office.enrol(terminal).status_code == 201
    recorded(office, "shift.set", **SHIFT)
    first.store.close()
    shutil.copy(tmp_path / "centre.db", tmp_path / "backup.db")

    second = open_centre(url, tmp_path / "state", now=clock)
    terminal.client = create_app(second).test_client()
    clock.forward(hours=1)
    recorded(Office(terminal.client, second), "calendar.day", on="2026-10-09", working=False)
    recorded(Office(terminal.client, second), "task.opened", **TASK)
    known = {kind: version for kind, version in terminal.beat().get_json()["cursors"].items() if version}
    second.store.close()

    for left in tmp_path.glob("centre.db*"):
        left.unlink()
    shutil.copy(tmp_path / "backup.db", tmp_path / "centre.db")
    clock.forward(minutes=1)
    third = open_centre(url, tmp_path / "state", now=clock)
    terminal.client = create_app(third).test_client()
    yield terminal, known, Office(terminal.client, third)
    third.store.close()


def test_a_restored_centre_is_followed_again(restored: tuple[FakeTerminal, dict[str, int], Office]) -> None:
    terminal, held, office = restored
    assert terminal.beat().get_json()["cursors"]["schedule"] < held["schedule"]  # silent, it would never be believed
    said = terminal.beat(held=held).get_json()
    assert said["lifted"] == ["schedule", "tasks"]
    for kind in KINDS:
        told_now = manifest(terminal, kind)
        assert told_now.version == said["cursors"][kind]
        check_manifest(told_now, office.centre.key.public_text, held.get(kind, 0))
    assert ("calendar.day", None) not in told(terminal, "schedule")


def test_the_lift_stays_after_a_restart_and_is_made_once(
    restored: tuple[FakeTerminal, dict[str, int], Office], tmp_path: Path, clock: StillClock
) -> None:
    terminal, held, office = restored
    lifted = terminal.beat(held=held).get_json()["cursors"]
    assert "lifted" not in terminal.beat(held=lifted).get_json()
    office.centre.store.close()
    again = open_centre(f"sqlite:///{tmp_path / 'centre.db'}", tmp_path / "state", now=clock)
    try:
        terminal.client = create_app(again).test_client()
        assert terminal.beat().get_json()["cursors"] == lifted
        recorded(Office(terminal.client, again), "calendar.day", on="2026-10-12", working=False)
        assert terminal.beat().get_json()["cursors"]["schedule"] > lifted["schedule"]
    finally:
        again.store.close()


def test_a_terminal_that_lies_lifts_nobody_else(terminal: FakeTerminal, office: Office, clock: StillClock) -> None:
    other = FakeTerminal(terminal.client, clock, "gaogou-t02", key=type(terminal.key).from_seed(bytes(32)))
    office.enrol(other)
    before = other.beat().get_json()["cursors"]
    assert terminal.beat(held={"roster": 2**50}).get_json()["cursors"]["roster"] == 2**50 + 1
    assert other.beat().get_json()["cursors"] == before


@pytest.mark.parametrize("held", [[], {"roster": -1}, {"roster": "1"}, {"roster": True}, {"roster": 2**53}])
def test_versions_that_are_none_are_malformed(terminal: FakeTerminal, held: object) -> None:
    refused(terminal.beat(held=held), 400, "malformed")


def test_a_kind_that_this_centre_does_not_know_is_passed_over(terminal: FakeTerminal) -> None:
    assert "lifted" not in terminal.beat(held={"weather": 7}).get_json()


def test_a_manifest_that_went_back_is_not_believed(terminal: FakeTerminal, centre: Centre) -> None:
    roster = manifest(terminal, "roster")
    with pytest.raises(SyncError, match="back"):
        check_manifest(roster, centre.key.public_text, roster.version + 1)
