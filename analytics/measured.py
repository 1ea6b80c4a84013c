"""Series of what is measured and not counted: ratings and times, by day, week or month, from the daily roll-up."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import BigInteger, ColumnElement, cast, func, literal, select

from analytics.measures import Measured, mean_of
from analytics.periods import ALL_DAYS, Every, Period, start_of
from analytics.roll_up import filled_up_to
from analytics.series import Slice
from analytics.sigma import WrongInput
from analytics.told_apart import Where, where
from analytics.totals import STEP, within
from store.database import UnitOfWork
from store.tables.outcomes import CaseMeasure, DailyMeasure

__all__ = ["Measured", "MeasuredSeries", "hours_between", "measured_series"]


@dataclass(frozen=True, slots=True)
class MeasuredSeries:
    """Values in the order of time.

    Attributes:
        days: first day of each day, week or month in which anything was measured.
        values: mean rating, or geometric mean of times in hours, of each.
        sizes: how many cases stand behind each.
    """

    key: str
    every: Every
    days: tuple[date, ...]
    values: tuple[float, ...]
    sizes: tuple[int, ...]


def hours_between(begin: datetime, end: datetime) -> float:
    """Hours of the clock, nights and weekends included; never below 0."""
    return max(0.0, (end - begin) / timedelta(hours=1))


def measured_series(
    work: UnitOfWork,
    measure: Measured,
    part: Slice,
    period: Period = ALL_DAYS,
    every: Every = "day",
    split: str | None = None,
) -> list[MeasuredSeries]:
    """The series of what was measured, by the day on which it was known, those with most cases first.

    Times are geometric means, which a few very long ones hardly move; ratings are means.

    Args:
        work: may read; what is not rolled up yet does not count.
        part: by category, department and so on, as each case was when it was opened; process and step say nothing.

    Raises:
        WrongInput: an update is still filling the measures of older cases.
    """
    if (reached := filled_up_to(work)) is not None:
        so_far = f", case {reached} was reached" if reached else ""
        raise WrongInput(
            f"ratings and times of older cases are still being added up{so_far}: `python -m analytics recount` goes "
            "through with it"
        )
    found: dict[str, dict[date, tuple[int, int]]] = defaultdict(dict)
    for day, key, number, total in _daily(work, measure, part, period, split):
        start = start_of(day, every)
        before = found[key].get(start, (0, 0))
        found[key][start] = (before[0] + number, before[1] + total)
    made = []
    for key, by_day in found.items():
        days = tuple(sorted(by_day))
        values = tuple(mean_of(measure, by_day[day][1], by_day[day][0]) for day in days)
        made.append(MeasuredSeries(key, every, days, values, tuple(by_day[day][0] for day in days)))
    return sorted(made, key=lambda series: (-sum(series.sizes), series.key))


def _daily(
    work: UnitOfWork, measure: Measured, part: Slice, period: Period, split: str | None
) -> Iterable[tuple[date, str, int, int]]:
    """Day, key, how many and their sum, in no order."""
    chosen = {name: value for name, value in part.chosen.items() if name != STEP}
    place = where(chosen, split)
    if place is not None:
        table = DailyMeasure
        told = getattr(table, place.split) if place.split else literal("")
        asked = select(table.day, told, table.number, table.total).where(
            table.measure == measure,
            table.dimension == place.dimension,
            *_keys(work, measure, place, split),
            *within(table.day, period),
        )
    else:
        cases = CaseMeasure
        told = getattr(cases, split) if split else literal("")
        # PostgreSQL adds integers up to wider ones, and those to numerics.
        summed = cast(func.sum(cases.value), BigInteger)
        asked = (
            select(cases.day, told, func.count(), summed)
            .where(
                cases.measure == measure,
                *(getattr(cases, name) == value for name, value in chosen.items()),
                *within(cases.day, period),
            )
            .group_by(cases.day, *([told] if split else []))
        )
    return work.session.connection().execute(asked)


def _keys(work: UnitOfWork, measure: Measured, asked: Where, split: str | None) -> Iterable[ColumnElement[bool]]:
    """Each column of the key by name, so that the index leads to what is asked for."""
    table = DailyMeasure
    for name in ("key", "second"):
        column = getattr(table, name)
        if name in asked.fixed:
            yield column == asked.fixed[name]
        elif name == asked.split:
            keys = select(table.key).where(table.measure == measure, table.dimension == split).distinct()
            yield column.in_(list(work.session.scalars(keys)))
        else:
            yield column == ""
