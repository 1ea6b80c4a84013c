"""Features of a message for the linear models: weighted n-grams beside counts from the lexicons."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer

from bot.nlu.evidence import EMOTIONS, RISKS, evidence_of
from bot.nlu.lexicon import load
from bot.nlu.skeleton import skeleton_terms

# Exclamation marks are left out: praise and advertisements have as many as complaints.
_PIECE = re.compile(r"[一-鿿㐀-䶿]+|[a-z][a-z']*|\d+|\?")
_MARKS = re.compile(r"[!~.。\u2026]+")
# Weight of one lexicon count beside an n-gram vector of length one.
LEXICON_WEIGHT = 0.25


def n_grams(text: str) -> list[str]:
    """Terms of a normalised lower-case text: Chinese character 1–3-grams, English words, word pairs and word parts."""
    terms: list[str] = []
    previous = ""
    for match in _PIECE.finditer(text):
        piece = match.group()
        if piece[0] >= "㐀":
            for size in (1, 2, 3):
                terms.extend(piece[start : start + size] for start in range(len(piece) - size + 1))
            previous = ""
        elif piece[0].isdigit():
            terms.append(f"<{min(len(piece), 9)} digits>")
            previous = "#"
        elif piece == "?":
            terms.append(piece)
        else:
            terms.append(f"{piece} ")
            if previous:
                terms.append(f"{previous} {piece}")
            edged = f"^{piece[:20]}$"
            terms.extend(edged[start : start + 4] for start in range(len(edged) - 3))
            previous = piece
    return terms


def lexicon_columns() -> list[str]:
    """Names of the lexicon features, in the order of :func:`lexicon_features`."""
    categories = list(load("failures"))
    columns = [
        f"{kind}:{category}"
        for kind in ("failure", "blamed", "praised", "mentioned", "supposed")
        for category in categories
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
    ]


def lexicon_features(text: str) -> list[float]:
    """Counts from the lexicons, as log(1 + n), for a normalised lower-case text."""
    evidence = evidence_of(text)
    categories = list(load("failures"))
    counts: list[float] = []
    for table in (evidence.failures, evidence.blamed, evidence.praised, evidence.mentioned, evidence.supposed):
        counts.extend(math.log1p(len(table.get(category, ()))) for category in categories)
    counts.extend(math.log1p(len(evidence.emotion.get(level, ()))) for level in EMOTIONS)
    counts.extend(math.log1p(len(evidence.risk.get(key, ()))) for key in RISKS)
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
    ]
    return counts


def n_grams_and_frames(text: str) -> list[str]:
    """The terms of :func:`n_grams` and those of the message's frame (``skeleton``), the latter led by ``~``."""
    return n_grams(text) + skeleton_terms(text)


# What a featuriser looks at, by name.
WORDS, WORDS_AND_FRAMES, CHARACTERS = "words", "words and frames", "characters"


def _without_marks(text: str) -> str:
    """Runs of marks say how loudly something is said, not whether it is praise or blame."""
    return _MARKS.sub(" ", text)


def _vectoriser(kind: str, **more: Any) -> TfidfVectorizer:
    if kind == CHARACTERS:
        return TfidfVectorizer(
            analyzer="char",
            preprocessor=_without_marks,
            ngram_range=(1, 5),
            sublinear_tf=True,
            dtype=np.float32,
            **more,
        )
    analyzer = n_grams_and_frames if kind == WORDS_AND_FRAMES else n_grams
    return TfidfVectorizer(analyzer=analyzer, sublinear_tf=True, dtype=np.float32, **more)


class Featuriser:
    """N-grams weighted by rarity (TF-IDF) and lexicon features, fitted on texts, saved as plain JSON and numbers.

    Args:
        lexicon_weight: of one lexicon count beside an n-gram vector of length one; 0 leaves the lexicons out.
        kind: what is looked at: ``WORDS``, ``WORDS_AND_FRAMES`` or ``CHARACTERS``.
    """

    def __init__(self, lexicon_weight: float = LEXICON_WEIGHT, kind: str = WORDS) -> None:
        self.lexicon_weight = lexicon_weight
        self.kind = kind
        self.terms = _vectoriser(kind, min_df=3 if kind == CHARACTERS else 2)

    def fit_transform(self, texts: Sequence[str]) -> csr_matrix:
        """Learns the terms of ``texts`` and returns their features, one row each."""
        return self._joined(self.terms.fit_transform(texts), texts)

    def transform(self, texts: Sequence[str]) -> csr_matrix:
        """Features of ``texts`` (normalised, lower case), one row each."""
        return self._joined(self.terms.transform(texts), texts)

    def _joined(self, weighted: csr_matrix, texts: Sequence[str]) -> csr_matrix:
        if not self.lexicon_weight:
            return weighted
        counts = np.array([lexicon_features(text) for text in texts], dtype=np.float32) * self.lexicon_weight
        return hstack([weighted, csr_matrix(counts)], format="csr", dtype=np.float32)

    def knows_any(self, text: str) -> bool:
        """Whether a single word, character, number or mark of ``text`` was seen in training; parts of words tell nothing."""
        return any(term in self.terms.vocabulary_ for term in n_grams(text) if len(term) == 1 or term[-1] in " >")

    def names(self) -> list[str]:
        """What each column stands for; lexicon columns are marked by a leading colon."""
        ordered = sorted(self.terms.vocabulary_, key=self.terms.vocabulary_.__getitem__)
        return [term.strip() for term in ordered] + [f":{name}" for name in lexicon_columns()]

    def save(self, folder: Path) -> None:
        """Writes ``terms.json`` and ``rarity.npy`` into ``folder``."""
        ordered = sorted(self.terms.vocabulary_, key=self.terms.vocabulary_.__getitem__)
        (folder / "terms.json").write_text(
            json.dumps({"terms": ordered, "lexicon_weight": self.lexicon_weight, "kind": self.kind}),
            encoding="utf-8",
        )
        np.save(folder / "rarity.npy", self.terms.idf_, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path) -> Featuriser:
        """Reads what :meth:`save` wrote."""
        stored: dict[str, Any] = json.loads((folder / "terms.json").read_text(encoding="utf-8"))
        featuriser = cls(stored["lexicon_weight"], stored["kind"])
        featuriser.terms = _vectoriser(featuriser.kind, vocabulary={term: i for i, term in enumerate(stored["terms"])})
        featuriser.terms.idf_ = np.load(folder / "rarity.npy", allow_pickle=False)
        return featuriser
