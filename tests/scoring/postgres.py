"""A real PostgreSQL server for a test run: initdb, started on a socket of its own, stopped and removed at the end."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

_SEND_AWAY = """
    SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def binaries() -> Path | None:
    """Return the folder of the newest installed server, None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


@contextmanager
def server(programs: Path, *, durable: bool = False) -> Iterator[str]:
    """Yield the `host=` folder of a running server; it never runs as root. A durable one syncs as in earnest."""
    user = _user()
    folder = Path(tempfile.mkdtemp(prefix="lkb-pg-"))
    folder.chmod(0o755)
    if user is not None:
        shutil.chown(folder, user)
    store = folder / "db"
    try:
        _run(user, programs / "initdb", "-D", store, "-U", "lkb", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-k {folder} -c listen_addresses=''" + ("" if durable else " -c fsync=off -c full_page_writes=off")
        _run(user, programs / "pg_ctl", "-D", store, "-l", folder / "log", "-w", "-o", options, "start")
        try:
            yield str(folder)
        finally:
            _run(user, programs / "pg_ctl", "-D", store, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def empty_database(host: str) -> str:
    """Return the URL of the server's database, emptied: whoever was still connected is gone, and so are his tables."""
    database = f"postgresql://lkb@/postgres?host={host}"
    _run_sql(database, _SEND_AWAY, "DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    return database


def send_away(database: str) -> None:
    """Return once everybody else's connections to the database are gone, those of a killed process too."""
    _run_sql(database, _SEND_AWAY)


def second_database(host: str) -> str:
    """Return the URL of another database of the same server, made anew."""
    _run_sql(
        f"postgresql://lkb@/postgres?host={host}", "DROP DATABASE IF EXISTS second (FORCE)", "CREATE DATABASE second"
    )
    return f"postgresql://lkb@/second?host={host}"


def _run_sql(database: str, *statements: str) -> None:
    address = database.replace("postgresql:", "postgresql+psycopg:", 1)
    engine = create_engine(address, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def _user() -> str | None:
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _run(user: str | None, *words: str | Path) -> None:
    done = subprocess.run(
        [str(word) for word in words],
        user=user,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if "initdb" in str(words[0]) else subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{words[0]} failed: {(done.stdout or b'').decode()}")
