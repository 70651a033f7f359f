"""The plainest fast way to read a month's attendance: how many late, early and incomplete sessions, by two libraries.

Far less than a replay does: a morning is split from an afternoon by the clock, nothing is checked, no leave, no
terminals, no explanations, no lines. A ledger's path enters, the counts leave.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable

_QUERY = """
WITH punch AS (
  SELECT data.person AS person, CAST(occurred_at[1:10] AS DATE) AS day,
         CAST(occurred_at[12:13] AS INT) * 60 + CAST(occurred_at[15:16] AS INT) AS minute
  FROM read_ndjson('LEDGER',
    columns = {type: 'VARCHAR', occurred_at: 'VARCHAR', data: 'STRUCT(person VARCHAR)'})
  WHERE type = 'punch'),
session(name, s, e, last) AS (VALUES ('am', 510, 720, 765), ('pm', 810, 1050, 1230)),
read AS (
  SELECT person, day, name, any_value(s) AS s, any_value(e) AS e,
         min(minute) FILTER (minute BETWEEN s - 90 AND s + (e - s) // 2) AS entry,
         max(minute) FILTER (minute BETWEEN s + (e - s) // 2 AND last) AS leaving
  FROM punch, session GROUP BY person, day, name)
SELECT count(*) FILTER (entry > s), count(*) FILTER (leaving < e), count(*) FILTER (entry IS NULL OR leaving IS NULL)
FROM read
"""


def _duckdb(ledger: str) -> object:
    duckdb = importlib.import_module("duckdb")

    return duckdb.sql(_QUERY.replace("LEDGER", ledger)).fetchall()


def _polars(ledger: str) -> object:
    pl = importlib.import_module("polars")

    form = {"type": pl.String, "occurred_at": pl.String, "data": pl.Struct({"person": pl.String})}
    at = pl.col("occurred_at")
    minute = at.str.slice(11, 2).cast(pl.Int32) * 60 + at.str.slice(14, 2).cast(pl.Int32)
    punches = (
        pl.scan_ndjson(ledger, schema=form)
        .filter(pl.col("type") == "punch")
        .select(pl.col("data").struct.field("person"), at.str.slice(0, 10).alias("day"), minute.alias("minute"))
    )
    m = pl.col("minute")
    spans = {"am": (510, 720, 765), "pm": (810, 1050, 1230)}
    read = [
        edge
        for name, (start, end, last) in spans.items()
        for edge in (
            m.filter(m.is_between(start - 90, (start + end) // 2)).min().alias(f"{name}_in"),
            m.filter(m.is_between((start + end) // 2, last)).max().alias(f"{name}_out"),
        )
    ]
    counted = [
        count
        for name, (start, end, _) in spans.items()
        for count in (
            (pl.col(f"{name}_in") > start).sum().alias(f"{name}_late"),
            (pl.col(f"{name}_out") < end).sum().alias(f"{name}_early"),
            (pl.col(f"{name}_in").is_null() | pl.col(f"{name}_out").is_null()).sum().alias(f"{name}_missing"),
        )
    ]
    return punches.group_by("person", "day").agg(read).select(counted).collect()


QUERIES: dict[str, Callable[[str], object]] = {"duckdb": _duckdb, "polars": _polars}
"""By the name of the library, which may be missing."""
