"""Series of what is measured and not counted: ratings and times, by day, week or month."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

import numpy as np

from analytics.case_facts import CaseFacts, case_facts
from analytics.periods import ALL_DAYS, Every, Period, start_of
from analytics.series import Slice
from analytics.surroundings import Surroundings
from store.database import UnitOfWork

Measured = Literal["rating", "acknowledgement", "first_response", "resolution"]
# Cases are read from so long before the period: most are settled by then.
_BEFORE = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class MeasuredSeries:
    """Values in the order of time.

    Attributes:
        days: first day of each day, week or month in which anything was measured.
        values: mean rating, or median time in hours, of each.
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


def _rating(facts: CaseFacts) -> tuple[datetime, float] | None:
    return None if facts.rating is None or facts.rated_at is None else (facts.rated_at, float(facts.rating))


def _until(name: str) -> Callable[[CaseFacts], tuple[datetime, float] | None]:
    def look(facts: CaseFacts) -> tuple[datetime, float] | None:
        done: datetime | None = getattr(facts, name)
        return None if done is None else (done, hours_between(facts.heard_at, done))

    return look


_LOOKS: dict[str, Callable[[CaseFacts], tuple[datetime, float] | None]] = {
    "rating": _rating,
    "acknowledgement": _until("acknowledged_at"),
    "first_response": _until("first_response_at"),
    "resolution": _until("resolved_at"),
}


def measured_series(
    work: UnitOfWork,
    around: Surroundings,
    measure: Measured,
    part: Slice,
    period: Period = ALL_DAYS,
    every: Every = "day",
    split: str | None = None,
) -> list[MeasuredSeries]:
    """The series of what was measured, by the day on which it was known, those with most cases first.

    Times are medians, which a few very long ones do not move; ratings are means.

    Raises:
        TookTooLong: the time there is for the answer is over.
    """
    look = _LOOKS[measure]
    found: dict[str, dict[date, list[float]]] = defaultdict(lambda: defaultdict(list))
    reach = Period(period.since - _BEFORE if period.since else None, period.until)
    for facts in case_facts(work, around, reach, part):
        if (told := look(facts)) is not None:
            at, value = told
            day = at.astimezone(around.zone).date()
            if day in period:
                key = "" if split is None else str(getattr(facts.dimensions, split, ""))
                found[key][start_of(day, every)].append(value)
    middle = np.mean if measure == "rating" else np.median
    made = []
    for key, by_day in found.items():
        days = tuple(sorted(by_day))
        values = tuple(float(middle(by_day[day])) for day in days)
        made.append(MeasuredSeries(key, every, days, values, tuple(len(by_day[day]) for day in days)))
    return sorted(made, key=lambda series: (-sum(series.sizes), series.key))
