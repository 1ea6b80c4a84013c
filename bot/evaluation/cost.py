"""What understanding costs: training on the shipped data, reading one message, memory; beside Rasa's stock pipeline."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot import ROOT
from bot.evaluation.complaints import OWN_TEXTS
from bot.evaluation.intent_scores import timed
from bot.evaluation.intent_sets import Example
from bot.evaluation.reference import Reference, json_rows, progress
from bot.standalone import Understander

# So many messages are read before memory is looked at.
_READ_FOR_MEMORY = 200


def trained_from_cold(examples: Iterable[Message], folder: Path) -> tuple[Understander, float]:
    """The understander trained on ``examples`` and the seconds that took; from cold only if nothing was read before."""
    begun = time.perf_counter()
    understander = Understander.trained(examples, folder)
    return understander, time.perf_counter() - begun


def median_ms(read: Callable[[str], Any], texts: Sequence[str], warming: Sequence[str]) -> float:
    """Median milliseconds to read one of ``texts``, after other texts have filled whatever is kept between messages."""
    for text in warming:
        read(text)
    taken: list[float] = []
    for text in texts:
        timed(read, text, taken)
    return statistics.median(taken)


def memory_mb(kind: str, folder: Path, texts: Sequence[str]) -> float:
    """Memory beyond Rasa itself, in millions of bytes (:mod:`bot.evaluation.memory`), of ``"amends"`` or ``"diet"``.

    Raises:
        subprocess.CalledProcessError: the measuring process failed; it has told why on standard error.
    """
    command = [sys.executable, "-W", "ignore", "-m", "bot.evaluation.memory", kind, str(folder)]
    done = subprocess.run(command, cwd=ROOT, input=json.dumps(texts), stdout=subprocess.PIPE, text=True, check=True)
    # Libraries may have printed something before.
    return float(done.stdout.split()[-1])


def _costs(
    kind: str,
    read: Callable[[str], Any],
    training_seconds: float,
    folder: Path,
    texts: Sequence[str],
    warming: Sequence[str],
) -> dict[str, float]:
    return {
        "training_seconds": round(training_seconds, 2),
        "median_ms": round(median_ms(read, texts, warming), 3),
        "memory_mb": round(memory_mb(kind, folder, texts[:_READ_FOR_MEMORY]), 1),
    }


def _diet_costs(
    examples: Sequence[Message], folder: Path, texts: Sequence[str], warming: Sequence[str]
) -> dict[str, float]:
    # Imported only where it is asked for: it takes seconds.
    from bot.evaluation.stock_diet import StockDiet

    diet = StockDiet()
    begun = time.perf_counter()
    diet.train([Example(example.get(TEXT), example.get(INTENT)) for example in examples], folder)
    return _costs("diet", diet.read, time.perf_counter() - begun, folder, texts, warming)


def measured(
    understander: Understander,
    training_seconds: float,
    examples: Sequence[Message],
    folder: Path,
    diet_folder: Path | None,
    reference: Reference,
) -> dict[str, Any]:
    """Costs of the components of bot/, trained already into ``folder``.

    Args:
        diet_folder: where to train Rasa's stock pipeline on the same ``examples``; None leaves it out.

    Returns:
        ``amends`` (and ``diet``), each with ``training_seconds``, ``median_ms`` a message, ``memory_mb``; with both,
        ``share_of_diet``: the same as shares of what the stock pipeline costs. Empty where the texts to read are missing.
    """
    paths = (OWN_TEXTS / "complaints.jsonl", OWN_TEXTS / "non_complaints.jsonl")
    if not reference.found(*paths):
        return {}
    texts, warming = ([row["text"] for row in json_rows(path, "text")] for path in paths)
    progress("measuring cost …")
    costs: dict[str, Any] = {
        "amends": _costs("amends", understander.read, training_seconds, folder, texts, warming),
    }
    if diet_folder is not None:
        progress(f"training Rasa's stock pipeline on the {len(examples)} shipped examples; this takes hours …")
        costs["diet"] = _diet_costs(examples, diet_folder, texts, warming)
        costs["share_of_diet"] = {
            figure: round(value / costs["diet"][figure], 5) for figure, value in costs["amends"].items()
        }
    return costs
