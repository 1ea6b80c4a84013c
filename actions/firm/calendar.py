"""Which days are worked: the public calendar, and the firm's own days on top; what kind of day each is."""

from dataclasses import dataclass
from datetime import date

import chinese_calendar

from recovery.working_time import DayKind


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

    def kind_of(self, day: date) -> DayKind:
        """What the calendar says of ``day`` to those who work by the hour, weekends and nights perhaps among them."""
        if day in self.worked:
            return DayKind.MAKE_UP
        if day in self.days_off:
            return DayKind.CLOSED
        if self.public_calendar == "china":
            try:
                off, holiday = chinese_calendar.get_holiday_detail(day)
            except NotImplementedError:
                return DayKind.ORDINARY
            if off:
                # An ordinary weekend has no name; it may well be worked.
                return DayKind.HOLIDAY if holiday else DayKind.ORDINARY
            if day.weekday() >= 5:
                return DayKind.MAKE_UP
        return DayKind.ORDINARY
