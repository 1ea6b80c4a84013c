"""Words after which a person must take over without being asked for confirmation.

Source of the reasons: GB/T 47746-2026 as quoted in public; the phrasings stand in ``lexicon/hand_over.yml``.
"""

from __future__ import annotations

import re
from functools import cache
from re import Pattern
from typing import Any

from bot.nlu.lexicon import load

# The order of reading: what endangers someone comes first.
REASONS = ("safety", "account_security", "refuses_machine", "asked", "minor", "elder")


@cache
def _patterns() -> dict[str, tuple[list[Pattern[str]], list[Pattern[str]]]]:
    lexicon = load("hand_over")
    return {
        reason: (
            [re.compile(pattern) for pattern in lexicon[reason]["zh"] + lexicon[reason]["en"]],
            [re.compile(pattern) for pattern in lexicon[reason].get("unless", [])],
        )
        for reason in REASONS
    }


def hand_over_of(text: str) -> dict[str, Any] | None:
    """Why a person must take over, from a normalised lower-case text.

    Returns:
        ``{"reason", "words"}``, or None. Of several reasons the first of :data:`REASONS` is given.
    """
    for reason in REASONS:
        patterns, excuses = _patterns()[reason]
        words: list[str] = []
        excused: list[tuple[int, int]] | None = None
        for pattern in patterns:
            for match in pattern.finditer(text):
                if not match.group().strip():
                    continue
                if excused is None:
                    excused = [excuse.span() for unless in excuses for excuse in unless.finditer(text)]
                # An excuse must reach into the trigger's words to take them away.
                if any(start < match.end() and end > match.start() for start, end in excused):
                    continue
                words.append(match.group().strip())
        if words:
            return {"reason": reason, "words": list(dict.fromkeys(words))[:5]}
    return None
