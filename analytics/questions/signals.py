"""Question: what have the numbers said by themselves, and what became of it?"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from analytics.improvement.elastic.signals import SignalLine, cases_behind, read_signal, signals
from analytics.improvement.loops.refusals import ImprovementRefused
from analytics.questions.question import Question
from analytics.sigma import WrongInput
from analytics.surroundings import Surroundings
from store.database import UnitOfWork


class SignalsQuestion(Question):
    """Signals, or one of them with the cases behind it."""

    state: Literal["open", "working", "closed", "noise"] | None = Field(
        None, description="only those that nobody judged yet, are worked on, are over, or were noise; all without"
    )
    id: str | None = Field(None, description="one signal, with the numbers of the cases behind it")
    limit: int = Field(50, ge=1, le=500, description="how many signals, or cases behind one, the latest first")
    after: str | None = Field(None, description="the last case number of the page before")

    def answer(self, work: UnitOfWork, around: Surroundings) -> "SignalsAnswer":
        if self.id is None:
            return SignalsAnswer(self, tuple(signals(work, self.state, self.limit)), None)
        try:
            found = read_signal(work, self.id)
            return SignalsAnswer(self, (found,), tuple(cases_behind(work, self.id, self.limit, self.after)))
        except ImprovementRefused as error:
            raise WrongInput(f"id: {error}") from None


@dataclass(frozen=True, slots=True)
class SignalsAnswer:
    """The signals.

    Attributes:
        cases: numbers of those behind the one that was asked for; None for a list.
    """

    question: SignalsQuestion
    lines: tuple[SignalLine, ...]
    cases: tuple[str, ...] | None

    def to_json(self) -> dict[str, Any]:
        told: dict[str, Any] = {"question": self.question.asked(), "signals": [line.to_json() for line in self.lines]}
        if self.cases is not None:
            told["cases"] = list(self.cases)
        return {**told, "empty": not self.lines}

    def to_text(self) -> str:
        if not self.lines:
            return "No signals: nothing that is watched has spoken (python -m analytics watch)."
        lines = [_text(line) for line in self.lines]
        if self.cases is not None:
            lines += ["", "Cases behind it:", *(f"  {number}" for number in self.cases)]
        return "\n".join(lines)

    def to_csv(self) -> Iterator[list[Any]]:
        """A heading and a row for each signal."""
        yield ["id", "kind", "direction", "title", "since", "until", "state", "improvement", "note"]
        for line in self.lines:
            yield [
                line.id, line.kind, line.direction, line.title, line.since, line.until, line.state, line.improvement,
                line.note,
            ]  # fmt: skip


def _text(line: SignalLine) -> str:
    work = f" → {line.improvement}" if line.improvement else ""
    return f"{line.state:<8}{line.direction:<8}{line.since} to {line.until}  {line.title}{work}  [{line.id}]"
