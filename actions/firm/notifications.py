"""``notifications.yml``: which events leave the page, where to, and when people are left in peace."""

import re
from datetime import datetime, time, timedelta
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from actions.firm.models import Span
from actions.notifying import NotificationKind

_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def read_time(text: Any) -> time | None:
    """``22:30`` as a time of day, or None where it is none."""
    match = _TIME.fullmatch(text) if isinstance(text, str) else None
    return time(int(match[1]), int(match[2])) if match else None


class QuietHours(_Strict):
    """Hours of the day in which only danger is told; they may reach past midnight."""

    begin: time
    end: time

    @field_validator("begin", "end", mode="before")
    @classmethod
    def _time(cls, value: Any) -> Any:
        found = value if isinstance(value, time) else read_time(value)
        if found is None:
            raise ValueError('must be a time such as "22:00", in quotes')
        return found

    @model_validator(mode="after")
    def _some_length(self) -> Self:
        if self.begin == self.end:
            raise ValueError("begin and end are the same: nobody would ever be told anything")
        return self

    def ends(self, moment: datetime) -> datetime | None:
        """When they end, if ``moment`` lies within them; else None.

        Args:
            moment: aware, in the zone whose clock the hours mean.
        """
        now = moment.timetz().replace(tzinfo=None)
        past_midnight = self.end < self.begin
        within = now >= self.begin or now < self.end if past_midnight else self.begin <= now < self.end
        if not within:
            return None
        day = moment.date() + timedelta(days=1) if past_midnight and now >= self.begin else moment.date()
        return datetime.combine(day, self.end, moment.tzinfo)


class Flood(_Strict):
    """More than ``more_than`` messages to one target within ``within`` become one."""

    more_than: int = Field(ge=1, le=15)  # WeCom lets a robot send 20 a minute
    within: Span

    @field_validator("within")
    @classmethod
    def _sensible(cls, value: timedelta) -> timedelta:
        if not timedelta(minutes=1) <= value <= timedelta(hours=4):
            raise ValueError("must lie between `1 minute` and `4 hours`")
        return value


class _Target(_Strict):
    """Where events go besides persons. Its address is a secret of the settings: ``AMENDS_NOTIFICATION_TARGETS``."""

    key: str = Field(pattern=r"^[a-z][a-z0-9_]{1,39}$")
    kinds: list[NotificationKind] = []
    departments: list[str] = []

    def wants(self, kind: str, department: str | None) -> bool:
        """Whether it listens to events of this kind from this department; what names none wants all."""
        if self.kinds and kind not in self.kinds:
            return False
        return not self.departments or department in self.departments


class Robot(_Target):
    """A group robot of WeCom."""

    language: Literal["zh", "en"] = "zh"


class Webhook(_Target):
    """A system that takes signed messages. Never left in peace: machines do not sleep."""


class NotificationsFile(_Strict):
    """``notifications.yml``."""

    quiet_hours: QuietHours | None = None
    flood: Flood
    mail_after: Span
    mail_kinds: list[NotificationKind]
    unread_hand_over_after: Span
    robots: list[Robot] = []
    webhooks: list[Webhook] = []

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        keys = [target.key for target in (*self.robots, *self.webhooks)]
        if len(set(keys)) < len(keys):
            raise ValueError("two robots or webhooks have the same key")
        return self

    def departments_named(self) -> set[str]:
        """All departments that robots and webhooks name."""
        return {key for target in (*self.robots, *self.webhooks) for key in target.departments}
