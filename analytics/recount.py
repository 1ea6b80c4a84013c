"""Prove that the daily roll-up is what the raw events say."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Integer, cast, func, select

from analytics.case_history import read_event
from analytics.roll_up import Count, CountKey, case_outcomes, count_key
from recovery.events import OutcomeEvent
from store.database import UnitOfWork
from store.tables.outcomes import CaseStepOutcome, DailyCount, OutcomeEventRow

_FETCH = 2_000


@dataclass(frozen=True, slots=True)
class Difference:
    """A daily count that is not what the events say, as (opportunities, defects).

    Attributes:
        events: counted anew from the raw events.
        cases: added up from what each case is kept to count for.
        daily: the roll-up.
    """

    key: CountKey
    events: Count
    cases: Count
    daily: Count

    def to_json(self) -> dict[str, Any]:
        return {
            **self.key._asdict(),
            "day": self.key.day.isoformat(),
            "events": self.events._asdict(),
            "cases": self.cases._asdict(),
            "daily": self.daily._asdict(),
        }


@dataclass(frozen=True, slots=True)
class Recount:
    """What a recount found; ``uncounted`` events are not rolled up yet and take no part in it."""

    cases: int
    events: int
    uncounted: int
    daily_counts: int
    differences: tuple[Difference, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "cases": self.cases,
            "events": self.events,
            "uncounted": self.uncounted,
            "daily_counts": self.daily_counts,
            "differences": [difference.to_json() for difference in self.differences],
        }


def recount(work: UnitOfWork, zone: ZoneInfo, progress: Callable[[int], None] | None = None) -> Recount:
    """Count anew from the raw events and compare.

    One case at a time is held in memory, beside the daily counts themselves.

    Args:
        work: a reading unit of work in which nothing was read yet.
        zone: the firm's, in which days are counted.
        progress: told the number of cases counted so far, after each.
    """
    if work.session.get_bind().dialect.name == "postgresql":
        # Several queries, one picture: SQLite's readers have that anyway.
        work.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    events: dict[CountKey, Count] = defaultdict(Count)
    cases = read = 0
    for cases, history in enumerate(_histories(work), start=1):
        read += len(history)
        for outcome in case_outcomes([event for event in history if event is not None], zone):
            key = count_key(outcome)
            events[key] = events[key].plus(1, outcome.defect)
        if progress is not None:
            progress(cases)
    kept = _counts_of_cases(work)
    daily = _daily_counts(work)
    differences = tuple(
        Difference(key, events.get(key, Count()), kept.get(key, Count()), daily.get(key, Count()))
        for key in sorted({*events, *kept, *daily})
        if not events.get(key, Count()) == kept.get(key, Count()) == daily.get(key, Count())
    )
    waiting = select(func.count()).select_from(OutcomeEventRow).where(~OutcomeEventRow.counted)
    return Recount(cases, read, work.session.scalars(waiting).one(), len(daily), differences)


def _histories(work: UnitOfWork) -> Iterator[list[OutcomeEvent | None]]:
    """The counted events of each case; None stands for an event of a kind that this version does not know."""
    row = OutcomeEventRow
    ordered = (
        select(row.kind, row.case_number, row.at, row.dimensions, row.details)
        .where(row.counted)
        .order_by(row.case_number)
        .execution_options(yield_per=_FETCH)
    )
    for _, group in groupby(work.session.execute(ordered), key=lambda found: found.case_number):
        yield [read_event(*found) for found in group]


def _counts_of_cases(work: UnitOfWork) -> dict[CountKey, Count]:
    columns = [getattr(CaseStepOutcome, name) for name in CountKey._fields]
    defects = func.sum(cast(CaseStepOutcome.defect, Integer))
    rows = work.session.execute(select(func.count(), defects, *columns).group_by(*columns))
    return {CountKey(*where): Count(number, failed) for number, failed, *where in rows}


def _daily_counts(work: UnitOfWork) -> dict[CountKey, Count]:
    columns = [getattr(DailyCount, name) for name in CountKey._fields]
    rows = work.session.execute(select(DailyCount.opportunities, DailyCount.defects, *columns))
    return {CountKey(*where): Count(opportunities, defects) for opportunities, defects, *where in rows}
