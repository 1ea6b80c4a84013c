"""Small linear models kept as plain arrays: no pickles in the stored model, and fast for single messages."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_matrix
from scipy.special import expit, logsumexp, softmax
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from bot.nlu.features import Row

_SEED = 42
# A share of the examples is kept back to calibrate confidences on.
_KEPT_BACK = 5
# Below the least confidence so many of the right choices would be given up.
_RIGHT_ONES_LOST = 0.02
# What a message loses of its best score where all its words are unknown. Right choices score between about -1 and 1.
_UNKNOWN_WORDS = 1.6


def _product(features: csr_matrix | Row, weights: np.ndarray) -> np.ndarray:
    """Features × weights: a matrix for a matrix, a vector for one row."""
    if isinstance(features, Row):
        return features.values @ weights[features.columns]
    return np.asarray(features @ weights)


def _separators(
    features: csr_matrix, labels: np.ndarray, classes: Sequence[str], cost: float
) -> tuple[np.ndarray, np.ndarray]:
    """One-against-rest linear separators: weights (columns × classes) and offsets, in the order of ``classes``."""
    weights = np.zeros((features.shape[1], len(classes)), np.float32)
    offsets = np.full(len(classes), -1.0)

    # One after the other: the solver's random numbers are one stream for all threads, and models must come out alike.
    for place in range(len(classes)):
        wanted = labels == classes[place]
        if wanted.any() and not wanted.all():
            model = LinearSVC(C=cost, random_state=_SEED, tol=1e-3).fit(features, wanted)
            weights[:, place], offsets[place] = model.coef_[0], model.intercept_[0]

    return weights, offsets


def _known_score(scores: np.ndarray, coverage: np.ndarray) -> np.ndarray:
    """The best score of each row, lowered by what its unknown words may have said."""
    return np.asarray(scores.max(axis=1) - _UNKNOWN_WORDS * (1 - coverage))


@dataclass
class OneOfMany:
    """A choice among classes whose confidences are calibrated by temperature scaling (Guo et al. 2017).

    A message far from all classes gets low confidences, however much nearer it is to one than to the others: shares are
    lowered where the best score falls below what right choices have, the more so the fewer of its words are known, and
    what lacks to 1 then is "none of these".

    Attributes:
        sharpness: what scores are multiplied by before the softmax.
        edge: the best score, lowered for unknown words, below which a message is hardly known.
        least: the confidence below which a choice is a guess; chosen so that few right ones are lost.
    """

    classes: list[str]
    weights: np.ndarray
    offsets: np.ndarray
    sharpness: float = 1.0
    edge: float = -10.0
    least: float = 0.0

    @classmethod
    def fit(
        cls,
        features: csr_matrix,
        labels: Sequence[str],
        cost: float,
        coverage_without: Callable[[csr_matrix, np.ndarray], np.ndarray],
    ) -> OneOfMany:
        """Fits on all rows; sharpness and the least confidence come from rows kept back in a first fit.

        Args:
            coverage_without: see :meth:`bot.nlu.features.Featuriser.coverage_without`.
        """
        wanted, classes = np.asarray(labels), sorted(set(labels))
        if len(classes) == 1:
            return cls(classes, np.zeros((features.shape[1], 1), np.float32), np.zeros(1))
        chance = np.random.RandomState(_SEED)
        # Evenly from all classes: in order of class, every fifth from a random start.
        order = np.lexsort((chance.rand(len(wanted)), wanted))
        kept_back = np.zeros(len(wanted), bool)
        kept_back[order[chance.randint(_KEPT_BACK) :: _KEPT_BACK]] = True
        calibrated = cls(classes, *_separators(features[~kept_back], wanted[~kept_back], classes, cost))
        calibrated._calibrate(features[kept_back], wanted[kept_back], coverage_without(features, kept_back))
        weights, offsets = _separators(features, wanted, classes, cost)
        return cls(classes, weights, offsets, calibrated.sharpness, calibrated.edge, calibrated.least)

    def _calibrate(self, features: csr_matrix, wanted: np.ndarray, coverage: np.ndarray) -> None:
        held_out = _product(features, self.weights) + self.offsets
        columns = np.searchsorted(self.classes, wanted)
        rows = np.arange(len(wanted))

        def loss(sharpness: float) -> float:
            scores = held_out * sharpness
            return float(np.mean(logsumexp(scores, axis=1) - scores[rows, columns]))

        self.sharpness = float(minimize_scalar(loss, bounds=(0.2, 20.0), method="bounded").x)
        right = held_out.argmax(axis=1) == columns
        if right.any():
            self.edge = float(np.quantile(_known_score(held_out, coverage)[right], _RIGHT_ONES_LOST))
            shares = self._shares(held_out, coverage)
            self.least = float(np.quantile(shares.max(axis=1)[right], _RIGHT_ONES_LOST))

    def probabilities(self, row: Row) -> np.ndarray:
        """Calibrated probability of each class; what lacks to 1 is none."""
        scores = _product(row, self.weights) + self.offsets
        return self._shares(scores[None], np.array([row.coverage]))[0]

    def _shares(self, scores: np.ndarray, coverage: np.ndarray) -> np.ndarray:
        nearness = expit(self.sharpness * (_known_score(scores, coverage) - self.edge))
        return softmax(scores * self.sharpness, axis=-1) * nearness[:, None]

    def save(self, folder: Path) -> None:
        """Writes ``choice.json`` and ``choice.npz``."""
        (folder / "choice.json").write_text(
            json.dumps({"classes": self.classes, "sharpness": self.sharpness, "edge": self.edge, "least": self.least}),
            encoding="utf-8",
        )
        np.savez(folder / "choice.npz", weights=self.weights.astype(np.float16), offsets=self.offsets)

    @classmethod
    def load(cls, folder: Path) -> OneOfMany:
        """Reads what :meth:`save` wrote."""
        stored = json.loads((folder / "choice.json").read_text(encoding="utf-8"))
        with np.load(folder / "choice.npz", allow_pickle=False) as arrays:
            weights = arrays["weights"].astype(np.float32)
            return cls(
                stored["classes"], weights, arrays["offsets"], stored["sharpness"], stored["edge"], stored["least"]
            )


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
        cost: float,
        balanced: bool = False,
        few: int = 0,
        early: bool = False,
    ) -> ManyLabels:
        """Fits each label of ``present`` (rows × labels, 0/1); one that is never or always present keeps its share.

        ``balanced`` weighs the rows so that both answers count alike, however many examples each has. The examples of a
        label that has less than ``few`` weigh the more the fewer they are, at most as much as all others together.
        ``early`` stops well before the optimum and takes four times as long to get there: rare terms weigh less then.
        """
        weights, offsets = np.zeros((features.shape[1], len(labels)), np.float32), np.zeros(len(labels))

        # One after the other, as the separators are. There are many more columns than rows: in the dual the solver comes
        # closer to the optimum in a quarter of the time.
        for place in range(len(labels)):
            column = present[:, place]
            if 0 < column.sum() < len(column):
                weighing: str | dict[bool, float] | None = "balanced" if balanced else None
                if not balanced and column.sum() < few:
                    others = len(column) / column.sum() - 1
                    weighing = {True: max(1.0, min((few / column.sum()) ** 2, others)), False: 1.0}
                model = LogisticRegression(
                    C=cost, solver="liblinear", dual=not early, random_state=_SEED, tol=2e-2, class_weight=weighing
                )
                model.fit(features, column)
                weights[:, place], offsets[place] = model.coef_[0], model.intercept_[0]
            else:
                share = (column.sum() + 0.5) / (len(column) + 1.0)
                offsets[place] = np.log(share / (1 - share))

        return cls(list(labels), weights, offsets)

    def probabilities(self, features: csr_matrix | Row) -> np.ndarray:
        """Probability of each label: rows × labels, or one of each label for a single row."""
        return 1.0 / (1.0 + np.exp(-self.scores(features)))

    def scores(self, features: csr_matrix | Row) -> np.ndarray:
        """Log-odds of each label, in the form of :meth:`probabilities`."""
        return _product(features, self.weights) + self.offsets

    def save(self, folder: Path, name: str) -> None:
        """Writes ``{name}.json`` and ``{name}.npz``."""
        (folder / f"{name}.json").write_text(json.dumps(self.labels), encoding="utf-8")
        np.savez(folder / f"{name}.npz", weights=self.weights.astype(np.float16), offsets=self.offsets)

    @classmethod
    def load(cls, folder: Path, name: str) -> ManyLabels:
        """Reads what :meth:`save` wrote."""
        labels = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        with np.load(folder / f"{name}.npz", allow_pickle=False) as arrays:
            return cls(labels, arrays["weights"].astype(np.float32), arrays["offsets"])
