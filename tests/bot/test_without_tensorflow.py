"""Rasa starts without TensorFlow where nothing needs it, and with it where something may."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bot import ROOT
from bot.without_tensorflow import leave_out_tensorflow, needs_tensorflow

CONFIG = """recipe: default.v1
language: zh
pipeline:
- name: bot.nlu.normaliser.Normaliser
{more}
policies:
- name: RulePolicy
"""


@pytest.fixture
def config(tmp_path):
    def written(more=""):
        path = tmp_path / "config.yml"
        path.write_text(CONFIG.format(more=more), encoding="utf-8")
        return path

    return written


def test_the_shipped_configuration_needs_none():
    assert not needs_tensorflow(ROOT / "config.yml")


@pytest.mark.parametrize("more", ["- name: DIETClassifier", "- name: somebody.elses.Component"])
def test_any_component_not_known_to_need_none_may_need_it(config, more):
    assert not needs_tensorflow(config())
    assert needs_tensorflow(config(more))


@pytest.mark.parametrize("left_to_rasa", ["", "pipeline:\n", "pipeline:\n- name: bot.nlu.normaliser.Normaliser\n"])
def test_what_rasa_is_left_to_choose_may_need_it(tmp_path, left_to_rasa):
    path = tmp_path / "config.yml"
    path.write_text(f"recipe: default.v1\nlanguage: zh\n{left_to_rasa}", encoding="utf-8")
    assert needs_tensorflow(path)


@pytest.mark.parametrize(("more", "left_out"), [("", True), ("- name: DIETClassifier", False)])
def test_where_something_may_need_it_all_is_as_rasa_has_it(config, monkeypatch, more, left_out):
    """That Rasa starts without it is seen end to end: each service there is served by such a Rasa."""
    monkeypatch.setattr(sys, "meta_path", found := [*sys.meta_path])
    before = [*found]
    assert leave_out_tensorflow(config(more)) is left_out
    assert (found != before) is left_out


def test_what_was_left_out_says_so_when_it_is_used():
    used = (
        "from bot.without_tensorflow import leave_out_tensorflow as go; go(); import tensorflow as tf; tf.constant(1)"
    )
    done = subprocess.run([sys.executable, "-c", used], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert "RuntimeError: TensorFlow's constant was left out: config.yml named nothing that needs it" in done.stderr
