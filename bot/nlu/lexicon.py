"""Phrase lexicons in YAML and the linear-time search for their phrases in a text.

Chinese phrases are searched as substrings, English ones as whole words. Of two finds, one strictly inside the
other, only the longer stays ("不错" hides "错", "no problem" hides "problem").
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).parent / "lexicon"

# How far (characters) the second part of a phrase "a…b" may stand behind the first.
GAP_LIMIT = 12
# Starred English entries are single words; no stem is shorter.
SHORTEST_STEM = 4
_ENGLISH_WORD = re.compile(r"[a-z0-9][a-z0-9*'&]*(?:-[a-z0-9]+)*")
_CLAUSE_END = re.compile(
    r"[,，。.!！?？;；:：\n~、…—]+(?=\D|$)|\s+(?=[一-鿿])|\b(?:but|however|although|though)\b|但是|不过|可是|然而"
)


_HAN = re.compile("[一-鿿㐀-䶿]")


def has_han(text: str) -> bool:
    """Whether there are Chinese characters in ``text``; what has none is read as English, whatever signs it has."""
    return _HAN.search(text) is not None


# Inside the gap of "a…b" these deny b ("用了半年都没坏").
_DENYING = "不没未无"
_DENIAL = re.compile(f"[{_DENYING}]")


@dataclass(frozen=True)
class Find:
    """One phrase found: character span, the group it was listed under (e.g. ``("failure", "delivery")``), the words."""

    start: int
    end: int
    group: tuple[str, str]
    words: str


def chinese_phrases(listed: str) -> list[str]:
    """Splits a blank-separated list."""
    return listed.split()


def english_phrases(listed: str) -> list[str]:
    """Splits a comma-separated list; line breaks count as blanks."""
    return [" ".join(part.split()) for part in listed.split(",") if part.strip()]


class PhraseSearch:
    """Finds the phrases of many groups in one pass over the text."""

    def __init__(self) -> None:
        self._chinese: dict[str, list[tuple[tuple[str, str], str]]] = {}
        self._lengths: dict[str, set[int]] = {}
        self._english: dict[tuple[str, ...], list[tuple[str, str]]] = {}
        self._english_lengths: dict[str, set[int]] = {}
        self._english_stems: dict[str, list[tuple[str, str]]] = {}
        self._stem_lengths: dict[str, set[int]] = {}

    def add(self, group: tuple[str, str], chinese: Iterable[str], english: Iterable[str]) -> None:
        """Adds phrases to ``group``; the same phrase may stand in several groups."""
        for phrase in chinese:
            first, _, rest = phrase.lower().partition("…")
            self._chinese.setdefault(first, []).append((group, rest))
            self._lengths.setdefault(first[0], set()).add(len(first))
        for phrase in english:
            phrase = phrase.lower()
            if phrase.endswith("*"):
                stem = phrase[:-1]
                self._english_stems.setdefault(stem, []).append(group)
                self._stem_lengths.setdefault(stem[:SHORTEST_STEM], set()).add(len(stem))
                continue
            words = tuple(_ENGLISH_WORD.findall(phrase))
            if words:
                self._english.setdefault(words, []).append(group)
                self._english_lengths.setdefault(words[0], set()).add(len(words))

    def find(self, text: str) -> list[Find]:
        """All phrases in ``text`` (already normalised, lower case), by place; nested shorter finds are dropped."""
        found = list(self._find_chinese(text))
        found.extend(self._find_english(text))
        found.sort(key=lambda find: (find.start, -find.end))
        kept: list[Find] = []
        reach, reach_start = -1, -1
        for find in found:
            if find.end < reach or (find.end == reach and find.start > reach_start):
                continue
            if find.end > reach:
                reach, reach_start = find.end, find.start
            kept.append(find)
        return kept

    def _find_chinese(self, text: str) -> Iterator[Find]:
        if not has_han(text):
            return
        for start, character in enumerate(text):
            for length in self._lengths.get(character, ()):
                phrase = text[start : start + length]
                for group, rest in self._chinese.get(phrase, ()):
                    end = start + length
                    if not rest:
                        yield Find(start, end, group, phrase)
                        continue
                    place = text.find(rest, end, end + GAP_LIMIT + len(rest))
                    gap = text[end:place] if place >= 0 else ""
                    if place >= 0 and not _CLAUSE_END.search(gap) and (rest[0] in _DENYING or not _DENIAL.search(gap)):
                        yield Find(start, place + len(rest), group, text[start : place + len(rest)])

    def _find_english(self, text: str) -> Iterator[Find]:
        words = [(match.group(), match.start(), match.end()) for match in _ENGLISH_WORD.finditer(text)]
        for index, (word, start, end) in enumerate(words):
            for length in self._english_lengths.get(word, ()):
                if index + length > len(words):
                    continue
                last = words[index + length - 1][2]
                for group in self._english.get(tuple(each[0] for each in words[index : index + length]), ()):
                    yield Find(start, last, group, text[start:last])
            for stop in self._stem_lengths.get(word[:SHORTEST_STEM], ()):
                for group in self._english_stems.get(word[:stop], ()):
                    yield Find(start, end, group, word)


def clause_starts(text: str) -> list[int]:
    """Where each clause of ``text`` begins, ascending, first 0."""
    return [0] + [match.end() for match in _CLAUSE_END.finditer(text) if 0 < match.end() < len(text)]


def clause_of(starts: list[int], place: int) -> int:
    """Index of the clause that holds the character at ``place``."""
    return bisect_right(starts, place) - 1


@cache
def load(name: str) -> dict[str, Any]:
    """One lexicon file of this package as a mapping.

    Raises:
        FileNotFoundError: there is no such lexicon.
    """
    return yaml.load((FOLDER / f"{name}.yml").read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


def add_group(search: PhraseSearch, group: tuple[str, str], entry: dict[str, str]) -> None:
    """Adds a YAML entry ``{"zh": …, "en": …}`` under ``group``."""
    search.add(group, chinese_phrases(entry.get("zh") or ""), english_phrases(entry.get("en") or ""))
