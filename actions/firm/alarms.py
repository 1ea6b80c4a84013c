"""``alarms.yml``: when the desk raises an alarm by itself."""

from datetime import timedelta
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from actions.firm.models import Span
from recovery.clusters import UnusualRule


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class UnusualFile(_Strict):
    """What counts as far above what is usual (:mod:`recovery.clusters`)."""

    windows: Annotated[list[Span], Field(min_length=1, max_length=3)]
    weeks: int = Field(ge=1, le=26)
    weeks_needed: int = Field(ge=1, le=26)
    floor: float = Field(gt=0, le=1000)
    chance: float = Field(gt=0, le=0.01)
    minimum: int = Field(ge=2, le=10_000)
    minimum_without_history: int = Field(ge=2, le=10_000)

    @field_validator("windows")
    @classmethod
    def _sensible(cls, value: list[timedelta]) -> list[timedelta]:
        if any(not timedelta(minutes=10) <= span <= timedelta(days=7) for span in value):
            raise ValueError("a window lies between `10 minutes` and `7 days`: past weeks must not overlap with it")
        if len(set(value)) < len(value):
            raise ValueError("a window stands here twice")
        return value

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        if self.weeks_needed > self.weeks:
            raise ValueError("weeks_needed is more than the weeks that are looked at")
        return self

    @property
    def rule(self) -> UnusualRule:
        return UnusualRule(self.weeks_needed, self.floor, self.chance, self.minimum, self.minimum_without_history)


class AlarmsFile(_Strict):
    """``alarms.yml``."""

    unusual: UnusualFile
