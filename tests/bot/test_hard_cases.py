"""The hard cases of the trade: denial, irony, praise beside blame, dialect, bare answers, … kind by kind.

A row of tests/data/hard_cases.jsonl is wholly right or wrong; tests/data/README.md says what each field asks.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml
from form import INTENTS, assert_form

from bot import ROOT
from bot.evaluation.complaints import facts_agree
from bot.standalone import Understander, training_examples

DATA = Path(__file__).resolve().parents[1] / "data"
ROWS: list[dict[str, Any]] = [
    json.loads(line) for line in (DATA / "hard_cases.jsonl").read_text(encoding="utf-8").splitlines() if line.strip()
]
AWAITED = {"order_number", "order_proof", "happening", "offer", "confirm_hand_over", "rating", "wish"}
REQUIRED = {"id", "lang", "kind", "text", "intent"}
OPTIONAL = {"awaited", "categories", "not_categories", "facts"}
# A case must not come of these; handing over to a person would open one too.
NO_CASE = {"policy_question", "pre_sales", "spam", "praise_with_hard_words"}

# The least share of wholly right rows, one or two rows below what was measured when the bar was set. Bars rise with
# the bot; a row is never dropped or softened to meet one.
BARS = {
    "negation_contrast": 0.50,
    "sarcastic_praise": 0.66,
    "mixed_praise_blame": 0.47,
    "several_failures": 0.68,
    "complaint_instead_of_answer": 0.76,
    "policy_question": 0.83,
    "pre_sales": 0.81,
    "spam": 0.73,
    "praise_with_hard_words": 0.41,
    "colloquial_misspelt": 0.72,
    "cantonese_traditional": 0.66,
    "code_mixing": 0.87,
    "very_short": 0.90,
    "very_long": 0.07,
    "bare_answer": 0.81,
    "dates_and_facts": 0.50,
}


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def read(understander: Understander, row: dict[str, Any]) -> dict[str, Any]:
    return understander.understand(row["text"], {"awaited": row.get("awaited")})


def faults(row: dict[str, Any], understood: dict[str, Any]) -> list[str]:
    """What is wrong with the reading of ``row``, in words; empty where it is wholly right."""
    found = {category["key"] for category in understood["categories"]}
    missed = set(row.get("categories", [])) - found
    mistaken = set(row.get("not_categories", [])) & found
    wrong = []
    if understood["intent"] not in as_list(row["intent"]):
        wrong.append(f"intent {understood['intent']}, not {row['intent']}")
    if missed:
        wrong.append(f"missed {sorted(missed)}, found {sorted(found)}")
    if mistaken:
        wrong.append(f"found {sorted(mistaken)}, which was denied or praised")
    if row["kind"] in NO_CASE and understood["hand_over"] is not None:
        wrong.append(f"handed over: {understood['hand_over']['reason']}")
    if "facts" in row:
        facts = understood["facts"]
        # Of several acceptable values, the one found is the wanted one.
        wanted = {
            key: facts[key] if facts.get(key) in as_list(value) else as_list(value)[0]
            for key, value in row["facts"].items()
        }
        if not facts_agree(wanted, facts):
            wrong.append(f"facts {facts}, not {row['facts']}")
    return wrong


def test_the_rows_keep_their_own_form():
    categories = {
        each["key"]
        for each in yaml.safe_load((ROOT / "data" / "firm" / "taxonomy.yml").read_text(encoding="utf-8"))["categories"]
    }
    for row in ROWS:
        assert set(row) >= REQUIRED and set(row) - REQUIRED <= OPTIONAL, row["id"]
        assert row["lang"] in ("zh", "en") and row["kind"] in BARS, row["id"]
        assert row["intent"] and set(as_list(row["intent"])) <= INTENTS, row["id"]
        assert set(row.get("categories", []) + row.get("not_categories", [])) <= categories, row["id"]
        assert not set(row.get("categories", [])) & set(row.get("not_categories", [])), row["id"]
        if "awaited" in row:
            assert set(row["awaited"]) == {"kind", "options"} and row["awaited"]["kind"] in AWAITED, row["id"]
        assert row["kind"] != "complaint_instead_of_answer" or "awaited" in row, row["id"]
        assert row["kind"] != "very_long" or 300 <= len(row["text"]) <= 1500, row["id"]
        assert row["kind"] not in NO_CASE or "complain" not in as_list(row["intent"]), row["id"]


def test_there_are_enough_rows_of_each_kind():
    assert len({row["id"] for row in ROWS}) == len(ROWS) >= 220
    counts = Counter(row["kind"] for row in ROWS)
    assert set(counts) == set(BARS) and min(counts.values()) >= 12


def test_no_row_was_trained_on():
    trained = {example.get("text") for example in training_examples()}
    # Whoever writes examples writes "差评" or "the first" too; what is longer was copied.
    assert not [row["id"] for row in ROWS if len(row["text"]) > 15 and row["text"] in trained]


def test_every_reading_keeps_the_form(understander):
    for row in ROWS:
        assert_form(understander.read(row["text"], {"awaited": row.get("awaited")}).get("understanding"))


@pytest.mark.parametrize("kind", BARS)
def test_hard_cases_are_read_right(understander, kind):
    rows = [row for row in ROWS if row["kind"] == kind]
    wrong = {row["id"]: found for row in rows if (found := faults(row, read(understander, row)))}
    share = 1 - len(wrong) / len(rows)
    texts = {row["id"]: row["text"][:60] for row in rows}
    listed = "\n".join(f"  {each} {texts[each]!r}: {'; '.join(found)}" for each, found in wrong.items())
    assert share >= BARS[kind], (
        f"{kind}: {len(rows) - len(wrong)} of {len(rows)} right ({share:.2f}), bar {BARS[kind]}\n{listed}"
    )


def test_the_complaint_in_a_long_story_is_heard(understander):
    # Beside the bar above, which the praise around the complaint keeps low.
    rows = [row for row in ROWS if row["kind"] == "very_long"]
    deaf = [row["id"] for row in rows if faults({**row, "not_categories": []}, read(understander, row))]
    assert len(deaf) <= 2, f"not heard: {deaf}"
