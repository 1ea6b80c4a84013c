"""What reads a message's intent: the components of bot/, and a plain support vector machine to compare them with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from rasa.engine.storage.resource import Resource
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline, make_union
from sklearn.svm import LinearSVC

from bot.evaluation.intent_sets import Example
from bot.nlu.intent_classifier import IntentClassifier
from bot.nlu.normaliser import Normaliser
from bot.standalone import FolderStorage

SEED = 42


class Reading(NamedTuple):
    """The most likely intent (None where there is none) and how much speaks for it, in the reader's own measure."""

    intent: str | None
    confidence: float


class Reader(Protocol):
    """Something that learns intents and reads them.

    Attributes:
        make_up: what it consists of, in a line.
        least_confidence: below it a reading is "not sure"; None where the reader has no such bound of its own.
    """

    make_up: str
    least_confidence: float | None

    def train(self, examples: Sequence[Example], folder: Path) -> None:
        """Learns; models go into ``folder``."""

    def read(self, text: str) -> Reading:
        """Reads one message."""


def message_of(example: Example) -> Message:
    """The example as Rasa has it."""
    return Message(data={TEXT: example.text, INTENT: example.intent})


def reading_of(message: Message) -> Reading:
    """What a classifier left on the message."""
    intent = message.get(INTENT)
    return Reading(intent["name"], float(intent["confidence"]))


class AmendsReader:
    """The components of bot/ that any firm's intents go through, as config.yml has them."""

    make_up = "bot.nlu: Normaliser, IntentClassifier, default settings"
    least_confidence: float | None = None

    def train(self, examples: Sequence[Example], folder: Path) -> None:
        """Trains, stores and loads them."""
        storage: Any = FolderStorage(folder)
        context: Any = None
        resource = Resource(IntentClassifier.__name__)
        config = IntentClassifier.get_default_config()
        self._normaliser = Normaliser()
        data = self._normaliser.process_training_data(TrainingData([message_of(example) for example in examples]))
        IntentClassifier(config, storage, resource).train(data)
        self._classifier = IntentClassifier.load(config, storage, resource, context)
        self.least_confidence = self._classifier.least_confidence

    def read(self, text: str) -> Reading:
        """The most likely intent and its calibrated probability."""
        return reading_of(self._classifier.process(self._normaliser.process([Message(data={TEXT: text})]))[0])


class SupportVectorMachine:
    """The plain baseline: terms weighted by rarity and a linear separator for each intent."""

    make_up = (
        "scikit-learn: TF-IDF (sublinear) of word 1-2-grams joined with char_wb 2-5-grams, LinearSVC C=1; "
        "confidence is the highest margin"
    )
    least_confidence = None

    def train(self, examples: Sequence[Example], folder: Path) -> None:
        """Trains in memory; nothing is stored."""
        self._model = make_pipeline(
            make_union(
                TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True),
                TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True),
            ),
            LinearSVC(C=1, random_state=SEED),
        ).fit([example.text for example in examples], [example.intent for example in examples])

    def read(self, text: str) -> Reading:
        """The intent with the highest margin, and that margin."""
        margins = self._model.decision_function([text])
        # Of two intents scikit-learn gives the second one's margin alone.
        margins = np.array([-margins[0], margins[0]]) if margins.ndim == 1 else margins[0]
        best = int(np.argmax(margins))
        return Reading(str(self._model.classes_[best]), float(margins[best]))
