"""Reading daily totals: what a chart needs of the counts, a row for each day and key."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import combinations
from typing import Any

from sqlalchemy import ColumnElement, Integer, cast, delete, func, insert, literal, select
from sqlalchemy.orm import InstrumentedAttribute

from analytics.periods import ALL_DAYS, Period
from analytics.roll_up import Count, TotalKey
from analytics.told_apart import ALL_STEPS, AT_MOST, DIMENSIONS, TOLD_APART, Where, where
from store.database import UnitOfWork
from store.tables.outcomes import DailyCount, DailyTotal

STEP = "step"


def daily_parts(
    work: UnitOfWork, process: str, chosen: Mapping[str, str], split: str | None = None, period: Period = ALL_DAYS
) -> Iterable[tuple[date, str, int, int]]:
    """Day, key, opportunities and defects, in no order; the key is empty where nothing is split.

    Args:
        chosen: the part that is looked at, by step and dimensions.
        split: a dimension, or ``step``.
    """
    dimensions = {name: value for name, value in chosen.items() if name != STEP}
    found = where(dimensions, None if split == STEP else split)
    if found is None:
        return _from_counts(work, process, chosen, split, period)
    table = DailyTotal
    told = table.step if split == STEP else getattr(table, found.split) if found.split else literal("")
    rows = work.session.connection().execute(
        select(table.day, told, table.opportunities, table.defects).where(
            table.process == process,
            table.dimension == found.dimension,
            _step(work, process, chosen.get(STEP), split),
            *_keys(work, process, found, split),
            *within(table.day, period),
        )
    )
    return rows


def sums_by_step(
    work: UnitOfWork, process: str, dimension: str | None, period: Period = ALL_DAYS
) -> dict[tuple[str, str], Count]:
    """The counts of a period by key of the dimension and by step; the key is empty without a dimension."""
    table = DailyTotal
    rows = work.session.execute(
        select(table.key, table.step, _sum(table.opportunities), _sum(table.defects))
        .where(
            table.process == process,
            table.dimension == (dimension or ""),
            _step(work, process, None, STEP),
            *_keys(work, process, Where(dimension or "", {}, "key" if dimension else None), dimension),
            *within(table.day, period),
        )
        .group_by(table.key, table.step)
    )
    return {(key, step): Count(opportunities, defects) for key, step, opportunities, defects in rows}


def within(day: InstrumentedAttribute[date], period: Period) -> Iterable[ColumnElement[bool]]:
    """The conditions that a day lies in the period."""
    if period.since:
        yield day >= period.since
    if period.until:
        yield day <= period.until


def add_up(work: UnitOfWork) -> None:
    """Make all daily totals anew from the daily counts, for who loaded these in bulk; the caller commits."""
    work.session.execute(delete(DailyTotal))
    # Pairs from the counts, the rest from the far fewer pairs: each dimension from the first pair that has it.
    for one, other in combinations(DIMENSIONS, 2):
        pair = [getattr(DailyCount, one), getattr(DailyCount, other)]
        _add_up(work, DailyCount, f"{one}+{other}", DailyCount.step, pair)
    first, *others = DIMENSIONS
    total = DailyTotal
    for name in DIMENSIONS:
        told, column = (f"{first}+{name}", total.second) if name in others else (f"{first}+{others[0]}", total.key)
        _add_up(work, total, name, total.step, (column,), total.dimension == told)
    _add_up(work, total, "", total.step, (), total.dimension == first)
    for told_apart in TOLD_APART:
        dimension = "+".join(told_apart)
        columns = (total.key, total.second)[: len(told_apart)]
        _add_up(work, total, dimension, None, columns, total.dimension == dimension)


def _add_up(
    work: UnitOfWork,
    source: Any,
    dimension: str,
    step: InstrumentedAttribute[str] | None,
    columns: Sequence[InstrumentedAttribute[str]],
    *conditions: ColumnElement[bool],
) -> None:
    steps: list[Any] = [] if step is None else [step]
    keys: list[Any] = [*columns, *[literal("")] * (AT_MOST - len(columns))]
    summed = (
        select(
            source.process, literal(dimension), *(steps or [literal(ALL_STEPS)]), *keys, source.day,
            _sum(source.opportunities), _sum(source.defects),
        )
        .where(*conditions)
        .group_by(source.process, *steps, *columns, source.day)
    )  # fmt: skip
    names = [*TotalKey._fields, *Count._fields]
    work.session.execute(insert(DailyTotal).from_select(names, summed, include_defaults=False))


def _step(work: UnitOfWork, process: str, step: str | None, split: str | None) -> ColumnElement[bool]:
    if step is not None:
        return DailyTotal.step == step
    if split != STEP:
        return DailyTotal.step == ALL_STEPS
    # By name, so that the index leads to each step and not past all that there is of the dimension.
    steps = select(DailyTotal.step).where(DailyTotal.process == process, DailyTotal.dimension == "").distinct()
    return DailyTotal.step.in_([name for name in work.session.scalars(steps) if name != ALL_STEPS])


def _keys(work: UnitOfWork, process: str, asked: Where, split: str | None) -> Iterator[ColumnElement[bool]]:
    """Each column by name, for the same reason; also those of which there is only the empty one."""
    for name in ("key", "second"):
        column = getattr(DailyTotal, name)
        if name in asked.fixed:
            yield column == asked.fixed[name]
        elif name == asked.split:
            keys = select(DailyTotal.key).where(
                DailyTotal.process == process, DailyTotal.dimension == split, DailyTotal.step == ALL_STEPS
            )
            yield column.in_(list(work.session.scalars(keys.distinct())))
        else:
            yield column == ""


def _from_counts(
    work: UnitOfWork, process: str, chosen: Mapping[str, str], split: str | None, period: Period
) -> Iterable[tuple[date, str, int, int]]:
    """The database adds up what is not told apart, so that a day and key comes over once."""
    table = DailyCount
    told = getattr(table, split) if split else literal("")
    return work.session.execute(
        select(table.day, told, _sum(table.opportunities), _sum(table.defects))
        .where(
            table.process == process,
            *(getattr(table, name) == value for name, value in chosen.items()),
            *within(table.day, period),
        )
        .group_by(table.day, *([told] if split else []))
    )


def _sum(column: InstrumentedAttribute[int]) -> ColumnElement[int]:
    # PostgreSQL adds integers up to numerics, which take far longer to hand over.
    return cast(func.sum(column), Integer)
