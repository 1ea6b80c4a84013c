"""Reads the dialogue intent of a message alone, with calibrated confidence.

Two questions are asked: does it complain, and if not, what else is it. The first is learnt on joined examples too.
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier as RasaIntentClassifier
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu.augmentation import joined_examples
from bot.nlu.features import CHARACTERS, WORDS_AND_FRAMES, Featuriser
from bot.nlu.linear import ManyLabels, OneOfMany
from bot.nlu.normaliser import NORMALISED

# Key on the message under which all intents and their confidences are left, most likely first.
INTENT_RANKING = "intent_ranking"
COMPLAIN = "complain"
_SENTENCE = re.compile(r"[^。.!?;\n]+[。.!?;\n]*")
_MOST_SENTENCES = 12
# Shorter pieces of a message say too little to be judged alone.
_SHORTEST_PIECE = 6
# How much the most complaining sentence weighs beside the whole message.
_SENTENCE_WEIGHT = 0.4
# A missed complaint costs more than a question too many: added to the log-odds of a complaint.
_LEANING = 0.15


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class IntentClassifier(RasaIntentClassifier, GraphComponent):
    """Linear separators over n-grams and lexicon counts; needs the normaliser before it."""

    def __init__(self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource) -> None:
        self._config = config
        self._model_storage = model_storage
        self._resource = resource
        self._featuriser: Featuriser | None = None
        self._complaint: ManyLabels | None = None
        # A second reading of the first question, by characters alone: it errs in other places than the words do.
        self._characters: Featuriser | None = None
        self._complaint_by_characters: ManyLabels | None = None
        self._others: OneOfMany | None = None

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Costs of errors in training; ``joined`` rounds of joined examples; ``ranking_length`` intents are put out."""
        return {"cost": 0.5, "complaint_cost": 8.0, "joined": 2000, "ranking_length": 10}

    @staticmethod
    def required_packages() -> list[str]:
        """Python packages needed."""
        return ["sklearn"]

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> IntentClassifier:
        """A new, untrained classifier."""
        return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        """Fits on all examples with an intent and stores the model."""
        examples = [example for example in training_data.intent_examples if example.get(TEXT)]
        if not examples:
            return self._resource
        texts = [example.get(NORMALISED)["matching"] for example in examples]
        intents = [example.get(INTENT) for example in examples]
        more, more_complain = joined_examples(texts, intents, self._config["joined"] if COMPLAIN in intents else 0)
        self._featuriser = Featuriser(kind=WORDS_AND_FRAMES)
        features = self._featuriser.fit_transform(texts + more)
        complains = np.array([intent == COMPLAIN for intent in intents] + more_complain)
        # Writing more calm examples must not make complaints rarer in the model's eyes.
        self._complaint = ManyLabels.fit(
            features, complains[:, None], [COMPLAIN], self._config["complaint_cost"], balanced=True
        )
        self._characters = Featuriser(lexicon_weight=0.0, kind=CHARACTERS)
        self._complaint_by_characters = ManyLabels.fit(
            self._characters.fit_transform(texts + more),
            complains[:, None],
            [COMPLAIN],
            self._config["complaint_cost"],
            balanced=True,
        )
        rows = [row for row, intent in enumerate(intents) if intent != COMPLAIN]
        with self._model_storage.write_to(self._resource) as folder:
            self._featuriser.save(folder)
            self._complaint.save(folder, "complaint")
            (folder / CHARACTERS).mkdir()
            self._characters.save(folder / CHARACTERS)
            self._complaint_by_characters.save(folder / CHARACTERS, "complaint")
            if rows:
                self._others = OneOfMany.fit(features[rows], [intents[row] for row in rows], self._config["cost"])
                self._others.save(folder)
        return self._resource

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> IntentClassifier:
        """The trained classifier; an untrained one, which reads nothing, where no examples had been given."""
        component = cls(config, model_storage, resource)
        try:
            with model_storage.read_from(resource) as folder:
                component._featuriser = Featuriser.load(folder)
                component._complaint = ManyLabels.load(folder, "complaint")
                component._characters = Featuriser.load(folder / CHARACTERS)
                component._complaint_by_characters = ManyLabels.load(folder / CHARACTERS, "complaint")
                component._others = OneOfMany.load(folder) if (folder / "choice.json").exists() else None
        except ValueError:
            pass
        return component

    def process(self, messages: list[Message]) -> list[Message]:
        """Sets ``intent`` and ``intent_ranking`` on each message."""
        for message in messages:
            ranking = self.ranking(message.get(NORMALISED)["matching"])
            message.set(INTENT, ranking[0] if ranking else {"name": None, "confidence": 0.0}, add_to_output=True)
            message.set(INTENT_RANKING, ranking[: self._config["ranking_length"]], add_to_output=True)
        return messages

    def ranking(self, text: str) -> list[dict[str, Any]]:
        """Intents with confidence for a normalised lower-case text, most likely first; empty where untrained or where no word is known."""
        if self._featuriser is None or self._complaint is None or not self._featuriser.knows_any(text):
            return []
        pieces = [text]
        sentences = [piece for piece in _SENTENCE.findall(text) if len(piece) >= _SHORTEST_PIECE]
        if len(sentences) > 1:
            pieces += sentences[:_MOST_SENTENCES]
        features = self._featuriser.transform(pieces)
        scores = self._complaint.scores(features)[:, 0]
        if self._characters is not None and self._complaint_by_characters is not None:
            by_characters = self._complaint_by_characters.scores(self._characters.transform(pieces))[:, 0]
            scores = (scores + by_characters) / 2
        score = (1 - _SENTENCE_WEIGHT) * scores[0] + _SENTENCE_WEIGHT * scores.max() + _LEANING
        complaint = float(1.0 / (1.0 + np.exp(-score)))
        ranking = [{"name": COMPLAIN, "confidence": complaint}]
        if self._others is not None:
            shares = self._others.probabilities(features[0])[0] * (1.0 - complaint)
            ranking += [
                {"name": name, "confidence": float(share)}
                for name, share in zip(self._others.classes, shares, strict=False)
            ]
        return sorted(ranking, key=lambda each: -each["confidence"])
