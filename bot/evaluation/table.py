"""The results as one table to read: a section for each part, goals beside the figures they are for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

_NAMES = {"amends": "Amends", "svm": "TF-IDF + SVM", "diet": "Rasa DIET"}
_TEXTS = {
    "real_complaints": "real complaints",
    "written_complaints": "written complaints",
    "non_complaints": "written non-complaints",
    "dialogue_acts": "answers to questions",
    "hand_over": "wishes for a person",
    "hand_over_lookalikes": "look-alikes of these",
}
# Figures of each file that the table shows, with what they are called.
_FIGURES = {
    "micro_f1": "categories, micro-F1",
    "macro_f1": "categories, macro-F1",
    "emotion_mae": "emotion, mean absolute error",
    "case_agreement": "case or none, as labelled",
    "case_share": "complaints that open a case",
    "no_case_share": "opened no case",
    "right_intent": "right intent",
    "right_facts": "right facts",
    "missed": "missed",
    "wrongly_triggered": "wrongly triggered",
    "median_ms": "median ms a message",
}
_COSTS = {
    "training_seconds": "training on the shipped data, s",
    "median_ms": "one message, median ms",
    "memory_mb": "memory beyond Rasa itself, MB",
}


def columns(rows: Iterable[Sequence[str]]) -> list[str]:
    """Rows as lines whose columns are aligned: the first and the last to the left, the others to the right.

    All have equally many cells, but for headings: a single cell that takes the whole line.
    """
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*(row for row in rows if len(row) > 1))]
    lines = []
    for row in rows:
        inner = [cell.rjust(width) for cell, width in zip(row[1:-1], widths[1:-1])]
        lines.append("  ".join([row[0].ljust(widths[0]), *inner, row[-1]]).rstrip() if len(row) > 1 else row[0])
    return lines


def shown(value: Any) -> str:
    """A figure as it stands in the table: shares and other fractions with three digits, counts as they are."""
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def table(results: dict[str, Any]) -> str:
    """The whole table of what ``results`` hold (see :mod:`bot.evaluation.__main__`)."""
    goals = {
        verdict["figure"]: f"{verdict['goal']} {'met' if verdict['met'] else 'NOT MET'}" for verdict in results["goals"]
    }
    sections = []
    if results.get("complaints"):
        sections.append(["COMPLAINTS", *_complaints(results["complaints"], goals)])
    if results.get("intent_sets"):
        sections.append(["PUBLIC INTENT SETS (shares of test messages)", *_intent_sets(results["intent_sets"], goals)])
    if results.get("cost"):
        sections.append(["COST", *_cost(results["cost"], goals)])
    met = sum(verdict["met"] for verdict in results["goals"])
    machine = results["machine"]
    closing = [
        f"Goals met: {met} of {len(results['goals'])} measured.",
        f"Seconds and milliseconds are of {machine['processors']} processors, with a load of "
        f"{machine['load_before']:.1f} before and {machine['load_after']:.1f} after.",
    ]
    closing += [f"*** MISSING, not measured: {path} ***" for path in results["missing"]]
    return "\n\n".join("\n".join(section) for section in [*sections, closing])


def _complaints(complaints: dict[str, Any], goals: dict[str, str]) -> list[str]:
    rows: list[Sequence[str]] = []
    for name, scores in complaints.items():
        rows.append((f"  {_TEXTS[name]} ({scores['rows']})",))
        for figure, called in _FIGURES.items():
            if figure in scores:
                goal = goals.get(f"complaints.{name}.{figure}", "")
                rows.append((f"    {called}", shown(scores[figure]), goal))
        for risk, count in scores.get("risk", {}).items():
            wrong = f"{count['wrong']} wrongly" if count["wrong"] else ""
            rows.append((f"    risk {risk}, found", f"{count['hit']}/{count['hit'] + count['missed']}", wrong))
    return columns(rows)


def _intent_sets(intent_sets: dict[str, Any], goals: dict[str, str]) -> list[str]:
    percents = sorted(
        {
            percent
            for each in intent_sets.values()
            for scores in each["readers"].values()
            for percent in scores.get("giving_up", {})
        }
    )
    heading = (
        "",
        "forced",
        "answered rightly",
        "not answered",
        "out-of-scope",
        *(f"at {percent}" for percent in percents),
    )
    rows: list[Sequence[str]] = [(*heading, "train s", "ms", "")]
    for name, each in intent_sets.items():
        sizes = f"{each['train']} to train, {each['test']} to test, {each['out_of_scope']} out of scope"
        rows.append((f"  {name} ({each['intents']} intents: {sizes})",))
        for reader, scores in each["readers"].items():
            place, unsure = f"intent_sets.{name}.readers.{reader}", scores["with_not_sure"]
            giving_up = scores.get("giving_up", {})
            kept = {
                "forced": f"{place}.forced_accuracy",
                "answered rightly": f"{place}.with_not_sure.accuracy",
                "out-of-scope": f"{place}.with_not_sure.out_of_scope_recall",
            }
            rows.append(
                (
                    f"    {_NAMES[reader]}",
                    shown(scores["forced_accuracy"]),
                    shown(unsure["accuracy"]),
                    shown(unsure["given_up"] / each["test"]),
                    shown(unsure["out_of_scope_recall"]),
                    *(shown(giving_up.get(percent, {}).get("out_of_scope_recall")) for percent in percents),
                    f"{scores['training_seconds']:.1f}",
                    f"{scores['median_ms']:.2f}",
                    ", ".join(f"{called} {goals[figure]}" for called, figure in kept.items() if figure in goals),
                )
            )
    return [
        *columns(rows),
        "  forced: in-scope messages read rightly when every one is answered. The next three: when readings below the",
        "  least confidence are not answered; the others leave as many in-scope messages unanswered as Amends does.",
        "  out-of-scope: messages of no intent that are not answered; at 2%, 5%: when that share in scope is not, either.",
    ]


def _cost(cost: dict[str, Any], goals: dict[str, str]) -> list[str]:
    readers = [reader for reader in _NAMES if reader in cost]
    ratio = cost.get("share_of_diet")
    rows = [("", *(_NAMES[reader] for reader in readers), *(["Amends/DIET"] if ratio else []), "")]
    for figure, called in _COSTS.items():
        values = [f"{cost[reader][figure]:.2f}" for reader in readers]
        if ratio:
            values.append(f"{ratio[figure]:.4f}")
        rows.append((f"  {called}", *values, goals.get(f"cost.amends.{figure}", "")))
    return columns(rows)
