"""What the tests of backup and restore share."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from secrets import token_hex
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import create_engine, make_url, text

from store.__main__ import main
from store.backup import back_up
from store.database import Database
from store.migrate import migrate
from store.settings import Settings
from tests.conftest import Clock
from tests.store.backup.states import Make, fill, quiet, settings_for


@pytest.fixture(scope="session")
def migrated_template(postgresql_url: str) -> str:
    """The name of an empty, migrated database to make others like."""
    url = make_url(postgresql_url)
    server = create_engine(url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text("CREATE DATABASE migrated TEMPLATE template1"))
    server.dispose()
    with Database(url.set(database="migrated").render_as_string(hide_password=False)) as database:
        migrate(database)
    return "migrated"


@pytest.fixture(params=["sqlite", "postgresql"])
def make(request: pytest.FixtureRequest, tmp_path: Path, migrated_sqlite_file: Path) -> Iterator[Make]:
    """Makes settings of a state folder of a given name on each engine: without tables, migrated, or as another is."""

    def folder(name: str, like: Settings | None) -> Path:
        if like is not None:
            shutil.copytree(like.var, tmp_path / name)
        return tmp_path / name

    def one_on_sqlite(name: str, like: Settings | None = None, *, migrated: bool = False) -> Settings:
        settings = settings_for(folder(name, like))
        if migrated:
            settings.var.mkdir()
            shutil.copy(migrated_sqlite_file, settings.var / "amends.db")
        return settings

    if request.param == "sqlite":
        yield one_on_sqlite
        return
    template_of_migrated = request.getfixturevalue("migrated_template")
    url = make_url(request.getfixturevalue("postgresql_url"))
    server, made = create_engine(url, isolation_level="AUTOCOMMIT"), []

    def one(name: str, like: Settings | None = None, *, migrated: bool = False) -> Settings:
        database = f"{name}_{token_hex(4)}"
        template = template_of_migrated if migrated else make_url(like.database).database if like else "template1"
        with server.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {database} TEMPLATE {template}"))
        made.append(database)
        address = url.set(drivername="postgresql", database=database).render_as_string(hide_password=False)
        return settings_for(folder(name, like), AMENDS_DATABASE_URL=address)

    yield one
    with server.connect() as connection:
        for database in made:
            connection.execute(text(f"DROP DATABASE {database} WITH (FORCE)"))
    server.dispose()


@pytest.fixture(scope="session")
def filled_folder(tmp_path_factory: pytest.TempPathFactory, migrated_sqlite_file: Path, firm: Any) -> Path:
    """A state on SQLite with something in it, to copy."""
    folder = tmp_path_factory.mktemp("filled")
    shutil.copy(migrated_sqlite_file, folder / "amends.db")
    fill(settings_for(folder), firm, Clock())
    return folder


@pytest.fixture
def shop_settings(tmp_path: Path, filled_folder: Path) -> Settings:
    """A state on SQLite with something in it."""
    shutil.copytree(filled_folder, tmp_path / "shop")
    return settings_for(tmp_path / "shop")


@pytest.fixture
def backup(shop_settings: Settings, tmp_path: Path) -> Path:
    back_up(shop_settings, tmp_path / "shop.backup", quiet)
    return tmp_path / "shop.backup"


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., SimpleNamespace]:
    """Calls the command line with a state's settings; what it said, and its status."""

    def run(settings: Settings, *arguments: object) -> SimpleNamespace:
        monkeypatch.setenv("AMENDS_VAR", str(settings.var))
        monkeypatch.setenv("AMENDS_DATABASE_URL", settings.database_url)
        status = main([str(argument) for argument in arguments])
        said = capsys.readouterr()
        return SimpleNamespace(status=status, out=said.out, err=said.err)

    return run
