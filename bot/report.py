"""Reports how well a model trained on the present examples reads what it has not seen, and what to look at.

usage: python -m bot.report [--folds 3] [--out FILE]

Cross-validation over all examples, the firm's past complaints among them. Tables go to standard output, progress to
standard error, the same numbers to ``training_report.json`` in the state folder, which alone quotes the firm's past
complaints. It measures on examples that were written
to teach; texts of another hand (``make evaluate``) are a harder test.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rasa.shared.nlu.training_data.message import Message

from bot.cross_validation import cross_validate
from bot.past_complaints import (
    COMPLAIN,
    PastComplaint,
    PastComplaintsError,
    category_keys,
    firm_folder,
    intent_names,
    read_past_complaints,
)
from bot.standalone import shipped_examples
from bot.training_scores import category_scores, doubtful_rows, emotion_scores, intent_scores, warnings_of

FOLDS = 3


def report_on(
    shipped: Sequence[Message], past: Sequence[PastComplaint], categories: Sequence[str], folds: int
) -> dict[str, Any]:
    """The whole report, as it is written to the file.

    Args:
        shipped: the project's examples; past: the firm's.
        categories: the keys of the firm's taxonomy.
    """
    examples = [*shipped, *(Message(data=row.data) for row in past)]
    readings = cross_validate(examples, folds, tell=lambda line: print(line, file=sys.stderr, flush=True))
    of_the_firm = readings[len(shipped) :]
    readings[len(shipped) :] = [replace(each, place=row.place) for each, row in zip(of_the_firm, past, strict=True)]
    scores = {
        "examples": len(examples),
        "past_complaints": len(past),
        "folds": folds,
        "intents": intent_scores(readings),
        "categories": category_scores(readings),
        "emotion": emotion_scores(readings),
    }
    return {
        **scores,
        "warnings": warnings_of(scores, readings, categories, [COMPLAIN, *intent_names()]),
        "doubtful_rows": doubtful_rows(past, readings[len(shipped) :], scores),
    }


def show(report: dict[str, Any]) -> None:
    """Prints the report; of the firm's past complaints it prints places and no text, since those are personal data."""
    intents, categories, emotion = report["intents"], report["categories"], report["emotion"]
    print(
        f"{report['examples']:,} examples, {report['past_complaints']:,} of them the firm's past complaints; "
        f"each read by one of {report['folds']} models that had not seen it"
    )
    print(f"\nIntents: accuracy {intents['accuracy']:.3f}")
    _show_labels("intent", intents["per_intent"])
    print("\nMost frequent confusions of intents")
    _show_confusions("read as", intents["confusions"])
    print(
        f"\nCategories of {categories['examples']:,} complaints: "
        f"micro-F1 {categories['micro_f1']:.3f}, macro-F1 {categories['macro_f1']:.3f}"
    )
    _show_labels("category", categories["per_category"])
    print("\nMost frequent confusions of categories: missed, and another one said")
    _show_confusions("said instead", categories["confusions"])
    print(
        f"\nEmotion: mean absolute error {emotion['mean_absolute_error']:.2f} levels of 0 to 3, "
        f"on {emotion['examples']:,} complaints"
    )
    print("\nWarnings" if report["warnings"] else "\nNo warnings")
    for line in report["warnings"]:
        print(f"  {line}")
    if report["doubtful_rows"]:
        print("\nPast complaints that are likely mislabelled")
    for row in report["doubtful_rows"]:
        print(f"  {row['place']}: {'; '.join(row['labelled'])}, but read as {'; '.join(row['read'])} ", end="")
        print(f"({row['confidence']:.2f})")


def _show_labels(kind: str, per_label: dict[str, dict[str, Any]]) -> None:
    rows = [
        [
            key,
            f"{count['examples']:,}",
            f"{count['f1']:.3f}" if count["examples"] else "–",
            f"{count['missed']:,}",
            f"{count['wrong']:,}",
        ]
        for key, count in per_label.items()
    ]
    _show_table([kind, "examples", "F1", "missed", "wrong"], rows, numbers=range(1, 5))


def _show_confusions(other: str, confusions: list[dict[str, Any]]) -> None:
    rows = [
        [each["labelled"], each["read"], f"{each['times']:,}", each["place"] or each["example"]] for each in confusions
    ]
    _show_table(["labelled", other, "times", "such as"], rows, numbers=range(2, 3))


def _show_table(header: list[str], rows: list[list[str]], numbers: range) -> None:
    """Columns as wide as their longest cell; numbers to the right, and nothing behind the last column."""
    widths = [max(len(row[place]) for row in [header, *rows]) for place in range(len(header))]
    for row in [header, *rows]:
        cells = [
            cell.rjust(width) if place in numbers else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths))
        ]
        print(("  " + "  ".join(cells)).rstrip())


def write(report: dict[str, Any], path: Path) -> None:
    """Writes the report as JSON, readable by its owner alone: it holds customers' words."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        # One that was there keeps its mode otherwise.
        path.chmod(0o600)
        file.write(json.dumps(report, ensure_ascii=False, indent=1) + "\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures, prints and writes; exit status 2 where the firm's files cannot be read."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folds", type=int, default=FOLDS, choices=range(2, 11), metavar="2-10")
    parser.add_argument(
        "--out", type=Path, default=Path(os.environ.get("AMENDS_VAR") or "var") / "training_report.json"
    )
    options = parser.parse_args(arguments)
    try:
        folder = firm_folder()
        past, categories = read_past_complaints(folder), category_keys(folder)
    except PastComplaintsError as error:
        print(error, file=sys.stderr)
        return 2
    report = report_on(shipped_examples(), past, categories, options.folds)
    write(report, options.out)
    show(report)
    print(f"\nwritten to {options.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
