"""The daily roll-up: uncounted outcome events become counts by day, process, step and dimension, and measures by day.

A chunk takes some uncounted events, folds their cases anew from all their events, replaces what the cases counted for
and what was measured of them, and adjusts the daily counts, totals and measures by the difference; all in one unit of
work, together with the events' flag. So a run that is killed leaves no half, a second run changes nothing, and a late
or corrected event adjusts what its case counted for before. At any moment the roll-up is exactly what the events
flagged as counted say; ``recount`` proves it.

A defect of the service is kept with one opportunity of its own, since every failure was one; its real opportunities are
volumes, joined when asked for.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, insert, select, text, update

from analytics.adjusting import adjust, slices
from analytics.case_history import CaseHistory, StepOutcome, read_event
from analytics.measures import case_measures, replace_measures
from analytics.recovery_steps import recovery_outcomes
from analytics.service_steps import service_outcomes
from analytics.told_apart import ALL_STEPS, places_of
from recovery.events import CaseDimensions, OutcomeEvent
from store.database import Database, UnitOfWork
from store.tables.outcomes import CaseStepOutcome, DailyCount, DailyTotal, OutcomeEventRow, RollUpTask

__all__ = [
    "CHUNK",
    "Count",
    "CountKey",
    "adjust_counts",
    "case_outcomes",
    "count_key",
    "fill_measures",
    "fill_some",
    "filled_up_to",
    "fold_cases",
    "hold_roll_up",
    "roll_up",
    "roll_up_chunk",
    "slices",
]

# Uncounted events a chunk starts from: SQLite's only writer is held for some hundredths of a second.
CHUNK = 100

# Cases whose measures are filled in one unit of work, and how many units one question may wait for.
_CASES = 100
FILLED_BESIDE = 20

# Any number: PostgreSQL lets one chunk at a time adjust the counts under it.
_ADVISORY_LOCK = 7_304_113

_FILLING = "filling"

_NOTHING = (0, 0)


class CountKey(NamedTuple):
    """What a daily count is kept by; the names are the columns'."""

    day: date
    process: str
    step: str
    category: str
    department: str
    channel: str
    tier: str
    language: str


class TotalKey(NamedTuple):
    """What a daily total is kept by; the names are the columns'."""

    process: str
    dimension: str
    step: str
    key: str
    second: str
    day: date


class Count(NamedTuple):
    opportunities: int = 0
    defects: int = 0

    def plus(self, opportunities: int, defects: int) -> "Count":
        return Count(self.opportunities + opportunities, self.defects + defects)


def count_key(outcome: StepOutcome) -> CountKey:
    """The daily count that ``outcome`` belongs to."""
    where = outcome.dimensions
    return CountKey(
        outcome.day,
        outcome.process,
        outcome.step,
        where.category,
        where.department,
        where.channel,
        where.tier,
        where.language,
    )


def totals_of(counts: Mapping[CountKey, tuple[int, int]]) -> dict[TotalKey, tuple[int, int]]:
    """The daily totals that daily counts, or changes of them, add up to: opportunities and defects."""
    # All steps first, so that what they have in common is added to its many places once.
    parts = dict(counts)
    for key, (opportunities, defects) in counts.items():
        every = key._replace(step=ALL_STEPS)
        before = parts.get(every, _NOTHING)
        parts[every] = before[0] + opportunities, before[1] + defects
    totals: dict[TotalKey, tuple[int, int]] = {}
    for (day, process, step, *where), (opportunities, defects) in parts.items():
        for dimension, first, second in places_of(CaseDimensions(*where)):
            total = TotalKey(process, dimension, step, first, second, day)
            before = totals.get(total, _NOTHING)
            totals[total] = before[0] + opportunities, before[1] + defects
    return totals


def case_outcomes(history: CaseHistory) -> list[StepOutcome]:
    """What one case counts for in all processes."""
    return [*recovery_outcomes(history), *service_outcomes(history)]


def roll_up(database: Database, zone: ZoneInfo, chunk: int = CHUNK) -> int:
    """Count all events that are not counted yet, each chunk in its own unit of work.

    Some measures of cases counted before there were any are filled beside it; :func:`fill_measures` fills them all.

    Args:
        zone: the firm's, in which days are counted.
        chunk: how many uncounted events a unit of work starts from.

    Returns:
        How many events were counted.

    Raises:
        UnreadableEvent: an event on record is broken; what was counted before stays.
    """
    total = 0
    while True:
        with database.begin() as work:
            counted = roll_up_chunk(work, zone, chunk)
            work.commit()
        if not counted:
            break
        total += counted
    fill_measures(database, zone, most=FILLED_BESIDE)
    return total


def roll_up_chunk(work: UnitOfWork, zone: ZoneInfo, chunk: int = CHUNK) -> int:
    """Count some events; the caller commits.

    Returns:
        How many events were counted; 0 when none is left.
    """
    hold_roll_up(work)
    # The condition as the partial index has it, or SQLite would not use the index.
    uncounted = select(OutcomeEventRow.case_number).where(text("NOT counted")).order_by(OutcomeEventRow.id).limit(chunk)
    numbers = sorted(set(work.session.scalars(uncounted)))
    if not numbers:
        return 0
    new_ids = fold_cases(work, zone, numbers)
    for ids in slices(new_ids):
        work.session.execute(
            update(OutcomeEventRow).where(OutcomeEventRow.id.in_(ids)).values(counted=True),
            execution_options={"synchronize_session": False},
        )
    return len(new_ids)


def hold_roll_up(work: UnitOfWork) -> None:
    """Wait until no other process changes the roll-up, and keep all others from it to the end of the unit of work.

    Two at once that adjust the same case would both take off what it counted for before.
    """
    if work.session.get_bind().dialect.name == "postgresql":
        work.session.execute(select(func.pg_advisory_xact_lock(_ADVISORY_LOCK)))


