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

_SEND_AWAY = """
    SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def binaries() -> Path | None:
    """Return the folder of the newest installed server, None where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


@contextmanager
def server(programs: Path) -> Iterator[str]:
    """Yield the `host=` folder of a running server; it never runs as root."""
    user = _user()
    folder = Path(tempfile.mkdtemp(prefix="lkb-pg-"))
    folder.chmod(0o755)
    if user is not None:
        shutil.chown(folder, user)
    store = folder / "db"
    try:
        _run(user, programs / "initdb", "-D", store, "-U", "lkb", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-k {folder} -c listen_addresses='' -c fsync=off -c full_page_writes=off"
        _run(user, programs / "pg_ctl", "-D", store, "-l", folder / "log", "-w", "-o", options, "start")
        try:
            yield str(folder)
        finally:
            _run(user, programs / "pg_ctl", "-D", store, "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def empty_database(host: str) -> str:
    """Return the URL of the server's database, emptied: whoever was still connected is gone, and so are his tables."""
    engine = create_engine(f"postgresql+psycopg://lkb@/postgres?host={host}", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(_SEND_AWAY)
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    engine.dispose()
    return f"postgresql://lkb@/postgres?host={host}"


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
