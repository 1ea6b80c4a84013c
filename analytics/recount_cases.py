"""Cases counted anew from their events, some at a time."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, select, union
from sqlalchemy.orm import InstrumentedAttribute

from analytics.case_history import CaseHistory, StepOutcome, read_event
from analytics.measures import Measurement, case_measures
from analytics.roll_up import case_outcomes
from analytics.told_apart import DIMENSIONS
from recovery.events import CaseDimensions, OutcomeEvent
from store.database import UnitOfWork
from store.tables.outcomes import CaseMeasure, CaseStepOutcome, OutcomeEventRow

_CASES = 500

# What a case is kept to count for at one place: (case number, process, step) or (case number, measure).
_Kept = dict[tuple[str, ...], StepOutcome | Measurement]


class CaseBatch(NamedTuple):
    """Some cases.

    Attributes:
        different: table, key, expected and kept of each row that is not what the events say, ready for JSON.
    """

    cases: int
    events: int
    different: list[tuple[str, dict[str, Any], dict[str, Any] | None, dict[str, Any] | None]]


def case_batches(work: UnitOfWork, zone: ZoneInfo, size: int = _CASES) -> Iterator[CaseBatch]:
    """All cases of which anything is on record, in the order of their numbers as the database sorts them.

    Only counted events are looked at.
    """
    reached = ""
    while numbers := next_cases(work, reached, size):
        # By range and not by name: also what is kept of a case that has no event any more is in it.
        yield _compared(work, zone, reached, numbers[-1])
        reached = numbers[-1]


def next_cases(work: UnitOfWork, reached: str, size: int) -> list[str]:
    """The next case numbers after ``reached`` of which there is an event, an outcome or a measure."""
    numbers = [
        select(column).where(column > reached).group_by(column).order_by(column).limit(size).subquery()
        for column in (OutcomeEventRow.case_number, CaseStepOutcome.case_number, CaseMeasure.case_number)
    ]
    found = union(*(select(part.c.case_number) for part in numbers)).subquery()
    return list(work.session.scalars(select(found.c.case_number).order_by(found.c.case_number).limit(size)))


def _compared(work: UnitOfWork, zone: ZoneInfo, after: str, last: str) -> CaseBatch:
    events: dict[str, list[OutcomeEvent]] = defaultdict(list)
    cases, read = set(), 0
    row = OutcomeEventRow
    asked = select(row.kind, row.case_number, row.at, row.dimensions, row.details)
    for found in work.session.execute(asked.where(row.counted, *_between(row.case_number, after, last))):
        read += 1
        cases.add(found.case_number)
        # None is an event of a kind that this version does not know.
        if (event := read_event(*found)) is not None:
            events[found.case_number].append(event)
    histories = {number: CaseHistory(found, zone) for number, found in events.items()}
    outcomes: _Kept = {
        (number, one.process, one.step): one for number, history in histories.items() for one in case_outcomes(history)
    }
    measures: _Kept = {
        (number, one.measure): one for number, history in histories.items() for one in case_measures(history)
    }
    different = []
    for table, names, expected, kept in (
        ("case_step_outcomes", ("case_number", "process", "step"), outcomes, _kept_outcomes(work, after, last)),
        ("case_measures", ("case_number", "measure"), measures, _kept_measures(work, after, last)),
    ):
        for key in sorted({*expected, *kept}):
            if expected.get(key) != kept.get(key):
                told = dict(zip(names, key, strict=True))
                different.append((table, told, _json(expected.get(key)), _json(kept.get(key))))
    return CaseBatch(len(cases), read, different)


def _between(column: InstrumentedAttribute[str], after: str, last: str) -> tuple[ColumnElement[bool], ...]:
    return column > after, column <= last


def _kept_outcomes(work: UnitOfWork, after: str, last: str) -> _Kept:
    row = CaseStepOutcome
    where = (getattr(row, name) for name in DIMENSIONS)
    asked = select(row.case_number, row.process, row.step, row.day, row.defect, *where)
    return {
        (number, process, step): StepOutcome(process, step, day, defect, CaseDimensions(*dimensions))
        for number, process, step, day, defect, *dimensions in work.session.execute(
            asked.where(*_between(row.case_number, after, last))
        )
    }


def _kept_measures(work: UnitOfWork, after: str, last: str) -> _Kept:
    row = CaseMeasure
    where = (getattr(row, name) for name in DIMENSIONS)
    asked = select(row.case_number, row.measure, row.day, row.value, *where)
    return {
        (number, measure): Measurement(measure, day, value, CaseDimensions(*dimensions))
        for number, measure, day, value, *dimensions in work.session.execute(
            asked.where(*_between(row.case_number, after, last))
        )
    }


def _json(one: StepOutcome | Measurement | None) -> dict[str, Any] | None:
    if one is None:
        return None
    value = {"defect": one.defect} if isinstance(one, StepOutcome) else {"value": one.value}
    return {"day": one.day.isoformat(), **value, **asdict(one.dimensions)}
