"""S0's three kinds of control with what each of them sees now, mapped on the phases as S0 maps them.

Feed-forward (前馈, Plan and Define) foresees and prevents; concurrent (事中, Do, Check, Measure, Analyse) recovers on
the spot; feedback (反馈, Act, Improve, Control) makes what worked the standard and carries the rest on.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select

from analytics.improvement.controls.concurrent import concurrent_items
from analytics.improvement.controls.control_items import Item
from analytics.improvement.controls.feed_forward import feed_forward_items
from analytics.improvement.controls.feedback import feedback_items
from analytics.improvement.loops.phases import CLOSED
from analytics.surroundings import Surroundings
from store.database import UnitOfWork
from store.tables import Improvement

FEED_FORWARD = ("plan", "define")
CONCURRENT = ("do", "check", "measure", "analyse")
FEEDBACK = ("act", "improve", "control")


@dataclass(frozen=True, slots=True)
class ControlView:
    """One kind of control.

    Attributes:
        phases: that S0 puts to it, each with how many improvements are in it.
        items: what it sees, what calls for attention first.
    """

    key: str
    phases: Mapping[str, int]
    items: tuple[Item, ...]

    @property
    def attention(self) -> int:
        """How many items call for attention."""
        return sum(item.attention for item in self.items)

    def to_json(self) -> dict[str, Any]:
        return {"phases": dict(self.phases), "items": [item.to_json() for item in self.items]}


@dataclass(frozen=True, slots=True)
class Controls:
    """The three views of one moment."""

    feed_forward: ControlView
    concurrent: ControlView
    feedback: ControlView
    figures: Mapping[str, Any] = field(default_factory=dict)

    @property
    def views(self) -> tuple[ControlView, ControlView, ControlView]:
        return self.feed_forward, self.concurrent, self.feedback

    def to_json(self) -> dict[str, Any]:
        return {view.key: view.to_json() for view in self.views} | {"figures": dict(self.figures)}


def controls(work: UnitOfWork, around: Surroundings) -> Controls:
    """All three views.

    Args:
        work: may read; what is not rolled up yet does not count.

    Raises:
        TookTooLong: the time there is is over.
    """
    counted = select(Improvement.phase, func.count()).where(Improvement.phase != CLOSED).group_by(Improvement.phase)
    in_phase = dict(work.session.execute(counted).all())

    def view(
        key: str, phases: Sequence[str], look: Callable[[UnitOfWork, Surroundings], Sequence[Item]]
    ) -> ControlView:
        items = sorted(look(work, around), key=lambda item: not item.attention)
        around.go_on()
        return ControlView(key, {phase: in_phase.get(phase, 0) for phase in phases}, tuple(items))

    return Controls(
        view("feed_forward", FEED_FORWARD, feed_forward_items),
        view("concurrent", CONCURRENT, concurrent_items),
        view("feedback", FEEDBACK, feedback_items),
        {"at": work.now.isoformat(), "zone": around.zone.key},
    )
