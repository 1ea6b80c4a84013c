"""Public calendars of other countries, by what their laws say; China's make-up days stay with chinesecalendar."""

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from actions.firm import FirmDataError, load_firm
from recovery.service_levels import TimeLimit, due_at
from recovery.working_time import DayKind
from store.calendar import WorkingCalendar
from tests.conftest import ROOT


def copy_of_firm(folder: Path) -> Path:
    shutil.copytree(ROOT / "data" / "firm", folder / "firm")
    return folder / "firm"


ORDINARY, HOLIDAY, MAKE_UP = DayKind.ORDINARY, DayKind.HOLIDAY, DayKind.MAKE_UP


@pytest.mark.parametrize(
    ("code", "day", "worked", "kind"),
    [
        # Germany: Einigungsvertrag art. 2 (3 October); New Year and Easter Monday by the law of every Land
        ("DE", date(2025, 10, 3), False, HOLIDAY),
        ("DE", date(2026, 1, 1), False, HOLIDAY),
        ("DE", date(2026, 4, 6), False, HOLIDAY),
        ("DE", date(2026, 4, 7), True, ORDINARY),
        ("DE", date(2026, 4, 11), False, ORDINARY),  # a Saturday like any other
        # Epiphany is one in Bavaria (BayFTG art. 1), and none in all of Germany
        ("DE", date(2026, 1, 6), True, ORDINARY),
        ("DE-BY", date(2026, 1, 6), False, HOLIDAY),
        # United States (5 U.S.C. 6103): Thanksgiving; 4 July 2026 is a Saturday, so the Friday before is off
        ("US", date(2026, 11, 26), False, HOLIDAY),
        ("US", date(2026, 7, 3), False, HOLIDAY),
        ("US", date(2026, 11, 27), True, ORDINARY),
        # California keeps the day after Thanksgiving as well (Gov. Code 6700)
        ("US-CA", date(2026, 11, 27), False, HOLIDAY),
        # Japan: 3 May 2026 is a Sunday, so that 6 May stands in for it (祝日法 art. 3.2)
        ("JP", date(2026, 5, 6), False, HOLIDAY),
        # Saudi Arabia rests on Friday and Saturday since 2013 (royal decree A/185)
        ("SA", date(2026, 11, 20), False, ORDINARY),
        ("SA", date(2026, 11, 22), True, ORDINARY),
        # Taiwan made up for a bridge day on Saturday, 17 February 2024 (DGPA's calendar for year 113)
        ("TW", date(2024, 2, 17), True, MAKE_UP),
    ],
)
def test_the_days_of_other_countries(code: str, day: date, worked: bool, kind: DayKind) -> None:
    calendar = WorkingCalendar(code)
    assert (calendar.is_worked(day), calendar.kind_of(day)) == (worked, kind)


@pytest.mark.parametrize("code", ["DE", "US-CA", "JP"])
def test_of_a_year_that_nobody_knows_only_weekends_are_known(code: str) -> None:
    calendar = WorkingCalendar(code)
    # New Year's Day 2135 is a Saturday, the Monday after is worked; as for China before its notice.
    assert not calendar.is_worked(date(2135, 1, 1)) and calendar.is_worked(date(2135, 1, 3))
    assert calendar.kind_of(date(2135, 1, 1)) is ORDINARY


def test_the_firms_own_days_come_on_top() -> None:
    calendar = WorkingCalendar("DE", frozenset({date(2026, 4, 7)}), frozenset({date(2026, 4, 6)}))
    assert calendar.is_worked(date(2026, 4, 6)) and not calendar.is_worked(date(2026, 4, 7))
    assert calendar.kind_of(date(2026, 4, 6)) is MAKE_UP and calendar.kind_of(date(2026, 4, 7)) is DayKind.CLOSED


def test_a_firm_elsewhere_counts_its_own_working_days(tmp_path: Path) -> None:
    folder = copy_of_firm(tmp_path)
    path = folder / "calendar.yml"
    path.write_text(path.read_text("utf-8").replace("public_calendar: china", "public_calendar: DE"), "utf-8")
    firm = load_firm(folder)
    # From Thursday, 2 April 2026: Good Friday and Easter Monday are no working days; the 8th is the second.
    start = datetime(2026, 4, 2, 8, tzinfo=UTC)
    due = due_at(start, TimeLimit(working_days=2), firm.zone, firm.calendar.is_worked)
    assert due.astimezone(firm.zone).date() == date(2026, 4, 9) and due.astimezone(firm.zone).hour == 0


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("mars", "`mars` must be `china`, `weekdays`, or the ISO 3166 code"),
        ("XX", "`XX` must be `china`"),
        ("de", "`de` must be `china`"),
        ("DE-", "`DE-` must be `china`"),
        ("US-ZZ", "of US there are AK, AL"),
        ("CN", "China is written `china`: it knows the make-up working days"),
    ],
)
def test_an_unknown_calendar_is_told_with_file_and_line(tmp_path: Path, written: str, told: str) -> None:
    folder = copy_of_firm(tmp_path)
    path = folder / "calendar.yml"
    source = path.read_text("utf-8").replace("public_calendar: china", f"public_calendar: {written}")
    path.write_text(source, "utf-8")
    line = 1 + source.splitlines().index(f"public_calendar: {written}")
    with pytest.raises(FirmDataError) as mistake:
        load_firm(folder)
    assert f"calendar.yml:{line}: public_calendar: " in str(mistake.value) and told in str(mistake.value)
