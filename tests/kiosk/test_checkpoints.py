"""What a terminal holds of the centre's checkpoints outlives everything but its disk."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kiosk.__main__ import main
from kiosk.checkpoints import CONFLICT, FILE, CheckpointBook
from sync.checkpoint import Checkpoint
from sync.keys import SigningKey
from tests.sync.scripted_centre import CENTRE_KEY
from tests.sync.test_following import LEAVES, OTHERS, checkpoint

NOON = datetime(2026, 10, 8, 4, 0, tzinfo=UTC)


class Notes(list[tuple[str, Mapping[str, Any]]]):
    """A ledger that only remembers."""

    def __call__(self, type_: str, payload: Mapping[str, Any]) -> None:
        self.append((type_, payload))


def book(folder: Path, notes: Notes | None = None, key: SigningKey = CENTRE_KEY) -> CheckpointBook:
    return CheckpointBook(folder, key.public_text, lambda: NOON, notes if notes is not None else Notes())


def test_what_was_kept_is_held_after_a_restart(tmp_path: Path) -> None:
    first = book(tmp_path)
    assert first.held() is None
    for number in (1, 2):
        first.hold(checkpoint(number, number), None)
    assert (book(tmp_path).held(), book(tmp_path).conflict_at) == (checkpoint(2, 2), None)


def test_the_file_is_only_ever_appended_to(tmp_path: Path) -> None:
    first = book(tmp_path)
    first.hold(checkpoint(1, 1), None)
    before = (tmp_path / FILE).read_bytes()
    first.hold(checkpoint(2, 2, OTHERS), "another past")
    assert (tmp_path / FILE).read_bytes().startswith(before)


def test_a_line_that_a_power_cut_tore_costs_itself_alone(tmp_path: Path) -> None:
    first = book(tmp_path)
    first.hold(checkpoint(1, 1), None)
    first.hold(checkpoint(2, 2), None)
    whole = (tmp_path / FILE).read_bytes()
    line_starts = whole.index(b"\n") + 1
    for length in range(line_starts, len(whole) - 1):
        (tmp_path / FILE).write_bytes(whole[:length])
        again = book(tmp_path)
        assert again.held() == checkpoint(1, 1)
        again.hold(checkpoint(3, 3), None)
        assert book(tmp_path).held() == checkpoint(3, 3)


def test_every_checkpoint_is_on_the_disk_before_it_is_held(tmp_path: Path) -> None:
    synced: list[tuple[int, int, bool]] = []

    def sync(handle: int) -> None:
        status = os.fstat(handle)
        synced.append((status.st_ino, (tmp_path / FILE).read_bytes().count(b"\n"), first.held() is None))

    first = CheckpointBook(tmp_path, CENTRE_KEY.public_text, lambda: NOON, Notes(), sync)
    first.hold(checkpoint(1, 1), None)
    file, folder = (tmp_path / FILE).stat().st_ino, tmp_path.stat().st_ino
    assert synced == [(file, 1, True), (folder, 1, True)]


def test_a_checkpoint_that_cannot_be_written_is_not_held(tmp_path: Path) -> None:
    first = book(tmp_path)
    (tmp_path / FILE).mkdir()
    with pytest.raises(OSError, match=FILE):
        first.hold(checkpoint(1, 1), None)
    assert first.held() is None


def test_a_contradiction_is_kept_and_recorded_with_both_sides(tmp_path: Path) -> None:
    notes = Notes()
    first = book(tmp_path, notes)
    first.hold(checkpoint(1, 5), None)
    first.hold(checkpoint(1, 5, OTHERS), "two different")
    assert notes == [
        (CONFLICT, {"held": checkpoint(1, 5).as_json(), "told": checkpoint(1, 5, OTHERS).as_json(),
                    "because": "two different"})
    ]  # fmt: skip
    assert (first.conflict_at, book(tmp_path).conflict_at) == (NOON, NOON)
    assert book(tmp_path).held() == checkpoint(1, 5, OTHERS)


def test_what_another_centre_signed_is_not_held(tmp_path: Path) -> None:
    other = SigningKey.from_seed(b"o" * 32)
    book(tmp_path, key=other).hold(checkpoint(1, 1, key=other), "of another life")
    assert (book(tmp_path).held(), book(tmp_path).conflict_at) == (None, None)


def test_a_forged_line_in_the_file_is_not_held(tmp_path: Path) -> None:
    first = book(tmp_path)
    first.hold(checkpoint(1, 1), None)
    forged = {**checkpoint(2, 2).as_json(), "lines": 7, "kept_at": "2026-10-08T12:00:00.000+08:00", "conflict": None}
    with (tmp_path / FILE).open("a") as stream:
        stream.write(json.dumps(forged) + "\n")
    assert book(tmp_path).held() == checkpoint(1, 1)


def test_the_command_prints_what_is_held(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "t.toml"
    config.write_text('[terminal]\nid = "t1"\nhall = "h"\nstate = "state"\n[centre]\nurl = "http://127.0.0.1:1"\n')
    assert main(["checkpoints", "--config", str(config)]) == 0
    assert not capsys.readouterr().out
    (tmp_path / "state").mkdir()
    kept = book(tmp_path / "state")
    kept.hold(checkpoint(1, 1), None)
    kept.hold(checkpoint(2, len(LEAVES)), None)
    assert main(["checkpoints", "--config", str(config)]) == 0
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [Checkpoint(**{name: said[name] for name in Checkpoint.__slots__}) for said in printed] == [
        checkpoint(1, 1),
        checkpoint(2, len(LEAVES)),
    ]
    assert {said["terminal"] for said in printed} == {"t1"}
