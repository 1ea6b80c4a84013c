"""The service starts without what is slow to import: statistics and figures load it when they first need it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
# Loaded in any case, and quick.
_QUICK = ("scipy.special", "plotly.graph_objects", "plotly.offline")


def slow_imports(path: Path) -> Iterator[str]:
    """What a module imports at once of the slow packages, other than the packages themselves."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{one.name}" for one in node.names]
        elif isinstance(node, ast.Import):
            names = [one.name for one in node.names]
        else:
            continue
        for name in names:
            if name.startswith(("scipy.", "plotly.")) and not name.startswith(_QUICK):
                yield f"{path.name}: {name}"
        # Its classes load a good part of Plotly as soon as they are named.
        if isinstance(node, ast.ImportFrom) and node.module == "plotly.graph_objects":
            yield f"{path.name}: {names}"


@pytest.mark.parametrize("house", ["recovery", "actions", "analytics", "desk"])
def test_nothing_slow_is_imported_before_it_is_needed(house: str) -> None:
    assert [found for path in sorted((ROOT / house).rglob("*.py")) for found in slow_imports(path)] == []
