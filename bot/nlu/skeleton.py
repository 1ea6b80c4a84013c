"""The frame of a message: what its words do (blame, praise, deny, ask …) in their order, without what they are about.

A frame seen in one trade is known in all others: "why has the <thing> <not> …" blames, whatever the thing.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from bot.nlu.evidence import finds_in
from bot.nlu.lexicon import Find, clause_of, clause_starts

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
}
_ROLES_BY_KIND = {"failure": "failure", "aspect": "thing", "emotion": "feeling", "risk": "risk"}
# Of several roles of the same words the first of these is taken.
_RANK = ("failure", "bad", "good", "not", "if", "ask", "but", "weak", "ad", "risk", "feeling", "thing", "plain")
# Words that carry the grammar of a sentence and stay as they are.
_ENGLISH_FRAME = frozenset(
    [
        "i",
        "you",
        "your",
        "my",
        "we",
        "our",
        "us",
        "me",
        "it",
        "this",
        "that",
        "is",
        "was",
        "are",
        "were",
        "be",
        "been",
        "have",
        "has",
        "had",
        "can",
        "could",
        "will",
        "would",
        "do",
        "did",
        "does",
        "why",
        "when",
        "where",
        "how",
        "what",
        "which",
        "who",
        "please",
        "help",
        "just",
        "still",
        "to",
        "for",
        "so",
        "no",
        "and",
        "or",
        "of",
        "on",
        "at",
        "in",
        "with",
        "from",
        "than",
        "if",
        "too",
        "very",
        "again",
        "ever",
        "any",
        "some",
        "get",
        "got",
        "need",
        "want",
        "know",
        "think",
        "hope",
        "going",
        "gonna",
        "let",
    ]
)
_CHINESE_FRAME = re.compile(
    r"你们|我们|为什么|怎么|什么|多少|可以|是不是|有没有|应该|觉得|感觉|希望|需要|建议|请|[我你了吗呢吧都也就还才很太有没能哪会要想给让被把后前次又再只比和从但而却是不啊呀?!]"
)
_ENGLISH_TERM = re.compile(r"[a-z']+|\?|\d+|@|#")
_LONGEST_FRAME = 4


def _role(find: Find) -> str:
    return _ROLES_BY_KIND.get(find.group[0]) or _ROLES[find.group]


def skeleton_terms(text: str) -> list[str]:
    """Sequences of one to four roles and frame words within each clause of a normalised lower-case text."""
    by_start: dict[int, tuple[int, str]] = {}
    for find in finds_in(text):
        role = _role(find)
        known = by_start.get(find.start)
        if known is None or _RANK.index(role) < _RANK.index(known[1]):
            by_start[find.start] = (find.end, role)
    placed = [(start, by_start[start][1]) for start in sorted(by_start)]
    found_starts = [start for start, _ in placed]
    english = text.isascii()
    for match in (_ENGLISH_TERM if english else _CHINESE_FRAME).finditer(text):
        before = bisect_right(found_starts, match.start()) - 1
        if before >= 0 and match.start() < by_start[found_starts[before]][0]:
            continue
        term = match.group()
        if english and term[0].isdigit():
            term = "#"
        elif english and term not in _ENGLISH_FRAME and term not in "?@#":
            term = "_"
        placed.append((match.start(), term))
    starts = clause_starts(text)
    clauses: list[list[str]] = [[] for _ in starts]
    for start, term in sorted(placed):
        clauses[clause_of(starts, start)].append(term)
    terms: list[str] = []
    for clause in clauses:
        if clause:
            framed = ["<", *clause, ">"]
            for size in range(1, _LONGEST_FRAME + 1):
                terms.extend("~" + " ".join(framed[at : at + size]) for at in range(len(framed) - size + 1))
    return terms
