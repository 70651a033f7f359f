"""Brings a store's tables to the state that this program knows, within the transaction of whoever asks.

A connection enters, a store of the newest revision leaves, or nothing has changed. Each file in `versions` is one
revision and never changes once it is released; it names its tables by itself and does not look at `scoring.tables`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from scoring.errors import StoreStrangeError, StoreTooNewError, StoreTooOldError

AS_BORN = "0001"
"""The revision of a store that was made before stores knew their revision."""
_VERSIONS = "alembic_version"
_TABLES_AS_BORN = frozenset({"event", "head", "store", "terminal", "enrol_code", "pin", "alarm"})


def upgrade(connection: Connection) -> None:
    """Leave the store at the newest revision, its tables made where it is empty.

    StoreTooNewError where a newer program wrote it, StoreStrangeError where it holds the tables of something else.
    """
    found = revision_of(connection)
    _refuse_newer(found)
    if found == newest():
        return
    config = _config()
    config.attributes["connection"] = connection
    if found is None and _was_made_before_revisions(connection):
        command.stamp(config, AS_BORN)
    command.upgrade(config, "head")


def require_newest(connection: Connection) -> None:
    """Return if a store that will only be read has the newest revision.

    StoreTooNewError or StoreTooOldError, each with what to do.
    """
    found = revision_of(connection)
    _refuse_newer(found)
    if found != newest():
        raise StoreTooOldError(
            f"this store has revision {found or 'none'}, this program reads {newest()}: "
            "start the server on it once, which brings it up to date"
        )


def revision_of(connection: Connection) -> str | None:
    """Return the revision that a store says it has, None where it says none."""
    return MigrationContext.configure(connection).get_current_revision()


@cache
def newest() -> str:
    """Return the newest revision that this program knows."""
    return str(_scripts().get_current_head())


def _refuse_newer(found: str | None) -> None:
    known = {script.revision for script in _scripts().walk_revisions()}
    if found is not None and found not in known:
        raise StoreTooNewError(
            f"this store has revision {found}, this program knows none after {newest()}: "
            "start the newer program again, or give this one the backup made before the upgrade"
        )


def _was_made_before_revisions(connection: Connection) -> bool:
    found = set(inspect(connection).get_table_names()) - {_VERSIONS}
    if found and found != _TABLES_AS_BORN:
        raise StoreStrangeError(
            f"this database holds tables that are not the centre's ({', '.join(sorted(found)[:5])}): "
            "name an empty one, or the one that the server writes"
        )
    return bool(found)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    return config


@cache
def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())
