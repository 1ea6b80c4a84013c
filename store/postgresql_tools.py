"""PostgreSQL's own ``pg_dump``, ``pg_restore`` and ``psql``, called so that no password stands on a command line."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from psycopg.conninfo import make_conninfo
from sqlalchemy import Connection, text

from store.archive import BackupRefused
from store.database import Database

_DEBIAN = Path("/usr/lib/postgresql")


def dump(database: Database, connection: Connection, target: Path) -> None:
    """Write what ``connection``'s transaction sees into ``target``, in PostgreSQL's custom format.

    Args:
        connection: in a transaction with isolation level REPEATABLE READ; waits meanwhile.

    Raises:
        BackupRefused: there is no ``pg_dump`` as new as the server, or it failed.
    """
    program = find("pg_dump", connection)
    snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
    _run(
        [program, "--format=custom", f"--snapshot={snapshot}", f"--file={target}", "--no-password"],
        database,
        connects=True,
    )


def load(database: Database, source: Path, script: Path) -> None:
    """Put a dump in the place of every table that is there, in one transaction: all of it or nothing.

    Args:
        script: where the dump is written as SQL; removed by the caller.

    Raises:
        BackupRefused: a tool is missing or failed; the database is as it was.
    """
    with database.engine.connect() as connection:
        pg_restore, psql = find("pg_restore", connection), find("psql", connection)
        tables = "SELECT format('DROP TABLE IF EXISTS %I.%I CASCADE;', schemaname, tablename) FROM pg_tables"
        drops = connection.scalars(text(f"{tables} WHERE schemaname = current_schema()")).all()
    # From a pipe, psql would commit what it had read when the other end breaks off; from a whole file it cannot.
    script.unlink(missing_ok=True)
    _run([pg_restore, "--no-owner", "--no-privileges", f"--file={script}", str(source)], database, connects=False)
    dropping = script.with_suffix(".drop")
    dropping.write_text("\n".join(drops), encoding="utf-8")
    options = ("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--single-transaction", "--no-password")
    _run([psql, *options, f"--file={dropping}", f"--file={script}"], database, connects=True)


def find(name: str, connection: Connection) -> str:
    """The path of a tool that is as new as the server, or as little newer as there is.

    Raises:
        BackupRefused: there is none.
    """
    server = int(connection.execute(text("SHOW server_version_num")).scalar_one()) // 10_000
    places = [*map(str, _DEBIAN.glob("*/bin")), *os.get_exec_path()]
    versions: dict[str, int] = {}
    for place in places:
        path = shutil.which(name, path=place)
        if path is not None and path not in versions:
            versions[path] = _version(path)
            if versions[path] == server:
                return path  # None fits better: the others need not be started to be asked.
    fitting = [path for path, version in versions.items() if version >= server]
    if fitting:
        return min(fitting, key=lambda path: (versions[path], path))
    if versions:
        raise BackupRefused(f"{name} {max(versions.values())} is older than the server, PostgreSQL {server}")
    raise BackupRefused(f"{name} is missing: install the client programs of PostgreSQL {server}")


def _version(path: str) -> int:
    said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\(PostgreSQL\) (\d+)", said)
    return int(found[1]) if found else 0


def _run(command: list[str], database: Database, *, connects: bool) -> None:
    environment = dict(os.environ)
    if connects:
        # The very parameters that the service connects by.
        _, parameters = database.engine.dialect.create_connect_args(database.engine.url)
        # psycopg's own, and unknown to libpq.
        parameters.pop("context", None)
        # Anybody on the machine may read a command line, and only the owner the environment.
        if password := parameters.pop("password", None):
            environment["PGPASSWORD"] = password
        command = [*command, f"--dbname={make_conninfo('', **parameters)}"]
    done = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines() or [f"status {done.returncode}"]
        raise BackupRefused(f"{Path(command[0]).name} failed: {said[0]}")
