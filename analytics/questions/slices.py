"""A question about a part of a process."""

from typing import Literal

from pydantic import Field

from analytics.questions.question import PeriodQuestion, Question
from analytics.recovery_steps import STEP_NAMES
from analytics.series import Slice
from analytics.service_steps import SERVICE
from analytics.sigma import WrongInput
from analytics.surroundings import Surroundings

Dimension = Literal["step", "category", "department", "channel", "tier", "language"]


class PartQuestion(Question):
    """About a part of a process."""

    process: Literal["recovery", "service"] = Field("recovery", description="which of the two processes")
    step: str | None = Field(None, description="one step of it, by its key; all together without")
    category: str | None = Field(None, description="one category of complaints")
    department: str | None = Field(None, description="one department")
    channel: str | None = Field(None, description="one channel")
    tier: str | None = Field(None, description="one tier of customers")
    language: str | None = Field(None, description="one language")

    @property
    def part(self) -> Slice:
        return Slice(self.process, self.step, self.category, self.department, self.channel, self.tier, self.language)

    def see_that_the_step_exists(self, around: Surroundings) -> None:
        """Refuse a step that is none of the process.

        Raises:
            WrongInput: it is not; the message names those there are.
        """
        steps = list(names_of_steps(self.process, around))
        if self.step and self.step not in steps:
            raise WrongInput(f"step: the {self.process} process has no step {self.step!r}; it has {', '.join(steps)}")


class SliceQuestion(PeriodQuestion, PartQuestion):
    """About a part of a process in a period."""


def names_of_steps(process: str, around: Surroundings) -> dict[str, dict[str, str]]:
    """The steps of a process in their order, with their names by language."""
    return around.blueprint.names if process == SERVICE else STEP_NAMES


def names_of(dimension: str | None, process: str, key: str, around: Surroundings) -> dict[str, str]:
    """The names of a key by language, where it has any."""
    return names_of_steps(process, around).get(key, {}) if dimension == "step" else {}
