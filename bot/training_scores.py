"""Counts of what a cross-validation read right and wrong, and what a person should look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from bot.cross_validation import Reading
from bot.past_complaints import COMPLAIN, PastComplaint

FEW_EXAMPLES = 30
LOW_F1 = 0.5
# Pairs confused fewer times than this are chance.
_CONFUSED_AT_LEAST = 3
_MOST_CONFUSIONS = 10
# A reading this confident, against the label, speaks of a wrong label.
_STRONGLY = 0.7
_EXCERPT = 60


def excerpt(text: str) -> str:
    """The beginning of a text on one line, 60 characters at most."""
    line = " ".join(text.split())
    return line if len(line) <= _EXCERPT else line[: _EXCERPT - 1] + "…"


def f1(hits: int, wrong: int, missed: int) -> float:
    """F1 of one label; 1.0 where there was nothing to find and nothing was said."""
    return 2 * hits / (2 * hits + wrong + missed) if hits + wrong + missed else 1.0


def intent_scores(readings: Sequence[Reading]) -> dict[str, Any]:
    """``accuracy``, ``per_intent`` and ``confusions`` of the intents that the bot would act on."""
    right = sum(each.read_intent == each.intent for each in readings)
    return {
        "accuracy": _rounded(right / max(1, len(readings))),
        "per_intent": _per_label(({each.intent}, {each.read_intent}) for each in readings),
        "confusions": _confusions((each.intent, each.read_intent, each) for each in readings),
    }


def category_scores(readings: Sequence[Reading]) -> dict[str, Any]:
    """``micro_f1``, ``macro_f1``, ``per_category`` and ``confusions`` of the complaints that carry categories.

    Each is judged as a complaint, whether or not it was taken for one. A confusion is a category that was missed while
    a wrong one was said.
    """
    labelled = [each for each in readings if each.categories]
    per_category = _per_label((set(each.categories), set(each.read_categories)) for each in labelled)
    counts = [(count["hit"], count["wrong"], count["missed"]) for count in per_category.values()]
    with_examples = [f1(*count) for count in counts if count[0] + count[2]]
    pairs = (
        (missed, said, each)
        for each in labelled
        for missed in each.categories
        if missed not in each.read_categories
        for said in each.read_categories
        if said not in each.categories
    )
    return {
        "examples": len(labelled),
        "micro_f1": _rounded(f1(*(sum(count[place] for count in counts) for place in range(3)))),
        "macro_f1": _rounded(sum(with_examples) / max(1, len(with_examples))),
        "per_category": per_category,
        "confusions": _confusions(pairs),
    }


def emotion_scores(readings: Sequence[Reading]) -> dict[str, Any]:
    """``mean_absolute_error`` in levels, and on how many ``examples``."""
    errors = [abs(each.read_emotion - each.emotion) for each in readings if each.emotion is not None]
    return {"mean_absolute_error": _rounded(sum(errors) / max(1, len(errors))), "examples": len(errors)}


def warnings_of(
    scores: dict[str, Any], readings: Sequence[Reading], categories: Iterable[str], intents: Iterable[str]
) -> list[str]:
    """What stands in the way of good readings, a line each.

    Args:
        scores: ``intents`` and ``categories`` as counted here.
        categories, intents: all keys there are, also those without any example.
    """
    found = []
    for kind, keys, per_label in (
        ("category", categories, scores["categories"]["per_category"]),
        ("intent", intents, scores["intents"]["per_intent"]),
    ):
        for key in dict.fromkeys([*keys, *per_label]):
            count = per_label.get(key, {"examples": 0, "f1": 0.0})
            if not count["examples"]:
                # What is only ever read wrongly shows among the confusions.
                if key in keys:
                    found.append(f"{kind} {key}: no example, so it is never read")
            else:
                if count["examples"] < FEW_EXAMPLES:
                    found.append(f"{kind} {key}: {count['examples']} examples; at least {FEW_EXAMPLES} are needed")
                if count["f1"] < LOW_F1:
                    found.append(f"{kind} {key}: F1 {count['f1']:.2f}; below {LOW_F1} it misleads more than it tells")
    return found + _not_told_apart(readings)


def doubtful_rows(
    rows: Sequence[PastComplaint], readings: Sequence[Reading], scores: dict[str, Any]
) -> list[dict[str, Any]]:
    """The firm's rows whose label a confident reading contradicts: likely mislabelled.

    Labels that the model does not know well (F1 below 0.5) are not doubted: there the model is likelier wrong.

    Returns:
        ``place`` (file:line), ``labelled``, ``read`` (both lists of labels), ``confidence`` and ``text`` cut short.
    """
    known = {key for key, count in scores["categories"]["per_category"].items() if count["f1"] >= LOW_F1}
    known |= {f"intent:{key}" for key, count in scores["intents"]["per_intent"].items() if count["f1"] >= LOW_F1}
    found = []
    for row, reading in zip(rows, readings, strict=True):
        labelled = list(row.categories) or [f"intent:{row.intent}"]
        read, confidence = _contradiction(row, reading)
        if confidence >= _STRONGLY and known >= set(labelled):
            found.append(
                {
                    "place": row.place,
                    "labelled": labelled,
                    "read": read,
                    "confidence": _rounded(confidence),
                    "text": excerpt(row.text),
                }
            )
    return found


def _contradiction(row: PastComplaint, reading: Reading) -> tuple[list[str], float]:
    """What was read against the row's label, and how confidently; nothing, with 0, where both agree."""
    if reading.read_intent != row.intent:
        as_label = list(reading.read_categories) if reading.read_intent == COMPLAIN else []
        return as_label or [f"intent:{reading.read_intent}"], reading.read_confidence
    if row.categories and not set(row.categories) & set(reading.read_categories):
        return list(reading.read_categories), max(reading.read_categories.values(), default=0.0)
    return [], 0.0


