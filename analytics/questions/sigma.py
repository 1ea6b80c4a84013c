"""Question: how good is it? Defects, yields and sigma levels of a process."""

from dataclasses import dataclass
from typing import Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from analytics.questions.question import PeriodQuestion
from analytics.questions.slices import Dimension
from analytics.service_steps import SERVICE
from analytics.sigma import Convention
from analytics.sigma_summary import SigmaSummary, sigma_summary
from analytics.sigma_table import sigma_table
from analytics.surroundings import Surroundings
from store.database import UnitOfWork


class SigmaQuestion(PeriodQuestion):
    """How good is it?"""

    process: Literal["recovery", "service"] = Field("recovery", description="which of the two processes")
    by: Dimension = Field("step", description="what the lines are told apart by")
    shift: float = Field(1.5, ge=0, allow_inf_nan=False, description="of the sigma level; 1.5, or 0 for none")
    confidence: float = Field(0.95, gt=0, lt=1, description="of the intervals")

    def answer(self, work: UnitOfWork, around: Surroundings) -> "SigmaAnswer":
        summary = sigma_summary(
            work,
            self.process,
            self.since,
            self.until,
            self.by,
            blueprint=around.blueprint if self.process == SERVICE else None,
            convention=Convention(self.shift, self.confidence),
        )
        return SigmaAnswer(self, around.zone, summary)


@dataclass(frozen=True, slots=True)
class SigmaAnswer:
    """Sigma levels, and the zone in which days were counted."""

    question: SigmaQuestion
    zone: ZoneInfo
    summary: SigmaSummary

    def to_json(self) -> dict[str, Any]:
        return {
            "question": self.question.asked(),
            "zone": self.zone.key,
            **self.summary.to_json(),
            "empty": self.summary.empty,
        }

    def to_text(self) -> str:
        return sigma_table(self.summary, self.zone)
