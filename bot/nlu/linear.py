"""Small linear models kept as plain arrays: no pickles in the stored model, and fast for single messages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_matrix
from scipy.special import logsumexp
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import LinearSVC

_FOLDS = 3
_SEED = 42


def _weights(
    features: csr_matrix, labels: np.ndarray, classes: Sequence[str], cost: float
) -> tuple[np.ndarray, np.ndarray]:
    """One-against-rest linear separators: weights (columns × classes) and offsets, in the order of ``classes``."""
    model = LinearSVC(C=cost, class_weight="balanced", random_state=_SEED, max_iter=3000)
    model.fit(features, labels)
    weights, offsets = np.zeros((features.shape[1], len(classes))), np.full(len(classes), -10.0)
    if len(model.classes_) == 2:
        rows, intercepts = (
            np.vstack([-model.coef_[0], model.coef_[0]]),
            np.array([-model.intercept_[0], model.intercept_[0]]),
        )
    else:
        rows, intercepts = model.coef_, model.intercept_
    for row, intercept, name in zip(rows, intercepts, model.classes_, strict=False):
        place = list(classes).index(name)
        weights[:, place], offsets[place] = row, intercept
    return weights, offsets


@dataclass
class OneOfMany:
    """A choice among classes whose confidences are calibrated by temperature scaling (Guo et al. 2017)."""

    classes: list[str]
    weights: np.ndarray
    offsets: np.ndarray
    sharpness: float

    @classmethod
    def fit(cls, features: csr_matrix, labels: Sequence[str], cost: float = 0.5) -> OneOfMany:
        """Fits on all rows; the sharpness comes from predictions on held-out folds."""
        wanted = np.asarray(labels)
        classes = sorted(set(labels))
        if len(classes) == 1:
            return cls(classes, np.zeros((features.shape[1], 1)), np.zeros(1), 1.0)
        held_out = np.zeros((len(wanted), len(classes)))
        smallest = min(int(np.sum(wanted == name)) for name in classes)
        sharpness = 2.0
        if smallest >= 2:
            for train, test in StratifiedKFold(min(_FOLDS, smallest), shuffle=True, random_state=_SEED).split(
                features, wanted
            ):
                weights, offsets = _weights(features[train], wanted[train], classes, cost)
                held_out[test] = features[test] @ weights + offsets
            rows, columns = np.arange(len(wanted)), np.array([classes.index(label) for label in labels])

            def loss(candidate: float) -> float:
                scores = held_out * candidate
                return float(np.mean(logsumexp(scores, axis=1) - scores[rows, columns]))

            sharpness = float(minimize_scalar(loss, bounds=(0.2, 20.0), method="bounded").x)
        weights, offsets = _weights(features, wanted, classes, cost)
        return cls(classes, weights, offsets, sharpness)

    def probabilities(self, features: csr_matrix) -> np.ndarray:
        """Calibrated probabilities, rows × classes."""
        scores = (np.asarray(features @ self.weights) + self.offsets) * self.sharpness
        return np.exp(scores - logsumexp(scores, axis=1, keepdims=True))

    def save(self, folder: Path) -> None:
        """Writes ``choice.json`` and ``choice.npz``."""
        (folder / "choice.json").write_text(
            json.dumps({"classes": self.classes, "sharpness": self.sharpness}), encoding="utf-8"
        )
        np.savez_compressed(folder / "choice.npz", weights=self.weights.astype(np.float32), offsets=self.offsets)

    @classmethod
    def load(cls, folder: Path) -> OneOfMany:
        """Reads what :meth:`save` wrote."""
        stored = json.loads((folder / "choice.json").read_text(encoding="utf-8"))
        with np.load(folder / "choice.npz", allow_pickle=False) as arrays:
            return cls(stored["classes"], arrays["weights"], arrays["offsets"], stored["sharpness"])


@dataclass
class ManyLabels:
    """Several yes/no labels on the same features; logistic regression gives their probabilities."""

    labels: list[str]
    weights: np.ndarray
    offsets: np.ndarray

    @classmethod
    def fit(
        cls,
        features: csr_matrix,
        present: np.ndarray,
        labels: Sequence[str],
        cost: float = 4.0,
        balanced: bool = False,
    ) -> ManyLabels:
        """Fits each label of ``present`` (rows × labels, 0/1); one that is never or always present keeps its share.

        ``balanced`` weighs the rows so that both answers count alike, however many examples each has.
        """
        weights, offsets = np.zeros((features.shape[1], len(labels))), np.zeros(len(labels))
        for place in range(len(labels)):
            column = present[:, place]
            share = (column.sum() + 0.5) / (len(column) + 1.0)
            if 0 < column.sum() < len(column):
                weighing = "balanced" if balanced else None
                model = LogisticRegression(
                    C=cost, solver="liblinear", random_state=_SEED, max_iter=300, class_weight=weighing
                )
                model.fit(features, column)
                weights[:, place], offsets[place] = model.coef_[0], model.intercept_[0]
            else:
                offsets[place] = np.log(share / (1 - share))
        return cls(list(labels), weights, offsets)

    def probabilities(self, features: csr_matrix) -> np.ndarray:
        """Probability of each label, rows × labels."""
        return 1.0 / (1.0 + np.exp(-self.scores(features)))

    def scores(self, features: csr_matrix) -> np.ndarray:
        """Log-odds of each label, rows × labels."""
        return np.asarray(features @ self.weights) + self.offsets

    def spoken_for(self, features: csr_matrix, place: int, names: Sequence[str], most: int = 3) -> list[str]:
        """The terms of one row that spoke most for the label at ``place`` (lexicon columns left out)."""
        row = features.tocsr()
        gains = row.data * self.weights[row.indices, place]
        order = np.argsort(-gains)[: most * 3]
        words = [names[row.indices[each]] for each in order if gains[each] > 0.02]
        return [word for word in words if not word.startswith((":", "^", "<", "~")) and "$" not in word][:most]

    def save(self, folder: Path, name: str) -> None:
        """Writes ``{name}.json`` and ``{name}.npz``."""
        (folder / f"{name}.json").write_text(json.dumps(self.labels), encoding="utf-8")
        np.savez_compressed(folder / f"{name}.npz", weights=self.weights.astype(np.float32), offsets=self.offsets)

    @classmethod
    def load(cls, folder: Path, name: str) -> ManyLabels:
        """Reads what :meth:`save` wrote."""
        labels = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        with np.load(folder / f"{name}.npz", allow_pickle=False) as arrays:
            return cls(labels, arrays["weights"], arrays["offsets"])
