"""Has every training example read by a model that was trained without it."""

from __future__ import annotations

import hashlib
import re
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message

from bot.nlu.complaint_assessor import ASSESSMENT, labels_of
from bot.nlu.composer import UNDERSTANDING
from bot.standalone import Understander

# What near duplicates differ in: numbers, punctuation, blanks.
_NO_LETTERS = re.compile(r"[\W\d_]+")


@dataclass(frozen=True)
class Reading:
    """An example with its labels, and how a model that had not seen it reads it.

    Attributes:
        categories, emotion: the labels of a complaint; none, and None, elsewhere.
        read_confidence: of the intent read, 0 to 1.
        read_categories: judged present, with confidence, if the text is taken for a complaint.
        read_emotion: 0 to 3, likewise.
        place: file and line of an example of the firm's, whose text is not to be shown; empty for one that ships.
    """

    text: str
    intent: str
    categories: tuple[str, ...]
    emotion: int | None
    read_intent: str
    read_confidence: float
    read_categories: dict[str, float]
    read_emotion: int
    place: str = ""


def folds_of(examples: Sequence[Message], count: int) -> list[int]:
    """The fold of each example, 0 to ``count`` - 1.

    Texts of the same letters stay together, so that no example is read by a model that knows its twin. Each combination
    of labels is spread evenly.
    """
    twins: dict[str, list[int]] = defaultdict(list)
    for place, example in enumerate(examples):
        text = example.get(TEXT).casefold()
        twins[_NO_LETTERS.sub("", text) or text].append(place)

    def order(letters: str) -> tuple[str, list[str], str]:
        first = examples[twins[letters][0]]
        return first.get(INTENT), labels_of(first)["categories"], hashlib.sha256(letters.encode()).hexdigest()

    folds = [0] * len(examples)
    for number, letters in enumerate(sorted(twins, key=order)):
        for place in twins[letters]:
            folds[place] = number % count
    return folds


def cross_validate(examples: Sequence[Message], count: int, tell: Callable[[str], None]) -> list[Reading]:
    """One reading of each example, in their order; ``tell`` hears of the progress, a line a fold."""
    folds = folds_of(examples, count)
    readings: dict[int, Reading] = {}
    for fold in range(count):
        begun = time.monotonic()
        known = [example for example, its_fold in zip(examples, folds) if its_fold != fold]
        unknown = [place for place, its_fold in enumerate(folds) if its_fold == fold]
        with tempfile.TemporaryDirectory() as folder:
            understander = Understander.trained(known, Path(folder))
        for place in unknown:
            readings[place] = _reading(understander, examples[place])
        tell(
            f"fold {fold + 1} of {count}: trained on {len(known):,} examples, read {len(unknown):,} others, "
            f"{time.monotonic() - begun:.0f} s"
        )
    return [readings[place] for place in range(len(examples))]


def _reading(understander: Understander, example: Message) -> Reading:
    message, labels = understander.read(example.get(TEXT)), labels_of(example)
    readings, assessment = message.get(UNDERSTANDING)["readings"], message.get(ASSESSMENT)
    return Reading(
        text=example.get(TEXT),
        intent=example.get(INTENT),
        categories=tuple(labels["categories"]),
        emotion=labels["emotion"],
        read_intent=message.get(INTENT)["name"],
        read_confidence=readings[0]["confidence"] if readings else 0.0,
        read_categories={each["key"]: each["confidence"] for each in assessment["categories"]},
        read_emotion=assessment["emotion"]["level"],
    )
