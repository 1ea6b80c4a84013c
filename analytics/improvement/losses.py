"""What defects cost: S0's quality-loss, and what was paid out in remedies."""

from dataclasses import asdict, dataclass
from typing import Any

from analytics.improvement.part import Part
from analytics.improvement.policy import ImprovementPolicy, Loss
from analytics.improvement.proof.evidence import facts_of_part
from analytics.periods import Period
from analytics.service_steps import SERVICE
from analytics.surroundings import Surroundings
from store.database import UnitOfWork


@dataclass(frozen=True, slots=True)
class Remedies:
    """What was paid for the complaints of a part that were heard in a period.

    Attributes:
        costs: minor units by currency, what was taken back not counted.
    """

    cases: int
    costs: dict[str, int]

    def each(self, currency: str) -> float:
        """On average, in minor units."""
        return self.costs.get(currency, 0) / self.cases if self.cases else 0.0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def remedies_of(work: UnitOfWork, around: Surroundings, part: Part, period: Period) -> Remedies | None:
    """What was paid; None for the recovery process: a missed step is not what remedies are paid for."""
    if part.process != SERVICE:
        return None
    cases, costs = 0, dict[str, int]()
    for facts in facts_of_part(work, around, part, period):
        cases += not facts.unfounded
        for currency, minor in facts.costs:
            costs[currency] = costs.get(currency, 0) + minor
    return Remedies(cases, costs)


def loss_of(around: Surroundings, policy: ImprovementPolicy, part: Part) -> Loss:
    """What one defect of a part costs beyond remedies: by its category, or by what all categories of its step share."""
    if part.category or part.process != SERVICE or not part.step:
        return policy.loss_of(part.category)
    step = next((step for step in around.blueprint.service_steps if step.key == part.step), None)
    losses = {policy.loss_of(category) for category in step.categories} if step else set()
    return losses.pop() if len(losses) == 1 else policy.loss_of("")
