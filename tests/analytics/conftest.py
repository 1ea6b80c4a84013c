"""What the tests of analytics share: published reference cases, a store on the real clock, and the command line."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import Engine

from analytics.__main__ import main
from store.database import Database
from tests.conftest import reference_data

ROOT = Path(__file__).parents[2]

ReferenceReader = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="session")
def reference() -> ReferenceReader:
    """Reads one file of the published reference cases."""

    def read(name: str) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(reference_data("spc", f"{name}.json").read_text(encoding="utf-8"))
        return content

    return read


@pytest.fixture
def database(tmp_path: Path, migrated_sqlite_file: Path, statements: Callable[[Engine], None]) -> Iterator[Database]:
    shutil.copy(migrated_sqlite_file, tmp_path / "amends.db")
    with Database(f"sqlite:///{tmp_path / 'amends.db'}") as database:
        statements(database.engine)
        statements(database._read_engine)
        yield database


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


Command = Callable[..., Done]


@pytest.fixture
def analytics(
    tmp_path: Path, database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Runs a command on the test's database and firm."""
    firm = tmp_path / "firm"
    firm.mkdir()
    (firm / "firm.yml").write_text("zone: Asia/Shanghai\nname: {en: a firm, zh: 某公司}\n", encoding="utf-8")
    (firm / "blueprint.yml").write_bytes((ROOT / "data/firm/blueprint.yml").read_bytes())
    for name in [name for name in os.environ if name.startswith("AMENDS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AMENDS_DATABASE_URL", database.url)
    monkeypatch.setenv("AMENDS_FIRM", str(firm))

    def run(*arguments: str, **changed: str) -> Done:
        with monkeypatch.context() as patch:
            for name, value in changed.items():
                patch.setenv(name, value)
            try:
                code = main(list(arguments))
            except SystemExit as stopped:
                assert isinstance(stopped.code, int)
                code = stopped.code
        written = capsys.readouterr()
        return Done(code, written.out, written.err)

    return run
