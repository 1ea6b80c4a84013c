"""The form of ``security.yml``: how people come into the desk."""

from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from actions.firm.models import Span

Role = Literal["agent", "supervisor", "manager", "quality", "administrator"]


class SecurityFile(BaseModel):
    """``security.yml``: who needs a second factor, when an account is locked, when a session ends.

    Attributes:
        second_factor: roles that must have one.
        failures_before_lock: wrong passwords or codes in a row.
        session_idle: how long a session lives without a sign of life.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    second_factor: list[Role]
    failures_before_lock: int = Field(ge=3, le=20)
    locked_for: Span
    session_idle: Span

    @field_validator("second_factor")
    @classmethod
    def _once(cls, value: list[Role]) -> list[Role]:
        if len(set(value)) < len(value):
            raise ValueError("names a role twice")
        return value

    @field_validator("locked_for")
    @classmethod
    def _a_while(cls, value: timedelta) -> timedelta:
        if not timedelta(minutes=1) <= value <= timedelta(days=1):
            raise ValueError("must be between 1 minute and 1 day")
        return value

    @field_validator("session_idle")
    @classmethod
    def _a_working_day(cls, value: timedelta) -> timedelta:
        if not timedelta(minutes=5) <= value <= timedelta(days=30):
            raise ValueError("must be between 5 minutes and 30 days")
        return value

    def needs_second_factor(self, role: str) -> bool:
        """Whether people with this role must have a second factor."""
        return role in self.second_factor
