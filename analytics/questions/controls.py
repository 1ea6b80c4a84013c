"""Question: what do feed-forward, concurrent and feedback control see now?"""

from dataclasses import dataclass
from typing import Any

from analytics.improvement.controls.control_items import Item
from analytics.improvement.controls.three_views import Controls, controls
from analytics.questions.question import Question
from analytics.surroundings import Surroundings
from store.database import UnitOfWork

# As the command line says it; the desk has words of its own.
_SAID = {
    "feed_forward": "Feed-forward: foresee and prevent",
    "concurrent": "Concurrent: put right on the spot",
    "feedback": "Feedback: keep what worked",
    "expected": "categories expected well above their usual number",
    "alarms": "alarms open",
    "told_first": "customers told before they complained",
    "drifting": "customers silent for longer than usual",
    "new_words": "new words and groups without a category",
    "open_cases": "open complaints past their limit",
    "first_answers": "first answers by a person overdue",
    "updates": "promised updates overdue",
    "promises": "promises overdue",
    "approvals": "choices waiting for somebody's authority",
    "offers": "offers accepted lately",
    "standards": "standards changed",
    "proven_fixes": "fixes proven",
    "carried_on": "rounds carried on",
    "customers_told": "customers told of their fix",
    "baselines": "baselines decided",
}


class ControlsQuestion(Question):
    """What calls for attention?"""

    def answer(self, work: UnitOfWork, around: Surroundings) -> "ControlsAnswer":
        return ControlsAnswer(controls(work, around))


@dataclass(frozen=True, slots=True)
class ControlsAnswer:
    """The three views."""

    controls: Controls

    def to_json(self) -> dict[str, Any]:
        return {**self.controls.to_json(), "empty": self._is_empty}

    @property
    def _is_empty(self) -> bool:
        views = self.controls.views
        return not any(item.number for view in views for item in view.items) and not any(
            number for view in views for number in view.phases.values()
        )

    def to_text(self) -> str:
        parts = []
        for view in self.controls.views:
            phases = ", ".join(f"{phase} {number}" for phase, number in view.phases.items())
            lines = [f"{_SAID[view.key]} (under way: {phases})"]
            lines += [f"  {'!' if item.attention else ' '} {_told(item)}" for item in view.items]
            parts.append("\n".join(lines))
        return "\n\n".join(parts)


def _told(item: Item) -> str:
    if item.unknown:
        return f"    -  {_SAID[item.key]}: {item.unknown}"
    return f"{item.number:>5}  {_SAID[item.key]}"
