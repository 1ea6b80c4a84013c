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
from store.settings import Settings
from tests.conftest import Clock
from tests.store.backup.states import Make, fill, quiet, settings_for


@pytest.fixture(params=["sqlite", "postgresql"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Make]:
    """Makes settings of a state folder of a given name, empty or as another one is, on each engine."""

    def folder(name: str, like: Settings | None) -> Path:
        if like is not None:
            shutil.copytree(like.var, tmp_path / name)
        return tmp_path / name

    if request.param == "sqlite":
        yield lambda name, like=None: settings_for(folder(name, like))
        return
    url = make_url(request.getfixturevalue("postgresql_url"))
    server, made = create_engine(url, isolation_level="AUTOCOMMIT"), []

    def one(name: str, like: Settings | None = None) -> Settings:
        database = f"{name}_{token_hex(4)}"
        template = make_url(like.database).database if like else "template1"
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


@pytest.fixture
def shop_settings(tmp_path: Path, firm: Any, clock: Clock) -> Settings:
    """A state on SQLite with something in it."""
    settings = settings_for(tmp_path / "shop")
    fill(settings, firm, clock)
    return settings


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
