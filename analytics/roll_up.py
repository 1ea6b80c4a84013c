"""The daily roll-up: uncounted outcome events become counts by day, process, step and dimension.

A chunk takes some uncounted events, folds their cases anew from all their events, replaces what the cases counted for
and adjusts the daily counts by the difference; all in one unit of work, together with the events' flag. So a run that
is killed leaves no half, a second run changes nothing, and a late or corrected event adjusts what its case counted for
before. At any moment the counts are exactly what the events flagged as counted say; ``recount`` proves it.

A defect of the service is kept with one opportunity of its own, since every failure was one; its real opportunities are
volumes, joined when asked for.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, delete, func, insert, select, text, tuple_, update

from analytics.case_history import StepOutcome, read_event
from analytics.recovery_steps import recovery_outcomes
from analytics.service_steps import service_outcomes
from recovery.events import CaseDimensions, OutcomeEvent
from store.database import Database, UnitOfWork
from store.tables.outcomes import CaseStepOutcome, DailyCount, OutcomeEventRow

# Uncounted events a chunk starts from: SQLite's only writer is held for some hundredths of a second.
CHUNK = 200

# Any number: PostgreSQL lets one chunk at a time adjust the counts under it.
_ADVISORY_LOCK = 7_304_113

# Values in one IN list; SQLite takes 32,766 parameters in all, and the key of a daily count has eight.
_SLICE = 500

Item = TypeVar("Item")


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


def case_outcomes(events: Sequence[OutcomeEvent], zone: ZoneInfo) -> list[StepOutcome]:
    """What one case counts for in all processes."""
    return [*recovery_outcomes(events, zone), *service_outcomes(events, zone)]


def roll_up(database: Database, zone: ZoneInfo, chunk: int = CHUNK) -> int:
    """Count all events that are not counted yet, each chunk in its own unit of work.

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
            return total
        total += counted


def roll_up_chunk(work: UnitOfWork, zone: ZoneInfo, chunk: int = CHUNK) -> int:
    """Count some events; the caller commits.

    Returns:
        How many events were counted; 0 when none is left.
    """
    if work.session.get_bind().dialect.name == "postgresql":
        # Two processes adjusting the same case would both take off what it counted for before.
        work.session.execute(select(func.pg_advisory_xact_lock(_ADVISORY_LOCK)))
    # The condition as the partial index has it, or SQLite would not use the index.
    uncounted = select(OutcomeEventRow.case_number).where(text("NOT counted")).order_by(OutcomeEventRow.id).limit(chunk)
    numbers = sorted(set(work.session.scalars(uncounted)))
    if not numbers:
        return 0
    events, new_ids = _events_of(work, numbers)
    outcomes = {
        (number, outcome.process, outcome.step): outcome
        for number in numbers
        for outcome in case_outcomes(events[number], zone)
    }
    _adjust_counts(work, _replace_outcomes(work, numbers, outcomes))
    for ids in slices(new_ids):
        work.session.execute(
            update(OutcomeEventRow).where(OutcomeEventRow.id.in_(ids)).values(counted=True),
            execution_options={"synchronize_session": False},
        )
    return len(new_ids)


def slices(items: Iterable[Item], size: int = _SLICE) -> Iterator[list[Item]]:
    """``items`` in lists of at most ``size``."""
    part: list[Item] = []
    for item in items:
        part.append(item)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part


def _events_of(work: UnitOfWork, numbers: Sequence[str]) -> tuple[dict[str, list[OutcomeEvent]], list[int]]:
    """All events of the cases, and the ids of those among them that were not counted."""
    row = OutcomeEventRow
    columns = (row.id, row.kind, row.case_number, row.at, row.dimensions, row.details, row.counted)
    events: dict[str, list[OutcomeEvent]] = defaultdict(list)
    new_ids = []
    for part in slices(numbers):
        for id_, kind, number, at, dimensions, details, counted in work.session.execute(
            select(*columns).where(row.case_number.in_(part))
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


def _adjust_counts(work: UnitOfWork, changes: Mapping[CountKey, Count]) -> None:
    """Add ``changes`` to the daily counts. A count that falls to nothing goes.

    No upsert: the row it proposes would hold the bare change, which may be negative and break the table's check.
    """
    table = DailyCount
    columns = tuple(getattr(table, name) for name in CountKey._fields)
    changed, gone, fresh = [], [], dict(changes)
    for keys in slices(changes):
        for id_, opportunities, defects, *where in work.session.execute(
            select(table.id, table.opportunities, table.defects, *columns).where(tuple_(*columns).in_(keys))
        ):
            count = Count(opportunities, defects).plus(*fresh.pop(CountKey(*where)))
            if count == Count():
                gone.append(id_)
            else:
                changed.append({"row": id_, **count._asdict()})
    core = table.__table__
    connection = work.session.connection()
    if changed:
        connection.execute(
            update(core)  # type: ignore[arg-type]
            .where(core.c.id == bindparam("row"))
            .values(opportunities=bindparam("opportunities"), defects=bindparam("defects")),
            changed,
        )
    for ids in slices(gone):
        connection.execute(delete(core).where(core.c.id.in_(ids)))  # type: ignore[arg-type]
    if fresh:
        work.session.execute(insert(table), [{**key._asdict(), **count._asdict()} for key, count in fresh.items()])
