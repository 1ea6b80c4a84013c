"""Public sets of intents with their own train and test parts: HINT3, BANKING77, CLINC150."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from bot.evaluation.reference import Reference, WrongFormError, csv_columns

# How HINT3 labels a message that none of the bot's intents covers.
HINT3_OUT_OF_SCOPE = "NO_NODES_DETECTED"


class Example(NamedTuple):
    """A text with its intent."""

    text: str
    intent: str


@dataclass(frozen=True)
class IntentSet:
    """One set: what is trained on, what is tested on, and texts that belong to no intent (none in some sets)."""

    train: list[Example]
    test: list[Example]
    out_of_scope: list[str]


def read_hint3(train: Path, test: Path) -> IntentSet:
    """HINT3 (Arora et al. 2020), one bot; WrongFormError where a file has another form."""
    tested = [Example(*row) for row in csv_columns(test, "sentence", "label")]
    return IntentSet(
        [Example(*row) for row in csv_columns(train, "sentence", "label")],
        [example for example in tested if example.intent != HINT3_OUT_OF_SCOPE],
        [example.text for example in tested if example.intent == HINT3_OUT_OF_SCOPE],
    )


def read_banking77(train: Path, test: Path) -> IntentSet:
    """BANKING77 (Casanueva et al. 2020); WrongFormError where a file has another form."""
    trained, tested = ([Example(*row) for row in csv_columns(path, "text", "category")] for path in (train, test))
    return IntentSet(trained, tested, [])


def read_clinc150(path: Path) -> IntentSet:
    """CLINC150 (Larson et al. 2019), ``data_full.json``; neither validation parts nor out-of-scope training are used.

    Raises:
        WrongFormError: the file has another form.
    """
    try:
        parts = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise WrongFormError(f"{path}, line {error.lineno}: no JSON: {error.msg}") from error
    return IntentSet(
        _clinc150_part(path, parts, "train"),
        _clinc150_part(path, parts, "test"),
        [example.text for example in _clinc150_part(path, parts, "oos_test")],
    )


def _clinc150_part(path: Path, parts: Any, name: str) -> list[Example]:
    part = parts.get(name) if isinstance(parts, dict) else None
    if not isinstance(part, list):
        raise WrongFormError(f"{path}: no list named {name!r}")
    for place, row in enumerate(part):
        if not (isinstance(row, list) and len(row) == 2 and all(isinstance(value, str) for value in row)):
            raise WrongFormError(f"{path}: {name}[{place}] is not a text with its intent")
    return [Example(*row) for row in part]


# Name of each set: its files below nlu/ of the reference data, and who reads them.
SETS: dict[str, tuple[tuple[str, ...], Callable[..., IntentSet]]] = {
    "hint3-curekart": (("hint3/curekart_train.csv", "hint3/curekart_test.csv"), read_hint3),
    "hint3-powerplay11": (("hint3/powerplay11_train.csv", "hint3/powerplay11_test.csv"), read_hint3),
    "hint3-sofmattress": (("hint3/sofmattress_train.csv", "hint3/sofmattress_test.csv"), read_hint3),
    "banking77": (("banking77/train.csv", "banking77/test.csv"), read_banking77),
    "clinc150": (("clinc150/data_full.json",), read_clinc150),
}


def intent_set(name: str, data: Path, reference: Reference) -> IntentSet | None:
    """The set ``name`` of :data:`SETS` below ``data``/nlu; None where a file is missing, which is said loudly."""
    files, read = SETS[name]
    paths = [data / "nlu" / file for file in files]
    return read(*paths) if reference.found(*paths) else None
