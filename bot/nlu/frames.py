"""The frame of a message: what its words do, and what they are about, in their order, one character for each role.

A frame seen in one trade is known in all others: "why has the <thing> <not> …" blames, whatever the thing; "<dish>
<absent>" is an item missing, whatever the dish. Two layers follow each other: how the message judges (by the lexicons
of polarity, failures, feelings, and the words that carry its grammar), and what it speaks of (by the lexicons of
meanings). Clauses are parted by blanks, so the terms of a frame (``terms.FRAMES``) stay within a clause.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cache, lru_cache

from bot.nlu.evidence import finds_in
from bot.nlu.lexicon import (
    Find,
    PhraseSearch,
    chinese_phrases,
    clause_of,
    clause_starts,
    english_phrases,
    has_han,
    load,
)

_ROLES = {
    ("polarity", "positive"): "good",
    ("polarity", "negative"): "bad",
    ("polarity", "weak"): "weak",
    ("polarity", "negator"): "not",
    ("polarity", "contrast"): "but",
    ("polarity", "hypothetical"): "if",
    ("polarity", "advertising"): "ad",
    ("polarity", "asking"): "ask",
    ("polarity", "neutral"): "plain",
    ("polarity", "elsewhere"): "elsewhere",
    ("polarity", "own_doing"): "own",
    ("polarity", "settled"): "settled",
    ("polarity", "own_life"): "life",
    ("polarity", "unhurried"): "unhurried",
}
_ROLES_BY_KIND = {"failure": "failure", "aspect": "thing", "emotion": "feeling", "risk": "risk"}
# Of several roles of the same words the first of these is taken.
_RANK = (
    "failure",
    "bad",
    "good",
    "elsewhere",
    "own",
    "settled",
    "life",
    "unhurried",
    "not",
    "if",
    "ask",
    "but",
    "weak",
    "ad",
    "risk",
    "feeling",
    "thing",
    "plain",
)
_OTHER_WORD, _NUMBER = "other word", "number"
_ENGLISH_TERM = re.compile(r"[a-z']+|\?|\d+|@|#")
# Within this layer only what is denied or contrasted is kept beside the meanings.
_JUDGING = {("polarity", "negator"): "not", ("polarity", "contrast"): "but", ("polarity", "hypothetical"): "if"}
_FIRST_SIGN = 0xE000
_LAYERS_APART = "  "


@cache
def _signs() -> dict[str, str]:
    """A character of the private use area for each role, frame word and meaning."""
    words = load("frame_words")
    names = [*_RANK, _OTHER_WORD, _NUMBER, "@", "#", *english_phrases(words["en"]), *chinese_phrases(words["zh"])]
    names += [f"meaning:{group}" for group in meanings()]
    return {name: chr(_FIRST_SIGN + place) for place, name in enumerate(dict.fromkeys(names))}


@cache
def _chinese_term() -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, chinese_phrases(load("frame_words")["zh"]))))


@cache
def meanings() -> tuple[str, ...]:
    """The groups of the lexicons of meanings, in alphabetical order."""
    return tuple(sorted({*load("meanings_zh"), *load("meanings_en")}))


@cache
def _meaning_search() -> PhraseSearch:
    search = PhraseSearch()
    chinese, english = load("meanings_zh"), load("meanings_en")
    for group in meanings():
        search.add(
            ("meaning", group), chinese_phrases(chinese.get(group) or ""), english_phrases(english.get(group) or "")
        )
    return search


@lru_cache(maxsize=32)
def meanings_in(text: str) -> tuple[Find, ...]:
    """What a normalised lower-case text speaks of, by place; the group is ``("meaning", name)``."""
    return tuple(_meaning_search().find(text))


@lru_cache(maxsize=32)
def frame_of(text: str) -> str:
    """The frame of a normalised lower-case text, between blanks."""
    starts = clause_starts(text)
    return f" {_in_clauses(_judging(text), starts)}{_LAYERS_APART}{_in_clauses(_speaking(text), starts)} "


def _in_clauses(placed: list[tuple[int, str]], starts: list[int]) -> str:
    clauses: list[list[str]] = [[] for _ in starts]
    for start, sign in sorted(placed):
        clauses[clause_of(starts, start)].append(sign)
    return " ".join("".join(clause) for clause in clauses if clause)


def _judging(text: str) -> list[tuple[int, str]]:
    signs = _signs()
    by_start: dict[int, tuple[int, str]] = {}
    for find in finds_in(text):
        role = _ROLES_BY_KIND.get(find.group[0]) or _ROLES[find.group]
        known = by_start.get(find.start)
        if known is None or _RANK.index(role) < _RANK.index(known[1]):
            by_start[find.start] = (find.end, role)
    found_starts = sorted(by_start)
    placed = [(start, signs[by_start[start][1]]) for start in found_starts]
    english = not has_han(text)
    for match in (_ENGLISH_TERM if english else _chinese_term()).finditer(text):
        before = bisect_right(found_starts, match.start()) - 1
        if before >= 0 and match.start() < by_start[found_starts[before]][0]:
            continue
        term = _NUMBER if match.group()[0].isdigit() else match.group()
        placed.append((match.start(), signs.get(term) or signs[_OTHER_WORD]))
    return placed


def _speaking(text: str) -> list[tuple[int, str]]:
    signs = _signs()
    placed = [(find.start, signs[f"meaning:{find.group[1]}"]) for find in meanings_in(text)]
    taken = {start for start, _ in placed}
    placed += [
        (find.start, signs[_JUDGING[find.group]])
        for find in finds_in(text)
        if find.group in _JUDGING and find.start not in taken
    ]
    return placed
