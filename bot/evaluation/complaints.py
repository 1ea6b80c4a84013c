"""Scores the whole pipeline on labelled texts: complaints, what is none, answers to questions, wishes for a person.

How real complaints are scored stands beside them, in the README of the reference data: F1 over all decisions outside
``doubtful``, macro over categories with at least five rows. The project's own texts are described in tests/data/README.md.
"""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bot import ROOT
from bot.evaluation.reference import Reference, json_rows, progress
from bot.standalone import Understander
from bot.training_scores import f1

OWN_TEXTS = ROOT / "tests" / "data"
LEAST_ROWS = 5
# Facts that may be found beyond those a row lists.
_OPEN_FACTS = {"product", "occurred"}


def _share(count: int, rows: int) -> float:
    return round(count / max(1, rows), 4)


def _opens_case(read: dict[str, Any]) -> bool:
    return read["intent"] == "complain" or read["hand_over"] is not None


def score_complaints(understander: Understander, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Scores complaints: case share, F1 per category and overall, emotion error, risk counts, milliseconds a text."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    risks: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    errors, taken, opened, with_category, case_agrees, case_rows = [], [], 0, 0, 0, 0
    for row in rows:
        begun = time.perf_counter()
        read = understander.understand(row["text"])
        taken.append(1000 * (time.perf_counter() - begun))
        case = _opens_case(read)
        wanted, doubtful = set(row["categories"]), set(row.get("doubtful", []))
        said = {category["key"] for category in read["categories"]}
        if wanted:
            with_category += 1
            opened += case
        if wanted or not doubtful:
            case_rows += 1
            case_agrees += bool(wanted) == case
        for key in wanted | said:
            if key in wanted and key in said:
                counts[key][0] += 1
            elif key in said and key not in doubtful:
                counts[key][1] += 1
            elif key in wanted:
                counts[key][2] += 1
        errors.append(abs(read["emotion"]["level"] - row["emotion"]))
        flagged = {risk["key"] for risk in read["risk"]}
        for key in row["risk"]:
            risks[key][key not in flagged] += 1
        for key in flagged - set(row["risk"]):
            risks[key][2] += 1
    totals = [sum(count[place] for count in counts.values()) for place in range(3)]
    frequent = {key: count for key, count in counts.items() if count[0] + count[2] >= LEAST_ROWS}
    return {
        "rows": len(rows),
        "micro_f1": round(f1(*totals), 4),
        "macro_f1": round(sum(f1(*count) for count in frequent.values()) / max(1, len(frequent)), 4),
        "emotion_mae": round(sum(errors) / max(1, len(errors)), 4),
        "case_share": _share(opened, with_category),
        "case_agreement": _share(case_agrees, case_rows),
        "case_rows": case_rows,
        "median_ms": round(statistics.median(taken), 2) if taken else None,
        "risk": {
            key: {"hit": hit, "missed": missed, "wrong": wrong} for key, (hit, missed, wrong) in sorted(risks.items())
        },
        "per_category": {
            key: {"f1": round(f1(*count), 3), "hit": count[0], "wrong": count[1], "missed": count[2]}
            for key, count in sorted(counts.items())
        },
    }


def score_non_complaints(understander: Understander, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The share of non-complaints that open no case, in all and by kind."""
    quiet: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        quiet[row["kind"]][0] += not _opens_case(understander.understand(row["text"]))
        quiet[row["kind"]][1] += 1
    return {
        "rows": len(rows),
        "no_case_share": _share(sum(count[0] for count in quiet.values()), len(rows)),
        "by_kind": {kind: f"{count[0]}/{count[1]}" for kind, count in sorted(quiet.items())},
    }


def score_dialogue_acts(understander: Understander, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Answers to open questions: the share with the right intent, and with the right facts."""
    intents, facts = [], []
    for row in rows:
        read = understander.understand(row["text"], {"awaited": row["awaited"]})
        if read["intent"] != row["intent"]:
            intents.append(row["id"])
        if not facts_agree(row["facts"], read["facts"]):
            facts.append(row["id"])
    return {
        "rows": len(rows),
        "right_intent": _share(len(rows) - len(intents), len(rows)),
        "right_facts": _share(len(rows) - len(facts), len(rows)),
        "wrong_intent_ids": intents,
        "wrong_facts_ids": facts,
    }


def facts_agree(wanted: dict[str, Any], found: dict[str, Any]) -> bool:
    """Whether all ``wanted`` facts were found, and none beyond what tests/data/README.md leaves open."""
    # Who takes an offer by its name may count as having wished for it.
    allowed = _OPEN_FACTS | ({"wished_remedy"} if "choice" in wanted else set())
    return all(found.get(key) == value for key, value in wanted.items()) and set(found) - set(wanted) <= allowed


def score_hand_over(understander: Understander, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Messages after which a person must take over: which were missed, and for which another reason was given."""
    missed, other_reason = [], []
    for row in rows:
        hand_over = understander.understand(row["text"])["hand_over"]
        if hand_over is None:
            missed.append(row["id"])
        elif hand_over["reason"] != row["reason"]:
            other_reason.append(row["id"])
    return {"rows": len(rows), "missed": len(missed), "missed_ids": missed, "other_reason_ids": other_reason}


def score_lookalikes(understander: Understander, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Messages that only resemble a wish for a person: which triggered a hand-over all the same."""
    wrong = [row["id"] for row in rows if understander.understand(row["text"])["hand_over"] is not None]
    return {"rows": len(rows), "wrongly_triggered": len(wrong), "wrongly_triggered_ids": wrong}


_COMPLAINT = ("text", "categories", "emotion", "risk")


def measured(understander: Understander, data: Path, reference: Reference) -> dict[str, Any]:
    """Scores of every file that is there: real complaints in ``data``, the project's own texts in tests/data.

    Raises:
        WrongFormError: a file has another form.
    """
    files: dict[str, tuple[Path, Callable[[Understander, list[dict[str, Any]]], dict[str, Any]], tuple[str, ...]]] = {
        "real_complaints": (data / "complaints_dev.jsonl", score_complaints, _COMPLAINT),
        "written_complaints": (OWN_TEXTS / "complaints.jsonl", score_complaints, _COMPLAINT),
        "non_complaints": (OWN_TEXTS / "non_complaints.jsonl", score_non_complaints, ("text", "kind")),
        "dialogue_acts": (
            OWN_TEXTS / "dialogue_acts.jsonl",
            score_dialogue_acts,
            ("id", "text", "awaited", "intent", "facts"),
        ),
        "hand_over": (OWN_TEXTS / "hand_over.jsonl", score_hand_over, ("id", "text", "reason")),
        "hand_over_lookalikes": (OWN_TEXTS / "hand_over_lookalikes.jsonl", score_lookalikes, ("id", "text")),
    }
    results = {}
    for name, (path, score, keys) in files.items():
        if reference.found(path):
            progress(f"reading {path.name} …")
            results[name] = score(understander, json_rows(path, *keys))
    return results
