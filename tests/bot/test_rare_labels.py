"""A label with few examples among very many can still be told."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_matrix

from bot.nlu.linear import ManyLabels

ROWS, RARE = 3000, 15


def share_of(few: int) -> float:
    """What the label's mark is worth, beside other features of the same weight."""
    chance = np.random.RandomState(1)
    features = (chance.rand(ROWS, 40) < 0.1).astype(np.float32)
    present = np.zeros((ROWS, 2), bool)
    present[:RARE, 0] = True
    present[: ROWS // 2, 1] = True
    features[:, 0] = present[:, 0]
    features /= np.maximum(1.0, np.linalg.norm(features, axis=1, keepdims=True))
    fitted = ManyLabels.fit(csr_matrix(features), present, ["rare", "common"], 1.0, few=few)
    marked = np.zeros((1, 40), np.float32)
    marked[0, [0, 5, 7, 9]] = 0.5
    rare, _ = fitted.probabilities(csr_matrix(marked))[0]
    marked[0, [0, 11]] = 0.0, 0.5
    assert fitted.probabilities(csr_matrix(marked))[0][0] < 0.2, "without its mark it is not there"
    return float(rare)


def test_the_examples_of_a_rare_label_weigh_more():
    assert share_of(few=0) < 0.33 < share_of(few=300)


def test_a_label_with_enough_examples_weighs_as_before():
    features = csr_matrix(np.eye(40, dtype=np.float32))
    present = np.arange(40)[:, None] % 2 == 0
    plain, weighed = (ManyLabels.fit(features, present, ["even"], 1.0, few=few) for few in (0, 20))
    assert (plain.weights == weighed.weights).all() and (plain.offsets == weighed.offsets).all()
