"""Reads the dialogue intent of a message alone, with calibrated confidence.

Two questions are asked: does it complain, and if not, what else is it. The first is learnt on joined examples too.
"""

from __future__ import annotations

import re
from contextlib import ExitStack
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
from bot.nlu.features import Featuriser, Row
from bot.nlu.linear import ManyLabels, OneOfMany
from bot.nlu.normaliser import NORMALISED
from bot.nlu.terms import FRAMES, PAIRS, PARTS, WORDS

# Key on the message under which all intents and their confidences are left, most likely first.
INTENT_RANKING = "intent_ranking"
# Key under which the part of the message that complains is left, for those who judge what about.
COMPLAINING = "complaining"
# Key under which the confidence is left below which the best reading of what is no complaint is a guess.
LEAST_CONFIDENCE = "least_confidence"
COMPLAIN = "complain"
SENTENCE = re.compile(r"[^。.!?;\n]+[。.!?;\n]*")
_MOST_SENTENCES = 40
# In texts from this length and so many sentences on, what complains is told from what does not.
_LONG = 150
_FEWEST_SENTENCES = 4
# Shorter pieces of a message say too little to be judged alone.
_SHORTEST_PIECE = 6
# How much the most complaining sentence weighs beside the whole message.
_SENTENCE_WEIGHT = 0.4
# A missed complaint costs more than a question too many: added to the log-odds of a complaint.
_LEANING = 0.15


