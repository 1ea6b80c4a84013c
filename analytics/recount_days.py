"""What is kept of a day, compared with the sum over its cases."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Integer, cast, func, select, union_all

from analytics.measures import MeasureKey, Sum
from analytics.recovery_steps import RECOVERY
from analytics.roll_up import Count, CountKey, TotalKey, totals_of
from analytics.service_steps import SERVICE
from analytics.told_apart import DIMENSIONS, places_of
from recovery.events import CaseDimensions
from store.database import UnitOfWork
from store.tables.outcomes import CaseMeasure, CaseStepOutcome, DailyCount, DailyMeasure, DailyTotal

PROCESSES = (RECOVERY, SERVICE)

Key = CountKey | TotalKey | MeasureKey


class DayDifference(NamedTuple):
    """A row of a day that is not the sum over its cases."""

    table: str
    key: Key
    expected: tuple[int, int]
    kept: tuple[int, int]

    @property
    def missing(self) -> tuple[int, int]:
        """What has to be added to the row."""
        return self.expected[0] - self.kept[0], self.expected[1] - self.kept[1]

    def key_json(self) -> dict[str, Any]:
        return {**self.key._asdict(), "day": self.key.day.isoformat()}

    def expected_json(self) -> dict[str, int] | None:
        return self._json(self.expected)

    def kept_json(self) -> dict[str, int] | None:
        return self._json(self.kept)

    def _json(self, sums: tuple[int, int]) -> dict[str, int] | None:
        names = Sum._fields if isinstance(self.key, MeasureKey) else Count._fields
        return None if sums == (0, 0) else dict(zip(names, sums, strict=True))


def days_on_record(work: UnitOfWork, after: date | None = None) -> Iterator[date]:
    """The days of which anything is kept, in order."""
    last = after or date.min
    while True:
        # Each by its index, which a list of all days would have to go through from end to end.
        firsts = [
            select(func.min(table.day).label("day")).where(table.day > last)
            for table in (CaseMeasure, DailyCount, DailyTotal, DailyMeasure)
        ]
        outcome = CaseStepOutcome
        for process in PROCESSES:
            firsts.append(select(func.min(outcome.day)).where(outcome.process == process, outcome.day > last))
        day = work.session.scalar(select(func.min(union_all(*firsts).subquery().c.day)))
        if day is None:
            return
        yield day
        last = day


def day_differences(work: UnitOfWork, day: date) -> Iterator[DayDifference]:
    """The rows of a day that are not the sum over its cases: counts, totals, measures."""
    counts = _counts_of_cases(work, day)
    yield from _compared(counts, work, DailyCount, CountKey, Count._fields, day)
    yield from _compared(totals_of(counts), work, DailyTotal, TotalKey, Count._fields, day)
    yield from _compared(_measures_of_cases(work, day), work, DailyMeasure, MeasureKey, Sum._fields, day)


def _compared(
    expected: Mapping[Any, tuple[int, int]],
    work: UnitOfWork,
    table: type[DailyCount | DailyTotal | DailyMeasure],
    kind: type[Key],
    sums: tuple[str, str],
    day: date,
) -> Iterator[DayDifference]:
    kept = _kept(work, table, kind._fields, sums, day)
    if kept == expected:
        return
    nothing = (0, 0)
    for key in sorted({*expected, *kept}):
        if expected.get(key, nothing) != kept.get(key, nothing):
            row = table.__tablename__, kind(*key)
            yield DayDifference(*row, expected.get(key, nothing), kept.get(key, nothing))


def _kept(
    work: UnitOfWork,
    table: type[DailyCount | DailyTotal | DailyMeasure],
    names: tuple[str, ...],
    sums: tuple[str, str],
    day: date,
) -> dict[tuple[Any, ...], tuple[int, int]]:
    """The sums by key; a plain tuple, for there are many thousands, and all but a few are as they should be."""
    # The day is not asked for: reading it from each row's text would take longer than the rest.
    columns = [getattr(table, name) for name in (*sums, *names) if name != "day"]
    rows = work.session.connection().execute(select(*columns).where(table.day == day)).all()
    if names[0] == "day":
        return {(day, *row[2:]): (row[0], row[1]) for row in rows}
    return {(*row[2:], day): (row[0], row[1]) for row in rows}


def _counts_of_cases(work: UnitOfWork, day: date) -> dict[CountKey, tuple[int, int]]:
    table = CaseStepOutcome
    columns = [getattr(table, name) for name in CountKey._fields]
    failed = func.sum(cast(table.defect, Integer))
    rows = work.session.execute(
        select(func.count(), failed, *columns).where(table.process.in_(PROCESSES), table.day == day).group_by(*columns)
    )
    return {CountKey(*where): (number, defects) for number, defects, *where in rows}


def _measures_of_cases(work: UnitOfWork, day: date) -> dict[MeasureKey, tuple[int, int]]:
    table = CaseMeasure
    columns = [getattr(table, name) for name in DIMENSIONS]
    rows = work.session.execute(
        select(table.measure, func.count(), cast(func.sum(table.value), BigInteger), *columns)
        .where(table.day == day)
        .group_by(table.measure, *columns)
    )
    sums: dict[MeasureKey, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for measure, number, total, *where in rows:
        for place in places_of(CaseDimensions(*where)):
            key = MeasureKey(measure, *place, day)
            before = sums[key]
            sums[key] = before[0] + number, before[1] + total
    return sums
