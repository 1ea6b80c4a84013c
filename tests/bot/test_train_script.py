"""A model fits its inputs: what the firm brings is among them, and a mistake there stops the training at once."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile

import pytest
from firms import firm

from bot import ROOT
from bot.training import command_line

sys.path.insert(0, str(ROOT / "scripts"))
import train


def test_past_complaints_and_taxonomy_make_another_model(tmp_path):
    folder = firm(tmp_path)
    names = [train.digest(folder)]
    firm(folder, "text,label\nlate,delivery\n")
    names.append(train.digest(folder))
    firm(folder, "text,label\nrude,service_attitude\n", "complaints_2025.csv")
    names.append(train.digest(folder))
    (folder / "taxonomy.yml").write_text("categories: []\n", encoding="utf-8")
    names.append(train.digest(folder))
    assert len(set(names)) == 4


def test_the_same_inputs_make_the_same_model_wherever_they_lie(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        folder.mkdir()
        firm(folder, "text,label\nlate,delivery\n")
    (other / "remedies.yml").write_text("nothing that trains\n", encoding="utf-8")
    assert train.digest(one) == train.digest(other)


def test_all_that_a_model_is_made_of_counts(tmp_path):
    names = [name for name, _ in train.inputs(firm(tmp_path, "text,label\nlate,delivery\n"))]
    for name in ("config.yml", "domain.yml", "bot/requirements.txt", "bot/standalone.py", "bot/nlu/terms.py"):
        assert name in names
    for start, end in (("bot/nlu/lexicon/", ".yml"), ("data/training/nlu/", ".yml"), ("firm/", ".csv")):
        assert any(name.startswith(start) and name.endswith(end) for name in names)
    assert "firm/taxonomy.yml" in names and len(set(names)) == len(names)
    assert not [name for name in names if ".venv" in name]


def test_a_mistake_is_told_before_a_training_begins(tmp_path):
    place = firm(tmp_path, "text,label\nlate,weather\n")
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "train.py", tmp_path / "models"],
        env={**os.environ, "AMENDS_FIRM": str(place)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2 and done.stdout == ""
    assert re.fullmatch(rf"{re.escape(str(place))}/complaints\.csv:2: there is no category 'weather'.*\n", done.stderr)
    assert not (tmp_path / "models").exists()


@pytest.mark.parametrize(
    ("there", "options", "done"),
    [
        (False, [], ["trained"]),
        (True, [], []),
        (False, ["--report", "report.json"], ["trained", "reported"]),
        (True, ["--report", "report.json"], []),
        (True, ["--report", "report.json", "--report-always"], ["reported"]),
    ],
)
def test_a_training_is_reported_on_once_and_again_when_asked(tmp_path, monkeypatch, capsys, there, options, done):
    model, did = tmp_path / "models" / "amends-0123.tar.gz", []

    def trained(folder, its_model, its_firm):
        assert (folder, its_model, its_firm) == (model.parent, model, tmp_path)
        its_model.touch()
        did.append("trained")
        return 0

    def reported(file, its_firm):
        assert (str(file), its_firm) == ("report.json", tmp_path)
        did.append("reported")
        return 0

    if there:
        model.parent.mkdir()
        model.touch()
    monkeypatch.setenv("AMENDS_FIRM", str(firm(tmp_path)))
    monkeypatch.setattr(train, "digest", lambda its_firm: "0123")
    monkeypatch.setattr(train, "train", trained)
    monkeypatch.setattr(train, "report", reported)
    monkeypatch.setattr(sys, "argv", ["train.py", str(model.parent), *options])
    assert train.main() == 0
    assert did == done
    printed = capsys.readouterr()
    assert printed.out == f"{model}\n"
    assert ("make train REPORT=1" in printed.err) == (there and options == ["--report", "report.json"])


NLU = """version: "3.1"
nlu:
- intent: greet
  examples: |
    - hello
    - good morning
- intent: goodbye
  examples: |
    - bye
    - see you
"""


def test_a_training_takes_nothing_from_rasas_cache_and_leaves_nothing_there(tmp_path):
    """A module that components call may have changed: Rasa looks at the components' own classes alone."""
    assert "--force" in command_line(tmp_path, tmp_path, "any")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "nlu.yml").write_text(NLU, encoding="utf-8")
    (tmp_path / "data" / "rules.yml").write_text(
        "rules:\n- rule: greet\n  steps:\n  - intent: greet\n  - action: action_listen\n", encoding="utf-8"
    )
    (tmp_path / "domain.yml").write_text("intents: [greet, goodbye]\n", encoding="utf-8")
    config = (ROOT / "config.yml").read_text(encoding="utf-8").partition("policies:")[0]
    (tmp_path / "config.yml").write_text(f"{config}policies:\n- name: RulePolicy\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "bot.training", "data", "models", "one"],
        env={**os.environ, "AMENDS_FIRM": str(firm(tmp_path)), "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    with tarfile.open(tmp_path / "models" / "one.tar.gz") as model:
        assert any("IntentClassifier" in member for member in model.getnames())
    assert "Finished training component 'IntentClassifier'" in done.stdout + done.stderr
    assert not (tmp_path / ".rasa").exists()
