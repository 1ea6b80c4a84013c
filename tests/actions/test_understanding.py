"""The service's side of the contract in docs/understanding.md."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from actions.commands.catalogue import COMMANDS
from actions.understanding import Facts, Understanding, UnreadableUnderstanding, read_understanding
from recovery.control import UNASKED
from recovery.failures import Risk
from recovery.remedies import RemedyKind

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = (ROOT / "docs" / "understanding.md").read_text(encoding="utf-8")

FULL: dict[str, Any] = {
    "language": "zh",
    "script": "hans",
    "text": "订单202611120007的锅裂了,要退款300元",
    "sure": True,
    "readings": [{"intent": "complain", "confidence": 0.93}],
    "categories": [{"key": "product_quality", "confidence": 0.91, "words": ["裂了"]}],
    "emotion": {"level": 1, "words": []},
    "risk": [{"key": "churn", "words": ["再也不买"]}],
    "facts": {
        "order_number": "202611120007",
        "phone": "13800004711",
        "phone_last4": "4711",
        "amount": {"minor": 30000, "currency": "CNY"},
        "occurred": "昨天",
        "product": "锅",
        "wished_remedy": "refund",
        "choice": 1,
        "rating": 5,
        "skips": True,
    },
    "hand_over": {"reason": "asked", "words": ["转人工"]},
    "about_handling": {"words": ["处理投诉太敷衍"]},
}


def row_of(key: str) -> str:
    """What the contract's table says of a key of ``understanding``."""
    section = CONTRACT.partition("## Out")[2]
    return next(line for line in section.splitlines() if line.startswith(f"| `{key}`"))


def test_a_full_message_is_read_whole() -> None:
    read = read_understanding(FULL)
    assert (read.category_keys, read.risk_keys) == (("product_quality",), ("churn",))
    assert read.facts.amount is not None and read.facts.amount.minor == 30000
    assert read.words() == {"product_quality": ["裂了"], "emotion": [], "risk:churn": ["再也不买"]}


def test_every_key_of_the_contract_is_known_here_and_no_other() -> None:
    table = CONTRACT.partition("## Out")[2].partition("Remedy kinds")[0]
    assert set(re.findall(r"^\| `(\w+)`", table, re.M)) == set(Understanding.model_fields)


def test_every_fact_of_the_contract_is_known_here_and_no_other() -> None:
    named = set(re.findall(r"`(\w+)` \(", row_of("facts")))
    assert named == set(Facts.model_fields)


def test_risks_reasons_and_remedies_are_those_of_the_contract() -> None:
    (risks,) = re.findall(r"keys `([\w ]+)`", row_of("risk"))
    assert set(risks.split()) == {risk.value for risk in Risk}
    reasons = row_of("hand_over").partition("reasons")[2]
    assert set(re.findall(r"`(\w+)`", reasons)) == {reason.value for reason in UNASKED}
    (kinds,) = re.findall(r"Remedy kinds: `([\w ]+)`", CONTRACT)
    assert set(kinds.split()) == {kind.value for kind in RemedyKind}


def test_every_action_of_the_contract_the_domain_and_the_rules_has_its_command() -> None:
    intents = CONTRACT.partition("## Intents")[2].partition("## Training")[0]
    assert set(re.findall(r"`(action_\w+)`", intents)) == set(COMMANDS)
    domain = yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))
    assert set(domain["actions"]) == set(COMMANDS)


@pytest.mark.parametrize("sparse", [{}, {"language": None, "facts": None, "emotion": None, "hand_over": None}])
def test_what_the_message_does_not_tell_may_be_left_out(sparse: dict[str, Any]) -> None:
    read = read_understanding(sparse)
    assert (read.language, read.category_keys, read.emotion.level, read.hand_over) == (None, (), 0, None)


def test_keys_that_are_not_known_yet_are_passed_over() -> None:
    assert read_understanding(FULL | {"mood": "blue"}) == read_understanding(FULL)


@pytest.mark.parametrize(
    ("broken", "place"),
    [
        (None, "understanding"),
        ([], "understanding"),
        ({"emotion": {"level": 4}}, "emotion.level"),
        ({"facts": {"rating": 6}}, "facts.rating"),
        ({"facts": {"phone_last4": "47x1"}}, "facts.phone_last4"),
        ({"facts": {"amount": {"minor": -1, "currency": "CNY"}}}, "facts.amount.minor"),
        ({"categories": [{"confidence": 0.9}]}, "categories.0.key"),
    ],
)
def test_anything_else_is_refused_naming_its_place(broken: Any, place: str) -> None:
    with pytest.raises(UnreadableUnderstanding, match=f"^{re.escape(place)}: "):
        read_understanding(broken)