def _not_told_apart(readings: Sequence[Reading]) -> list[str]:
    """Categories that are more often taken for another one than read rightly beside it."""
    right: Counter[tuple[str, str]] = Counter()
    confused: Counter[tuple[str, str]] = Counter()
    keys = {key for each in readings for key in (*each.categories, *each.read_categories)}
    for each in readings:
        said = set(each.read_categories)
        for key in each.categories:
            for other in keys - set(each.categories):
                right[key, other] += key in said and other not in said
                confused[key, other] += other in said and key not in said
    return [
        f"category {key}: taken for {other} {times} times, told from it {right[key, other]} times"
        for (key, other), times in sorted(confused.items(), key=lambda item: (-item[1], item[0]))
        if times >= _CONFUSED_AT_LEAST and times > right[key, other]
    ]


def _per_label(labels: Iterable[tuple[set[str], set[str]]]) -> dict[str, dict[str, Any]]:
    """By label, the one with most examples first: examples, F1, hit, wrong, missed."""
    hits: Counter[str] = Counter()
    wrongs: Counter[str] = Counter()
    misses: Counter[str] = Counter()
    for wanted, said in labels:
        hits.update(wanted & said)
        wrongs.update(said - wanted)
        misses.update(wanted - said)
    keys = sorted({*hits, *wrongs, *misses}, key=lambda key: (-hits[key] - misses[key], key))
    return {
        key: {
            "examples": hits[key] + misses[key],
            "f1": _rounded(f1(hits[key], wrongs[key], misses[key])),
            "hit": hits[key],
            "wrong": wrongs[key],
            "missed": misses[key],
        }
        for key in keys
    }


def _confusions(pairs: Iterable[tuple[str, str, Reading]]) -> list[dict[str, Any]]:
    """The most frequent pairs of label and other reading, with the first example of each and its place if the firm's."""
    times: Counter[tuple[str, str]] = Counter()
    examples: dict[tuple[str, str], Reading] = {}
    for labelled, read, reading in pairs:
        if labelled != read:
            times[labelled, read] += 1
            examples.setdefault((labelled, read), reading)
    return [
        {
            "labelled": pair[0],
            "read": pair[1],
            "times": count,
            "example": excerpt(examples[pair].text),
            "place": examples[pair].place,
        }
        for pair, count in sorted(times.items(), key=lambda item: (-item[1], item[0]))[:_MOST_CONFUSIONS]
    ]


def _rounded(value: float) -> float:
    return round(value, 4)
