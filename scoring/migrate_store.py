"""Moves a whole store into an empty one, from SQLite to PostgreSQL or back. Two URLs enter, what was moved leaves.

The source is only read, and held against a server meanwhile. The target bears a mark until every chain in it was
computed anew and found to end at the source's heads; as long as it bears the mark, no server opens it.
"""

from __future__ import annotations

import hashlib
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Connection, CursorResult, Row, Table, func, insert, select
from sqlalchemy.engine import Dialect

from scoring import tables
from scoring.bulk import claim_ids, put_rows
from scoring.errors import StoreCopyError, StoreNotEmptyError
from scoring.store import UNFINISHED, Store, open_store
from sync import chain

_ROWS_EACH = 2000
_EVENT, _STORE = tables.event.c, tables.store.c


@dataclass(frozen=True, slots=True)
class Moved:
    """What a move copied and checked: the rows of each table, how many chains, the SHA-256 of what `export` prints."""

    rows: dict[str, int]
    chains: int
    export_sha256: str


@dataclass(frozen=True, slots=True)
class _Ledger:
    """A ledger as read from end to end: its rows, the digests of all columns and of all lines, where its chains end."""

    rows: int
    digest: str
    export_sha256: str
    ends: dict[tuple[str, str], tuple[int, bytes]]


def migrate_store(source_url: str, target_url: str, *, again: bool = False) -> Moved:
    """Return what was moved, once the target was verified by its heads and may be opened.

    `again` empties a target that an interrupted move left behind, and no other. StoreNotEmptyError, StoreCopyError
    where the copy or the source itself does not hold together, or whatever opening a store raises.
    """
    with closing(open_store(source_url)) as source, closing(open_store(target_url, unfinished=True)) as target:
        _begin(target, source_url, again=again)
        with source.reading() as original:
            for table in _copied_tables():
                _copy(original, target, table)
            _number_on(target)
            with target.reading() as copy:
                moved = _verified(original, copy)
        with target.writing() as connection:
            connection.execute(tables.store.delete().where(_STORE.name == UNFINISHED))
    return moved


def _copied_tables() -> list[Table]:
    return [table for table in tables.metadata.sorted_tables if "engine" not in table.info]


def _begin(target: Store, source_url: str, *, again: bool) -> None:
    """Mark an empty target as unfinished; refuse one that holds anything."""
    with target.writing() as connection:
        marked = connection.scalar(select(_STORE.value).where(_STORE.name == UNFINISHED))
        if marked is not None and not again:
            raise StoreNotEmptyError(f"moving {marked} here was begun and not finished: say --again to begin anew")
        if marked is not None:
            _empty(connection)
        full = [table.name for table in _copied_tables() if connection.execute(select(table).limit(1)).first()]
        if full:
            raise StoreNotEmptyError(
                f"the target holds rows already ({', '.join(full)}): name a new file or an empty database"
            )
        connection.execute(insert(tables.store).values(name=UNFINISHED, value=source_url.rpartition("@")[2]))


def _empty(connection: Connection) -> None:
    for table in reversed(tables.metadata.sorted_tables):
        if table.info.get("engine", connection.dialect.name) == connection.dialect.name:
            connection.execute(table.delete())


def _copy(original: Connection, target: Store, table: Table) -> None:
    names = [column.name for column in table.columns]
    for rows in _rows(original, table, *table.primary_key.columns).partitions():
        with target.writing() as connection:
            types = [_type(column, connection.dialect) for column in table.columns]
            put_rows(connection, table.name, names, types, [tuple(row) for row in rows])
            if table is tables.event:
                claim_ids(connection, {row.id for row in rows if row.id is not None})


def _type(column: Column[Any], dialect: Dialect) -> str:
    """Return the name of a column's type as the engine has it, without its collation."""
    return column.type.compile(dialect).partition(" COLLATE ")[0].lower()


def _rows(connection: Connection, table: Table, *order: Column[Any]) -> CursorResult[Any]:
    """Return every row, without the mark, read in parts."""
    query = select(table).order_by(*order)
    if table is tables.store:
        query = query.where(_STORE.name != UNFINISHED)
    return connection.execute(query, execution_options={"yield_per": _ROWS_EACH})


def _number_on(target: Store) -> None:
    """Let PostgreSQL number new rows after the copied ones; SQLite does so by itself."""
    with target.writing() as connection:
        if connection.dialect.name == "sqlite":
            return
        for table in _copied_tables():
            for column in table.primary_key.columns:
                sequence = connection.scalar(select(func.pg_get_serial_sequence(table.name, column.name)))
                last = connection.scalar(select(func.max(column))) if sequence is not None else None
                if last is not None:
                    connection.execute(select(func.setval(sequence, last)))


def _verified(original: Connection, copy: Connection) -> Moved:
    """Return what both hold, every chain of the copy computed anew; StoreCopyError at the first difference."""
    wanted, found = _read_ledger(original), _read_ledger(copy)
    for name, connection, ledger in (("source", original, wanted), ("target", copy, found)):
        heads = {(row.origin, row.epoch): (row.seq, bytes(row.hash)) for row in connection.execute(select(tables.head))}
        for place in sorted(heads.keys() | ledger.ends.keys()):
            if heads.get(place) != ledger.ends.get(place):
                raise StoreCopyError(f"the {name}'s chain of {'/'.join(place)} does not end at its head: nothing moved")
    rows: dict[str, int] = {}
    for table in _copied_tables():
        if table is not tables.event:
            rows[table.name], digest = _read_table(original, table)
            if (rows[table.name], digest) != _read_table(copy, table):
                raise StoreCopyError(f"the table {table.name} differs from the source's: say --again to begin anew")
    if wanted != found:
        raise StoreCopyError("the ledger differs from the source's: say --again to begin anew")
    return Moved({"event": found.rows, **rows}, len(found.ends), found.export_sha256)


def _read_table(connection: Connection, table: Table) -> tuple[int, str]:
    count, digest = 0, hashlib.sha256()
    for row in _rows(connection, table, *table.primary_key.columns):
        digest.update(_as_bytes(row))
        count += 1
    return count, digest.hexdigest()


def _read_ledger(connection: Connection) -> _Ledger:
    """Return a ledger's ends and digests; StoreCopyError where a line does not follow the one before it."""
    count, digest, exported = 0, hashlib.sha256(), hashlib.sha256()
    ends: dict[tuple[str, str], tuple[int, bytes]] = {}
    for row in _rows(connection, tables.event, _EVENT.origin, _EVENT.epoch, _EVENT.seq):
        line, place = bytes(row.line), (row.origin, row.epoch)
        seq, before = ends.get(place, (0, chain.GENESIS))
        ends[place] = (seq + 1, chain.link(before, line))
        if ends[place] != (row.seq, bytes(row.hash)):
            raise StoreCopyError(f"the chain of {'/'.join(place)} breaks at line {row.seq}: nothing moved")
        digest.update(_as_bytes(row))
        exported.update(line + b"\n")
        count += 1
    return _Ledger(count, digest.hexdigest(), exported.hexdigest(), ends)


def _as_bytes(row: Row[Any]) -> bytes:
    return repr(tuple(row)).encode(errors="surrogatepass")
