"""The form of ``value.yml``: what offers are expected to keep and to cost, and how that is learnt."""

from datetime import timedelta
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from actions.firm.models import Span, _Strict
from recovery.failures import Category, Dimension
from recovery.remedies import RemedyKind
from recovery.severity import Severity
from recovery.value_priors import (
    AcceptancePriors,
    CostPriors,
    CustomerPriors,
    RetentionPriors,
    ScarcityPriors,
    ValuePriors,
)

Tier = Literal["vip", "major", "regular", "small"]
Share = Annotated[float, Field(ge=0, le=1)]
_PartOf = Annotated[float, Field(ge=0, lt=1)]
_Factor = Annotated[float, Field(gt=0, le=100)]


def _name_all(value: dict[Severity, float]) -> dict[Severity, float]:
    if missing := set(Severity) - set(value):
        raise ValueError(f"nothing is said for {', '.join(sorted(missing))}")
    return value


class LearningFile(_Strict):
    strength: float = Field(gt=0, le=10_000)
    learn_from: Span
    retention_window: Span

    @field_validator("learn_from", "retention_window")
    @classmethod
    def _some_days(cls, value: timedelta) -> timedelta:
        if value < timedelta(days=1):
            raise ValueError("must be at least `1 day`")
        return value

    @model_validator(mode="after")
    def _longer_than_the_window(self) -> Self:
        if self.learn_from <= self.retention_window:
            raise ValueError(
                "learn_from must be longer than retention_window, or nobody could ever be seen coming back"
            )
        return self


class AcceptanceFile(_Strict):
    expected: dict[Category, _Factor]
    by_severity: dict[Severity, _Factor]
    by_tier: dict[Tier, _Factor]
    per_emotion: float = Field(ge=0, le=1)
    per_day_waited: float = Field(ge=0, le=10)
    at_most_by_delay: float = Field(ge=1, le=10)
    relief: dict[Dimension, dict[RemedyKind, _PartOf]]
    felt: dict[RemedyKind, _Factor]
    felt_without_amount: dict[RemedyKind, _Factor]
    halfway: float = Field(gt=0, le=2)
    steepness: float = Field(gt=0, le=50)
    unknown_stake: int = Field(gt=0, description="minor units")

    _severities = field_validator("by_severity")(_name_all)

    @field_validator("expected")
    @classmethod
    def _all_categories(cls, value: dict[Category, float]) -> dict[Category, float]:
        if missing := set(Category) - set(value):
            raise ValueError(f"nothing is said for {', '.join(sorted(missing))}")
        return value


class RetentionFile(_Strict):
    fast: Share
    slow: Share
    fast_within: Span
    half_after: Span
    without: dict[Severity, Share]

    _severities = field_validator("without")(_name_all)

    @model_validator(mode="after")
    def _falling(self) -> Self:
        if self.slow > self.fast:
            raise ValueError("slow is above fast: delay makes a recovery worse (S0)")
        if not self.half_after:
            raise ValueError("half_after must be some time")
        return self


class YearlyFile(_Strict):
    tier: Tier
    amount: int = Field(ge=0, description="minor units")


class FixedCostFile(_Strict):
    kind: RemedyKind
    amount: int = Field(ge=0, description="minor units")


class CustomerValueFile(_Strict):
    yearly: list[YearlyFile]
    margin: float = Field(gt=0, le=1)
    years: float = Field(gt=0, le=50)
    keeping: Share
    winning_times: float = Field(ge=0, le=100)

    @field_validator("yearly")
    @classmethod
    def _each_tier_once(cls, value: list[YearlyFile]) -> list[YearlyFile]:
        if sorted(one.tier for one in value) != ["major", "regular", "small", "vip"]:
            raise ValueError("must name vip, major, regular and small, each once")
        return value


class CostsFile(_Strict):
    of_face: dict[RemedyKind, Annotated[float, Field(ge=0, le=10)]] = {}
    fixed: list[FixedCostFile] = []

    @field_validator("fixed")
    @classmethod
    def _each_kind_once(cls, value: list[FixedCostFile]) -> list[FixedCostFile]:
        if len({one.kind for one in value}) < len(value):
            raise ValueError("names a remedy twice")
        return value


class ScarcityFile(_Strict):
    rises: float = Field(ge=0, le=100)
    never_above: float = Field(ge=0, le=1_000)


class ValueFile(_Strict):
    """``value.yml``."""

    choose_by: Literal["optimum", "table"]
    learning: LearningFile
    acceptance: AcceptanceFile
    coming_back: RetentionFile
    customer_value: CustomerValueFile
    costs: CostsFile
    scarcity: ScarcityFile

    @cached_property
    def priors(self) -> ValuePriors:
        """The priors, as the rules take them."""
        acceptance, retention, customer = self.acceptance, self.coming_back, self.customer_value
        return ValuePriors(
            AcceptancePriors(
                expected=dict(acceptance.expected),
                by_severity=dict(acceptance.by_severity),
                by_tier={str(tier): factor for tier, factor in acceptance.by_tier.items()},
                per_emotion=acceptance.per_emotion,
                per_day=acceptance.per_day_waited,
                at_most_by_delay=acceptance.at_most_by_delay,
                relief={dimension: dict(kinds) for dimension, kinds in acceptance.relief.items()},
                felt=dict(acceptance.felt),
                felt_without_amount=dict(acceptance.felt_without_amount),
                halfway=acceptance.halfway,
                steepness=acceptance.steepness,
                unknown_stake_minor=acceptance.unknown_stake,
            ),
            RetentionPriors(
                fast=retention.fast,
                slow=retention.slow,
                fast_within=retention.fast_within,
                half_after=retention.half_after,
                without=dict(retention.without),
            ),
            CustomerPriors(
                yearly_minor={one.tier: one.amount for one in customer.yearly},
                margin=customer.margin,
                years=customer.years,
                keeping=customer.keeping,
                winning_times=customer.winning_times,
            ),
            CostPriors(
                of_face=dict(self.costs.of_face), fixed_minor={one.kind: one.amount for one in self.costs.fixed}
            ),
            ScarcityPriors(self.scarcity.rises, self.scarcity.never_above),
            self.learning.strength,
        )
