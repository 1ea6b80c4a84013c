"""Series of counts from the daily roll-up: defects and their opportunities by day, week or month.

Opportunities of the recovery process are in the roll-up; those of the service are the volumes that the firm posts. What
has no opportunity on a day has no point there: a gap, and not a zero. Where the firm never posted a volume, or told its
volumes apart by less than is asked for, there is no denominator, and none is made up.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Integer, cast, func, select

from analytics.periods import ALL_DAYS, Every, Period, end_of, start_of, starts_between
from analytics.recovery_steps import RECOVERY
from analytics.roll_up import Count
from analytics.service_steps import SERVICE
from analytics.sigma import WrongInput
from analytics.sigma_summary import PROCESSES, SPLITS, VOLUME_SPLITS
from analytics.totals import daily_parts, within
from store.database import UnitOfWork
from store.tables.outcomes import DailyCount, Volume


@dataclass(frozen=True, slots=True)
class Slice:
    """A part of a process; None is everything, an empty text what was not told."""

    process: str = RECOVERY
    step: str | None = None
    category: str | None = None
    department: str | None = None
    channel: str | None = None
    tier: str | None = None
    language: str | None = None

    @property
    def chosen(self) -> dict[str, str]:
        """The dimensions by which it is a part."""
        named = ((name, getattr(self, name)) for name in SPLITS)
        return {name: value for name, value in named if value is not None}

    def __str__(self) -> str:
        parts = ", ".join(f"{name} {value or 'not told'}" for name, value in self.chosen.items())
        return f"the {self.process} process" + (f", {parts}" if parts else "")

    def to_json(self) -> dict[str, Any]:
        return {field.name: getattr(self, field.name) for field in fields(self)}


EVERYTHING = Slice()


@dataclass(frozen=True, slots=True)
class CountSeries:
    """Defects and opportunities in the order of time.

    Attributes:
        key: of the split; empty for what was not told and where nothing is split.
        days: first day of each day, week or month that has a point.
        defects: of each.
        opportunities: of each, above 0; None where there is no denominator: then every day since the first that
            anything is on record for has a point, also those without a defect.
        gaps: days, weeks or months in between without any opportunity.
        without_denominator: defects of days for which no volume was posted; they are in no point.
        no_denominator: why there are no opportunities; None where there are.
        cut: first days of the weeks or months of which only a part was asked for or is over.
    """

    key: str
    every: Every
    days: tuple[date, ...]
    defects: tuple[int, ...]
    opportunities: tuple[int, ...] | None
    gaps: tuple[date, ...] = ()
    without_denominator: int = 0
    no_denominator: str | None = None
    cut: tuple[date, ...] = ()

    def __len__(self) -> int:
        return len(self.days)

    @property
    def total(self) -> Count:
        return Count(sum(self.opportunities or ()), sum(self.defects))

    def to_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "every": self.every,
            "days": [day.isoformat() for day in self.days],
            "defects": list(self.defects),
            "opportunities": None if self.opportunities is None else list(self.opportunities),
            "gaps": [day.isoformat() for day in self.gaps],
            "without_denominator": self.without_denominator,
            "no_denominator": self.no_denominator,
        }


Counted = dict[date, Count]


def count_series(
    work: UnitOfWork,
    part: Slice,
    period: Period = ALL_DAYS,
    every: Every = "day",
    split: str | None = None,
    today: date | None = None,
) -> list[CountSeries]:
    """The series of a part of a process, one for each key of the split, those with most defects first.

    Args:
        work: may read; what is not rolled up yet does not count.
        split: one of ``SPLITS``.
        today: in the firm's zone; without denominators the series goes on to the day before.

    Returns:
        An empty list where nothing is on record.

    Raises:
        WrongInput: there is no such process or dimension.
    """
    if part.process not in PROCESSES:
        raise WrongInput(f"there is no process {part.process!r}: it is one of {', '.join(PROCESSES)}")
    if split is not None and split not in SPLITS:
        raise WrongInput(f"cannot split by {split!r}: it is one of {', '.join(SPLITS)}")
    counted = counts_by_day(work, part, period, split)
    if part.process == RECOVERY:
        found = [_assembled(key, counts, {}, every, period, today) for key, counts in counted.items()]
    else:
        found = _with_volumes(work, counted, part, period, every, split, today)
    return sorted(found, key=lambda series: (-series.total.defects - series.without_denominator, series.key))


def counts_by_day(
    work: UnitOfWork, part: Slice, period: Period = ALL_DAYS, split: str | None = None
) -> dict[str, Counted]:
    """Opportunities and defects of the roll-up by key and day; one empty key where nothing is split."""
    found: dict[str, Counted] = defaultdict(dict)
    for day, key, opportunities, defects in daily_parts(work, part.process, part.chosen, split, period):
        found[key][day] = Count(opportunities, defects)
    return dict(found)


def _chosen(chosen: Mapping[str, str]) -> Iterable[ColumnElement[bool]]:
    return (getattr(Volume, name) == value for name, value in chosen.items())


def _with_volumes(
    work: UnitOfWork,
    counted: Mapping[str, Counted],
    part: Slice,
    period: Period,
    every: Every,
    split: str | None,
    today: date | None,
) -> list[CountSeries]:
    # Before anything is on record a day without a complaint says nothing.
    known = work.session.scalar(select(func.min(DailyCount.day)).where(DailyCount.process == SERVICE))
    on_record = Period(max(filter(None, (known, period.since)), default=None), period.until)
    asked = {*part.chosen, *([split] if split else [])}
    if asked - set(VOLUME_SPLITS):
        untold = ", ".join(name for name in SPLITS if name in asked - set(VOLUME_SPLITS))
        why = f"volumes are not told apart by {untold}"
        return [_assembled(key, counts, None, every, on_record, today, why) for key, counts in counted.items()]
    volumes = _volumes(work, part, period, split)
    without = 0
    if not asked and volumes:
        counted, without = _told_apart_by_step(work, part, period)
    found = []
    for key in {*counted, *volumes}:
        posted = volumes.get(key)
        why_none = None if posted else _why_none(work, part, split, volumes)
        series = _assembled(key, counted.get(key, {}), posted, every, on_record, today, why_none, without)
        # What is not told apart has volumes under an empty key, which may have no defect of its own.
        if (len(series) or series.without_denominator) and not (split and key == "" and key not in counted):
            found.append(series)
    return found


def _told_apart_by_step(work: UnitOfWork, part: Slice, period: Period) -> tuple[dict[str, Counted], int]:
    """The defects of steps that were counted: of a step without volumes, that day, nobody knows how often it was done.

    Returns:
        Their counts under an empty key, and how many defects have no denominator. A volume that is not told apart by
        step stands for all of them.
    """
    volumes = _volumes(work, part, period, "step")
    kept: Counted = defaultdict(Count)
    without = 0
    for step, counts in counts_by_day(work, part, period, "step").items():
        for day, count in counts.items():
            if volumes.get(step, {}).get(day) or volumes.get("", {}).get(day):
                kept[day] = kept[day].plus(*count)
            else:
                without += count.defects
    return {"": dict(kept)}, without


def _why_none(work: UnitOfWork, part: Slice, split: str | None, others: Mapping[str, object]) -> str:
    if split and "" in others:
        return f"volumes are not told apart by {split}"
    if part.chosen or others:
        return "no volumes of this part"
    posted = select(Volume.id).where(Volume.process == SERVICE).limit(1)
    if work.session.scalar(posted) is None:
        return "no volumes were posted (POST /api/v1/volumes)"
    return "no volumes were posted for this period"


def _volumes(work: UnitOfWork, part: Slice, period: Period, split: str | None) -> dict[str, dict[date, int]]:
    """Volumes by key and day."""
    groups = [getattr(Volume, split)] if split else []
    rows = work.session.execute(
        select(Volume.day, cast(func.sum(Volume.opportunities), Integer), *groups)
        .where(Volume.process == SERVICE, *_chosen(part.chosen), *within(Volume.day, period))
        .group_by(Volume.day, *groups)
    )
    found: dict[str, dict[date, int]] = defaultdict(dict)
    for day, opportunities, *key in rows:
        found[key[0] if key else ""][day] = opportunities
    return dict(found)


def _assembled(
    key: str,
    counts: Counted,
    volumes: Mapping[date, int] | None,
    every: Every,
    period: Period,
    today: date | None,
    no_denominator: str | None = None,
    without: int = 0,
) -> CountSeries:
    """Days become the points asked for.

    Args:
        volumes: where opportunities come from; empty: the counts' own; None: there is no denominator.
        without: defects without a denominator that are left out already.
    """
    defects: dict[date, int] = defaultdict(int)
    sizes: dict[date, int] = defaultdict(int)
    for day, count in counts.items():
        if volumes and not volumes.get(day):
            without += count.defects
            continue
        at = start_of(day, every)
        defects[at] += count.defects
        sizes[at] += 0 if volumes else count.opportunities
    for day, posted in (volumes or {}).items():
        if posted:
            sizes[start_of(day, every)] += posted
    known = sorted(counts) or sorted(volumes or {})
    first, last = (known[0], known[-1]) if known else (None, None)
    if no_denominator is not None:
        return _without_denominator(key, every, defects, first, last, period, today, no_denominator)
    days = sorted(day for day, size in sizes.items() if size)
    between = set(starts_between(days[0], days[-1], every)) if days else set()
    return CountSeries(
        key,
        every,
        tuple(days),
        tuple(defects.get(day, 0) for day in days),
        tuple(sizes[day] for day in days),
        gaps=tuple(sorted(between - set(days))),
        without_denominator=without,
        cut=_cut(days, every, period, today),
    )


def _without_denominator(
    key: str,
    every: Every,
    defects: Mapping[date, int],
    first: date | None,
    last: date | None,
    period: Period,
    today: date | None,
    why: str,
) -> CountSeries:
    if first is None or last is None:
        return CountSeries(key, every, (), (), None, no_denominator=why)
    end = max(last, min(filter(None, (period.until, today)), default=last))
    begin = max(filter(None, (period.since,)), default=first)
    days = list(starts_between(begin, end, every))
    return CountSeries(
        key,
        every,
        tuple(days),
        tuple(defects.get(day, 0) for day in days),
        None,
        no_denominator=why,
        cut=_cut(days, every, Period(begin, period.until), today),
    )


def _cut(days: Iterable[date], every: Every, period: Period, today: date | None) -> tuple[date, ...]:
    last = min(filter(None, (period.until, today)), default=None)
    return tuple(
        day
        for day in days
        if (period.since and day < period.since)
        or (last and end_of(day, every) > last)
        or (today and day <= today <= end_of(day, every))
    )
