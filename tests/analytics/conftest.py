"""What the tests of analytics share: databases, and the events of imagined cases."""

import glob
import json
import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from store.database import Database
from store.migrate import migrate

ReferenceReader = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="session")
def reference() -> ReferenceReader:
    """Reads one file of the published reference cases; says loudly when they are missing."""
    folder = Path(os.environ.get("REFERENCE_DATA", "../shared/data")) / "spc"

    def read(name: str) -> dict[str, Any]:
        path = folder / f"{name}.json"
        if not path.is_file():
            message = f"REFERENCE DATA MISSING: {path} (set REFERENCE_DATA): published values are NOT checked"
            warnings.warn(message, stacklevel=2)
            pytest.skip(message)
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return content

    return read


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(f"sqlite:///{tmp_path / 'amends.db'}") as database:
        migrate(database)
        yield database


@pytest.fixture(scope="module")
def postgresql_url() -> Iterator[str]:
    """A throwaway PostgreSQL cluster, reached through a socket in its own folder."""
    folders = sorted(glob.glob("/usr/lib/postgresql/*/bin"), reverse=True)
    search = os.pathsep.join([*folders, os.environ.get("PATH", "")])
    initdb, pg_ctl = shutil.which("initdb", path=search), shutil.which("pg_ctl", path=search)
    if initdb is None or pg_ctl is None:
        message = "POSTGRESQL MISSING: no initdb found: counting on PostgreSQL is NOT checked"
        warnings.warn(message, stacklevel=2)
        pytest.skip(message)
    # The server refuses to run as root; Debian's package brings a user for it.
    server_user = "postgres" if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="amends-pg-"))
    if server_user is not None:
        shutil.chown(folder, server_user)

    def run(*command: str) -> None:
        subprocess.run(command, check=True, capture_output=True, user=server_user, cwd=folder, timeout=60)

    data = folder / "data"
    try:
        run(initdb, "-D", str(data), "-U", "amends", "-A", "trust", "-E", "UTF8", "--no-sync")
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
        run(pg_ctl, "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield f"postgresql+psycopg://amends@/postgres?host={folder}"
        finally:
            run(pg_ctl, "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
