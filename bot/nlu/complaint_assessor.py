"""Judges what a complaint is about: categories, strength of feeling, risk; each with the words that spoke for it.

Keys and meanings are those of the labelled training data; any category found there can be judged.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import numpy as np
from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import METADATA, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from sklearn.linear_model import Ridge

from bot.nlu.evidence import RISKS, Evidence, evidence_of
from bot.nlu.features import Featuriser
from bot.nlu.intent_classifier import COMPLAINING, SENTENCE
from bot.nlu.linear import ManyLabels
from bot.nlu.normaliser import NORMALISED
from bot.nlu.terms import FRAMES, PARTS, WORDS

# Key on the message under which the assessment is left.
ASSESSMENT = "assessment"
OTHER = "other"
# Longer messages are also read sentence by sentence: the training examples are short.
_LONG = 40
_MOST_SENTENCES = 12
_MOST_CATEGORIES = 4
# A category is judged present from this share on. One for all: thresholds fitted on our own writing do not carry over
# to what customers write.
_PRESENT = 0.33
# A category with fewer examples is one the firm has begun to collect: how rare it is among ours says nothing about how
# rare it is with the firm, and unweighted it would never be judged present.
_FEW_EXAMPLES = 300
# What is said of the failure says it of the risk, too; the writers of examples need not repeat it.
_IMPLIED_RISK = {"safety": "safety", "privacy_security": "privacy"}
# A risk missed costs more than one seen too many: words that name it count unless the model is sure of the contrary.
_STRONG_RISK = 0.35
_RISK_WITH_WORDS = 0.05


def labels_of(example: Message) -> dict[str, Any]:
    """The complaint's labels from a training example's block metadata: categories, emotion, risk."""
    metadata = example.get(METADATA) or {}
    metadata = metadata.get("intent") or metadata
    categories = list(metadata.get("categories") or [])
    implied = [risk for category, risk in _IMPLIED_RISK.items() if category in categories]
    return {
        "categories": categories,
        "emotion": metadata.get("emotion"),
        "risk": list(dict.fromkeys([*(metadata.get("risk") or []), *implied])),
    }


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=True)
class ComplaintAssessor(GraphComponent):
    """Leaves ``assessment`` on each message; needs the normaliser before it."""

    def __init__(self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource) -> None:
        self._config = config
        self._model_storage = model_storage
        self._resource = resource
        self._featuriser: Featuriser | None = None
        self._categories: ManyLabels | None = None
        self._risk: ManyLabels | None = None
        self._emotion = (np.zeros(0), 0.0)

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """``cost`` of errors in training; ``words``, ``parts``, ``frames``, ``lexicons``: weights of the features."""
        return {"cost": 3.0, WORDS: 1.0, PARTS: 0.7, FRAMES: 1.0, "lexicons": 0.25}

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> ComplaintAssessor:
        """A new, untrained assessor; it still judges by the lexicons."""
        return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        """Fits on all complaints that carry labels in their block metadata, and stores the models."""
        examples = [
            example
            for example in training_data.intent_examples
            if example.get(TEXT) and labels_of(example)["categories"]
        ]
        if not examples:
            return self._resource
        texts = [example.get(NORMALISED)["matching"] for example in examples]
        labels = [labels_of(example) for example in examples]
        keys = sorted({key for label in labels for key in label["categories"]})
        present = np.array([[key in label["categories"] for key in keys] for label in labels])
        risky = np.array([[key in label["risk"] for key in RISKS] for label in labels])
        told = [row for row, label in enumerate(labels) if label["emotion"] is not None]
        levels = np.array([float(labels[row]["emotion"]) for row in told])

        self._featuriser = Featuriser(
            {kind: self._config[kind] for kind in (WORDS, PARTS, FRAMES)}, self._config["lexicons"]
        )
        features = self._featuriser.fit_transform(texts)
        cost = self._config["cost"]
        self._categories = ManyLabels.fit(features, present, keys, cost, few=_FEW_EXAMPLES)
        self._risk = ManyLabels.fit(features, risky, RISKS, cost)
        self._emotion = (np.zeros(features.shape[1]), 1.0)
        if told:
            ridge = Ridge(alpha=2.0, solver="lsqr").fit(features[told], levels)
            self._emotion = (ridge.coef_, float(ridge.intercept_))
        with self._model_storage.write_to(self._resource) as folder:
            self._featuriser.save(folder)
            self._categories.save(folder, "categories")
            self._risk.save(folder, "risk")
            np.save(
                folder / "emotion.npy",
                np.append(self._emotion[0], self._emotion[1]).astype(np.float32),
                allow_pickle=False,
            )
        return self._resource

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> ComplaintAssessor:
        """The trained assessor; one that judges by the lexicons alone where no labelled examples had been given."""
        component = cls(config, model_storage, resource)
        with ExitStack() as stack:
            try:
                folder = stack.enter_context(model_storage.read_from(resource))
            except ValueError:
                # So Rasa says that nothing was stored; a damaged model raises other errors, which must be seen.
                return component
            component._featuriser = Featuriser.load(folder)
            component._categories = ManyLabels.load(folder, "categories")
            component._risk = ManyLabels.load(folder, "risk")
            stored = np.load(folder / "emotion.npy", allow_pickle=False)
            component._emotion = (stored[:-1], float(stored[-1]))
        return component

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Training examples need no assessment."""
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        """Leaves the assessment of each message in place."""
        for message in messages:
            message.set(ASSESSMENT, self.assess(message.get(NORMALISED)["matching"], message.get(COMPLAINING)))
        return messages

    def assess(self, text: str, complaining: str | None = None) -> dict[str, Any]:
        """Judges a normalised lower-case text as if it were a complaint.

        Args:
            text: the whole message; feeling and risk are read from all of it.
            complaining: the part of it that complains, where that is known; only this tells what failed.

        Returns:
            ``categories`` (key, confidence, words; at least one), ``emotion`` (level, words), ``risk`` (key, words).
        """
        evidence = evidence_of(text)
        if self._featuriser is None or self._categories is None or self._risk is None:
            return self._by_lexicon(evidence)
        row = self._featuriser.row(text)
        weights, offset = self._emotion
        level = float(row.values @ weights[row.columns]) + offset
        part = complaining or text
        return {
            "categories": self._judged(self._shares(part), part, evidence_of(part)),
            "emotion": {"level": int(min(3, max(0, round(level)))), "words": self._emotion_words(evidence)},
            "risk": self._risks(evidence, self._risk.probabilities(row), text),
        }

    def _shares(self, text: str) -> np.ndarray:
        """The share of each category in the whole text and in its sentences."""
        whole = self._categories.probabilities(self._featuriser.row(text))
        if len(text) <= _LONG:
            return whole
        sentences = [piece for piece in SENTENCE.findall(text) if evidence_of(piece).strength >= 1]
        if len(sentences) < 2:
            return whole
        each = [self._categories.probabilities(self._featuriser.row(piece)) for piece in sentences[:_MOST_SENTENCES]]
        # What one sentence says clearly counts, even where the rest of the message dilutes it.
        return np.maximum(whole, 0.5 * whole + 0.5 * np.max(each, axis=0))

    def _judged(self, shares: np.ndarray, text: str, evidence: Evidence) -> list[dict[str, Any]]:
        keys = self._categories.labels
        above = [place for place in np.argsort(-shares) if shares[place] >= _PRESENT]
        known = [place for place in above if keys[place] != OTHER]
        chosen = known or above or [int(np.argmax(shares))]
        return [
            {
                "key": keys[place],
                "confidence": round(float(shares[place]), 3),
                "words": (
                    evidence.failures.get(keys[place])
                    or evidence.blamed.get(keys[place])
                    or self._featuriser.spoken_for(text, self._categories.weights[:, place])
                )[:5],
            }
            for place in chosen[:_MOST_CATEGORIES]
        ]

    def _risks(self, evidence: Evidence, shares: np.ndarray, text: str) -> list[dict[str, Any]]:
        risks = []
        for place, key in enumerate(RISKS):
            words = evidence.risk.get(key, [])
            if key == "safety":
                words = evidence.failures.get("safety", []) + evidence.supposed.get("safety", [])
            if (words and shares[place] >= _RISK_WITH_WORDS) or shares[place] >= _STRONG_RISK:
                words = words or self._featuriser.spoken_for(text, self._risk.weights[:, place])
                risks.append({"key": key, "words": words[:5]})
        return risks

    @staticmethod
    def _emotion_words(evidence: Evidence) -> list[str]:
        for level in ("furious", "angry", "dissatisfied"):
            if evidence.emotion.get(level):
                return evidence.emotion[level][:5]
        return []

    def _by_lexicon(self, evidence: Evidence) -> dict[str, Any]:
        found = sorted(evidence.failures.items(), key=lambda item: -len(item[1])) or [(OTHER, [])]
        level = next(
            (rank for rank, name in ((3, "furious"), (2, "angry"), (1, "dissatisfied")) if evidence.emotion.get(name)),
            0,
        )
        return {
            "categories": [
                {"key": key, "confidence": 0.5, "words": words[:5]} for key, words in found[:_MOST_CATEGORIES]
            ],
            "emotion": {"level": level, "words": self._emotion_words(evidence)},
            "risk": [{"key": key, "words": evidence.risk[key][:5]} for key in RISKS if evidence.risk.get(key)],
        }
