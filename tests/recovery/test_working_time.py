"""Working time: split shifts, hours past midnight, clocks set forward and back; and what must hold for all of them.

Expected moments were counted by hand.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery.working_time import DayKind, NeverOpen, Shift, Shifts, WeeklyHours, WorkingTime, read_shifts
from store.calendar import WorkingCalendar

SHANGHAI, BERLIN, NEW_YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")
CHINA = WorkingCalendar("china")


def hours(every_day: str, zone: ZoneInfo = SHANGHAI) -> WorkingTime:
    """The same hours on every day."""
    shifts = read_shifts(every_day)
    return WorkingTime(zone, lambda _: shifts)


def weekly(weekdays: str, weekends: str = "", *, on_holidays: bool = False, make_up: str = "") -> WorkingTime:
    """Hours of a firm in Shanghai by China's public calendar."""
    five, two = read_shifts(weekdays), read_shifts(weekends) if weekends else ()
    made_up = read_shifts(make_up) if make_up else five
    kept = WeeklyHours((five, five, five, five, five, two, two), made_up, on_holidays)
    return WorkingTime(SHANGHAI, lambda day: kept.on(day, CHINA.kind_of(day)))


OFFICE = weekly("09:00-12:00, 13:30-18:00")


def shanghai(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=SHANGHAI)  # type: ignore[arg-type,misc]


def berlin(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=BERLIN)  # type: ignore[arg-type,misc]


# --- reading hours ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shifts"),
    [
        ("09:00-18:00", [(540, 1080)]),
        ("13:30-18:00, 9:00-12:00", [(540, 720), (810, 1080)]),
        ("18:00-02:00", [(1080, 1560)]),
        ("22:00-06:00", [(1320, 1800)]),
        ("00:00-24:00", [(0, 1440)]),
        ("22:00-24:00", [(1320, 1440)]),
        ("20:00-00:00", [(1200, 1440)]),
        ("09:00 \u2013 12:00", [(540, 720)]),
    ],
)
def test_hours_are_read_as_people_write_them(text: str, shifts: list[tuple[int, int]]) -> None:
    assert [(shift.start, shift.end) for shift in read_shifts(text)] == shifts


@pytest.mark.parametrize(
    "text",
    ["", "9-18", "09:00", "09:00-09:00", "24:00-06:00", "09:60-10:00", "09:00-25:00", "09:00-12:00, 11:00-13:00",
     "22:00-06:00, 23:00-23:30"],
)  # fmt: skip
def test_what_is_no_list_of_hours_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        read_shifts(text)


@pytest.mark.parametrize(("start", "end"), [(-1, 10), (1440, 1500), (600, 600), (600, 500), (600, 2041)])
def test_a_shift_begins_within_its_day_and_lasts_a_day_at_most(start: int, end: int) -> None:
    with pytest.raises(ValueError):
        Shift(start, end)


# --- split shifts and nights (Chatwoot 14009) ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "span", "end"),
    [
        # Wednesday 18 November 2026: the noon break is no working time.
        (shanghai(2026, 11, 18, 11), timedelta(hours=2), shanghai(2026, 11, 18, 14, 30)),
        # Just as much as is left before the break ends before it.
        (shanghai(2026, 11, 18, 11), timedelta(hours=1), shanghai(2026, 11, 18, 12)),
        # From before the opening, and from within the break.
        (shanghai(2026, 11, 18, 6), timedelta(hours=1), shanghai(2026, 11, 18, 10)),
        (shanghai(2026, 11, 18, 12, 30), timedelta(hours=1), shanghai(2026, 11, 18, 14, 30)),
        # Friday evening to Monday morning.
        (shanghai(2026, 11, 20, 17, 30), timedelta(hours=1), shanghai(2026, 11, 23, 9, 30)),
        # 7.5 hours a day: a full day later is the same time on the next.
        (shanghai(2026, 11, 18, 10), timedelta(hours=7, minutes=30), shanghai(2026, 11, 19, 10)),
        # National Day 2025, 1 to 8 October; Thursday the 9th is worked.
        (shanghai(2025, 9, 30, 17), timedelta(hours=2), shanghai(2025, 10, 9, 10)),
        # Saturday 10 October 2026 is made up for, with the hours of a weekday.
        (shanghai(2026, 10, 9, 17), timedelta(hours=2), shanghai(2026, 10, 10, 10)),
    ],
)
def test_office_hours_pass_only_while_the_office_is_open(start: datetime, span: timedelta, end: datetime) -> None:
    assert OFFICE.add(start, span) == end
    assert OFFICE.between(start, end) == span