# Pairs of words recur only where there are many examples; elsewhere they would be noise.
_MANY_EXAMPLES = 2000


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class IntentClassifier(RasaIntentClassifier, GraphComponent):
    """Linear separators over terms, frames and lexicon counts; needs the normaliser before it.

    Where the training data knows no ``complain``, it is a plain classifier of whatever intents there are.
    """

    def __init__(self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource) -> None:
        self._config = config
        self._model_storage = model_storage
        self._resource = resource
        self._featuriser: Featuriser | None = None
        self._complaint: ManyLabels | None = None
        self._others: OneOfMany | None = None

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """What can be set.

        ``cost`` and ``complaint_cost`` of errors in training · ``joined``: rounds of joined examples · ``ranking_length``:
        so many intents are put out · ``words``, ``parts``, ``pairs``, ``frames``, ``lexicons``: weights of the features.
        """
        return {
            "cost": 0.5,
            "complaint_cost": 4.0,
            "joined": 2000,
            "ranking_length": 10,
            WORDS: 0.7,
            PARTS: 1.0,
            PAIRS: 0.5,
            FRAMES: 0.8,
            "lexicons": 0.4,
        }

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
        self._featuriser = self._new_featuriser(len(examples), COMPLAIN in intents)
        with self._model_storage.write_to(self._resource) as folder:
            if COMPLAIN in intents:
                more, more_complain = joined_examples(texts, intents, self._config["joined"])
                features = self._featuriser.fit_transform(texts + more)
                complains = np.array([intent == COMPLAIN for intent in intents] + more_complain)
                # Writing more calm examples must not make complaints rarer in the model's eyes.
                self._complaint = ManyLabels.fit(
                    features, complains[:, None], [COMPLAIN], self._config["complaint_cost"], balanced=True, early=True
                )
                self._complaint.save(folder, "complaint")
            else:
                features = self._featuriser.fit_transform(texts)
            rows = [row for row, intent in enumerate(intents) if intent != COMPLAIN]
            if rows:
                self._others = OneOfMany.fit(
                    features[rows],
                    [intents[row] for row in rows],
                    self._config["cost"],
                    self._featuriser.coverage_without,
                )
                self._others.save(folder)
            self._featuriser.save(folder)
        return self._resource

    def _new_featuriser(self, count: int, knows_complaints: bool) -> Featuriser:
        weights = {kind: self._config[kind] for kind in (WORDS, PARTS)}
        if count >= _MANY_EXAMPLES:
            weights[PAIRS] = self._config[PAIRS]
        if knows_complaints:
            # Frames and lexicons tell blame from praise; other intents are told apart by their words.
            return Featuriser({**weights, FRAMES: self._config[FRAMES]}, self._config["lexicons"])
        return Featuriser(weights, 0.0)

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> IntentClassifier:
        """The trained classifier; one that ranks nothing where there had been no examples."""
        component = cls(config, model_storage, resource)
        with ExitStack() as stack:
            try:
                folder = stack.enter_context(model_storage.read_from(resource))
            except ValueError:
                # So Rasa says that nothing was stored; a damaged model raises other errors, which must be seen.
                return component
            component._featuriser = Featuriser.load(folder)
            if (folder / "complaint.json").exists():
                component._complaint = ManyLabels.load(folder, "complaint")
            if (folder / "choice.json").exists():
                component._others = OneOfMany.load(folder)
        return component

    def process(self, messages: list[Message]) -> list[Message]:
        """Sets ``intent`` and ``intent_ranking`` on each message."""
        for message in messages:
            text = message.get(NORMALISED)["matching"]
            scores = self._sentence_scores(text)
            ranking = self._ranked(text, scores)
            message.set(COMPLAINING, self._complaining_part(text, scores))
            message.set(LEAST_CONFIDENCE, self.least_confidence)
            message.set(INTENT, ranking[0] if ranking else {"name": None, "confidence": 0.0}, add_to_output=True)
            message.set(INTENT_RANKING, ranking[: self._config["ranking_length"]], add_to_output=True)
        return messages

    def ranking(self, text: str) -> list[dict[str, Any]]:
        """Intents with confidence for a normalised lower-case text, most likely first.

        Empty where untrained, or where complaints are known and not a single word is.
        """
        return self._ranked(text, self._sentence_scores(text))

    def _ranked(self, text: str, sentence_scores: dict[str, float]) -> list[dict[str, Any]]:
        if self._featuriser is None:
            return []
        row = self._featuriser.row(text)
        if self._complaint is not None and not row.coverage:
            # Parts of unknown words tell nothing of blame, and a case is not opened on a guess.
            return []
        complaint = self._complaint_share(row, sentence_scores)
        ranking = [] if self._complaint is None else [{"name": COMPLAIN, "confidence": complaint}]
        if self._others is not None:
            shares = self._others.probabilities(row) * (1.0 - complaint)
            ranking += [
                {"name": name, "confidence": float(share)}
                for name, share in zip(self._others.classes, shares, strict=False)
            ]
        return sorted(ranking, key=lambda each: -each["confidence"])

    @property
    def least_confidence(self) -> float:
        """Below this the best reading is a guess: so few right ones have it that giving them up costs little."""
        return 0.0 if self._others is None else self._others.least

    def _complaint_share(self, row: Row, sentence_scores: dict[str, float]) -> float:
        if self._complaint is None:
            return 0.0
        whole = float(self._complaint.scores(row)[0])
        strongest = max([whole, *sentence_scores.values()])
        score = (1 - _SENTENCE_WEIGHT) * whole + _SENTENCE_WEIGHT * strongest + _LEANING
        return float(1.0 / (1.0 + np.exp(-score)))

    @staticmethod
    def _complaining_part(text: str, sentence_scores: dict[str, float]) -> str:
        """The sentences of a long text that complain; the text itself where it is short or all of one piece.

        Praise and circumstances around a complaint would otherwise be taken for what it is about.
        """
        if len(text) < _LONG or len(sentence_scores) < _FEWEST_SENTENCES:
            return text
        bar = min(0.0, max(sentence_scores.values()))
        return " ".join(sentence for sentence, score in sentence_scores.items() if score >= bar)

    def _sentence_scores(self, text: str) -> dict[str, float]:
        """How much each sentence complains (log-odds); empty where there is but one. The last one is all that is left."""
        if self._complaint is None or self._featuriser is None:
            return {}
        sentences: list[str] = []
        for piece in SENTENCE.findall(text):
            # What is too short to be judged alone is read with what stood before it.
            if sentences and (len(piece.strip()) < _SHORTEST_PIECE or len(sentences) == _MOST_SENTENCES):
                sentences[-1] += piece
            else:
                sentences.append(piece)
        if len(sentences) < 2:
            return {}
        return {piece: float(self._complaint.scores(self._featuriser.row(piece))[0]) for piece in sentences}
