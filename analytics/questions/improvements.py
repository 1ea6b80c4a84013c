"""Questions: which improvements are under way, how one of them stands, and what they cost and gained."""

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from analytics.improvement.gates.examining import GateReport, examine
from analytics.improvement.ledger import Ledger, ledger
from analytics.improvement.loops.phases import CLOSED, SECTIONS
from analytics.improvement.loops.reading import MOST, Line, View, list_improvements, read_improvement
from analytics.improvement.loops.refusals import ImprovementRefused
from analytics.questions.improvements_text import ledger_text, line_text, view_text
from analytics.questions.question import Question
from analytics.sigma import WrongInput
from analytics.surroundings import Surroundings
from store.database import UnitOfWork
from store.tables.improvement import Improvement

PHASES = ("open", *(phase for phases in SECTIONS.values() for phase in phases), CLOSED)


class ImprovementsQuestion(Question):
    """Which improvements are there?"""

    kind: Literal["pdca", "dmaic"] | None = Field(None, description="cycles (pdca) or projects (dmaic); both without")
    phase: str | None = Field(None, description=f"one of {', '.join(PHASES)}; all without")
    cause: str | None = Field(None, description="one cause, as lists name it", max_length=200)

    def answer(self, work: UnitOfWork, around: Surroundings) -> "Improvements":
        if self.phase is not None and self.phase not in PHASES:
            raise WrongInput(f"phase: must be one of {', '.join(PHASES)}, not {self.phase!r}")
        found = list_improvements(work, kind=self.kind, phase=self.phase, cause=self.cause, most=MOST + 1)
        return Improvements(self, tuple(found[:MOST]), len(found) > MOST)


@dataclass(frozen=True, slots=True)
class Improvements:
    """Improvements, the latest first.

    Attributes:
        more: there are older ones, which are not told.
    """

    question: ImprovementsQuestion
    lines: tuple[Line, ...]
    more: bool

    def to_json(self) -> dict[str, Any]:
        return {
            "question": self.question.asked(),
            "improvements": [line.to_json() for line in self.lines],
            "more": self.more,
            "empty": not self.lines,
        }

    def to_text(self) -> str:
        lines = [line_text(line) for line in self.lines]
        if self.more:
            lines.append(f"There are more; only the {len(self.lines)} latest are listed.")
        return "\n".join(lines) or "No improvements yet."


class ImprovementQuestion(Question):
    """How does one improvement stand?"""

    number: str = Field(description="its number, such as PD-7K3Q-9F2D", max_length=16)

    def answer(self, work: UnitOfWork, around: Surroundings) -> "ImprovementAnswer":
        """Its documents, figures and history, and what its gate sees today.

        Raises:
            ImprovementRefused: not_found.
            TookTooLong: the time that ``around`` allows is over.
        """
        view = read_improvement(work, self.number)
        gate = None
        if view.line.phase != CLOSED:
            found = work.session.query(Improvement).filter_by(number=self.number).one()
            gate = examine(work, around, found)
        return ImprovementAnswer(self, view, gate)


@dataclass(frozen=True, slots=True)
class ImprovementAnswer:
    """One improvement; ``gate`` is None once it is closed."""

    question: ImprovementQuestion
    view: View
    gate: GateReport | None

    def to_json(self) -> dict[str, Any]:
        return {**self.view.to_json(), "gate": self.gate.to_json() if self.gate else None}

    def to_text(self) -> str:
        return view_text(self.view, self.gate)


class LedgerQuestion(Question):
    """What did improvements cost and gain?"""

    number: str | None = Field(None, description="of one improvement; all without", max_length=16)

    def answer(self, work: UnitOfWork, around: Surroundings) -> "LedgerAnswer":
        try:
            return LedgerAnswer(self, ledger(work, around, self.number))
        except ImprovementRefused as refused:
            raise WrongInput(f"number: {refused}") from None


@dataclass(frozen=True, slots=True)
class LedgerAnswer:
    question: LedgerQuestion
    ledger: Ledger

    def to_json(self) -> dict[str, Any]:
        return {"question": self.question.asked(), **self.ledger.to_json()}

    def to_text(self) -> str:
        return ledger_text(self.ledger)
