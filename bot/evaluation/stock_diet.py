"""Rasa's stock pipeline, to compare with: what `rasa init` configures, as far as it reads intents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.resource import Resource
from rasa.nlu.classifiers.diet_classifier import DIETClassifier
from rasa.nlu.featurizers.sparse_featurizer.count_vectors_featurizer import CountVectorsFeaturizer
from rasa.nlu.featurizers.sparse_featurizer.lexical_syntactic_featurizer import LexicalSyntacticFeaturizer
from rasa.nlu.featurizers.sparse_featurizer.regex_featurizer import RegexFeaturizer
from rasa.nlu.tokenizers.whitespace_tokenizer import WhitespaceTokenizer
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.evaluation.intent_sets import Example
from bot.evaluation.readers import SEED, Reading, message_of, reading_of
from bot.standalone import FolderStorage

# As in rasa/engine/recipes/config_files/default_config.yml of Rasa 3.6.21, up to the classifier; only the seed is added.
_PIPELINE: list[tuple[Any, dict[str, Any]]] = [
    (WhitespaceTokenizer, {}),
    (RegexFeaturizer, {}),
    (LexicalSyntacticFeaturizer, {}),
    (CountVectorsFeaturizer, {}),
    (CountVectorsFeaturizer, {"analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4}),
    (DIETClassifier, {"epochs": 100, "constrain_similarities": True, "random_seed": SEED}),
]


class StockDiet:
    """The components called as Rasa's graph calls them, without the graph's own cost."""

    make_up = (
        "Rasa: WhitespaceTokenizer, RegexFeaturizer, LexicalSyntacticFeaturizer, CountVectorsFeaturizer (words), "
        "CountVectorsFeaturizer (char_wb 1-4), DIETClassifier (100 epochs, constrain_similarities)"
    )
    least_confidence = None

    def train(self, examples: Sequence[Example], folder: Path) -> None:
        """Trains, stores and loads them."""
        data = TrainingData([message_of(example) for example in examples])
        for kind, *arguments in self._nodes(folder):
            component = kind.create(*arguments)
            if hasattr(component, "train"):
                component.train(data)
            if kind is not DIETClassifier:
                data = component.process_training_data(data)
        self._components = self.loaded(folder)._components

    @classmethod
    def loaded(cls, folder: Path) -> StockDiet:
        """Loads what :meth:`train` stored in ``folder``."""
        reader = cls()
        reader._components = [kind.load(*arguments) for kind, *arguments in cls._nodes(folder)]
        return reader

    @staticmethod
    def _nodes(folder: Path) -> list[tuple[Any, dict[str, Any], Any, Resource, ExecutionContext]]:
        context = ExecutionContext(GraphSchema({}))
        nodes = []
        for place, (kind, config) in enumerate(_PIPELINE):
            # Two of a kind need names of their own.
            name = f"{place}-{kind.__name__}"
            storage: Any = FolderStorage(folder)
            settings = {**kind.get_default_config(), **config}
            nodes.append((kind, settings, storage, Resource(name), replace(context, node_name=name)))
        return nodes

    def read(self, text: str) -> Reading:
        """The most likely intent and its confidence."""
        messages = [Message(data={TEXT: text})]
        for component in self._components:
            messages = component.process(messages)
        return reading_of(messages[0])
