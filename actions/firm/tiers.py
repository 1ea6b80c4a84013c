"""The form of ``tiers.yml``: which tier a customer belongs to, by what they bought."""

from datetime import timedelta
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from actions.firm.models import Span, _Strict
from recovery.customer_value import TierShares


class SharesFile(_Strict):
    """Percent of all value, from the top."""

    vip: float = Field(ge=0, le=100)
    major: float = Field(ge=0, le=100)
    regular: float = Field(ge=0, le=100)

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if not self.vip <= self.major <= self.regular:
            raise ValueError("shares are reached from the top: they must not fall from vip to regular")
        return self


class TiersFile(_Strict):
    """``tiers.yml``: what counts as value, and where the lines between the tiers are drawn."""

    reckoned: Literal["daily", "by_command"]
    window: Span
    shares: SharesFile
    vip_at_least: int = Field(0, ge=0, description="minor units")
    new_for: Span
    excluded_statuses: list[str] = []

    @field_validator("window")
    @classmethod
    def _some_time(cls, value: timedelta) -> timedelta:
        if not timedelta(days=1) <= value <= timedelta(days=3660):
            raise ValueError("must be between 1 day and 3660 days")
        return value

    @property
    def tier_shares(self) -> TierShares:
        return TierShares(self.shares.vip, self.shares.major, self.shares.regular, self.vip_at_least)