def test_hours_past_midnight_belong_to_the_day_on_which_they_begin() -> None:
    evening = weekly("18:00-02:00")
    # Friday's evening goes on into Saturday, which has none of its own.
    assert evening.add(shanghai(2026, 11, 20, 23), timedelta(hours=2)) == shanghai(2026, 11, 21, 1)
    assert evening.is_open(shanghai(2026, 11, 21, 1, 59)) and not evening.is_open(shanghai(2026, 11, 21, 2))
    # Sunday night is closed: Monday's evening begins on Monday.
    assert not evening.is_open(shanghai(2026, 11, 23, 1))
    assert evening.next_opening(shanghai(2026, 11, 21, 2)) == shanghai(2026, 11, 23, 18)
    assert evening.add(shanghai(2026, 11, 21, 1), timedelta(hours=2)) == shanghai(2026, 11, 23, 19)


def test_a_night_shift_that_runs_into_the_early_one_is_one_span() -> None:
    around = hours("22:00-06:00, 06:00-14:00")
    assert around.add(shanghai(2026, 11, 18, 23), timedelta(hours=14)) == shanghai(2026, 11, 19, 13)
    overlapping = WorkingTime(SHANGHAI, lambda _: (Shift(300, 600), Shift(1320, 1800)))  # 05:00-10:00, 22:00-06:00
    assert overlapping.between(shanghai(2026, 11, 18, 22), shanghai(2026, 11, 19, 10)) == timedelta(hours=12)


def test_before_midnight_the_shift_of_the_evening_before_still_counts() -> None:
    night = hours("22:00-06:00")
    assert night.is_open(shanghai(2026, 11, 18, 5, 59)) and not night.is_open(shanghai(2026, 11, 18, 6))
    assert night.next_opening(shanghai(2026, 11, 18, 12)) == shanghai(2026, 11, 18, 22)
    assert night.next_opening(shanghai(2026, 11, 18, 23)) == shanghai(2026, 11, 18, 23)


# --- the calendar ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        (date(2026, 11, 18), DayKind.ORDINARY),
        (date(2026, 11, 21), DayKind.ORDINARY),  # a Saturday: closed by the week, not by the calendar
        (date(2025, 10, 1), DayKind.HOLIDAY),
        (date(2025, 10, 4), DayKind.HOLIDAY),  # the Saturday of National Day week
        (date(2025, 10, 11), DayKind.MAKE_UP),
        (date(2040, 1, 1), DayKind.ORDINARY),  # not published yet
    ],
)
def test_the_calendar_tells_holidays_from_weekends(day: date, kind: DayKind) -> None:
    assert CHINA.kind_of(day) is kind


def test_the_firms_own_days_come_on_top() -> None:
    own = WorkingCalendar("weekdays", frozenset({date(2026, 11, 18)}), frozenset({date(2026, 11, 21)}))
    assert own.kind_of(date(2026, 11, 18)) is DayKind.CLOSED
    assert own.kind_of(date(2026, 11, 21)) is DayKind.MAKE_UP
    assert own.kind_of(date(2025, 10, 1)) is DayKind.ORDINARY


def test_a_shop_may_be_open_on_holidays_but_not_on_the_firms_own_days_off() -> None:
    shop = WeeklyHours((read_shifts("10:00-22:00"),) * 7, on_holidays=True)
    assert shop.on(date(2025, 10, 1), DayKind.HOLIDAY) and not shop.on(date(2025, 10, 1), DayKind.CLOSED)


