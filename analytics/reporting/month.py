"""A month of the firm's calendar."""

import re
from dataclasses import dataclass
from datetime import date, timedelta

from analytics.periods import FIRST_DAY, LAST_DAY, Period, end_of
from analytics.sigma import WrongInput

_FORM = re.compile(r"(\d{4})-(\d{2})", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A month, cut in the firm's zone: its days are the firm's days."""

    year: int
    month: int

    @property
    def since(self) -> date:
        return date(self.year, self.month, 1)

    @property
    def until(self) -> date:
        return end_of(self.since, "month")

    @property
    def before(self) -> "Month":
        return month_of(self.since - timedelta(days=1))

    @property
    def after(self) -> "Month":
        return month_of(self.until + timedelta(days=1))

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    def reported(self, today: date) -> Period:
        """The days of the month that are over."""
        return Period(self.since, min(self.until, today - timedelta(days=1)))

    def is_over(self, today: date) -> bool:
        return self.until < today


def month_of(day: date) -> Month:
    return Month(day.year, day.month)


def read_month(value: str) -> Month:
    """A month as written, such as ``2026-10``.

    Raises:
        WrongInput: it is none.
    """
    found = _FORM.fullmatch(value)
    if not found or not 1 <= int(found[2]) <= 12 or not FIRST_DAY.year < int(found[1]) < LAST_DAY.year:
        raise WrongInput(f"month: must be a month such as 2026-10, not {value!r}")
    return Month(int(found[1]), int(found[2]))
