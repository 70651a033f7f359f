"""A county that outgrew its file moves: every table, every byte, every chain, or no store at all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select, text

from scoring import tables
from scoring.__main__ import main
from scoring.app import create_app
from scoring.centre import open_centre
from scoring.errors import StoreCopyError, StoreInUseError, StoreNotEmptyError, StoreUnfinishedError
from scoring.ledger import exported
from scoring.migrate_store import migrate_store
from scoring.store import open_reader, open_store
from tests.scoring import postgres
from tests.scoring.fakes import FakeTerminal, Office, StillClock, event_id
from tests.scoring.test_migrations import strace


@pytest.fixture(
    params=[
        "sqlite to sqlite",
        pytest.param("sqlite to postgresql", marks=pytest.mark.postgres),
        pytest.param("postgresql to sqlite", marks=pytest.mark.postgres),
    ]
)
def move(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """Return where from and where to: two stores of which the second is empty."""
    source, _, target = str(request.param).partition(" to ")
    urls = {"source": f"sqlite:///{tmp_path / 'source.db'}", "target": f"sqlite:///{tmp_path / 'target.db'}"}
    if source == "postgresql":
        urls["source"] = postgres.empty_database(request.getfixturevalue("postgres_host"))
    if target == "postgresql":
        urls["target"] = postgres.second_database(request.getfixturevalue("postgres_host"))
    return urls["source"], urls["target"]


@pytest.fixture
def terminal(move: tuple[str, str], tmp_path: Path, clock: StillClock) -> FakeTerminal:
    """A terminal whose centre, now closed, holds acts, lines that count, quarantined ones, a fork and a PIN."""
    centre = open_centre(move[0], tmp_path / "state", now=clock)
    client = create_app(centre).test_client()
    office = Office(client, centre)
    office.open_hall()
    office.employ()
    assert office.post("pins", {"person": "P0007", "pin": "482913"}).status_code == 201
    terminal = FakeTerminal(client, clock)
    assert office.enrol(terminal).status_code == 201
    for number in range(30):
        terminal.add(payload={"person": "P0007", "hall": "gaogou", "method": "face", "liveness": f"涟{number}"})
    terminal.add_raw(b"no event at all \xff\x00")
    terminal.add("month.closed", {"month": "2026-09"})
    terminal.add(event_id=event_id(3))
    assert terminal.send().status_code == 200
    assert terminal.beat().status_code == 200
    cloned = FakeTerminal(client, clock, epoch="eeee0000", first_id=500)
    cloned.add()
    assert cloned.send().status_code == 200
    cloned.lines.clear()
    cloned.add(payload={"person": "P0008", "hall": "gaogou", "method": "pin"})
    assert cloned.send().status_code == 409
    centre.store.close()
    return terminal


def everything(url: str) -> dict[str, list[tuple[object, ...]]]:
    """Return every row of every table that both engines have."""
    held: dict[str, list[tuple[object, ...]]] = {}
    reader = open_reader(url)
    with reader.reading() as connection:
        for table in tables.metadata.sorted_tables:
            if "engine" not in table.info:
                rows = connection.execute(select(table).order_by(*table.primary_key.columns))
                held[table.name] = [tuple(row) for row in rows]
    reader.close()
    return held


def lines_of(url: str) -> list[bytes]:
    reader = open_reader(url)
    lines = list(exported(reader))
    reader.close()
    return lines


def test_a_moved_store_is_the_same_row_by_row_and_byte_by_byte(move: tuple[str, str], terminal: FakeTerminal) -> None:
    before, lines = everything(move[0]), lines_of(move[0])
    assert terminal.lines[30] in lines  # what was never an event moves too
    moved = migrate_store(*move)
    assert everything(move[1]) == everything(move[0]) == before
    assert lines_of(move[1]) == lines
    assert (moved.rows["event"], moved.chains) == (len(lines), 3)


def test_a_moved_store_takes_in_what_comes_next(move: tuple[str, str], terminal: FakeTerminal, tmp_path: Path) -> None:
    migrate_store(*move)
    positions = [int(str(row[0])) for row in everything(move[1])["event"]]
    centre = open_centre(move[1], tmp_path / "state", now=terminal.clock)
    terminal.client = create_app(centre).test_client()
    terminal.add()
    terminal.add(event_id=event_id(5))
    answer = terminal.send(len(terminal.lines) - 1)
    assert (answer.status_code, answer.get_json()["ack"]) == (200, len(terminal.lines))
    Office(terminal.client, centre).employ("P0009")
    centre.store.close()
    added = everything(move[1])["event"][len(positions) :]
    assert [row[0] for row in added] == list(range(positions[-1] + 1, positions[-1] + 5))
    assert [str(row[-1]).partition(":")[0] for row in added] == ["None", "repeated id", "None", "None"]


@pytest.mark.parametrize("again", [False, True])
def test_a_target_that_holds_anything_is_refused_and_left_alone(
    move: tuple[str, str], terminal: FakeTerminal, again: bool
) -> None:
    del terminal
    target = open_store(move[1])
    with target.writing() as connection:
        connection.execute(tables.pin.insert().values(person="P1", argon2id="x", changed_at="y"))
    target.close()
    before = everything(move[1])
    with pytest.raises(StoreNotEmptyError, match=r"holds rows already \(pin\)"):
        migrate_store(*move, again=again)
    assert everything(move[1]) == before


def test_a_store_that_is_served_is_not_moved(move: tuple[str, str], terminal: FakeTerminal) -> None:
    del terminal
    served = open_store(move[0])
    with pytest.raises(StoreInUseError):
        migrate_store(*move)
    served.close()


def test_a_move_that_was_killed_leaves_a_target_that_nobody_opens_until_it_is_done_again(
    move: tuple[str, str], terminal: FakeTerminal
) -> None:
    del terminal
    lines, in_the_middle = lines_of(move[0]), 0
    call = "pwrite64" if move[1].startswith("sqlite") else "sendto"
    for number in range(30, 400, 15) if call == "pwrite64" else range(70, 400, 20):
        emptied(move[1])
        words = [strace(), "-f", "-qq", "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={number}"]
        words += [
            "-o",
            "/dev/null",
            sys.executable,
            "-m",
            "scoring",
            "migrate-store",
            "--from",
            move[0],
            "--to",
            move[1],
        ]
        done = subprocess.run(words, capture_output=True, check=False)
        for url in move:
            if url.startswith("postgresql"):
                postgres.send_away(url)
        if done.returncode == 0:
            break
        if not is_marked(move[1]):
            continue
        in_the_middle += 1
        for opened in (open_store, open_reader):
            with pytest.raises(StoreUnfinishedError, match="begun and not finished"):
                opened(move[1])
        with pytest.raises(StoreNotEmptyError, match="say --again"):
            migrate_store(*move)
        migrate_store(*move, again=True)
        assert lines_of(move[1]) == lines
        assert everything(move[1]) == everything(move[0])
        break
    assert in_the_middle == 1


def emptied(url: str) -> None:
    if url.startswith("sqlite"):
        for name in ("", "-wal", "-shm"):
            Path(url.removeprefix("sqlite:///") + name).unlink(missing_ok=True)
    else:
        postgres.second_database(url.partition("?host=")[2])


def is_marked(url: str) -> bool:
    try:
        open_store(url).close()
    except StoreUnfinishedError:
        return True
    return False


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        ("UPDATE event SET line = hash WHERE seq = 7 AND origin <> 'centre'", "breaks at line 7"),
        ("DELETE FROM event WHERE seq = 12 AND origin <> 'centre'", "breaks at line 13"),
        ("DELETE FROM event WHERE seq = 33", "does not end at its head"),
        ("UPDATE head SET seq = 1 WHERE seq = 33", "does not end at its head"),
    ],
)
def test_a_source_that_does_not_hold_together_is_not_moved(
    move: tuple[str, str], terminal: FakeTerminal, harm: str, said: str
) -> None:
    del terminal
    source = open_store(move[0])
    with source.writing() as connection:
        assert connection.execute(text(harm)).rowcount == 1
    source.close()
    with pytest.raises(StoreCopyError, match=said):
        migrate_store(*move)
    with pytest.raises(StoreUnfinishedError):
        open_store(move[1])


def test_the_command_says_what_it_moved(
    move: tuple[str, str], terminal: FakeTerminal, capsys: pytest.CaptureFixture[str]
) -> None:
    del terminal
    words = ["migrate-store", "--from", move[0], "--to", move[1]]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"moved and verified: {len(lines_of(move[0]))} lines in 3 chains; export sha256 ")
    assert main(words) == 1
    assert capsys.readouterr().err.startswith("scoring migrate-store: the target holds rows already")
