"""What the understanding should reach, and whether it does."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_HOLDS: dict[str, Callable[[float, float], bool]] = {"≥": operator.ge, "≤": operator.le, "<": operator.lt}


@dataclass(frozen=True)
class Goal:
    """A figure, by its place in the results, and the bound it should keep."""

    figure: str
    sign: str
    bound: float

    def __str__(self) -> str:
        return f"{self.sign} {self.bound:g}"

    def is_met(self, value: float) -> bool:
        """Whether ``value`` keeps the bound."""
        return _HOLDS[self.sign](value, self.bound)


GOALS = (
    Goal("complaints.real_complaints.micro_f1", "≥", 0.80),
    Goal("complaints.real_complaints.macro_f1", "≥", 0.70),
    Goal("complaints.real_complaints.emotion_mae", "≤", 0.45),
    Goal("intent_sets.banking77.readers.amends.forced_accuracy", "≥", 0.93),
    # Both with leave to say "not sure": refusing more would reach either alone.
    Goal("intent_sets.clinc150.readers.amends.with_not_sure.accuracy", "≥", 0.95),
    Goal("intent_sets.clinc150.readers.amends.with_not_sure.out_of_scope_recall", "≥", 0.60),
    Goal("cost.amends.training_seconds", "≤", 15),
    Goal("cost.amends.median_ms", "≤", 2),
    Goal("cost.amends.memory_mb", "<", 200),
)


def figure_at(results: dict[str, Any], figure: str) -> Any:
    """The value at a place such as ``cost.amends.median_ms``; None where it was not measured."""
    value: Any = results
    for key in figure.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def judged(results: dict[str, Any]) -> list[dict[str, Any]]:
    """Of each goal whose figure was measured: ``figure``, ``value``, ``goal`` (such as "≥ 0.8"), ``met``."""
    verdicts = []
    for goal in GOALS:
        value = figure_at(results, goal.figure)
        if value is not None:
            verdicts.append({"figure": goal.figure, "value": value, "goal": str(goal), "met": goal.is_met(value)})
    return verdicts