def fold_cases(work: UnitOfWork, zone: ZoneInfo, numbers: Sequence[str], *, only_counted: bool = False) -> list[int]:
    """Put what all events of these cases say in the place of what they counted for, and adjust the roll-up.

    Args:
        work: holds the roll-up.
        only_counted: by the events that are counted already.

    Returns:
        The ids of the events among them that were not counted; the caller flags them.
    """
    events, new_ids = _events_of(work, numbers, only_counted)
    histories = {number: CaseHistory(events[number], zone) for number in numbers}
    outcomes = {
        (number, outcome.process, outcome.step): outcome
        for number, history in histories.items()
        for outcome in case_outcomes(history)
    }
    adjust_counts(work, _replace_outcomes(work, numbers, outcomes))
    replace_measures(work, numbers, {number: case_measures(history) for number, history in histories.items()})
    return new_ids


def fill_measures(
    database: Database, zone: ZoneInfo, progress: Callable[[str], None] | None = None, most: int | None = None
) -> bool:
    """Fill the measures of cases that an earlier release counted, each chunk in its own unit of work.

    Args:
        progress: told the number of the case that was reached.
        most: chunks; all without.

    Returns:
        Whether they are all there now.
    """
    with database.reading() as work:
        done = filled_up_to(work) is None
    while not done and (most is None or most > 0):
        with database.begin() as work:
            reached = fill_some(work, zone)
            work.commit()
        done = reached is None
        most = None if most is None else most - 1
        if progress is not None and reached is not None:
            progress(reached)
    return done


def filled_up_to(work: UnitOfWork) -> str | None:
    """The last case whose measures are filled; None where there is nothing to fill."""
    return work.session.scalar(select(RollUpTask.reached).where(RollUpTask.name == _FILLING))


def fill_some(work: UnitOfWork, zone: ZoneInfo, cases: int = _CASES) -> str | None:
    """Fill the measures of some cases; the caller commits.

    Returns:
        The last of them; None when all are done.
    """
    hold_roll_up(work)
    task = work.session.get(RollUpTask, _FILLING)
    if task is None:
        return None
    row = OutcomeEventRow.case_number
    numbers = list(work.session.scalars(select(row).where(row > task.reached).group_by(row).order_by(row).limit(cases)))
    if not numbers:
        work.session.delete(task)
        return None
    # What is not counted yet is folded when it is, and flagged then.
    fold_cases(work, zone, numbers, only_counted=True)
    task.reached = numbers[-1]
    return task.reached


def _events_of(
    work: UnitOfWork, numbers: Sequence[str], only_counted: bool
) -> tuple[dict[str, list[OutcomeEvent]], list[int]]:
    """The events of the cases, and the ids of those among them that were not counted."""
    row = OutcomeEventRow
    columns = (row.id, row.kind, row.case_number, row.at, row.dimensions, row.details, row.counted)
    events: dict[str, list[OutcomeEvent]] = defaultdict(list)
    new_ids = []
    asked = [row.counted.is_(True)] if only_counted else []
    for part in slices(numbers):
        for id_, kind, number, at, dimensions, details, counted in work.session.execute(
            select(*columns).where(row.case_number.in_(part), *asked)
        ):
            if event := read_event(kind, number, at, dimensions, details):
                events[number].append(event)
            if not counted:
                new_ids.append(id_)
    return events, new_ids


def _replace_outcomes(
    work: UnitOfWork, numbers: Sequence[str], outcomes: Mapping[tuple[str, str, str], StepOutcome]
) -> dict[CountKey, Count]:
    """Put ``outcomes`` in the place of what the cases counted for.

    Returns:
        By how much each daily count changes.
    """
    changes: dict[CountKey, Count] = defaultdict(Count)
    obsolete, unchanged = [], set()
    for part in slices(numbers):
        for id_, number, old in _kept_outcomes(work, part):
            place = (number, old.process, old.step)
            if outcomes.get(place) == old:
                unchanged.add(place)
                continue
            obsolete.append(id_)
            changes[count_key(old)] = changes[count_key(old)].plus(-1, -old.defect)
    fresh = []
    for place, outcome in outcomes.items():
        if place in unchanged:
            continue
        key = count_key(outcome)
        changes[key] = changes[key].plus(1, outcome.defect)
        fresh.append({**key._asdict(), "case_number": place[0], "defect": outcome.defect})
    for ids in slices(obsolete):
        work.session.execute(
            delete(CaseStepOutcome).where(CaseStepOutcome.id.in_(ids)),
            execution_options={"synchronize_session": False},
        )
    if fresh:
        work.session.execute(insert(CaseStepOutcome), fresh)
    return {key: change for key, change in changes.items() if change != Count()}


def _kept_outcomes(work: UnitOfWork, numbers: Sequence[str]) -> Iterator[tuple[int, str, StepOutcome]]:
    row = CaseStepOutcome
    columns = (row.id, row.case_number, row.process, row.step, row.day, row.defect)
    dimensions = (row.category, row.department, row.channel, row.tier, row.language)
    for id_, number, process, step, day, defect, *where in work.session.execute(
        select(*columns, *dimensions).where(row.case_number.in_(numbers))
    ):
        yield id_, number, StepOutcome(process, step, day, defect, CaseDimensions(*where))


def adjust_counts(work: UnitOfWork, changes: Mapping[CountKey, Count]) -> None:
    """Add ``changes`` to the daily counts, and to the totals of each."""
    adjust(work, DailyCount, CountKey._fields, Count._fields, changes)
    moved = {key: change for key, change in totals_of(changes).items() if change != (0, 0)}
    adjust(work, DailyTotal, TotalKey._fields, Count._fields, moved)
