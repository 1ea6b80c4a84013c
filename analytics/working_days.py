"""Public holidays and make-up working days, for forecasts, by ``calendar.yml``.

China's come from chinesecalendar, other countries' from holidays; both know some years only.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

import chinese_calendar
import holidays
from pydantic import BaseModel

from store.firm_files import read_yaml

CHINA, WEEKDAYS = "china", "weekdays"
_SATURDAY = 5


class _Calendar(BaseModel):
    """The part of ``calendar.yml`` that counting needs; the rest is checked where it is used."""

    public_calendar: str = WEEKDAYS
    days_off: list[date] = []
    worked: list[date] = []


@dataclass(frozen=True, slots=True)
class PublicDays:
    """The firm's calendar.

    Attributes:
        public_calendar: ``china``, ``weekdays``, or the code of a country or of a part of it, such as ``DE``.
        days_off, worked: the firm's own days, on top.
    """

    public_calendar: str = WEEKDAYS
    days_off: frozenset[date] = frozenset()
    worked: frozenset[date] = frozenset()

    def among(self, days: Iterable[date]) -> tuple[frozenset[date], frozenset[date]]:
        """The holidays and the make-up working days among ``days``; a year that is not published yet has none."""
        free, made_up = set(), set()
        for day in days:
            holiday, worked = self._public(day)
            if day in self.worked:
                made_up.add(day)
            elif day in self.days_off or holiday:
                free.add(day)
            elif worked:
                made_up.add(day)
        return frozenset(free), frozenset(made_up)

    def _public(self, day: date) -> tuple[bool, bool]:
        if self.public_calendar == WEEKDAYS:
            return False, False
        if self.public_calendar == CHINA:
            try:
                off, name = chinese_calendar.get_holiday_detail(day)
            except NotImplementedError:
                return False, False
            # An ordinary weekend has no name.
            return bool(off and name), not off and day.weekday() >= _SATURDAY
        free, made_up = _year_of(self.public_calendar, day.year)
        return day in free, day in made_up


@lru_cache(maxsize=64)
def _year_of(name: str, year: int) -> tuple[frozenset[date], frozenset[date]]:
    country, _, part = name.partition("-")
    found = holidays.country_holidays(country, subdiv=part or None, years=year, expand=False)
    return frozenset(found), frozenset(found.weekend_workdays)


def read_public_days(folder: Path) -> PublicDays:
    """The calendar in the firm's ``folder``; Monday to Friday where there is none.

    Raises:
        FirmDataError: with file and line of the mistake.
    """
    path = folder / "calendar.yml"
    if not path.exists():
        return PublicDays()
    read = read_yaml(path, _Calendar)
    return PublicDays(read.public_calendar, frozenset(read.days_off), frozenset(read.worked))
