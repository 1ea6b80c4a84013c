"""Series from the daily roll-up: points, gaps, and denominators that are there or not."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.periods import Every, Period, end_of, read_period, start_of, starts_between
from analytics.roll_up import Count, CountKey, adjust_counts
from analytics.series import CountSeries, Slice, count_series
from analytics.sigma import WrongInput
from store.database import Database
from store.tables.outcomes import Volume

# A Thursday.
FIRST = date(2026, 10, 1)
TODAY = date(2026, 10, 20)
LATER = datetime(2026, 10, 20, tzinfo=UTC)


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def counted(database: Database, number: int, defects: int, opportunities: int, **where: str) -> None:
    place = {"process": "recovery", "step": "content", "category": "delivery", "department": "logistics"}
    place |= {"channel": "web", "tier": "regular", "language": "zh", **where}
    with database.begin() as work:
        key = CountKey(day=day(number), **place)
        adjust_counts(work, {key: Count(opportunities, defects)})
        work.commit()


def volume(database: Database, number: int, opportunities: int, step: str = "") -> None:
    with database.begin() as work:
        work.session.add(
            Volume(day=day(number), process="service", step=step, opportunities=opportunities, updated_at=LATER)
        )
        work.commit()


def ask(
    database: Database,
    part: Slice | None = None,
    period: Period | None = None,
    every: Every = "day",
    split: str | None = None,
) -> list[CountSeries]:
    with database.reading() as work:
        return count_series(work, part or Slice(), period or Period(), every, split, TODAY)


def test_days_without_opportunities_are_gaps_and_not_zeros(database: Database) -> None:
    counted(database, 0, 1, 4)
    counted(database, 2, 0, 5)
    (series,) = ask(database)
    assert series.days == (day(0), day(2))
    assert (series.defects, series.opportunities, series.gaps) == ((1, 0), (4, 5), (day(1),))


def test_what_is_not_asked_for_apart_is_added_up(database: Database) -> None:
    counted(database, 0, 1, 4)
    counted(database, 0, 2, 6, channel="rest")
    counted(database, 0, 9, 9, step="offer_accepted")
    (series,) = ask(database, Slice(step="content"))
    assert (series.defects, series.opportunities) == ((3,), (10,))
    (series,) = ask(database, Slice(step="content", channel="rest"))
    assert (series.defects, series.opportunities) == ((2,), (6,))


def test_on_postgresql_too(postgresql_database: Database) -> None:
    counted(postgresql_database, 0, 1, 4)
    counted(postgresql_database, 0, 2, 6, channel="rest")
    assert [(one.key, one.defects, one.opportunities) for one in ask(postgresql_database, split="channel")] == [
        ("rest", (2,), (6,)),
        ("web", (1,), (4,)),
    ]


def test_weeks_begin_on_monday_and_months_on_the_first(database: Database) -> None:
    for number in (0, 3, 4, 31):
        counted(database, number, 1, 2)
    (series,) = ask(database, every="week")
    assert series.days == (date(2026, 9, 28), date(2026, 10, 5), date(2026, 10, 26))
    assert series.opportunities == (4, 2, 2)
    (series,) = ask(database, every="month")
    assert (series.days, series.opportunities) == ((FIRST, date(2026, 11, 1)), (6, 2))


def test_a_split_puts_those_with_most_defects_first(database: Database) -> None:
    counted(database, 0, 1, 9)
    counted(database, 0, 3, 4, category="other")
    assert [series.key for series in ask(database, split="category")] == ["other", "delivery"]


def test_the_service_has_the_posted_volumes_as_opportunities(database: Database) -> None:
    for number in range(3):
        counted(database, number, 2, 2, process="service", step="delivery")
    volume(database, 0, 100, "delivery")
    volume(database, 1, 50, "delivery")
    volume(database, 3, 80, "delivery")
    (series,) = ask(database, Slice("service", "delivery"))
    assert series.days == (day(0), day(1), day(3))
    assert (series.defects, series.opportunities) == ((2, 2, 0), (100, 50, 80))
    assert (series.gaps, series.without_denominator) == ((day(2),), 2)


def test_without_volumes_there_is_no_denominator_and_every_day_has_its_number(database: Database) -> None:
    counted(database, 0, 2, 2, process="service", step="delivery")
    counted(database, 3, 1, 1, process="service", step="delivery")
    (series,) = ask(database, Slice("service"), Period(None, day(4)))
    assert series.no_denominator == "no volumes were posted (POST /api/v1/volumes)"
    assert (series.opportunities, series.defects) == (None, (2, 0, 0, 1, 0))


def test_before_anything_is_on_record_no_day_has_a_number(database: Database) -> None:
    counted(database, 2, 1, 1, process="service")
    counted(database, 4, 1, 1, process="service", channel="rest")
    asked = Period(FIRST - timedelta(days=9_000), day(5))
    (series,) = ask(database, Slice("service"), asked)
    assert (series.days[0], series.defects) == (day(2), (1, 0, 1, 0))
    # The channel was there already, and nobody complained on it.
    (series,) = ask(database, Slice("service", channel="rest"), asked)
    assert series.defects == (0, 0, 1, 0)


def test_volumes_that_are_not_told_apart_stand_for_nothing_less(database: Database) -> None:
    counted(database, 0, 2, 2, process="service", step="delivery")
    volume(database, 0, 100)
    (series,) = ask(database, Slice("service", "delivery"), Period(None, day(0)))
    assert (series.opportunities, series.no_denominator) == (None, "no volumes of this part")
    (series,) = ask(database, Slice("service"))
    assert series.opportunities == (100,)
    (series,) = ask(database, Slice("service", channel="web"), Period(None, day(0)))
    assert series.no_denominator == "volumes are not told apart by channel"


def test_a_step_without_volumes_has_no_denominator_in_the_whole_either(database: Database) -> None:
    counted(database, 0, 2, 2, process="service", step="delivery")
    counted(database, 0, 3, 3, process="service", step="reception")
    volume(database, 0, 100, "delivery")
    (series,) = ask(database, Slice("service"))
    assert (series.defects, series.opportunities, series.without_denominator) == ((2,), (100,), 3)
    volume(database, 0, 50)
    (series,) = ask(database, Slice("service"))
    assert (series.defects, series.opportunities, series.without_denominator) == ((5,), (150,), 0)


def test_categories_have_no_denominator_where_volumes_know_none(database: Database) -> None:
    counted(database, 0, 2, 2, process="service", step="delivery")
    volume(database, 0, 100, "delivery")
    (series,) = ask(database, Slice("service"), split="category")
    assert (series.key, series.no_denominator) == ("delivery", "volumes are not told apart by category")


def test_numbers_without_a_denominator_know_which_weeks_are_only_a_part(database: Database) -> None:
    for number in range(14):
        counted(database, number, 1, 1, process="service")
    (series,) = ask(database, Slice("service"), every="week")
    # The first week began before anything is on record; of the last one, that of today, some is to come.
    assert series.days == (date(2026, 9, 28), date(2026, 10, 5), date(2026, 10, 12), date(2026, 10, 19))
    assert series.cut == (date(2026, 9, 28), date(2026, 10, 19))


def test_nothing_on_record_is_no_series(database: Database) -> None:
    assert ask(database) == [] == ask(database, Slice("service"))


@pytest.mark.parametrize(
    ("part", "split", "message"),
    [(Slice("sales"), None, "there is no process 'sales'"), (Slice(), "colour", "cannot split by 'colour'")],
)
def test_what_there_is_not_is_refused(database: Database, part: Slice, split: str | None, message: str) -> None:
    with pytest.raises(WrongInput, match=message):
        ask(database, part, split=split)


@given(st.dates(date(2000, 1, 1), date(2060, 1, 1)), st.integers(0, 800), st.sampled_from(["day", "week", "month"]))
def test_days_weeks_and_months_cover_each_day_once(first: date, length: int, every: Every) -> None:
    last = first + timedelta(days=length)
    starts = list(starts_between(first, last, every))
    assert starts[0] <= first and end_of(starts[-1], every) >= last
    for earlier, later in pairwise(starts):
        assert end_of(earlier, every) + timedelta(days=1) == later == start_of(later, every)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("2026-10-01:2026-10-02", Period(day(0), day(1))),
        (":2026-10-02", Period(None, day(1))),
        ("2026-10-01:", Period(day(0))),
    ],
)
def test_a_period_is_two_days_with_a_colon(written: str, told: Period) -> None:
    assert read_period(written) == told


@pytest.mark.parametrize("written", ["2026-10-01", ":", "", "a:b", "2026-10-02:2026-10-01"])
def test_what_is_no_period_is_refused(written: str) -> None:
    with pytest.raises(ValueError):
        read_period(written)
