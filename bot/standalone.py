"""The same components outside a Rasa process: trained on the project's data in seconds, for tests and measurements."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import INTENT, METADATA, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot import ROOT
from bot.nlu.complaint_assessor import ComplaintAssessor
from bot.nlu.composer import UNDERSTANDING, UnderstandingComposer
from bot.nlu.fact_extractor import FactExtractor
from bot.nlu.intent_classifier import IntentClassifier
from bot.nlu.normaliser import Normaliser
from bot.past_complaints import firm_folder, read_past_complaints

TRAINING_FOLDER = ROOT / "data" / "training" / "nlu"


class FolderStorage:
    """The two methods of Rasa's model storage that components use, on a plain folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def write_to(self, resource: Resource) -> Generator[Path, None, None]:
        """The folder to write ``resource`` to."""
        place = self._folder / resource.name
        place.mkdir(parents=True, exist_ok=True)
        yield place

    @contextmanager
    def read_from(self, resource: Resource) -> Generator[Path, None, None]:
        """The folder that holds ``resource``; ValueError where nothing was written, as Rasa has it."""
        place = self._folder / resource.name
        if not place.exists():
            raise ValueError(f"Resource '{resource.name}' does not exist.")
        yield place


def training_examples(folder: Path = TRAINING_FOLDER) -> list[Message]:
    """The examples that a model is made of: those of all YAML files in ``folder``, then the firm's past complaints.

    Raises:
        PastComplaintsError: a past complaint cannot be read.
    """
    past = read_past_complaints(firm_folder())
    return shipped_examples(folder) + [Message(data=row.data) for row in past]


def shipped_examples(folder: Path = TRAINING_FOLDER) -> list[Message]:
    """The examples of all YAML files in ``folder``, as Rasa reads them: text, intent, block metadata."""
    examples: list[Message] = []
    for path in sorted(folder.glob("*.yml")):
        blocks = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)["nlu"]
        for block in blocks:
            for line in block.get("examples", "").splitlines():
                text = line.strip()
                if text.startswith("- "):
                    data = {TEXT: text[2:].strip(), INTENT: block["intent"]}
                    if block.get("metadata"):
                        data[METADATA] = {"intent": block["metadata"]}
                    examples.append(Message(data=data))
    return examples


class Understander:
    """The whole pipeline of config.yml on one message at a time."""

    def __init__(self, storage: ModelStorage) -> None:
        self._storage = storage
        self._components: list[Any] = []

    @classmethod
    def trained(cls, examples: Iterable[Message], folder: Path) -> Understander:
        """Trains on ``examples``, writes the models into ``folder`` and loads them from there."""
        storage: Any = FolderStorage(folder)
        data = Normaliser().process_training_data(
            TrainingData([Message(data=dict(example.data)) for example in examples])
        )
        for kind in (IntentClassifier, ComplaintAssessor):
            kind(kind.get_default_config(), storage, Resource(kind.__name__)).train(data)
        return cls.loaded(folder)

    @classmethod
    def loaded(cls, folder: Path) -> Understander:
        """Loads what :meth:`trained` wrote."""
        storage: Any = FolderStorage(folder)
        understander = cls(storage)
        context: Any = None
        understander._components = [
            Normaliser(),
            IntentClassifier.load(
                IntentClassifier.get_default_config(), storage, Resource("IntentClassifier"), context
            ),
            ComplaintAssessor.load(
                ComplaintAssessor.get_default_config(), storage, Resource("ComplaintAssessor"), context
            ),
            FactExtractor(),
            UnderstandingComposer(),
        ]
        return understander

    def read(self, text: str, metadata: dict[str, Any] | None = None) -> Message:
        """The message after all components; its output properties are what Rasa would pass on."""
        message = Message(data={TEXT: text, METADATA: metadata or {}})
        for component in self._components:
            component.process([message])
        return message

    def understand(self, text: str, metadata: dict[str, Any] | None = None) -> dict[str, Any]:
        """The `understanding` of one text (docs/understanding.md), with `intent` beside it."""
        message = self.read(text, metadata)
        return {**message.get(UNDERSTANDING), "intent": message.get(INTENT)["name"]}
