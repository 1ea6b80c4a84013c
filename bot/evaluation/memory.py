"""Resident memory that components need beyond Rasa itself; started as a process of its own by :mod:`bot.evaluation.cost`.

usage: python -m bot.evaluation.memory amends|diet FOLDER; texts as a JSON list on standard input, megabytes come out
"""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from bot.without_tensorflow import leave_out_tensorflow

# What the components of bot/ import of Rasa: with these, and all that they import in turn, Rasa itself is there.
_RASA = (
    "rasa.engine.graph",
    "rasa.engine.recipes.default_recipe",
    "rasa.engine.storage.resource",
    "rasa.engine.storage.storage",
    "rasa.nlu.classifiers.classifier",
    "rasa.shared.nlu.constants",
    "rasa.shared.nlu.training_data.message",
    "rasa.shared.nlu.training_data.training_data",
)


def resident_mb() -> float:
    """Resident memory of this process in millions of bytes, as Linux tells it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.findall(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)[0]) * 1024 / 1e6


def growth_mb(kind: str, folder: Path, texts: Sequence[str]) -> float:
    """By how much memory grows when the components in ``folder`` are imported, loaded, and have read ``texts``."""
    if kind != "diet":
        # As they are served.
        leave_out_tensorflow()
    for name in _RASA:
        importlib.import_module(name)
    before = resident_mb()
    # Importing them is part of what they cost, so it happens only here.
    if kind == "diet":
        read = importlib.import_module("bot.evaluation.stock_diet").StockDiet.loaded(folder).read
    else:
        read = importlib.import_module("bot.standalone").Understander.loaded(folder).read
    for text in texts:
        read(text)
    return resident_mb() - before


if __name__ == "__main__":
    print(growth_mb(sys.argv[1], Path(sys.argv[2]), json.load(sys.stdin)))
