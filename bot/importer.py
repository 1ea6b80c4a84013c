"""Reads the training data as Rasa's own importer does, in a fraction of the time, and the firm's past complaints.

Rasa reads every file five times in one training, each time with a YAML parser in plain Python and a schema check, and
computes the fingerprint of every example about thirty times. Here each file is read once, by the parser in C, and an
example remembers its fingerprint. What stands in the files means the same to stock Rasa, which reads it just as well.
"""

from __future__ import annotations

import copy
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from rasa.shared.exceptions import RasaException
from rasa.shared.importers.rasa import RasaFileImporter
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data import loading
from rasa.shared.nlu.training_data.formats.rasa_yaml import RasaYAMLReader
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.past_complaints import COMPLAINTS, TAXONOMY, PastComplaintsError, firm_folder, read_past_complaints


class Example(Message):
    """A training example that keeps its fingerprint, and is copied without copying what never changes."""

    def set(self, prop: str, info: Any, add_to_output: bool = False) -> None:
        """As Rasa has it, but an example that does not change keeps its fingerprint."""
        if add_to_output or prop not in self.data or self.data[prop] != info:
            super().set(prop, info, add_to_output)

    def __hash__(self) -> int:
        """Rasa takes the whole fingerprint; examples that are alike have one text, and few others have it, too."""
        return hash(self.data.get(TEXT))

    def __deepcopy__(self, memo: dict[int, Any]) -> Example:
        other = copy.copy(self)
        other.data, other.output_properties = dict(self.data), set(self.output_properties)
        return other


class QuickYAMLReader(RasaYAMLReader):
    """Rasa's reader of NLU files on another parser; `rasa data validate` with the stock importer checks the schema."""

    def reads(self, string: str, **kwargs: Any) -> TrainingData:
        """The training data in ``string``; yaml.YAMLError where it is no YAML."""
        content = yaml.load(string, Loader=yaml.CSafeLoader) or {}
        self._parse_nlu(content.get("nlu"))
        examples = [
            Example(example.data, set(example.output_properties), example.time, example.features)
            for example in self.training_examples
        ]
        return TrainingData(
            examples, self.entity_synonyms, self.regex_features, self.lookup_tables, content.get("responses") or {}
        )


@cache
def _read(path: str, language: str, changed: int) -> TrainingData:
    if path.endswith((".yml", ".yaml")):
        return QuickYAMLReader().read(path)
    return loading.load_data(path, language)


class UnreadableTrainingData(RasaException):
    """The firm's past complaints cannot be read; Rasa tells this kind of error in plain words."""


@cache
def _read_past_complaints(folder: Path, changed: tuple[tuple[str, int], ...]) -> TrainingData:
    return TrainingData([Example(row.data) for row in read_past_complaints(folder)])


def _past_complaints() -> TrainingData:
    try:
        folder = firm_folder()
        paths = sorted(path for pattern in (TAXONOMY, COMPLAINTS) for path in folder.glob(pattern))
        return _read_past_complaints(folder, tuple((path.name, path.stat().st_mtime_ns) for path in paths))
    except PastComplaintsError as error:
        raise UnreadableTrainingData(str(error)) from None


class QuickImporter(RasaFileImporter):
    """To be named in config.yml under ``importers``; takes what Rasa's own file importer takes."""

    def get_nlu_data(self, language: str | None = "en") -> TrainingData:
        """The NLU examples of all training files and the firm's past complaints; read again only once they changed.

        Raises:
            UnreadableTrainingData: with file and line of the mistake in the firm's files.
        """
        files = sorted(str(path) for path in self._nlu_files)
        shipped = (_read(path, language or "en", Path(path).stat().st_mtime_ns) for path in files)
        return TrainingData().merge(*shipped, _past_complaints())
