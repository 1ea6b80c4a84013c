"""How long what we know of people is kept, by class (``retention.yml``)."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from store.firm_files import read_yaml

_SPAN = re.compile(r"(\d{1,4}) (day|month|year)s?")


@dataclass(frozen=True, slots=True)
class CalendarSpan:
    """A span of the calendar: three years end on the same day of the same month."""

    months: int = 0
    days: int = 0

    def after(self, moment: datetime) -> datetime:
        """The moment so long after ``moment``; the last of the month where that has no such day."""
        return self._moved(moment, 1)

    def before(self, moment: datetime) -> datetime:
        """The moment so long before ``moment``."""
        return self._moved(moment, -1)

    def _moved(self, moment: datetime, sign: int) -> datetime:
        month = moment.year * 12 + moment.month - 1 + sign * self.months
        year, month = month // 12, month % 12 + 1
        if year < 1:
            return datetime.min.replace(tzinfo=UTC) + timedelta(days=2)
        day = min(moment.day, monthrange(year, month)[1])
        return moment.replace(year=year, month=month, day=day) + sign * timedelta(days=self.days)


def _span(value: object) -> object:
    if isinstance(value, str) and (match := _SPAN.fullmatch(value)):
        count = int(match[1])
        if match[2] == "day":
            return CalendarSpan(days=count)
        return CalendarSpan(months=count * (12 if match[2] == "year" else 1))
    raise ValueError("must be a span such as `90 days`, `6 months` or `3 years`")


Span = Annotated[CalendarSpan, BeforeValidator(_span)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Law(_Strict):
    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


class RetentionClass(_Strict):
    """How long one class is kept, by which rule, as of when that was looked up."""

    keep: Span
    at_least: Span | None = None
    law: Law
    as_of: date

    @model_validator(mode="after")
    def _possible(self) -> Self:
        now = datetime(2024, 3, 1, tzinfo=UTC)
        if self.at_least is not None and self.at_least.after(now) > self.keep.after(now):
            raise ValueError("what must be kept for longer than it is kept cannot be both")
        return self


class RetentionClasses(_Strict):
    messages: RetentionClass
    attachments: RetentionClass
    web_sessions: RetentionClass
    audit: RetentionClass
    notifications: RetentionClass

    @model_validator(mode="after")
    def _files_outlive_nothing(self) -> Self:
        now = datetime(2024, 3, 1, tzinfo=UTC)
        least = self.attachments.at_least
        if least is not None and least.after(now) > self.messages.keep.after(now):
            raise ValueError("files go with their conversation: `messages` must be kept as long as `attachments` must")
        return self


class Retention(_Strict):
    """``retention.yml``."""

    retention: RetentionClasses

    def kept_until(self, settled_at: datetime) -> datetime | None:
        """Until when the law wants the records of a case that was settled then; None where it wants none."""
        least = (self.retention.messages.at_least, self.retention.attachments.at_least)
        return max((span.after(settled_at) for span in least if span is not None), default=None)


def read_retention(folder: Path) -> Retention:
    """The firm's rules in ``folder``.

    Raises:
        FirmDataError: with file and line of the mistake.
    """
    return read_yaml(folder / "retention.yml", Retention)
