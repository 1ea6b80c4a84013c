"""Which days are worked: the public calendar, and the firm's own days on top; what kind of day each is.

China's days are those of chinesecalendar, since only it knows the make-up working days as they are published; other
countries' are those of holidays (docs/decisions/0017-calendars-of-other-countries.md).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

import chinese_calendar
import holidays
from pydantic import BaseModel

from recovery.working_time import DayKind
from store.firm_files import read_yaml

CHINA, WEEKDAYS = "china", "weekdays"
_SATURDAY_AND_SUNDAY = frozenset({5, 6})


@dataclass(frozen=True, slots=True)
class PublicYear:
    """A year of a public calendar.

    Attributes:
        holidays: public ones, wherever they fall.
        make_up: days of the weekend that are worked.
        weekend: as ``date.weekday()`` numbers days.
    """

    holidays: frozenset[date]
    make_up: frozenset[date]
    weekend: frozenset[int]


def check_public_calendar(name: str) -> None:
    """See that there is such a calendar.

    Raises:
        ValueError: ``name`` is neither ``china`` nor ``weekdays`` nor the code of a country or of a part of it that
            holidays knows.
    """
    if name in (CHINA, WEEKDAYS):
        return
    country, _, part = name.partition("-")
    if country == "CN":
        raise ValueError("China is written `china`: it knows the make-up working days")
    try:
        known = country.isupper() and len(country) == 2 and (part or "-" not in name)
        if not known:
            raise NotImplementedError
        holidays.country_holidays(country, subdiv=part or None)
    except NotImplementedError:
        try:
            holidays.country_holidays(country)
        except NotImplementedError:
            parts = []
        else:
            parts = list(holidays.list_supported_countries(include_aliases=False).get(country, []))
        known_parts = f"; of {country} there are {', '.join(parts)}" if parts and part else ""
        raise ValueError(
            f"`{name}` must be `china`, `weekdays`, or the ISO 3166 code of a country or of a part of it, such as `DE` "
            f"or `US-CA`{known_parts}"
        ) from None


# Asked by year and never grown: several threads may ask at once, and none may see a year that is half read.
@lru_cache(maxsize=64)
def _year_of(name: str, year: int) -> PublicYear:
    """A year of another country's calendar; one that the library does not know has weekends and nothing else."""
    country, _, part = name.partition("-")
    found = holidays.country_holidays(country, subdiv=part or None, years=year, expand=False)
    make_up = frozenset(day for day in found.weekend_workdays if day.year == year)
    return PublicYear(frozenset(found), make_up, frozenset(found.weekend))


@dataclass(frozen=True, slots=True)
class WorkingCalendar:
    """Working days.

    Attributes:
        public_calendar: ``china`` (State Council holidays and make-up working days), ``weekdays``, or the code of
            another country or of a part of it, such as ``DE`` or ``US-CA``.
        days_off: not worked although the public calendar says so.
        worked: worked although the public calendar says otherwise.
    """

    public_calendar: str = WEEKDAYS
    days_off: frozenset[date] = frozenset()
    worked: frozenset[date] = frozenset()

    def is_worked(self, day: date) -> bool:
        if day in self.worked:
            return True
        if day in self.days_off:
            return False
        if self.public_calendar == CHINA:
            try:
                return bool(chinese_calendar.is_workday(day))
            except NotImplementedError:
                # Holidays of a year are published in the autumn before; until then only weekends are known.
                return day.weekday() not in _SATURDAY_AND_SUNDAY
        if self.public_calendar == WEEKDAYS:
            return day.weekday() not in _SATURDAY_AND_SUNDAY
        year = _year_of(self.public_calendar, day.year)
        return day not in year.holidays and (day in year.make_up or day.weekday() not in year.weekend)

    def kind_of(self, day: date) -> DayKind:
        """What the calendar says of ``day`` to those who work by the hour, weekends and nights perhaps among them."""
        if day in self.worked:
            return DayKind.MAKE_UP
        if day in self.days_off:
            return DayKind.CLOSED
        if self.public_calendar == CHINA:
            return _kind_in_china(day)
        if self.public_calendar == WEEKDAYS:
            return DayKind.ORDINARY
        year = _year_of(self.public_calendar, day.year)
        if day in year.holidays:
            return DayKind.HOLIDAY
        return DayKind.MAKE_UP if day in year.make_up else DayKind.ORDINARY

    def among(self, days: Iterable[date]) -> tuple[frozenset[date], frozenset[date]]:
        """The holidays and the make-up working days among ``days``, by the public calendar and the firm's own days.

        A year that is not published yet has none.
        """
        kinds = {day: self.kind_of(day) for day in days}
        free = frozenset(day for day, kind in kinds.items() if kind in (DayKind.HOLIDAY, DayKind.CLOSED))
        return free, frozenset(day for day, kind in kinds.items() if kind is DayKind.MAKE_UP)


class _Calendar(BaseModel):
    """The part of ``calendar.yml`` that counting needs; the rest is checked where it is used."""

    public_calendar: str = WEEKDAYS
    days_off: list[date] = []
    worked: list[date] = []


def read_calendar(folder: Path) -> WorkingCalendar:
    """The calendar in the firm's ``folder``; Monday to Friday where there is none.

    Raises:
        FirmDataError: with file and line of the mistake.
    """
    path = folder / "calendar.yml"
    if not path.exists():
        return WorkingCalendar()
    read = read_yaml(path, _Calendar)
    return WorkingCalendar(read.public_calendar, frozenset(read.days_off), frozenset(read.worked))


def _kind_in_china(day: date) -> DayKind:
    try:
        off, holiday = chinese_calendar.get_holiday_detail(day)
    except NotImplementedError:
        return DayKind.ORDINARY
    if off:
        # An ordinary weekend has no name; it may well be worked.
        return DayKind.HOLIDAY if holiday else DayKind.ORDINARY
    return DayKind.MAKE_UP if day.weekday() in _SATURDAY_AND_SUNDAY else DayKind.ORDINARY
