"""The quick importer reads exactly what Rasa's own importer reads, and the firm's past complaints."""

from __future__ import annotations

import copy

import pytest
from firms import SAMPLE, firm
from rasa.shared.exceptions import RasaException
from rasa.shared.importers.importer import TrainingDataImporter
from rasa.shared.importers.rasa import RasaFileImporter

from bot import ROOT
from bot.importer import Example, QuickImporter
from bot.standalone import training_examples

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


@pytest.fixture(autouse=True)
def its_firm(tmp_path_factory, monkeypatch):
    """A firm without past complaints, whatever lies in data/firm."""
    place = firm(tmp_path_factory.mktemp("firm"))
    monkeypatch.setenv("AMENDS_FIRM", str(place))
    return place


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


def test_past_complaints_are_training_examples_too(folder, its_firm):
    importer = QuickImporter(training_data_paths=folder)
    before = importer.get_nlu_data("zh")
    firm(its_firm, "text,label,emotion\nthe card is empty,gift_card,2\ncan I use it twice?,intent:ask_policy,\n")
    after = importer.get_nlu_data("zh")
    one, other = after.training_examples[len(before.training_examples) :]
    assert one.get("intent") == "complain" and one.get("metadata")["intent"]["categories"] == ["gift_card"]
    assert other.as_dict() == {"text": "can I use it twice?", "intent": "ask_policy"}
    assert after.fingerprint() != before.fingerprint()


def test_rasa_and_the_tests_train_on_the_same_examples(its_firm):
    """Through config.yml, as `rasa train` reads it."""
    firm(its_firm, SAMPLE.read_bytes())
    importer = TrainingDataImporter.load_from_config(
        str(ROOT / "config.yml"), str(ROOT / "domain.yml"), [str(ROOT / "data" / "training")]
    )
    examples = importer.get_nlu_data().training_examples
    # Rasa adds the names of intents and actions, without a text.
    seen = {(each.get("text"), each.get("intent")) for each in examples if each.get("text")}
    assert seen == {(each.get("text"), each.get("intent")) for each in training_examples()}
    assert any(text.startswith("My gift card balance") for text, _ in seen)


def test_a_mistake_in_past_complaints_is_one_that_rasa_tells_in_plain_words(folder, its_firm):
    firm(its_firm, "text,label\nlate,weather\n")
    with pytest.raises(RasaException, match=r"complaints\.csv:2: there is no category 'weather'"):
        QuickImporter(training_data_paths=folder).get_nlu_data("zh")
