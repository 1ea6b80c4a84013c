"""What the tests of analytics share: published reference cases, and a store on the real clock."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from store.database import Database
from store.migrate import migrate
from tests.conftest import reference_data

ReferenceReader = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="session")
def reference() -> ReferenceReader:
    """Reads one file of the published reference cases."""

    def read(name: str) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(reference_data("spc", f"{name}.json").read_text(encoding="utf-8"))
        return content

    return read


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with Database(f"sqlite:///{tmp_path / 'amends.db'}") as database:
        migrate(database)
        yield database
