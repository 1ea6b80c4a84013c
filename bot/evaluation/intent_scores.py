"""How well and how fast intents are read: with the answer forced, and with leave to say "not sure"."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bot.evaluation.intent_sets import IntentSet
from bot.evaluation.readers import Reader, Reading

# Percent of in-scope messages left unanswered, at which the readers are compared as well.
PERCENT_GIVEN_UP = (2, 5)


def is_sure(reading: Reading, least: float) -> bool:
    """Whether a reading counts as an answer when those below ``least`` do not."""
    return reading.intent is not None and reading.confidence >= least


def least_giving_up(readings: Sequence[Reading], count: int) -> float:
    """The highest bound below which lie at most ``count`` of ``readings``; infinite where all may be given up."""
    confidences = sorted(reading.confidence for reading in readings)
    return confidences[count] if count < len(confidences) else math.inf


def forced_accuracy(wanted: Sequence[str], readings: Sequence[Reading]) -> float:
    """The share of in-scope messages read rightly when every one must be answered."""
    return sum(reading.intent == intent for intent, reading in zip(wanted, readings)) / len(wanted)


def scores_at(
    wanted: Sequence[str], readings: Sequence[Reading], out_of_scope: Sequence[Reading], least: float
) -> dict[str, Any]:
    """Scores where readings below ``least`` count as "not sure".

    Returns:
        ``least`` (None for infinite), ``given_up`` (number of in-scope messages not answered), ``accuracy`` (share of
        all in-scope messages answered rightly), ``out_of_scope_recall`` (share of those out of scope not answered; None
        where there are none).
    """
    sure = [is_sure(reading, least) for reading in readings]
    right = sum(ok and reading.intent == intent for ok, intent, reading in zip(sure, wanted, readings))
    refused = sum(not is_sure(reading, least) for reading in out_of_scope)
    return {
        # Infinity is no JSON.
        "least": None if math.isinf(least) else round(least, 4),
        "given_up": len(sure) - sum(sure),
        "accuracy": round(right / len(wanted), 4),
        "out_of_scope_recall": round(refused / len(out_of_scope), 4) if out_of_scope else None,
    }


def measure(reader: Reader, intents: IntentSet, folder: Path, given_up: int) -> dict[str, Any]:
    """Trains ``reader`` on the set's training part and scores it on the test part.

    Args:
        reader: an untrained reader; its models go into ``folder``.
        given_up: how many in-scope messages a reader without a bound of its own may leave unanswered, so that it
            compares fairly with one that has.

    Returns:
        ``forced_accuracy``, ``with_not_sure`` and, where some texts are out of scope, ``giving_up`` (:func:`scores_at`,
        the latter for each of ``PERCENT_GIVEN_UP`` of the in-scope messages), ``training_seconds``,
        ``median_ms`` a message, ``make_up``.
    """
    begun = time.perf_counter()
    reader.train(intents.train, folder)
    training_seconds = time.perf_counter() - begun
    taken: list[float] = []
    in_scope = [timed(reader.read, example.text, taken) for example in intents.test]
    out_of_scope = [timed(reader.read, text, taken) for text in intents.out_of_scope]
    wanted = [example.intent for example in intents.test]
    least = reader.least_confidence
    if least is None:
        least = least_giving_up(in_scope, given_up)
    result: dict[str, Any] = {
        "make_up": reader.make_up,
        "forced_accuracy": round(forced_accuracy(wanted, in_scope), 4),
        "with_not_sure": scores_at(wanted, in_scope, out_of_scope, least),
    }
    if out_of_scope:
        result["giving_up"] = {
            f"{percent}%": scores_at(
                wanted, in_scope, out_of_scope, least_giving_up(in_scope, len(in_scope) * percent // 100)
            )
            for percent in PERCENT_GIVEN_UP
        }
    return {**result, "training_seconds": round(training_seconds, 2), "median_ms": round(statistics.median(taken), 3)}


def timed(read: Callable[[str], Any], text: str, taken: list[float]) -> Any:
    """Reads ``text`` and appends the milliseconds it took to ``taken``."""
    begun = time.perf_counter()
    reading = read(text)
    taken.append(1000 * (time.perf_counter() - begun))
    return reading


def compared(readers: dict[str, Reader], intents: IntentSet, folder: Path) -> dict[str, Any]:
    """All ``readers`` on one set; those without a bound of their own give up as many answers as the first one."""
    results: dict[str, Any] = {
        "train": len(intents.train),
        "intents": len({example.intent for example in intents.train}),
        "test": len(intents.test),
        "out_of_scope": len(intents.out_of_scope),
        "readers": {},
    }
    given_up = 0
    for place, (name, reader) in enumerate(readers.items()):
        scores = measure(reader, intents, folder / name, given_up)
        results["readers"][name] = scores
        if place == 0:
            given_up = scores["with_not_sure"]["given_up"]
    return results
