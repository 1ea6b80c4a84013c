"""The shipped training examples: none of them is a text that measures."""

from __future__ import annotations

import json
import re
import unicodedata

from bot import ROOT
from bot.standalone import shipped_examples

# What has fewer of either is an everyday one-liner ("no", "转人工"), which anybody who writes examples hits upon.
LATIN, HAN = 8, 6


def letters_and_digits(text: str) -> str:
    return "".join(character for character in unicodedata.normalize("NFKC", text).casefold() if character.isalnum())


def is_everyday(text: str) -> bool:
    letters = letters_and_digits(text)
    return len(re.findall("[a-z]", letters)) < LATIN and len(re.findall("[㐀-䶿一-鿿]", letters)) < HAN


def held_out() -> dict[str, str]:
    """The id of each text of tests/data by its letters and digits; everyday one-liners left out."""
    found = {}
    for path in sorted((ROOT / "tests" / "data").glob("*.jsonl")):
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
        found.update({letters_and_digits(row["text"]): row["id"] for row in rows if not is_everyday(row["text"])})
    return found


def test_no_text_that_measures_is_trained_on():
    measuring, examples = held_out(), shipped_examples()
    assert len(measuring) > 1000 and len(examples) > 40_000
    twins = {each.get("text"): measuring.get(letters_and_digits(each.get("text"))) for each in examples}
    assert {text: twin for text, twin in twins.items() if twin} == {}


def test_every_block_of_examples_holds_some():
    for path in sorted((ROOT / "data" / "training" / "nlu").glob("*.yml")):
        assert not re.search(r"examples: \|\n\s*(- intent|\Z)", path.read_text(encoding="utf-8")), path.name


def test_twins_are_found_whatever_their_case_width_and_punctuation():
    assert letters_and_digits("Ｔｅｌｌ me, a JOKE!") == letters_and_digits("tell me a joke")
    assert is_everyday("no") and is_everyday("转人工")
    assert not is_everyday("tell me a joke") and not is_everyday("我不跟机器人说话")
