"""Due times: clock time day and night, working days by the public calendar (S0)."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery.service_levels import TimeLimit, due_at
from store.calendar import WorkingCalendar

SHANGHAI = ZoneInfo("Asia/Shanghai")
CHINA = WorkingCalendar("china")


def due(start: datetime, limit: TimeLimit) -> datetime:
    return due_at(start, limit, SHANGHAI, CHINA.is_worked)


def shanghai(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=SHANGHAI)  # type: ignore[arg-type,misc]


@pytest.mark.parametrize(
    "span", [timedelta(minutes=30), timedelta(hours=2), timedelta(hours=24)], ids=["30min", "2h", "24h"]
)
def test_clock_time_runs_through_nights_and_holidays(span: timedelta) -> None:
    start = shanghai(2025, 10, 1, 23, 50)
    assert due(start, TimeLimit(clock=span)) - start == span


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        # An ordinary week: from Monday, three days end as Friday begins.
        (shanghai(2026, 11, 16, 9), 3, shanghai(2026, 11, 20, 0)),
        # Over a weekend: from Friday, Monday to Wednesday.
        (shanghai(2026, 11, 20, 23, 59), 3, shanghai(2026, 11, 26, 0)),
        # National Day 2025 (1 to 8 October off, Saturday the 11th made up): the 9th, 10th and 11th.
        (shanghai(2025, 9, 30, 10), 3, shanghai(2025, 10, 12, 0)),
        # Heard on a holiday: that day does not count, nor do the others.
        (shanghai(2025, 10, 3, 12), 1, shanghai(2025, 10, 10, 0)),
        # Sunday 28 September 2025 was made up for: the 28th, 29th and 30th.
        (shanghai(2025, 9, 27, 10), 3, shanghai(2025, 10, 1, 0)),
        # Spring Festival 2026 (15 to 23 February off, Saturday the 14th made up): the 14th, 24th and 25th.
        (shanghai(2026, 2, 13, 18), 3, shanghai(2026, 2, 26, 0)),
        # Saturday 28 February 2026 is made up, too.
        (shanghai(2026, 2, 27, 8), 1, shanghai(2026, 3, 1, 0)),
    ],
)
def test_working_days_are_those_of_the_public_calendar(start: datetime, days: int, end: datetime) -> None:
    assert due(start, TimeLimit(working_days=days)) == end


def test_the_day_is_the_firms_and_not_that_of_utc() -> None:
    # 17:00 UTC on Tuesday is already Wednesday in Shanghai: one working day ends as Friday begins there.
    start = datetime(2026, 11, 17, 17, 0, tzinfo=UTC)
    assert due(start, TimeLimit(working_days=1)) == shanghai(2026, 11, 20, 0)


def test_a_due_time_is_given_in_utc() -> None:
    for limit in (TimeLimit(clock=timedelta(hours=2)), TimeLimit(working_days=3)):
        assert due(shanghai(2026, 11, 16, 9), limit).utcoffset() == timedelta(0)


@pytest.mark.parametrize(
    "given_",
    [
        {},
        {"clock": timedelta(hours=1), "working_days": 1},
        {"clock": timedelta(0)},
        {"clock": timedelta(hours=-1)},
        {"working_days": 0},
    ],
)
def test_what_is_no_limit_is_refused(given_: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="time limit"):
        TimeLimit(**given_)  # type: ignore[arg-type]


MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2026, 12, 1), timezones=st.just(UTC))
LIMITS = st.builds(TimeLimit, clock=st.timedeltas(timedelta(seconds=1), timedelta(days=5))) | st.builds(
    TimeLimit, working_days=st.integers(1, 12)
)


@given(MOMENTS, MOMENTS, LIMITS)
def test_who_complains_later_is_never_due_earlier(first: datetime, second: datetime, limit: TimeLimit) -> None:
    earlier, later = sorted((first, second))
    assert earlier < due(earlier, limit) <= due(later, limit)


@given(MOMENTS, st.integers(1, 12))
def test_a_working_day_more_is_later_and_ends_a_worked_day(start: datetime, days: int) -> None:
    end = due(start, TimeLimit(working_days=days))
    assert end < due(start, TimeLimit(working_days=days + 1))
    local = end.astimezone(SHANGHAI)
    assert (local.hour, local.minute) == (0, 0)
    last: date = (local - timedelta(days=1)).date()
    assert CHINA.is_worked(last)
