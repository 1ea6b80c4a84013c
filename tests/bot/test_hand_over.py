"""Words that call for a person are never missed, and their look-alikes do not trigger."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.nlu.hand_over import hand_over_of
from bot.nlu.normaliser import normalise

DATA = Path(__file__).resolve().parents[1] / "data"


def rows(name: str):
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines() if line.strip()]


@pytest.mark.parametrize("row", rows("hand_over.jsonl"), ids=lambda row: row["id"])
def test_a_person_takes_over(row):
    hand_over = hand_over_of(normalise(row["text"])["matching"])
    assert hand_over is not None and hand_over["words"]


@pytest.mark.parametrize("row", rows("hand_over_lookalikes.jsonl"), ids=lambda row: row["id"])
def test_a_look_alike_stays_with_the_bot(row):
    assert hand_over_of(normalise(row["text"])["matching"]) is None


def test_the_suite_is_large_enough():
    assert len(rows("hand_over.jsonl")) >= 300
