"""Words by which a complaint is about how an earlier complaint was handled; the phrasings stand in ``lexicon/handling.yml``.

Whether there is an earlier one only the service knows: here nothing but the words is read.
"""

from __future__ import annotations

import re
from functools import cache
from re import Pattern
from typing import Any

from bot.nlu.lexicon import load

_MOST_WORDS = 5


@cache
def _patterns() -> tuple[list[Pattern[str]], list[Pattern[str]]]:
    lexicon = load("handling")
    return [re.compile(each) for each in lexicon["zh"] + lexicon["en"]], [
        re.compile(each) for each in lexicon["unless"]
    ]


def handling_of(text: str) -> dict[str, Any] | None:
    """What in a normalised lower-case text speaks of the handling of a complaint.

    Returns:
        ``{"words"}``, or None.
    """
    patterns, excuses = _patterns()
    excused = [match.span() for excuse in excuses for match in excuse.finditer(text)]
    words = [
        match.group().strip()
        for pattern in patterns
        for match in pattern.finditer(text)
        if not any(start < match.end() and end > match.start() for start, end in excused)
    ]
    return {"words": list(dict.fromkeys(words))[:_MOST_WORDS]} if words else None
