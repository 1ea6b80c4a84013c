"""Reads the answer to "which of these did you mean?", put where a message could not be read for sure."""

from __future__ import annotations

import re
from functools import cache
from re import Pattern

from bot.nlu.lexicon import load

# What `choose_reading` gives where none of the readings was meant.
NEITHER = 0
# What it gives where the answer leaves open which.
UNDECIDED = -1
_PLACES = {"first": 1, "second": 2}
_LONGEST_ANSWER = 80
_CLAUSE_END = re.compile(r"[,.;:!?。、\n-]")
# "no. 2" numbers, and does not deny.
_NUMBERING = r"(?:no|nr|#)\.? ?(?=[1-9])"


@cache
def _pieces() -> Pattern[str]:
    lexicon = load("readings")
    entries = {kind: lexicon[kind] for kind in ("neither", "undecided")} | lexicon["names"]
    entries |= {kind: lexicon[kind] for kind in ("first", "second", "denied", "filler")}
    pieces = [f"(?P<{kind}>(?<![a-z'])(?:{each['en']})(?![a-z'])|{each['zh']})" for kind, each in entries.items()]
    return re.compile("|".join([f"(?P<numbering>{_NUMBERING})", *pieces, r"(?P<gap>\W+)"]))


def choose_reading(text: str, options: tuple[str, ...]) -> int | None:
    """Which of the readings on offer a normalised lower-case text means.

    Args:
        options: the intents offered, in the order shown.

    Returns:
        1 for the first; :data:`NEITHER` where it declines them all or names only what was not meant; :data:`UNDECIDED`
        where it picks several, or what is not on the list; None where it is no plain answer and says something else.
    """
    if len(text) > _LONGEST_ANSWER:
        return None
    meant: set[str | int] = set()
    denies = declines = undecided = False
    place = 0
    while place < len(text):
        piece = _pieces().match(text, place)
        if piece is None or piece.end() == place:
            return None
        place, kind = piece.end(), piece.lastgroup or ""
        if kind == "undecided":
            undecided = True
        elif kind == "neither":
            declines = True
        elif kind == "denied":
            denies = declines = True
        elif kind == "gap":
            denies = denies and not _CLAUSE_END.search(piece.group())
        elif kind not in ("filler", "numbering"):
            if not denies:
                meant.add(_place_of(kind, options))
            denies = False
    chosen = [each for each in meant if isinstance(each, int)]
    if undecided or len(chosen) > 1:
        return UNDECIDED
    if chosen:
        return chosen[0] if len(meant) == 1 and chosen[0] <= len(options) else None
    return NEITHER if declines and not meant else None


def _place_of(kind: str, options: tuple[str, ...]) -> int | str:
    """The place on the list that is meant by a piece; an intent that is not offered stands for itself."""
    if kind in _PLACES:
        return _PLACES[kind]
    return options.index(kind) + 1 if kind in options else kind
