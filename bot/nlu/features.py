"""Features of a message for the linear models: weighted terms beside counts from the lexicons."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix, hstack

from bot.nlu.evidence import EMOTIONS, RISKS, categories, evidence_of, finds_in
from bot.nlu.frames import frame_of, meanings_in
from bot.nlu.terms import FRAMES, PAIRS, PARTS, WORDS, Spans, Terms, cleaned

KINDS = (WORDS, PARTS, PAIRS, FRAMES)
# Terms that stand in fewer examples are left out, where there are many examples.
_LEAST_EXAMPLES = 2
_MANY_EXAMPLES = 2000
# Terms are told apart by so many bits of their number: of 300,000 terms 7 in 100 share a place with another, which
# costs no measurable accuracy, and nothing has to be sorted.
_BUCKET_BITS = 22
_BUCKETS = 2**_BUCKET_BITS
# Less than this, and a word is not said to have spoken for a label.
_LEAST_GAIN = 0.05
# Latin words of so few letters mostly carry grammar.
_SHORT_WORD = 3


class Row(NamedTuple):
    """Features of one message: columns (int array), their values (float32 array), and the share of its words known."""

    columns: np.ndarray
    values: np.ndarray
    coverage: float


def lexicon_columns() -> list[str]:
    """Names of the lexicon features, in the order of :func:`lexicon_features`."""
    columns = [
        f"{kind}:{category}"
        for kind in ("failure", "blamed", "praised", "mentioned", "supposed")
        for category in categories()
    ]
    columns += [f"emotion:{level}" for level in EMOTIONS] + [f"risk:{key}" for key in RISKS]
    return columns + [
        "negative",
        "positive",
        "weak",
        "hypothetical",
        "bad clauses",
        "good clauses",
        "only good",
        "any bad",
        "last bad",
        "nothing found",
        "question",
        "length",
        "link",
        "advertising",
        "asking",
        "asks without blame",
        "contrast before blame",
        "elsewhere",
        "own doing",
        "settled",
        "own life",
        "unhurried",
    ]


@lru_cache(maxsize=32)
def lexicon_features(text: str) -> tuple[float, ...]:
    """Counts from the lexicons, as log(1 + n), for a normalised lower-case text."""
    evidence = evidence_of(text)
    counts: list[float] = []
    for table in (evidence.failures, evidence.blamed, evidence.praised, evidence.mentioned, evidence.supposed):
        counts.extend([math.log1p(len(table[category])) if category in table else 0.0 for category in categories()])
    for level in EMOTIONS:
        counts.append(math.log1p(len(evidence.emotion.get(level, ()))))
    for key in RISKS:
        counts.append(math.log1p(len(evidence.risk.get(key, ()))))
    bad, good = len(evidence.negative), len(evidence.positive)
    counts += [
        math.log1p(bad),
        math.log1p(good),
        math.log1p(len(evidence.weak)),
        math.log1p(len(evidence.hypothetical)),
        math.log1p(evidence.bad_clauses),
        math.log1p(evidence.good_clauses),
        float(good > 0 and bad == 0),
        float(bad > 0),
        float(evidence.last_is_bad),
        float(bad + good + len(evidence.weak) == 0),
        math.log1p(text.count("?")),
        math.log1p(len(text)) / 4.0,
        float(" url" in text or text.startswith("url") or ".com" in text),
        math.log1p(len(evidence.advertising)),
        math.log1p(len(evidence.asking)),
        float(bool(evidence.asking or evidence.hypothetical) and not evidence.failures and bad == 0),
        float(bad > 0 and good > 0 and evidence.last_is_bad),
        math.log1p(len(evidence.elsewhere)),
        math.log1p(len(evidence.own_doing)),
        math.log1p(len(evidence.settled)),
        math.log1p(len(evidence.own_life)),
        math.log1p(len(evidence.unhurried)),
    ]
    return tuple(counts)


def _buckets(numbers: np.ndarray) -> np.ndarray:
    return (numbers >> np.uint64(64 - _BUCKET_BITS)).astype(np.int32)


@dataclass
class _Block:
    """Terms of one kind, weighted by rarity (TF-IDF, sublinear) and brought to one length for each message."""

    kind: str
    weight: float
    known: np.ndarray
    rarity: np.ndarray

    @classmethod
    def fit(
        cls, kind: str, weight: float, numbers: np.ndarray, rows: np.ndarray, count: int
    ) -> tuple[_Block, csr_matrix]:
        """Learns which terms occur and how rare they are; also returns the features of those it learned from."""
        counts = csr_matrix((np.ones(len(rows), np.float32), (rows, _buckets(numbers))), shape=(count, _BUCKETS))
        spread = np.bincount(counts.indices, minlength=_BUCKETS)
        kept = np.flatnonzero(spread >= (_LEAST_EXAMPLES if count >= _MANY_EXAMPLES else 1))
        rarity = (np.log((1 + count) / (1 + spread[kept])) + 1).astype(np.float32)
        block = cls(kind, weight, kept.astype(np.int32), rarity)
        return block, block._weighted(counts[:, kept])

    def row(self, numbers: np.ndarray) -> Row:
        """The same of one message."""
        places, is_known = self._places(numbers)
        columns, counts = np.unique(places, return_counts=True)
        values = (1 + np.log(counts.astype(np.float32))) * self.rarity[columns]
        length = math.sqrt(float(values @ values))
        coverage = float(is_known.mean()) if len(is_known) else 0.0
        return Row(columns, values * np.float32(self.weight / length if length else 0.0), coverage)

    def _places(self, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if not len(self.known):
            return np.zeros(0, np.int64), np.zeros(len(numbers), bool)
        buckets = _buckets(numbers)
        places = np.minimum(np.searchsorted(self.known, buckets), len(self.known) - 1)
        is_known = self.known[places] == buckets
        return places[is_known], is_known

    def _weighted(self, counts: csr_matrix) -> csr_matrix:
        counts = counts.tocsr()
        counts.data = (1 + np.log(counts.data)) * self.rarity[counts.indices]
        rows = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
        lengths = np.sqrt(np.bincount(rows, weights=counts.data**2, minlength=counts.shape[0]))
        counts.data = (counts.data * (self.weight / np.maximum(lengths, 1e-9))[rows]).astype(np.float32)
        return counts


@lru_cache(maxsize=32)
def _spans(text: str) -> Spans:
    return Spans(cleaned(text))


@lru_cache(maxsize=32)
def _frame_spans(text: str) -> Spans:
    return Spans(frame_of(text))


def _sayable(text: str, shown: str) -> list[tuple[int, int]]:
    """Spans of a cleaned text that a person would call words: those of the lexicons, long Latin words, else any pair."""
    known = [(find.start, find.end) for find in (*meanings_in(shown), *finds_in(shown)) if find.end - find.start > 1]
    terms = _spans(text).of(WORDS)
    spans = [(int(start), int(end)) for start, end in zip(terms.starts, terms.ends, strict=True)]
    latin = [(start, end) for start, end in spans if end - start > _SHORT_WORD and shown[start:end].isalpha()]
    latin = [(start, end) for start, end in latin if shown[start:end].isascii()]
    return known + latin or [(start, end) for start, end in spans if end - start > 1]


class Featuriser:
    """Turns normalised lower-case texts into features; fitted on texts, saved as plain JSON and arrays.

    Args:
        weights: how much each kind of term weighs (``KINDS``); a kind left out is not looked at.
        lexicon_weight: of one lexicon count beside terms of length one; 0 leaves the lexicons out.
    """

    def __init__(self, weights: Mapping[str, float], lexicon_weight: float) -> None:
        self.weights = {kind: weights[kind] for kind in KINDS if weights.get(kind)}
        self.lexicon_weight = lexicon_weight
        self._blocks: list[_Block] = []

    def fit_transform(self, texts: Sequence[str]) -> csr_matrix:
        """Learns the terms of ``texts`` and returns their features, one row each."""
        self._blocks, parts = [], []
        for kind, numbers, rows in self._corpus_terms(texts):
            block, part = _Block.fit(kind, self.weights[kind], numbers, rows, len(texts))
            self._blocks.append(block)
            parts.append(part)
        return self._joined(parts, texts)

    def row(self, text: str) -> Row:
        """Features of one text; quicker than a matrix of one row."""
        columns, values, offset, coverage = [], [], 0, 0.0
        for block in self._blocks:
            part = block.row(self._terms(text, block.kind).numbers)
            if block.kind == WORDS:
                coverage = part.coverage
            columns.append(part.columns + offset)
            values.append(part.values)
            offset += len(block.known)
        if self.lexicon_weight:
            counts = np.array(lexicon_features(text), dtype=np.float32)
            filled = np.flatnonzero(counts)
            columns.append(filled + offset)
            values.append(counts[filled] * np.float32(self.lexicon_weight))
        return Row(np.concatenate(columns), np.concatenate(values), coverage)

    def coverage_without(self, features: csr_matrix, left_out: np.ndarray) -> np.ndarray:
        """How much of their words the other examples would know: a share for each example left out.

        Args:
            features: of examples this was fitted on, as :meth:`fit_transform` gave them; left_out: bool, one for each.
        """
        begin = 0
        for block in self._blocks:
            if block.kind == WORDS:
                words = features[:, begin : begin + len(block.known)] != 0
                known = np.asarray(words[~left_out].sum(axis=0)).ravel() > 0
                tested = words[left_out]
                return np.asarray(tested @ known.astype(np.float32)) / np.maximum(np.diff(tested.indptr), 1)
            begin += len(block.known)
        return np.ones(int(left_out.sum()), np.float32)

    def spoken_for(self, text: str, weights: np.ndarray, most: int = 3) -> list[str]:
        """The words of ``text`` that spoke most for a label.

        Args:
            weights: of the label, one for each column; most: how many words at most.

        Returns:
            Words or runs of Chinese characters, the strongest first, none overlapping; empty where nothing spoke for it.
        """
        shown = cleaned(text)
        gains = np.zeros(len(shown) + 1)
        offset = 0
        for block in self._blocks:
            if block.kind in (WORDS, PARTS):
                self._spread_gains(text, block, weights[offset : offset + len(block.known)], gains)
            offset += len(block.known)
        inside = np.concatenate([[0.0], np.cumsum(gains)])
        scored = sorted(
            ((inside[end] - inside[start], start, end) for start, end in _sayable(text, shown)),
            key=lambda each: -each[0],
        )
        chosen: list[tuple[int, int]] = []
        for score, start, end in scored:
            if score <= _LEAST_GAIN or len(chosen) == most:
                break
            if all(end <= first or start >= last for first, last in chosen):
                chosen.append((start, end))
        return [shown[start:end] for start, end in chosen]

    def _spread_gains(self, text: str, block: _Block, weights: np.ndarray, gains: np.ndarray) -> None:
        terms = self._terms(text, block.kind)
        places, is_known = block._places(terms.numbers)
        gain = block.rarity[places] * weights[places]
        starts, ends = terms.starts[is_known], terms.ends[is_known]
        share = gain / np.maximum(ends - starts, 1)
        steps = np.zeros(len(gains) + 1)
        np.add.at(steps, starts, share)
        np.add.at(steps, ends, -share)
        gains += np.cumsum(steps)[:-1]

    @staticmethod
    def _terms(text: str, kind: str) -> Terms:
        return (_frame_spans if kind == FRAMES else _spans)(text).of(kind)

    def _corpus_terms(self, texts: Sequence[str]) -> list[tuple[str, np.ndarray, np.ndarray]]:
        found = []
        forms: dict[bool, list[str]] = {False: [], True: []}
        for text in texts:
            forms[False].append(cleaned(text))
            if FRAMES in self.weights:
                forms[True].append(frame_of(text))
        spans = {framed: Spans("".join(form)) for framed, form in forms.items()}
        ends = {framed: np.cumsum([len(text) for text in form]) for framed, form in forms.items()}
        for kind in self.weights:
            terms = spans[kind == FRAMES].of(kind)
            found.append((kind, terms.numbers, np.searchsorted(ends[kind == FRAMES], terms.starts, side="right")))
        return found

    def _joined(self, parts: list[csr_matrix], texts: Sequence[str]) -> csr_matrix:
        if self.lexicon_weight:
            counts = np.array([lexicon_features(text) for text in texts], dtype=np.float32)
            parts = [*parts, csr_matrix(counts * np.float32(self.lexicon_weight))]
        return hstack(parts, format="csr", dtype=np.float32)

    def save(self, folder: Path) -> None:
        """Writes ``features.json`` and ``features.npz`` into ``folder``."""
        (folder / "features.json").write_text(
            json.dumps({"weights": self.weights, "lexicon_weight": self.lexicon_weight}), encoding="utf-8"
        )
        arrays: dict[str, Any] = {}
        for block in self._blocks:
            arrays[f"{block.kind}-known"], arrays[f"{block.kind}-rarity"] = block.known, block.rarity
        np.savez(folder / "features.npz", **arrays)

    @classmethod
    def load(cls, folder: Path) -> Featuriser:
        """Reads what :meth:`save` wrote."""
        stored: dict[str, Any] = json.loads((folder / "features.json").read_text(encoding="utf-8"))
        featuriser = cls(stored["weights"], stored["lexicon_weight"])
        with np.load(folder / "features.npz", allow_pickle=False) as arrays:
            featuriser._blocks = [
                _Block(kind, weight, arrays[f"{kind}-known"], arrays[f"{kind}-rarity"])
                for kind, weight in featuriser.weights.items()
            ]
        return featuriser
