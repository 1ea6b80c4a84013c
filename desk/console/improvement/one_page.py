"""What the page of one cycle or project shows beside what is written there."""

from dataclasses import dataclass

from sqlalchemy import select

from analytics.improvement.gates.examining import examine
from analytics.improvement.gates.gate_report import GateReport
from analytics.improvement.loops.documents import Causes
from analytics.improvement.loops.phases import CLOSED, next_phase, phase_before
from analytics.improvement.loops.reading import View, list_improvements, read_improvement
from analytics.improvement.loops.refusals import ImprovementRefused
from analytics.surroundings import Surroundings
from store.database import UnitOfWork
from store.tables.improvement import Improvement


@dataclass(frozen=True, slots=True)
class OnePage:
    """One cycle or project.

    Attributes:
        same_cause: how many were on the same cause before.
    """

    view: View
    same_cause: int

    @property
    def closed(self) -> bool:
        return self.view.line.phase == CLOSED

    @property
    def phases(self) -> tuple[str, ...]:
        """In order, without ``closed``."""
        return tuple(phase for phase in self.view.phases if phase != CLOSED)

    @property
    def furthest(self) -> int:
        """How many phases are passed."""
        line = self.view.line
        if line.phase != CLOSED:
            return self.phases.index(line.phase)
        if line.outcome == "standardised":
            return len(self.phases)
        # Of what ended early: as far as it had come.
        last = next((move["from_phase"] for move in reversed(self.view.moves) if move["to_phase"] == CLOSED), "")
        return self.phases.index(last) if last in self.phases else 0

    @property
    def before(self) -> str | None:
        """The phase that one can step back to."""
        return None if self.closed else phase_before(self.view.line.kind, self.view.line.phase)

    @property
    def next_phase(self) -> str:
        """What the present gate leads to."""
        return next_phase(self.view.line.kind, self.view.line.phase)

    @property
    def causes(self) -> tuple[str, ...]:
        """Those that were collected, of which one is the main cause."""
        written = self.view.documents.get("causes")
        return Causes.model_validate(written).all if written else ()

    @property
    def sums(self) -> dict[tuple[str, str], int]:
        """What was booked, by kind and currency."""
        found: dict[tuple[str, str], int] = {}
        for entry in self.view.entries:
            key = entry["kind"], entry["currency"]
            found[key] = found.get(key, 0) + entry["amount_minor"]
        return found

    def sections(self, phase: str) -> tuple[str, ...]:
        return self.view.sections.get(phase, ())


def read_one(work: UnitOfWork, number: str) -> OnePage | None:
    """One improvement, or None where there is none of that number."""
    try:
        view = read_improvement(work, number)
    except ImprovementRefused:
        return None
    same = list_improvements(work, kind=view.line.kind, cause=view.line.cause)
    return OnePage(view, sum(one.opened_at < view.line.opened_at for one in same))


def read_gate(work: UnitOfWork, around: Surroundings, number: str) -> GateReport | None:
    """What the gate of the present phase would find now; None for what is closed."""
    row = work.session.scalars(select(Improvement).where(Improvement.number == number)).one_or_none()
    return None if row is None or row.phase == CLOSED else examine(work, around, row)
