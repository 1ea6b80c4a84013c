"""What the tests of analytics share: published reference cases, and a store on the real clock."""

import json
import os
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
