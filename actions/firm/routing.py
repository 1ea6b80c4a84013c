"""The form of ``routing.yml``: how the firm organises for whom (S0)."""

from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from actions.firm.models import Span, _Strict
from recovery.routing import Way

Tier = Literal["vip", "major", "regular", "small"]


class RoutingFile(_Strict):
    """``routing.yml``: who gets a conversation that is handed over."""

    organisation: dict[Tier, Way]
    team: list[str] = []
    take_within: Span
    pass_on_at_most: int = Field(ge=0, le=10)
    off_duty_after: Span

    @model_validator(mode="after")
    def _ring_has_a_team(self) -> Self:
        for tier, way in self.organisation.items():
            if way is Way.RING and not self.team:
                raise PydanticCustomError(
                    "no_team",
                    "a ring needs a team: name the logins under team",
                    {"place": ("organisation", tier)},
                )
        return self

    def way_for(self, tier: str) -> Way:
        """How the firm organises for customers of ``tier``; as a tree where nothing is said."""
        for known, way in self.organisation.items():
            if known == tier.lower():
                return way
        return Way.TREE
