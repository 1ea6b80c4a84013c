"""Which days are worked: the public calendar, and the firm's own days on top."""

from dataclasses import dataclass
from datetime import date

import chinese_calendar


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """Working days.

    Attributes:
        public_calendar: ``china`` (State Council holidays and make-up working days) or ``weekdays``.
        days_off: not worked although the public calendar says so.
        worked: worked although the public calendar says otherwise.
    """

    public_calendar: str
    days_off: frozenset[date] = frozenset()
    worked: frozenset[date] = frozenset()

    def is_worked(self, day: date) -> bool:
        if day in self.worked:
            return True
        if day in self.days_off:
            return False
        if self.public_calendar == "china":
            try:
                return bool(chinese_calendar.is_workday(day))
            except NotImplementedError:
                pass  # holidays of a year are published in the autumn before; until then only weekends are known
        return day.weekday() < 5
