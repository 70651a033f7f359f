"""A trigger that lets the store itself refuse certain rows, late in a transaction, as a full disk would."""

from __future__ import annotations

from sqlalchemy import Connection


def obstruct(connection: Connection, what: str, when: str) -> None:
    """Refuse `what`, such as `INSERT ON event`, for new rows of which `when` is true."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(
            "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not now'; END $$"
        )
        condition = f"FOR EACH ROW WHEN (NEW.{when}) EXECUTE FUNCTION no()"
        connection.exec_driver_sql(f"CREATE TRIGGER no BEFORE {what} {condition}")
    else:
        then = "BEGIN SELECT RAISE(ABORT, 'not now'); END"
        connection.exec_driver_sql(f"CREATE TRIGGER no BEFORE {what} WHEN NEW.{when} {then}")


def unobstruct(connection: Connection, table: str) -> None:
    """Take the obstacle away again."""
    on = f" ON {table}" if connection.dialect.name == "postgresql" else ""
    connection.exec_driver_sql(f"DROP TRIGGER no{on}")