def test_a_make_up_day_has_the_hours_of_its_weekday_before_others() -> None:
    five, saturday = read_shifts("09:00-18:00"), read_shifts("10:00-12:00")
    kept = WeeklyHours((five,) * 5 + (saturday, ()), make_up=five)  # type: ignore[arg-type]
    assert kept.on(date(2026, 11, 21), DayKind.MAKE_UP) == saturday
    assert kept.on(date(2026, 11, 22), DayKind.MAKE_UP) == five
    assert kept.on(date(2026, 11, 22), DayKind.ORDINARY) == ()


# --- clocks set forward and back -------------------------------------------------------------------------------------


def test_a_night_is_an_hour_shorter_in_spring_and_longer_in_autumn() -> None:
    night = hours("22:00-06:00", BERLIN)
    # Berlin 2026: forward on 29 March at 02:00, back on 25 October at 03:00.
    assert night.between(berlin(2026, 3, 28, 22), berlin(2026, 3, 29, 6)) == timedelta(hours=7)
    assert night.between(berlin(2026, 10, 24, 22), berlin(2026, 10, 25, 6)) == timedelta(hours=9)
    assert night.add(berlin(2026, 3, 28, 22), timedelta(hours=7)) == berlin(2026, 3, 29, 6)
    assert night.add(berlin(2026, 10, 24, 22), timedelta(hours=8)) == berlin(2026, 10, 25, 5)


def test_round_the_clock_an_hour_is_an_hour_whatever_the_wall_says() -> None:
    always = WorkingTime(BERLIN)
    assert always.add(berlin(2026, 3, 29, 1, 30), timedelta(hours=1)) == berlin(2026, 3, 29, 3, 30)
    assert always.between(berlin(2026, 10, 25, 0), berlin(2026, 10, 26, 0)) == timedelta(hours=25)
    assert (
        always.is_open(berlin(2026, 3, 29, 4))
        and always.next_opening(berlin(2026, 3, 29, 4)).utcoffset() == timedelta()
    )


def test_an_opening_in_the_hour_that_is_left_out_is_the_moment_the_clocks_go_forward() -> None:
    early = hours("02:30-06:00", BERLIN)
    forward = datetime(2026, 3, 29, 1, tzinfo=UTC)  # 02:00 becomes 03:00
    assert early.next_opening(berlin(2026, 3, 29, 0)) == forward
    assert early.between(berlin(2026, 3, 29, 0), berlin(2026, 3, 29, 12)) == timedelta(hours=3)


def test_hours_within_the_hour_that_is_left_out_do_not_come_that_day() -> None:
    within = hours("02:10-02:50", BERLIN)
    assert within.between(berlin(2026, 3, 29, 0), berlin(2026, 3, 29, 23)) == timedelta(0)
    assert within.next_opening(berlin(2026, 3, 28, 12)) == berlin(2026, 3, 30, 2, 10)


def test_a_time_that_comes_twice_opens_the_first_time() -> None:
    twice = hours("02:30-06:00", BERLIN)
    # 02:30 summer time is 00:30 UTC, and the shift lasts four hours and a half.
    assert twice.next_opening(berlin(2026, 10, 25, 0)) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert twice.between(berlin(2026, 10, 25, 0), berlin(2026, 10, 25, 12)) == timedelta(hours=4, minutes=30)


# --- what cannot be --------------------------------------------------------------------------------------------------


def test_hours_that_never_come_are_told_and_not_sought_for_ever() -> None:
    never = WorkingTime(SHANGHAI, lambda _: ())
    with pytest.raises(NeverOpen):
        never.add(shanghai(2026, 11, 18), timedelta(hours=1))
    with pytest.raises(NeverOpen):
        never.next_opening(shanghai(2026, 11, 18))
    assert never.between(shanghai(2026, 1, 1), shanghai(2026, 12, 1)) == timedelta(0)


