"""What `verify` promises: an untouched database is called so, and whoever alters one is named with what he altered."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from scoring import tables
from scoring.__main__ import main
from scoring.centre import Centre
from scoring.checkpoints import pack_heads
from scoring.verify import public_key_in, read_roots, told
from sync import chain
from sync.checkpoint import Checkpoint
from sync.keys import SigningKey
from tests.scoring.fakes import FakeTerminal, StillClock
from tests.scoring.insider import Insider, found, verified
from tests.scoring.test_checkpoints import made, sent

PLACE = "gaogou-t01/7f3a9c21"


@pytest.fixture
def insider(terminal: FakeTerminal, centre: Centre, clock: StillClock) -> Insider:
    """Twelve lines of one terminal under three checkpoints, at 4, 8 and 10; the last two are not covered."""
    for count in (4, 4, 2):
        sent(terminal, count)
        made(centre)
        clock.forward(minutes=15)
    sent(terminal, 2)
    return Insider(centre, terminal)


def test_a_database_that_nobody_touched_is_sound(insider: Insider, centre: Centre) -> None:
    report = verified(centre, held_by_terminals(centre))
    assert (report.altered, report.other) == ([], [])
    assert report.proven is not None
    assert report.proven == centre.checkpoints.at(3)
    assert report.lines == report.proven.lines + 2
    assert report.chains == 2
    assert insider.terminal.lines


def test_forked_and_quarantined_lines_are_covered_too(terminal: FakeTerminal, centre: Centre) -> None:
    sent(terminal, 2)
    terminal.add_raw(b"no event at all")
    terminal.add("finding.recorded", {"hall": "gaogou"})
    terminal.send(3)
    terminal.send(1, prev=bytes(31) + b"\x01")  # a fork
    made(centre)
    assert verified(centre).is_sound
    Insider(centre, terminal).set(3, line=b"something else")
    assert found(verified(centre)) == f"{PLACE}/3"


@pytest.mark.parametrize("seq", [1, 4, 5, 10, 11, 12])
def test_an_edited_row_is_named(insider: Insider, centre: Centre, seq: int) -> None:
    insider.edit(seq)
    report = verified(centre)
    assert found(report) == f"{PLACE}/{seq}"
    assert report.first_altered is not None
    assert report.first_altered.id == insider.row(seq).id


@pytest.mark.parametrize("seq", [1, 4, 5, 8, 9, 10])
def test_an_edited_row_is_named_though_chain_and_head_were_computed_anew(
    insider: Insider, centre: Centre, seq: int
) -> None:
    insider.edit(seq)
    insider.rechain()
    report = verified(centre)
    assert found(report) == f"{PLACE}/{seq}"
    between = {1: "the beginning", 4: "the beginning", 5: "checkpoint 1", 8: "checkpoint 1"}.get(seq, "checkpoint 2")
    assert report.first_altered is not None
    assert f"between {between}" in report.first_altered.wrong


@pytest.mark.parametrize("seq", [11, 12])
def test_what_no_checkpoint_covers_stands_on_its_chain_alone_and_that_is_said(
    insider: Insider, centre: Centre, seq: int
) -> None:
    insider.edit(seq)
    insider.rechain()
    report = verified(centre)
    assert report.is_sound
    assert "not proven: 2 lines that came after it stand on their chains alone" in list(told(report, "key"))


@pytest.mark.parametrize(("last", "named"), [(9, 10), (7, 8), (3, 4)])
def test_removed_last_lines_are_named_as_missing(insider: Insider, centre: Centre, last: int, named: int) -> None:
    insider.cut(last)
    assert found(verified(centre)) == f"{PLACE}/{named}"


def test_a_row_removed_from_the_middle_is_named_as_missing(insider: Insider, centre: Centre) -> None:
    insider.remove(6)
    assert found(verified(centre)) == f"{PLACE}/6"


@pytest.mark.parametrize("hide", [False, True])
def test_two_events_that_were_swapped_are_named_by_the_first(insider: Insider, centre: Centre, hide: bool) -> None:
    insider.swap(3, 7)
    if hide:
        insider.rechain()
    assert found(verified(centre)) == f"{PLACE}/3"


def test_rows_that_changed_their_order_of_arrival_are_named(terminal: FakeTerminal, centre: Centre) -> None:
    other = FakeTerminal(terminal.client, terminal.clock, epoch="b" * 8, first_id=500)
    sent(terminal, 1)
    sent(other, 1)
    made(centre)
    one, two = Insider(centre, terminal).row(1).position, Insider(centre, other).row(1).position
    Insider(centre, terminal).set(1, position=10**6)
    Insider(centre, other).set(1, position=one)
    Insider(centre, terminal).set(1, position=two)
    report = verified(centre)
    assert found(report) == f"gaogou-t01/{'b' * 8}/1"
    assert report.first_altered is not None
    assert "moved in the order of arrival" in report.first_altered.wrong


@pytest.mark.parametrize(
    ("column", "value"),
    [("id", "0192f1c2-0000-7000-8000-00000000abcd"), ("type", "punch.withdrawn"), ("occurred_at", "2026-10-08"),
     ("occurred_at", "soon"), ("type", None)],
)  # fmt: skip
def test_a_column_that_is_not_what_its_line_says_is_named(
    insider: Insider, centre: Centre, column: str, value: str | None
) -> None:
    insider.set(12, **{column: value})
    assert found(verified(centre)) == f"{PLACE}/12"


@pytest.mark.parametrize(("column", "value"), [("quarantined", "type: none"), ("received_at", "2026-10-08T12:00:01Z")])
def test_what_the_centre_says_beside_a_line_cannot_be_changed_either(
    insider: Insider, centre: Centre, column: str, value: str
) -> None:
    insider.set(6, **{column: value})
    assert found(verified(centre)) == f"{PLACE}/6"


def test_a_quarantined_line_cannot_be_made_to_count(terminal: FakeTerminal, centre: Centre) -> None:
    terminal.add_raw(b"no event at all")
    terminal.send()
    insider = Insider(centre, terminal)
    insider.set(1, quarantined=None)
    assert found(verified(centre)) == f"{PLACE}/1"


def test_a_line_put_in_and_covered_by_nothing_that_was_signed_is_named(insider: Insider, centre: Centre) -> None:
    forged = FakeTerminal(insider.terminal.client, insider.terminal.clock, epoch="f" * 8, first_id=900)
    line = forged.add()
    beside = {"occurred_at": insider.row(2).occurred_at, "received_at": insider.row(2).received_at}
    with centre.store.writing() as connection:
        where = (tables.event.c.origin == "centre") & (tables.event.c.seq == 2)
        first = connection.execute(select(tables.event).where(where)).one()
        connection.execute(update(tables.event).where(where).values(position=10**6))
        row = {"origin": forged.origin, "epoch": forged.epoch, "seq": 1, "line": line, **beside}
        row |= {"id": json.loads(line)["id"], "type": "punch", "hash": chain.link(chain.GENESIS, line)}
        connection.execute(tables.event.insert().values(position=first.position, **row))
    report = verified(centre)
    assert not report.is_sound
    assert found(report) in {"centre/" + first.epoch + "/2", f"gaogou-t01/{'f' * 8}/1"}


@pytest.mark.parametrize("where", ["head", "moved", "tiles", "signature", "previous"])
def test_what_was_made_from_the_lines_is_compared_as_well(insider: Insider, centre: Centre, where: str) -> None:
    checkpoint, second = tables.checkpoint, tables.checkpoint.c.number == 2
    statements: dict[str, Any] = {
        "head": update(tables.head).values(hash=bytes(32)),
        "moved": update(checkpoint).where(second).values(moved_heads=b""),
        "tiles": update(tables.log_tile).values(hashes=bytes(32 * 40)),
        "signature": update(checkpoint).where(second).values(signature="A" * 86 + "=="),
        "previous": update(checkpoint).where(second).values(previous="0" * 64),
    }
    with centre.store.writing() as connection:
        connection.execute(statements[where])
    report = verified(centre)
    assert report.other
    assert not report.altered
    assert insider.terminal.lines


@pytest.mark.parametrize("where", [["moved"], ["tiles"], ["moved", "tiles"]])
def test_whoever_also_destroys_the_copies_is_still_found(insider: Insider, centre: Centre, where: list[str]) -> None:
    insider.edit(6)
    insider.rechain()
    if "tiles" in where:
        insider.wipe_tiles()
    if "moved" in where:
        with centre.store.writing() as connection:
            connection.execute(update(tables.checkpoint).values(moved_heads=b""))
    named = verified(centre).first_altered
    assert named is not None
    first = {("moved",): 6, ("tiles",): 5, ("moved", "tiles"): 5}[tuple(where)]  # 5 to 8 came with checkpoint 2
    assert (named.place[1], named.seq) == ("7f3a9c21", first)
    assert "between checkpoint 1" in named.wrong


def test_copies_that_were_forged_blame_no_other_line(insider: Insider, centre: Centre) -> None:
    insider.edit(6)
    insider.rechain()
    strange = pack_heads([("gaogou-t00", "e", 3, bytes(32)), ("gaogou-t01", "7f3a9c21", 8, bytes(32))])
    with centre.store.writing() as connection:
        connection.execute(update(tables.checkpoint).where(tables.checkpoint.c.number == 2).values(moved_heads=strange))
    assert found(verified(centre)) == f"{PLACE}/6"
    with centre.store.writing() as connection:
        hashes = bytearray(connection.scalar(select(tables.log_tile.c.hashes)) or b"")
        first = verified(centre).lines - 12 + 4  # the index of line 5
        hashes[first * 32 : (first + 1) * 32] = bytes(32)
        connection.execute(update(tables.log_tile).values(hashes=bytes(hashes)))
    named = verified(centre).first_altered
    assert named is not None
    assert "this line or one of the" in named.wrong


# -- the centre's own key in the wrong hands -----------------------------------------------------------------------


def held_by_terminals(centre: Centre) -> list[Checkpoint]:
    found = [centre.checkpoints.at(number) for number in (1, 2, 3)]
    return [checkpoint for checkpoint in found if checkpoint is not None]


def test_who_signs_anew_with_the_centres_key_is_found_by_what_terminals_hold(insider: Insider, centre: Centre) -> None:
    held = held_by_terminals(centre)
    insider.edit(6)
    insider.rechain()
    insider.sign_anew()
    assert verified(centre).is_sound  # within the database nothing is left that could tell
    told_of = [wrong for wrong in verified(centre, held).other if "altered is one of" in wrong]
    assert len(told_of) == 1
    assert f"from {PLACE}/5" in told_of[0]
    assert "the last that still agrees: checkpoint 1" in told_of[0]


def test_who_signs_anew_is_found_at_the_next_heartbeat(insider: Insider, centre: Centre) -> None:
    held = held_by_terminals(centre)[-1]
    echo = {"number": held.number, "root": held.root, "hash": held.hash}
    insider.terminal.beat(checkpoint=echo)
    insider.edit(6)
    insider.rechain()
    insider.sign_anew()
    insider.terminal.beat(checkpoint=echo)
    with centre.store.reading() as connection:
        raised = connection.execute(select(tables.alarm).where(tables.alarm.c.kind == "checkpoint")).all()
    assert [(row.origin, row.seq) for row in raised] == [("gaogou-t01", 3)]


def test_one_checkpoint_signed_anew_no_longer_fits_the_next(insider: Insider, centre: Centre) -> None:
    second = replace(held_by_terminals(centre)[1], at="2026-10-08T12:16:00.000+08:00").signed(centre.key)
    with centre.store.writing() as connection:
        connection.execute(update(tables.checkpoint).where(tables.checkpoint.c.number == 2).values(second.as_json()))
    assert verified(centre).other == ["checkpoint 3 does not follow from checkpoint 2"]
    assert insider.terminal.lines


def test_lines_that_are_gone_are_told_by_what_terminals_hold(insider: Insider, centre: Centre) -> None:
    held = held_by_terminals(centre)
    insider.cut(5)
    insider.sign_anew()
    assert any("it covers" in wrong for wrong in verified(centre, held).other)


def test_a_checkpoint_signed_by_somebody_else_is_told(insider: Insider, centre: Centre) -> None:
    strange = held_by_terminals(centre)[0].signed(SigningKey.from_seed(b"x" * 32))
    assert any("does not bear the signature" in wrong for wrong in verified(centre, [strange]).other)
    assert insider.terminal.lines


# -- the command ---------------------------------------------------------------------------------------------------


@pytest.fixture
def say(centre: Centre, database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Run `verify` beside the open store; return its exit code and what it prints."""

    def run(*more: str) -> tuple[int, str]:
        code = main(["verify", "--database", database, "--state", str(tmp_path / "state"), *more])
        printed = capsys.readouterr()
        return code, printed.out or printed.err

    assert centre.key.public_text == public_key_in(tmp_path / "state")
    return run


