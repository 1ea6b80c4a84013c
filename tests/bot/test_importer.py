"""The quick importer reads exactly what Rasa's own importer reads."""

from __future__ import annotations

import copy

import pytest
from rasa.shared.importers.rasa import RasaFileImporter

from bot.importer import Example, QuickImporter

NLU = """version: "3.1"
nlu:
- intent: complain
  metadata:
    categories: [delivery, service_delay]
    emotion: 1
    risk: []
  examples: |
    - 说好今天到,现在还没到
    - where is my order: it's late
- intent: greet
  examples: |
    - hello
    - hello
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "nlu.yml").write_text(NLU, encoding="utf-8")
    return str(tmp_path)


def test_it_reads_what_rasa_reads(folder):
    quick = QuickImporter(training_data_paths=folder).get_nlu_data("zh")
    stock = RasaFileImporter(training_data_paths=folder).get_nlu_data("zh")
    assert len(quick.training_examples) == 3
    assert [each.as_dict() for each in quick.training_examples] == [each.as_dict() for each in stock.training_examples]
    assert quick.fingerprint() == stock.fingerprint()


def test_a_changed_file_is_read_again(folder, tmp_path):
    importer = QuickImporter(training_data_paths=folder)
    importer.get_nlu_data("zh")
    (tmp_path / "nlu.yml").write_text(NLU + "    - good morning\n", encoding="utf-8")
    assert "good morning" in {each.get("text") for each in importer.get_nlu_data("zh").training_examples}


def test_an_example_that_changes_has_another_fingerprint_and_its_copy_none_of_it():
    example = Example({"text": "a", "intent": "greet"})
    before, twin = example.fingerprint(), copy.deepcopy(example)
    example.set("intent", "goodbye")
    assert example.fingerprint() != before and twin.fingerprint() == before and twin.get("intent") == "greet"
