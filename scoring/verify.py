"""Whether a database is what the centre signed: one state of it enters, a report leaves. Works beside a running server.

Only reads. What it cannot prove it says: lines after the newest checkpoint stand on their chain alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, func, select

from scoring import tables
from scoring.checkpoints import checkpoint_of
from scoring.errors import CommandError, StoreAlteredError
from scoring.store import Store
from scoring.suspicion import Suspicion, first_altered
from scoring.tiles import stored_leaves, stored_nodes
from scoring.walk import Report, Walk
from sync import merkle
from sync.checkpoint import NO_CHECKPOINT, Checkpoint, CheckpointError, read_checkpoint
from sync.errors import SignatureRejectedError
from sync.keys import SigningKey, read_secret

_ROWS_EACH = 1000
_EVENT, _CHECKPOINT = tables.event.c, tables.checkpoint.c


def verify(store: Store, held: Sequence[Checkpoint], server_key: str | None) -> Report:
    """Return what one state of the database comes to, beside the checkpoints that terminals hold.

    Without the centre's public key the signatures stay unchecked.
    """
    with store.reading() as connection:
        ours = _checkpoint_rows(connection)
        walk = Walk(ours, held, lambda number: _moved_heads(connection, number))
        lines = select(tables.event).order_by(_EVENT.position)
        for row in connection.execute(lines, execution_options={"yield_per": _ROWS_EACH}):
            walk.take(row)
        walk.end()
        report = walk.report
        if walk.suspicion is not None:
            _name_first(connection, walk.suspicion, report)
        _check_heads(connection, walk)
        _check_ids(connection, report)
        signed = [checkpoint_of(row) for row in ours]
        _check_order(signed, report)
        if server_key is not None:
            _check_signatures([*signed, *held], server_key, report)
        if report.proven is not None:
            _check_tiles(connection, report.proven, report)
    return report


def _checkpoint_rows(connection: Connection) -> list[Row[Any]]:
    columns = [column for column in tables.checkpoint.c if column is not _CHECKPOINT.moved_heads]
    return list(connection.execute(select(*columns).order_by(_CHECKPOINT.number)))


def _moved_heads(connection: Connection, number: int) -> bytes:
    return bytes(connection.scalar(select(_CHECKPOINT.moved_heads).where(_CHECKPOINT.number == number)) or b"")


def _name_first(connection: Connection, suspicion: Suspicion, report: Report) -> None:
    named = first_altered(connection, suspicion)
    later = checkpoint_of(suspicion.checkpoint)
    since = f"checkpoint {report.proven.number} of {report.proven.at}" if report.proven is not None else "the beginning"
    wrong = f"{named.wrong}; it came between {since} and checkpoint {later.number} of {later.at}, and was altered after"
    report.altered = [each for each in report.altered if (each.place, each.seq) != (named.place, named.seq)]
    report.note(replace(named, wrong=wrong))


def _check_heads(connection: Connection, walk: Walk) -> None:
    """Compare the table of heads with where the chains end."""
    ends, columns = walk.heads(), tables.head.c
    for row in connection.execute(select(columns.origin, columns.epoch, columns.seq, columns.hash)):
        end = ends.pop((row.origin, row.epoch), (0, b""))
        if end != (row.seq, bytes(row.hash)):
            place = f"{row.origin}/{row.epoch}"
            walk.report.other.append(f"the head of {place} is line {row.seq}, its lines end at {end[0]} or differ")
    walk.report.other.extend(f"{'/'.join(place)} has lines, but no head" for place in sorted(ends))


def _check_ids(connection: Connection, report: Report) -> None:
    twice = (
        select(_EVENT.id)
        .where(_EVENT.quarantined.is_(None), _EVENT.id.is_not(None))
        .group_by(_EVENT.id)
        .having(func.count() > 1)
    )
    report.other.extend(f"the id {found} counts more than once" for found in connection.scalars(twice.limit(50)))


def _check_order(signed: Sequence[Checkpoint], report: Report) -> None:
    """See that checkpoints are numbered without gaps, and that each names the one before."""
    before, number = NO_CHECKPOINT, 0
    for each in signed:
        number += 1
        if each.number != number or each.previous != before:
            report.other.append(f"checkpoint {each.number} does not follow from checkpoint {number - 1}")
            number = each.number
        before = each.hash


def _check_signatures(signed: Sequence[Checkpoint], server_key: str, report: Report) -> None:
    for each in signed:
        try:
            each.check(server_key)
        except SignatureRejectedError:
            report.other.append(f"checkpoint {each.number} of {each.at} does not bear the signature of this key")


def _check_tiles(connection: Connection, proven: Checkpoint, report: Report) -> None:
    """See that the stored tree, from which receipts are made, is the one that was signed."""
    tree = merkle.Growth()
    for leaf in stored_leaves(connection, 0, proven.lines):
        tree.add(leaf)
    try:
        stored = merkle.tree_root(proven.lines, stored_nodes(connection))
    except StoreAlteredError:
        stored = b""
    if not tree.root().hex() == stored.hex() == proven.log_root:
        report.other.append("the stored tree over all lines (log_tile) was altered: receipts cannot be made from it")


def read_roots(path: Path) -> Iterator[Checkpoint]:
    """Yield the checkpoints of a file that `python -m kiosk checkpoints` printed; CommandError naming a bad line."""
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if line.strip():
            try:
                yield read_checkpoint(json.loads(line))
            except (ValueError, CheckpointError) as error:
                raise CommandError(f"{path}, line {number}: {error}") from error


def public_key_in(state: Path) -> str | None:
    """Return the public key of the centre whose private one lies in a state folder, None where there is none."""
    path = state / "centre.key"
    return SigningKey.from_seed(read_secret(path, 32)).public_text if path.exists() else None


def told(report: Report, server_key: str | None) -> Iterator[str]:
    """Yield what `verify` prints: what is wrong first, then what was read, what is proven and what is not."""
    first = report.first_altered
    if first is not None:
        yield f"ALTERED, first of all: {first}"
    for named in sorted(report.altered, key=lambda each: each.position):
        if named is not first:
            yield f"ALTERED: {named}"
    yield from (f"WRONG: {wrong}" for wrong in report.other)
    yield f"read: {report.lines} lines in {report.chains} chains, each chain computed anew from the bytes"
    held = f", {report.held} held by terminals" if report.held else ""
    yield f"compared: {report.checkpoints} checkpoints{held}"
    if server_key is None:
        yield "not checked: signatures, for want of the centre's key: give --key, from a terminal rather than from here"
    proven = report.proven
    if proven is None:
        yield "not proven: there is no checkpoint that agrees with the lines; they stand on their chains alone"
        return
    rest = report.lines - proven.lines
    yield f"proven: {proven.lines} lines, by checkpoint {proven.number} of {proven.at}"
    yield f"not proven: {rest} lines that came after it stand on their chains alone"
    if not report.held:
        yield "not proven: that the checkpoints themselves were not signed anew; terminals know: give --roots"
