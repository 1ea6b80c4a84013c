"""Joined training examples: what customers write is longer and more mixed than single examples.

Praise, a greeting, a fact, a wish or thanks with a complaint in the same message complains; two messages that do not
complain stay none when joined.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

_HAN = re.compile("[一-鿿]")
_JOINTS = {
    "zh": (",但是", ",就是", ",不过", "。", ",", " "),
    "en": (", but ", ". ", ". However, ", " but ", " - ", ". "),
}
_PLAIN_INTENTS = ("ask_policy", "ask_policy", "spam", "chitchat", "inform", "case_status")
# What stands beside a complaint, before it or after it, and takes nothing from it: its order number above all.
_COMPANIONS = (
    ("greet", True),
    ("inform", True),
    ("inform", False),
    ("inform", False),
    ("wish_remedy", False),
    ("thank", False),
)
# Longer complaints are left whole: joining would drown what they are joined to.
_LONGEST = 160
_SEED = 1


def joined_examples(
    texts: Sequence[str], intents: Sequence[str], count: int, complaint: str = "complain"
) -> tuple[list[str], list[bool]]:
    """Joins pairs of examples within a language.

    Args:
        texts: normalised texts; intents: the intent of each; count: how many rounds of four joined examples.

    Returns:
        The joined texts, and for each whether it complains.
    """
    chance = random.Random(_SEED)
    by_intent: dict[tuple[str, str], list[str]] = {}
    for text, intent in zip(texts, intents, strict=False):
        if len(text) <= _LONGEST:
            by_intent.setdefault(("zh" if _HAN.search(text) else "en", intent), []).append(text.rstrip("。.! "))
    joined: list[str] = []
    complains: list[bool] = []

    def join(language: str, first: str, second: str, *, joint: str, blames: bool) -> None:
        one, two = by_intent.get((language, first)), by_intent.get((language, second))
        if one and two:
            joined.append(chance.choice(one) + joint + chance.choice(two))
            complains.append(blames)

    for _ in range(count):
        language = chance.choice(("zh", "en"))
        joint, full_stop = chance.choice(_JOINTS[language]), "。" if language == "zh" else ". "
        pair = ("praise", complaint) if chance.random() < 0.7 else (complaint, "praise")
        join(language, *pair, joint=joint, blames=True)
        join(language, "praise", chance.choice(("praise", "praise", "thank", "greet")), joint=full_stop, blames=False)
        plain = chance.choice(_PLAIN_INTENTS)
        join(
            language,
            "greet" if chance.random() < 0.3 else plain,
            plain,
            joint="," if language == "zh" else ", ",
            blames=False,
        )
        companion, leads = chance.choice(_COMPANIONS)
        pair = (companion, complaint) if leads else (complaint, companion)
        join(language, *pair, joint=chance.choice((",", full_stop, " ")), blames=True)
    return joined, complains
