"""The form of `understanding` as docs/understanding.md has it, checked field by field."""

from __future__ import annotations

import json
from typing import Any

INTENTS = {
    "complain",
    "inform",
    "affirm",
    "deny",
    "accept_offer",
    "wish_remedy",
    "case_status",
    "request_person",
    "rate",
    "withdraw",
    "greet",
    "goodbye",
    "thank",
    "praise",
    "ask_policy",
    "ask_machine",
    "chitchat",
    "spam",
    "abuse",
    "nlu_fallback",
}
RISKS = {"safety", "legal", "media", "fraud", "churn", "vulnerable", "privacy", "abuse"}
REMEDIES = {
    "apology",
    "explanation",
    "refund",
    "voucher",
    "replacement",
    "redo",
    "upgrade",
    "gift",
    "call_back",
    "priority",
}
REASONS = {"asked", "refuses_machine", "safety", "account_security", "minor", "elder"}
KEYS = {
    "language",
    "script",
    "text",
    "sure",
    "readings",
    "categories",
    "emotion",
    "risk",
    "facts",
    "hand_over",
    "about_handling",
}
TEXT_FACTS = {"order_number", "phone", "phone_last4", "occurred", "product"}


def is_words(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(word, str) for word in value)


def assert_form(understanding: Any) -> None:
    """Fails with the offending part where the form is not kept."""
    assert set(understanding) == KEYS
    assert understanding["language"] in ("zh", "en", None)
    assert understanding["script"] in ("hans", "hant", "latin", None)
    assert isinstance(understanding["text"], str) and len(understanding["text"]) <= 4000
    assert isinstance(understanding["sure"], bool)
    readings = understanding["readings"]
    assert len(readings) <= (3 if understanding["sure"] else 2)
    intents = [reading["intent"] for reading in readings]
    assert len(set(intents)) == len(intents)
    if not understanding["sure"] and "complain" not in intents:
        # Only what may yet turn out a complaint is assessed as one.
        assert understanding["categories"] == []
    for reading in readings:
        assert (
            set(reading) == {"intent", "confidence"}
            and reading["intent"] in INTENTS
            and 0 <= reading["confidence"] <= 1
        )
    for category in understanding["categories"]:
        assert set(category) == {"key", "confidence", "words"} and isinstance(category["key"], str)
        assert 0 <= category["confidence"] <= 1 and is_words(category["words"])
    confidences = [category["confidence"] for category in understanding["categories"]]
    assert confidences == sorted(confidences, reverse=True)
    assert set(understanding["emotion"]) == {"level", "words"} and understanding["emotion"]["level"] in (0, 1, 2, 3)
    assert is_words(understanding["emotion"]["words"])
    for risk in understanding["risk"]:
        assert set(risk) == {"key", "words"} and risk["key"] in RISKS and is_words(risk["words"])
    facts = dict(understanding["facts"])
    for key in TEXT_FACTS & set(facts):
        assert isinstance(facts.pop(key), str)
    if "amount" in facts:
        amount = facts.pop("amount")
        assert set(amount) == {"minor", "currency"} and isinstance(amount["minor"], int) and amount["minor"] > 0
    assert facts.pop("wished_remedy", "refund") in REMEDIES
    assert facts.pop("choice", 1) >= 1
    assert facts.pop("rating", 1) in (1, 2, 3, 4, 5)
    for flag in ("skips", "later", "in_full"):
        assert facts.pop(flag, True) is True
    assert not facts
    if understanding["hand_over"] is not None:
        assert (
            set(understanding["hand_over"]) == {"reason", "words"} and understanding["hand_over"]["reason"] in REASONS
        )
        assert is_words(understanding["hand_over"]["words"]) and understanding["hand_over"]["words"]
    if understanding["about_handling"] is not None:
        assert set(understanding["about_handling"]) == {"words"}
        assert is_words(understanding["about_handling"]["words"]) and understanding["about_handling"]["words"]
    # It must travel as JSON.
    json.dumps(understanding, allow_nan=False).encode("utf-8")