def test_working_time_only_goes_forward() -> None:
    with pytest.raises(ValueError, match="forward"):
        OFFICE.add(shanghai(2026, 11, 18), timedelta(seconds=-1))
    assert OFFICE.between(shanghai(2026, 11, 19, 12), shanghai(2026, 11, 18, 12)) == timedelta(0)


# --- for all hours and zones -----------------------------------------------------------------------------------------

ZONES = st.sampled_from([SHANGHAI, BERLIN, NEW_YORK, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Kathmandu")])
# Around the days on which the clocks change in 2026, and any other.
MOMENTS = st.one_of(
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 20), timezones=st.just(UTC)),
    st.datetimes(datetime(2026, 3, 27), datetime(2026, 3, 31), timezones=st.just(UTC)),
    st.datetimes(datetime(2026, 10, 23), datetime(2026, 10, 27), timezones=st.just(UTC)),
)


@st.composite
def day_shifts(draw: st.DrawFn) -> Shifts:
    """Up to three shifts that do not overlap, the last perhaps past midnight."""
    count = draw(st.integers(0, 3))
    marks = sorted(draw(st.lists(st.integers(0, 1439), min_size=2 * count, max_size=2 * count, unique=True)))
    shifts = [Shift(start, end) for start, end in zip(marks[::2], marks[1::2], strict=True)]
    if shifts and draw(st.booleans()):
        last = shifts.pop()
        shifts.append(Shift(last.start, last.start + draw(st.integers(1, 1440))))
    return tuple(shifts)


@st.composite
def any_hours(draw: st.DrawFn) -> WorkingTime:
    zone = draw(ZONES)
    if draw(st.integers(0, 9)) == 0:
        return WorkingTime(zone)
    days = draw(st.lists(day_shifts(), min_size=7, max_size=7).filter(any))
    return WorkingTime(zone, lambda day: days[day.weekday()])


@given(any_hours(), MOMENTS, st.timedeltas(timedelta(0), timedelta(minutes=90)))
def test_adding_and_measuring_are_each_others_inverse(time: WorkingTime, start: datetime, span: timedelta) -> None:
    end = time.add(start, span)
    assert end >= start and time.between(start, end) == span


@given(any_hours(), MOMENTS, st.timedeltas(timedelta(0), timedelta(days=12)))
def test_measuring_and_adding_lead_to_the_same_working_moment(
    time: WorkingTime, start: datetime, clock: timedelta
) -> None:
    end = start + clock
    worked = time.between(start, end)
    assert timedelta(0) <= worked <= clock
    # What was measured has passed by ``end``, and not a moment earlier than where it leads.
    assert time.add(start, worked) <= end and time.between(time.add(start, worked), end) == timedelta(0)


@given(any_hours(), MOMENTS, MOMENTS, st.timedeltas(timedelta(seconds=1), timedelta(minutes=90)))
def test_who_begins_later_is_never_due_earlier(
    time: WorkingTime, one: datetime, other: datetime, span: timedelta
) -> None:
    earlier, later = sorted((one, other))
    assert time.add(earlier, span) <= time.add(later, span)


@given(
    any_hours(),
    MOMENTS,
    st.timedeltas(timedelta(0), timedelta(minutes=60)),
    st.timedeltas(timedelta(0), timedelta(minutes=60)),
)
def test_two_spans_one_after_the_other_are_their_sum(
    time: WorkingTime, start: datetime, one: timedelta, other: timedelta
) -> None:
    assert time.add(time.add(start, one), other) == time.add(start, one + other)


@given(any_hours(), st.lists(MOMENTS, min_size=3, max_size=3))
def test_working_time_adds_up(time: WorkingTime, moments: list[datetime]) -> None:
    first, middle, last = sorted(moments)
    assert time.between(first, middle) + time.between(middle, last) == time.between(first, last)


@given(any_hours(), MOMENTS)
def test_the_next_opening_is_open_and_nothing_is_before_it(time: WorkingTime, moment: datetime) -> None:
    opening = time.next_opening(moment)
    assert opening >= moment and time.is_open(opening)
    assert time.between(moment, opening) == timedelta(0)
    assert (opening == moment) == time.is_open(moment)
