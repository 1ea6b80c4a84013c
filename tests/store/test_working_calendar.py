"""Holidays and make-up working days of the firm's calendar."""

from datetime import date
from pathlib import Path

import pytest

from store.calendar import WorkingCalendar, read_calendar
from store.firm_files import FirmDataError


def test_chinas_national_day_is_free_and_its_make_up_day_is_worked() -> None:
    # The State Council's notice for 2025: free from 1 to 8 October, worked on Saturday 11 October.
    days = [date(2025, 10, 1), date(2025, 10, 11), date(2025, 10, 12), date(2025, 10, 13)]
    assert WorkingCalendar("china").among(days) == ({days[0]}, {days[1]})


def test_a_year_that_is_not_published_yet_has_no_holidays() -> None:
    assert WorkingCalendar("china").among([date(2099, 10, 1)]) == (frozenset(), frozenset())


def test_other_countries_have_their_own_holidays() -> None:
    christmas = date(2026, 12, 25)
    assert WorkingCalendar("DE").among([christmas, date(2026, 12, 24)]) == ({christmas}, frozenset())
    epiphany = [date(2026, 1, 6)]
    assert WorkingCalendar("DE-BY").among(epiphany)[0] and not WorkingCalendar("DE-HH").among(epiphany)[0]


def test_the_firms_own_days_come_on_top() -> None:
    day = date(2026, 12, 25)
    assert WorkingCalendar("DE", worked=frozenset({day})).among([day]) == (frozenset(), {day})
    assert WorkingCalendar("weekdays", days_off=frozenset({day})).among([day]) == ({day}, frozenset())


def test_the_calendar_is_read_from_the_firms_file(tmp_path: Path) -> None:
    assert read_calendar(tmp_path) == WorkingCalendar("weekdays")
    (tmp_path / "calendar.yml").write_text("public_calendar: DE\ndays_off: [2026-12-24]\nhours: {}\n")
    assert read_calendar(tmp_path) == WorkingCalendar("DE", frozenset({date(2026, 12, 24)}))
    (tmp_path / "calendar.yml").write_text("days_off: [soon]\n")
    with pytest.raises(FirmDataError, match="days_off"):
        read_calendar(tmp_path)
