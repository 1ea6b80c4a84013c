"""What all tests of the service share: a clock, the firm, and databases on both engines."""

import gc
import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from sqlalchemy import Engine, Pool, event, text

from actions.firm import Firm, load_firm
from analytics.reporting.printing import find_browser
from store.database import Database, UnitOfWork
from store.migrate import migrate
from store.settings import Settings, load_settings
from store.tables import Base

ROOT = Path(__file__).resolve().parent.parent

# How long an example takes says how busy the machine is, and nothing about the service.
hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")


def pytest_collection_finish() -> None:
    """What is loaded by now stays to the end: looking through all of it for garbage again and again takes a tenth of
    the suite's time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def missing(what: str) -> None:
    """Say that something is missing: a skip on somebody's own machine, a failure in CI."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} (in CI it must be there)")
    warnings.warn(what, stacklevel=2)
    pytest.skip(what)


def reference_data(*names: str) -> Path:
    """Where published data to check against lie, by ``REFERENCE_DATA``; they are no part of the project, so a test that
    finds none says so and is skipped everywhere."""
    path = Path(os.environ.get("REFERENCE_DATA", ROOT.parent / "shared" / "data")).joinpath(*names)
    if not path.exists():
        what = f"REFERENCE DATA MISSING: {path} (set REFERENCE_DATA): published values are NOT checked"
        warnings.warn(what, stacklevel=2)
        pytest.skip(what)
    return path


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 18, 2, 0, tzinfo=UTC)  # a Wednesday, ten in the morning in Shanghai

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser of the tests: its path."""
    path = find_browser()
    if path is None:
        missing("CHROMIUM MISSING: no page is tested in a browser (scripts/install_system_packages.sh)")
    assert path is not None
    return path


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def firm() -> Firm:
    """The firm as it ships."""
    # By its table: what is expected of an offer has tests of its own, and must not reorder the choices of all others.
    shipped = load_firm(ROOT / "data" / "firm")
    return replace(shipped, value=shipped.value.model_copy(update={"choose_by": "table"}))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"AMENDS_VAR": str(tmp_path / "var"), "AMENDS_FIRM": str(ROOT / "data" / "firm")})


@pytest.fixture(scope="session")
def migrated_sqlite_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty, migrated store to copy: migrating anew for each test would take most of the suite's time."""
    path = tmp_path_factory.mktemp("migrated") / "amends.db"
    with Database(f"sqlite:///{path}") as database:
        migrate(database)
        with database.engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture(scope="session")
def statements() -> Iterator[Callable[[Engine], None]]:
    """Lets the engines of one database system share the statements that SQLAlchemy has compiled.

    Each test has an engine of its own, and compiling anew what it runs would take a third of the suite's time. Compiled
    statements are kept by dialect, so the dialect is shared, too.
    """
    first: dict[str, Engine] = {}

    def share(engine: Engine) -> None:
        kept = first.setdefault(engine.dialect.name, engine)
        engine.dialect, engine._compiled_cache = kept.dialect, kept._compiled_cache

    yield share


@pytest.fixture
def sqlite_database(
    tmp_path: Path, migrated_sqlite_file: Path, clock: Clock, statements: Callable[[Engine], None]
) -> Iterator[Database]:
    shutil.copy(migrated_sqlite_file, tmp_path / "amends.db")
    with Database(f"sqlite:///{tmp_path / 'amends.db'}", clock) as database:
        for engine in (database.engine, database._read_engine):
            statements(engine)
            event.listen(engine, "connect", _spare_the_disk)
        yield database


def _spare_the_disk(connection: Any, _: object) -> None:
    """No test outlives the machine; that a killed service loses nothing is tested with databases of its own."""
    connection.execute("PRAGMA synchronous=OFF")


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A throwaway PostgreSQL cluster, reached through a socket in its own folder."""
    folders = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)
    search = os.pathsep.join([*folders, os.environ.get("PATH", "")])
    initdb, pg_ctl = shutil.which("initdb", path=search), shutil.which("pg_ctl", path=search)
    if initdb is None or pg_ctl is None:
        missing("POSTGRESQL MISSING: no initdb found: PostgreSQL is NOT tested")
        return
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
        options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off -c max_connections=200"
        run(pg_ctl, "-D", str(data), "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield f"postgresql+psycopg://amends@/postgres?host={folder}"
        finally:
            run(pg_ctl, "-D", str(data), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def migrated_postgresql_url(postgresql_url: str) -> str:
    with Database(postgresql_url) as database:
        migrate(database)
    return postgresql_url


@pytest.fixture(scope="session")
def postgresql_connections(migrated_postgresql_url: str, statements: Callable[[Engine], None]) -> Iterator[Pool]:
    """Connections that the tests hand on: a new one has yet to read what tables there are, which takes longer than most
    tests."""
    with Database(migrated_postgresql_url) as database:
        statements(database.engine)
        # With its first connection the dialect learns what server this is, for all engines that share it.
        database.engine.connect().close()
        yield database.engine.pool


@pytest.fixture
def postgresql_database(
    migrated_postgresql_url: str, postgresql_connections: Pool, clock: Clock, statements: Callable[[Engine], None]
) -> Iterator[Database]:
    with Database(migrated_postgresql_url, clock) as database:
        statements(database.engine)
        # Put back before the database closes all that are in its own.
        own, database.engine.pool = database.engine.pool, postgresql_connections
        try:
            with database.begin() as work:
                _empty(work)
                work.commit()
            yield database
        finally:
            database.engine.pool = own


def _empty(work: UnitOfWork) -> None:
    """Delete what the test before left; truncating all tables takes four times as long, and most are empty."""
    # Not only the tables of the models: the search's own, too.
    every = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
    tables = work.session.scalars(text(every)).all()
    used = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})" for name in tables)
    filled = work.session.scalars(text(used)).all()
    # Neither foreign keys nor triggers hold it up.
    work.session.execute(text("SET LOCAL session_replication_role = replica"))
    for name in filled:
        work.session.execute(text(f"DELETE FROM {name}"))
        if name in Base.metadata.tables and "id" in Base.metadata.tables[name].columns:
            work.session.execute(text(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), 1, false)"))


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    """An empty, migrated store; the test runs on each engine."""
    found: Database = request.getfixturevalue(f"{request.param}_database")
    return found