def test_the_command_says_what_it_proved_beside_a_running_centre(insider: Insider, say: Callable[..., Any]) -> None:
    code, text = say()
    assert code == 0
    assert f"proven: {verified(insider.centre).lines - 2} lines, by checkpoint 3" in text
    assert "give --roots" in text


def test_the_command_names_the_first_altered_event(insider: Insider, say: Callable[..., Any]) -> None:
    insider.edit(9)
    insider.edit(3)
    insider.rechain()
    code, text = say()
    assert code == 1
    assert text.startswith(f"ALTERED, first of all: {PLACE}/3 ({insider.row(3).id})")


def test_the_command_reads_what_terminals_printed(
    insider: Insider, centre: Centre, say: Callable[..., Any], tmp_path: Path
) -> None:
    roots = tmp_path / "roots.ndjson"
    held = [{**each.as_json(), "terminal": "gaogou-t01"} for each in held_by_terminals(centre)]
    roots.write_text("".join(json.dumps(each) + "\n" for each in held), encoding="utf-8")
    assert list(read_roots(roots)) == held_by_terminals(centre)
    assert say("--roots", str(roots))[0] == 0
    insider.edit(6)
    insider.rechain()
    insider.sign_anew()
    code, text = say("--roots", str(roots))
    assert (code, "a terminal holds checkpoint 2" in text) == (1, True)


def test_without_the_key_the_signatures_are_said_to_be_unchecked(
    insider: Insider, say: Callable[..., Any], tmp_path: Path
) -> None:
    code, text = say("--state", str(tmp_path / "elsewhere"))
    assert code == 0
    assert "not checked: signatures" in text
    assert insider.terminal.lines


@pytest.mark.parametrize("content", ['{"number": 0}', "[]", "checkpoint"])
def test_a_file_that_holds_no_checkpoints_is_refused(say: Callable[..., Any], tmp_path: Path, content: str) -> None:
    (tmp_path / "roots").write_text(f"\n{content}\n")
    code, text = say("--roots", str(tmp_path / "roots"))
    assert (code, "roots, line 2: " in text) == (1, True)
