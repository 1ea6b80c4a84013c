"""What is measured of a case and not counted: its rating, and how long answers and the resolution took.

A roll-up must add up exactly, whatever the order, so that a recount proves it. Therefore each value is a whole number:
a rating its score, a time the thousandfold logarithm of its seconds, rounded. The mean of such logarithms gives the
geometric mean, which a few very long times hardly move, like a median; rounding changes it by less than a thousandth.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Literal, NamedTuple, get_args

from sqlalchemy import delete, insert, select

from analytics.adjusting import adjust, slices
from analytics.case_history import CaseHistory
from analytics.told_apart import DIMENSIONS, places_of
from analytics.validity import is_merged
from recovery.events import (
    CaseAcknowledged,
    CaseDimensions,
    CaseOpened,
    CaseRated,
    CaseResolved,
    PersonAnswered,
)
from store.database import UnitOfWork
from store.tables.outcomes import CaseMeasure, DailyMeasure

Measured = Literal["rating", "acknowledgement", "first_response", "resolution"]
MEASURED: tuple[str, ...] = get_args(Measured)
RATING = "rating"

_THOUSAND = 1000
_SECONDS_AN_HOUR = 3600


class Measurement(NamedTuple):
    """A value, on the day of the firm's zone on which it was known."""

    measure: str
    day: date
    value: int
    dimensions: CaseDimensions


class MeasureKey(NamedTuple):
    """What a daily measure is kept by; the names are the columns'."""

    measure: str
    dimension: str
    key: str
    second: str
    day: date


class Sum(NamedTuple):
    """How many values, and their sum."""

    number: int = 0
    total: int = 0

    def plus(self, number: int, total: int) -> "Sum":
        return Sum(self.number + number, self.total + total)


def value_of_time(begin: datetime, end: datetime) -> int:
    """A time of the clock as it adds up: 1000 · ln(1 + seconds), rounded; none is below 0."""
    return round(_THOUSAND * math.log1p(max(0.0, (end - begin).total_seconds())))


def mean_of(measure: str, total: int, number: int) -> float:
    """The mean rating, or the geometric mean of times in hours."""
    if measure == RATING:
        return total / number
    return math.expm1(total / number / _THOUSAND) / _SECONDS_AN_HOUR


def case_measures(history: CaseHistory) -> list[Measurement]:
    """What was measured of one case; nothing where nobody complained, or the complaint went into another.

    All by the dimensions of the case as it was opened. Times are to the first answer, by the bot and by a person, and
    to the first resolution; the latest rating holds.
    """
    opened = history.first(CaseOpened)
    if opened is None or is_merged(history):
        return []
    found = []
    if rated := history.last(CaseRated):
        found.append(Measurement(RATING, history.day(rated.at), rated.score, opened.dimensions))
    ends = (
        ("acknowledgement", history.first(CaseAcknowledged)),
        ("first_response", history.first(PersonAnswered)),
        ("resolution", history.first(CaseResolved)),
    )
    for measure, end in ends:
        if end is not None:
            value = value_of_time(opened.heard_at, end.at)
            found.append(Measurement(measure, history.day(end.at), value, opened.dimensions))
    return found


def replace_measures(work: UnitOfWork, numbers: Sequence[str], measured: Mapping[str, Sequence[Measurement]]) -> None:
    """Put ``measured`` in the place of what was measured of these cases, and adjust the daily measures."""
    wanted = {(number, one.measure): one for number, found in measured.items() for one in found}
    changes: dict[MeasureKey, Sum] = defaultdict(Sum)
    obsolete = []
    for part in slices(numbers):
        for id_, number, kept in kept_measures(work, part):
            if wanted.get((number, kept.measure)) == kept:
                del wanted[number, kept.measure]
                continue
            obsolete.append(id_)
            _add(changes, kept, -1)
    for one in wanted.values():
        _add(changes, one, 1)
    for ids in slices(obsolete):
        work.session.execute(
            delete(CaseMeasure).where(CaseMeasure.id.in_(ids)), execution_options={"synchronize_session": False}
        )
    if wanted:
        work.session.execute(insert(CaseMeasure), [_row(number, one) for (number, _), one in wanted.items()])
    adjust_measures(work, changes)


def adjust_measures(work: UnitOfWork, changes: Mapping[MeasureKey, Sum]) -> None:
    """Add ``changes`` to the daily measures."""
    moved = {key: change for key, change in changes.items() if change != Sum()}
    adjust(work, DailyMeasure, MeasureKey._fields, Sum._fields, moved)


def kept_measures(work: UnitOfWork, numbers: Sequence[str]) -> Iterable[tuple[int, str, Measurement]]:
    """What was measured of these cases, each with the id of its row and the number of the case."""
    row = CaseMeasure
    where = (getattr(row, name) for name in DIMENSIONS)
    asked = select(row.id, row.case_number, row.measure, row.day, row.value, *where).where(row.case_number.in_(numbers))
    for id_, number, measure, day, value, *dimensions in work.session.execute(asked):
        yield id_, number, Measurement(measure, day, value, CaseDimensions(*dimensions))


def _add(changes: dict[MeasureKey, Sum], one: Measurement, times: int) -> None:
    for place in places_of(one.dimensions):
        key = MeasureKey(one.measure, *place, one.day)
        changes[key] = changes[key].plus(times, times * one.value)


def _row(number: str, one: Measurement) -> dict[str, object]:
    dimensions = {name: getattr(one.dimensions, name) for name in DIMENSIONS}
    return {"case_number": number, "measure": one.measure, "day": one.day, "value": one.value, **dimensions}
