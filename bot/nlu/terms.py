"""Terms of a text as 64-bit numbers: words, parts of words, word pairs; of a whole corpus at once, in numpy.

A term is a span of the cleaned text. Its number comes from prefix sums (a polynomial over the characters modulo 2^64),
so that no term is ever built as a string, neither in training nor for a message: thirty thousand examples take seconds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

WORDS, PARTS, PAIRS, FRAMES = "words", "parts", "pairs", "frames"
# How many characters the terms of a kind have.
_SIZES = {PARTS: range(2, 6), FRAMES: range(1, 5)}
# Words of a pair stand at most so many words apart.
_PAIR_REACH = 8
_NEITHER_WORD_NOR_QUESTION = re.compile(r"[^a-z0-9'一-鿿㐀-䶿?]+")
_SCRIPT_CHANGE = re.compile(
    r"(?<=[一-鿿㐀-䶿])(?=[a-z0-9'?])|(?<=[a-z0-9'?])(?=[一-鿿㐀-䶿])|(?<=[^?])(?=\?)|(?<=[a-z'])(?=\d)|(?<=\d)(?=[a-z'])"
)
_DIGIT = re.compile(r"\d")
_BLANK, _FIRST_HAN = ord(" "), 0x3400
# Odd, so that it has an inverse modulo 2^64.
_BASE = 0x9E3779B97F4A7C15
_INVERSE = pow(_BASE, -1, 2**64)
_SEEDS = {
    kind: np.uint64(seed)
    for kind, seed in (
        (WORDS, 0xD1B54A32D192ED03),
        (PARTS, 0x8CB92BA72F3D8DD7),
        (PAIRS, 0xAEF17502108EF2D9),
        (FRAMES, 0x9FB21C651E98DF25),
    )
}
# Texts of everyday length share one table of powers.
_USUAL_LENGTH = 8192


def cleaned(text: str) -> str:
    """A normalised lower-case text as words and question marks between blanks; a blank also where the script changes."""
    return f" {' '.join(_SCRIPT_CHANGE.sub(' ', _NEITHER_WORD_NOR_QUESTION.sub(' ', text)).split())} "


@lru_cache(maxsize=4)
def _powers(base: int, count: int) -> np.ndarray:
    powers = np.full(count, base, dtype=np.uint64)
    powers[0] = 1
    return np.multiply.accumulate(powers)


def _mixed(numbers: np.ndarray) -> np.ndarray:
    """Spreads numbers over 64 bits (the finaliser of splitmix64: Steele, Lea and Flood 2014)."""
    numbers = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    numbers = (numbers ^ (numbers >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return numbers ^ (numbers >> np.uint64(31))


@dataclass(frozen=True)
class Terms:
    """Terms of one kind: the number of each, and where its span begins and ends in the joined text (int arrays)."""

    numbers: np.ndarray
    starts: np.ndarray
    ends: np.ndarray


class Spans:
    """All terms of one cleaned text, or of several joined ones: each begins and ends with a blank, so none reaches over."""

    def __init__(self, joined: str) -> None:
        codes = np.frombuffer(_DIGIT.sub("0", joined).encode("utf-32-le"), dtype=np.uint32)
        self._length = len(codes)
        self._blank = codes == _BLANK
        self._han = codes >= _FIRST_HAN
        powers = max(self._length + 1, _USUAL_LENGTH)
        self._inverses = _powers(_INVERSE, powers)
        self._sums = np.zeros(self._length + 1, np.uint64)
        np.add.accumulate(
            _mixed(codes.astype(np.uint64) + np.uint64(1)) * _powers(_BASE, powers)[: self._length], out=self._sums[1:]
        )
        self._blanks_before = np.zeros(self._length + 1, np.int64)
        np.cumsum(self._blank, out=self._blanks_before[1:])
        edges = np.flatnonzero(np.diff(np.concatenate([[False], ~(self._blank | self._han), [False]]).view(np.int8)))
        self._word_starts, self._word_ends = edges[::2], edges[1::2]
        self._found: dict[str, Terms] = {}

    def of(self, kind: str) -> Terms:
        """Terms of one kind.

        ``WORDS``: words, neighbouring words, one and two Chinese characters · ``PARTS``: two to five characters that
        do not reach over a blank, blanks at their edges included · ``PAIRS``: two words near each other, in whichever
        order · ``FRAMES``: one to four characters, for texts in which a character stands for a role.
        """
        if kind not in self._found:
            if kind == PAIRS:
                self._found[kind] = self._pairs()
            else:
                starts, ends = self._words() if kind == WORDS else self._windows(_SIZES[kind])
                self._found[kind] = Terms(_mixed(self._numbers(starts, ends) ^ _SEEDS[kind]), starts, ends)
        return self._found[kind]

    def _numbers(self, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
        return (self._sums[ends] - self._sums[starts]) * self._inverses[starts]

    def _words(self) -> tuple[np.ndarray, np.ndarray]:
        # Two blanks part two texts; one blank two words of the same.
        follows = np.flatnonzero(self._word_starts[1:] == self._word_ends[:-1] + 1)
        single = np.flatnonzero(self._han)
        double = np.flatnonzero(self._han[1:] & self._han[:-1])
        starts = (self._word_starts, self._word_starts[follows], single, double)
        ends = (self._word_ends, self._word_ends[follows + 1], single + 1, double + 2)
        return np.concatenate(starts), np.concatenate(ends)

    def _windows(self, sizes: range) -> tuple[np.ndarray, np.ndarray]:
        starts = []
        before = self._blanks_before
        for size in sizes:
            count = self._length - size + 1
            if count <= 0:
                break
            filled = size - (before[size:] - before[:count])
            allowed = filled > 0
            if size > 2:
                allowed &= before[size - 1 : size - 1 + count] == before[1 : 1 + count]
            starts.append(np.flatnonzero(allowed))
        return np.concatenate(starts), np.concatenate(
            [start + size for start, size in zip(starts, sizes, strict=False)]
        )

    def _pairs(self) -> Terms:
        words = _mixed(self._numbers(self._word_starts, self._word_ends))
        texts = np.concatenate([[0], np.cumsum(self._blank[1:] & self._blank[:-1])])[self._word_starts]
        numbers, firsts, seconds = [], [], []
        for reach in range(1, min(_PAIR_REACH, len(words) - 1) + 1):
            first = np.flatnonzero(texts[reach:] == texts[:-reach])
            numbers.append(words[first] + words[first + reach])
            firsts.append(first)
            seconds.append(first + reach)
        if not numbers:
            return Terms(np.zeros(0, np.uint64), np.zeros(0, np.int64), np.zeros(0, np.int64))
        return Terms(
            _mixed(np.concatenate(numbers) ^ _SEEDS[PAIRS]),
            self._word_starts[np.concatenate(firsts)],
            self._word_ends[np.concatenate(seconds)],
        )
