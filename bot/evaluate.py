"""Measures the understanding on real complaints and on written non-complaints.

usage: python -m bot.evaluate [--data DIR] [--json]

REFERENCE_DATA (default ``../shared/data``) holds ``complaints_dev.jsonl``; how it is scored stands in its README: F1 over
all decisions outside ``doubtful``, macro over categories with at least five rows. The components are trained on
``data/training/nlu`` first; the reference texts are never trained on.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from bot.standalone import ROOT, Understander, training_examples

LEAST_ROWS = 5


def f1(hits: int, wrong: int, missed: int) -> float:
    """F1 of one label; 1.0 where there was nothing to find and nothing was said."""
    return 2 * hits / (2 * hits + wrong + missed) if hits + wrong + missed else 1.0


def rows_of(path: Path) -> list[dict[str, Any]]:
    """The rows of a JSON-lines file; says so loudly and returns none where it is missing."""
    if not path.exists():
        print(f"*** MISSING: {path} — nothing was measured on it. ***", file=sys.stderr)
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def score_complaints(understander: Understander, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Scores complaints: case share, F1 per category and overall, emotion error, risk recall, milliseconds a text."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    risks: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    errors, taken, opened, with_category, case_agrees, case_rows = [], [], 0, 0, 0, 0
    for row in rows:
        begun = time.perf_counter()
        read = understander.understand(row["text"])
        taken.append(1000 * (time.perf_counter() - begun))
        case = read["intent"] == "complain" or read["hand_over"] is not None
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
        "case_share": round(opened / max(1, with_category), 4),
        "case_agreement": round(case_agrees / max(1, case_rows), 4),
        "micro_f1": round(f1(*totals), 4),
        "macro_f1": round(sum(f1(*count) for count in frequent.values()) / max(1, len(frequent)), 4),
        "per_category": {
            key: {"f1": round(f1(*count), 3), "hit": count[0], "wrong": count[1], "missed": count[2]}
            for key, count in sorted(counts.items())
        },
        "emotion_mae": round(sum(errors) / max(1, len(errors)), 4),
        "risk": {
            key: {"hit": hit, "missed": missed, "wrong": wrong} for key, (hit, missed, wrong) in sorted(risks.items())
        },
        "median_ms": round(statistics.median(taken), 2) if taken else None,
    }


def score_non_complaints(understander: Understander, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The share of non-complaints that open no case, in all and by kind."""
    quiet: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for row in rows:
        read = understander.understand(row["text"])
        quiet[row["kind"]][0] += read["intent"] != "complain" and read["hand_over"] is None
        quiet[row["kind"]][1] += 1
    return {
        "rows": len(rows),
        "no_case_share": round(sum(count[0] for count in quiet.values()) / max(1, len(rows)), 4),
        "by_kind": {kind: f"{count[0]}/{count[1]}" for kind, count in sorted(quiet.items())},
    }


def main() -> int:
    """Trains, measures, prints; exit status 1 where the reference data is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--data", type=Path, default=Path(os.environ.get("REFERENCE_DATA", ROOT.parent / "shared" / "data"))
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        examples = training_examples()
        understander = Understander.trained(examples, Path(folder))
        results: dict[str, Any] = {"examples": len(examples), "training_seconds": round(time.perf_counter() - begun, 1)}
        complaints = rows_of(options.data / "complaints_dev.jsonl")
        if complaints:
            results["real_complaints"] = score_complaints(understander, complaints)
        written = rows_of(ROOT / "tests" / "data" / "complaints.jsonl")
        if written:
            results["written_complaints"] = score_complaints(understander, written)
        non_complaints = rows_of(ROOT / "tests" / "data" / "non_complaints.jsonl")
        if non_complaints:
            results["non_complaints"] = score_non_complaints(understander, non_complaints)
    if options.json:
        print(json.dumps(results, ensure_ascii=False, indent=1))
    else:
        show(results)
    return 0 if complaints else 1


def show(results: dict[str, Any], indent: str = "") -> None:
    """Prints nested results as an indented table."""
    for key, value in results.items():
        if isinstance(value, dict) and any(isinstance(inner, dict) for inner in value.values()):
            print(f"{indent}{key}")
            show(value, indent + "  ")
        elif isinstance(value, dict):
            print(f"{indent}{key:22}" + "  ".join(f"{name} {inner}" for name, inner in value.items()))
        else:
            print(f"{indent}{key:22}{value}")


if __name__ == "__main__":
    sys.exit(main())
