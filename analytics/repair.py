"""Make the roll-up anew where it is not what the events say.

First each day is made the sum over its cases, then each case what its events say, which the days follow. Each day and
each few cases are a unit of work that holds the roll-up, so that desk and commands go on beside it. How far it came is
kept with it: a repair that was stopped goes on from there, and of two at once each does what the other has not.
"""

from collections.abc import Callable
from datetime import date
from zoneinfo import ZoneInfo

from analytics.adjusting import adjust
from analytics.measures import MeasureKey, Sum
from analytics.recount_cases import next_cases
from analytics.recount_days import day_differences, days_on_record
from analytics.roll_up import Count, CountKey, TotalKey, fold_cases, hold_roll_up
from store.database import Database, UnitOfWork
from store.tables.outcomes import DailyCount, DailyMeasure, DailyTotal, RollUpTask

_NAME = "repair"
_CASES = 100
_ROWS = {
    "daily_counts": (DailyCount, CountKey._fields, Count._fields),
    "daily_totals": (DailyTotal, TotalKey._fields, Count._fields),
    "daily_measures": (DailyMeasure, MeasureKey._fields, Sum._fields),
}


def repair(database: Database, zone: ZoneInfo, progress: Callable[[str], None] | None = None) -> None:
    """Repair the whole roll-up, or go on with a repair that was stopped.

    Args:
        zone: the firm's, in which days are counted.
        progress: told the day or the number of the case that was reached.

    Raises:
        UnreadableEvent: an event on record is broken; what was repaired before stays.
    """
    with database.begin() as work:
        hold_roll_up(work)
        if work.session.get(RollUpTask, _NAME) is None:
            work.session.add(RollUpTask(name=_NAME, reached=""))
        work.commit()
    while True:
        with database.begin() as work:
            reached = repair_some(work, zone)
            work.commit()
        if reached is None:
            return
        if progress is not None:
            progress(reached)


def repair_some(work: UnitOfWork, zone: ZoneInfo) -> str | None:
    """Repair a day, or, when all days are done, some cases; the caller commits.

    Returns:
        What was reached; None when all is done.
    """
    hold_roll_up(work)
    task = work.session.get(RollUpTask, _NAME)
    if task is None:
        return None
    kind, _, last = task.reached.partition(" ")
    if kind != "case":
        day = next(days_on_record(work, date.fromisoformat(last) if last else None), None)
        if day is not None:
            _repair_day(work, day)
            task.reached = f"day {day.isoformat()}"
            return task.reached
        last = ""
    numbers = next_cases(work, last, _CASES)
    if not numbers:
        work.session.delete(task)
        return None
    # What is not counted yet is folded when it is, and flagged then.
    fold_cases(work, zone, numbers, only_counted=True)
    task.reached = f"case {numbers[-1]}"
    return task.reached


def _repair_day(work: UnitOfWork, day: date) -> None:
    changes: dict[str, dict[tuple[object, ...], tuple[int, int]]] = {name: {} for name in _ROWS}
    for different in day_differences(work, day):
        changes[different.table][different.key] = different.missing
    for name, (table, names, sums) in _ROWS.items():
        adjust(work, table, names, sums, changes[name])
