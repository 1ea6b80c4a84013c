"""How good the two processes are, from the daily roll-up and the volumes."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from analytics.periods import Period
from analytics.recovery_steps import RECOVERY, STEP_NAMES
from analytics.roll_up import Count
from analytics.service_steps import SERVICE
from analytics.sigma import (
    STANDARD,
    Convention,
    DefectRate,
    NoDenominator,
    RolledYield,
    WrongInput,
    measure,
    rolled_yield,
)
from analytics.totals import daily_parts, sums_by_step, within
from store.blueprint import NO_STEP, Blueprint
from store.database import UnitOfWork
from store.tables.outcomes import Volume

PROCESSES = (RECOVERY, SERVICE)
SPLITS = ("step", "category", "department", "channel", "tier", "language")

# What volumes can be told apart by; an empty key holds what is not told apart, beside the rest and not on top of it.
VOLUME_SPLITS = ("step", "category", "department")


@dataclass(frozen=True, slots=True)
class SigmaLine:
    """One step, category, … or the whole process.

    Attributes:
        key: of the step or category; empty for what is not told apart, and for the whole.
        name: by language, where it has one.
        rate: defects and opportunities; without opportunities, why there is no rate.
        rolled: over the steps; None where the steps cannot be told apart within the line.
        without_denominator: defects that are not part of ``rate`` because no volume was posted for their day.
    """

    key: str
    name: Mapping[str, str]
    rate: DefectRate | NoDenominator
    rolled: RolledYield | NoDenominator | None = None
    without_denominator: int = 0

    def to_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "name": dict(self.name),
            **_rate_json(self.rate),
            "defects_without_denominator": self.without_denominator,
            "rolled_yield": _rolled_json(self.rolled),
        }


@dataclass(frozen=True, slots=True)
class SigmaSummary:
    """The sigma level of a process in a period, by what was asked and overall.

    Attributes:
        since, until: first and last day, both included, in the firm's zone; None for no limit.
        empty: nothing at all was counted.
    """

    process: str
    since: date | None
    until: date | None
    by: str
    convention: Convention
    lines: tuple[SigmaLine, ...]
    overall: SigmaLine
    empty: bool

    def to_json(self) -> dict[str, Any]:
        """Ready for JSON; shares as fractions, days as ISO dates, an unbounded end of an interval as null."""
        return {
            "process": self.process,
            "since": self.since and self.since.isoformat(),
            "until": self.until and self.until.isoformat(),
            "by": self.by,
            "convention": self.convention.to_json(),
            "lines": [line.to_json() for line in self.lines],
            "overall": self.overall.to_json(),
        }


def sigma_summary(
    work: UnitOfWork,
    process: str = RECOVERY,
    since: date | None = None,
    until: date | None = None,
    by: str = "step",
    *,
    blueprint: Blueprint | None = None,
    convention: Convention = STANDARD,
) -> SigmaSummary:
    """Opportunities, defects, yields and sigma levels of ``process``.

    Args:
        work: a unit of work that may read; what is not rolled up yet does not count.
        process: ``recovery`` or ``service``.
        since, until: first and last day, both included.
        by: one of ``SPLITS``.
        blueprint: the firm's service steps in order, each of which then has its line; without it those found have.

    Raises:
        WrongInput: the process or split is unknown, or the period ends before it begins.
    """
    if process not in PROCESSES:
        raise WrongInput(f"there is no process {process!r}: it is one of {', '.join(PROCESSES)}")
    if by not in SPLITS:
        raise WrongInput(f"cannot split by {by!r}: it is one of {', '.join(SPLITS)}")
    if since and until and since > until:
        raise WrongInput(f"the period ends on {until} before it begins on {since}")
    if process == RECOVERY:
        lines, overall, empty = _recovery(work, since, until, by, convention)
    else:
        names = blueprint.names if blueprint else {}
        lines, overall, empty = _service(work, since, until, by, names, convention)
    return SigmaSummary(process, since, until, by, convention, lines, overall, empty)


def _recovery(
    work: UnitOfWork, since: date | None, until: date | None, by: str, convention: Convention
) -> tuple[tuple[SigmaLine, ...], SigmaLine, bool]:
    cells = sums_by_step(work, RECOVERY, None if by == "step" else by, Period(since, until))
    steps = {step: _rate(_total(cells, step=step), convention) for step in STEP_NAMES}
    overall = SigmaLine("", {}, _rate(_total(cells), convention), rolled_yield(list(steps.items()), convention))
    if by == "step":
        lines = [SigmaLine(step, STEP_NAMES[step], rate) for step, rate in steps.items()]
    else:
        lines = []
        for key in sorted({key for key, _ in cells}):
            rates = [(step, _rate(_total(cells, key, step), convention)) for step in STEP_NAMES]
            lines.append(SigmaLine(key, {}, _rate(_total(cells, key), convention), rolled_yield(rates, convention)))
    return tuple(lines), overall, not cells


def _service(
    work: UnitOfWork,
    since: date | None,
    until: date | None,
    by: str,
    names: Mapping[str, Mapping[str, str]],
    convention: Convention,
) -> tuple[tuple[SigmaLine, ...], SigmaLine, bool]:
    counts, without, pooled = _join_volumes(_service_defects(work, since, until, by), _volumes(work, since, until, by))
    by_step = by == "step"
    found = {*counts, *without, *pooled}
    keys = [*(names if by_step else ()), *sorted(found - {NO_STEP} - set(names if by_step else ()))]
    # What belongs to no step comes last, and only if there is any.
    keys += [NO_STEP] if NO_STEP in found else []
    lines = []
    for key in keys:
        rate = _rate(counts.get(key), convention)
        if key in pooled and isinstance(rate, NoDenominator):
            rate = NoDenominator("no volumes of its own; counted with what is not told apart")
        name = names.get(key, {}) if by_step else {}
        lines.append(SigmaLine(key, name, rate, without_denominator=without.get(key, 0)))
    steps = [(line.key, line.rate) for line in lines if line.key != NO_STEP]
    rolled = rolled_yield(steps, convention) if by_step else None
    total = _total({(key, ""): count for key, count in counts.items()}) if counts else None
    overall = SigmaLine("", {}, _rate(total, convention), rolled, sum(without.values()))
    return tuple(lines), overall, not found


def _join_volumes(
    defects: Mapping[tuple[date, str], int], volumes: Mapping[tuple[date, str], int]
) -> tuple[dict[str, Count], dict[str, int], set[str]]:
    """Join defects and opportunities by day and key.

    A day without a volume has no denominator: its defects may not be divided by other days' opportunities. Where the
    firm posted a volume that is not told apart, it stands for all keys that have none of their own that day.

    Returns:
        Counts by key; defects without a denominator by key; the keys whose defects went to what is not told apart.
    """
    counts: dict[str, Count] = defaultdict(Count)
    without: dict[str, int] = defaultdict(int)
    pooled: set[str] = set()
    for (_, key), opportunities in volumes.items():
        counts[key] = counts[key].plus(opportunities, 0)
    for (day, key), failed in defects.items():
        if (day, key) in volumes:
            counts[key] = counts[key].plus(0, failed)
        elif (day, "") in volumes:
            counts[""] = counts[""].plus(0, failed)
            pooled.add(key)
        else:
            without[key] += failed
    return dict(counts), dict(without), pooled


def _service_defects(work: UnitOfWork, since: date | None, until: date | None, by: str) -> dict[tuple[date, str], int]:
    parts = daily_parts(work, SERVICE, {}, by, Period(since, until))
    return {(day, key): defects for day, key, _, defects in parts}


def _volumes(work: UnitOfWork, since: date | None, until: date | None, by: str) -> dict[tuple[date, str], int]:
    rows = work.session.execute(
        select(Volume.day, Volume.step, Volume.category, Volume.department, Volume.opportunities).where(
            Volume.process == SERVICE, *within(Volume.day, Period(since, until))
        )
    )
    volumes: dict[tuple[date, str], int] = defaultdict(int)
    for day, *keys, opportunities in rows:
        volumes[day, dict(zip(VOLUME_SPLITS, keys, strict=True)).get(by, "")] += opportunities
    return dict(volumes)


def _total(cells: Mapping[tuple[str, str], Count], key: str | None = None, step: str | None = None) -> Count:
    total = Count()
    for place, count in cells.items():
        if key in (None, place[0]) and step in (None, place[1]):
            total = total.plus(*count)
    return total


def _rate(count: Count | None, convention: Convention) -> DefectRate | NoDenominator:
    if count is None:
        return NoDenominator("no volumes")
    if count.defects > count.opportunities > 0:
        ratio = f"{count.defects} defects on a volume of {count.opportunities}"
        return NoDenominator(f"{ratio}: the volumes cannot be right")
    if count.opportunities == 0:
        return NoDenominator("no opportunities")
    return measure(count.defects, count.opportunities, convention)


def _rate_json(rate: DefectRate | NoDenominator) -> dict[str, Any]:
    if isinstance(rate, NoDenominator):
        nothing = dict.fromkeys(("dpmo", "dpmo_interval", "yield", "sigma_level", "sigma_interval"))
        return {"opportunities": 0, "defects": 0, **nothing, "no_denominator": rate.reason}
    return {
        "opportunities": rate.opportunities,
        "defects": rate.defects,
        "dpmo": rate.dpmo,
        "dpmo_interval": [rate.dpmo_low, rate.dpmo_high],
        "yield": rate.process_yield,
        "sigma_level": rate.sigma_level,
        "sigma_interval": [rate.sigma_low, rate.sigma_high],
        "no_denominator": None,
    }


def _rolled_json(rolled: RolledYield | NoDenominator | None) -> dict[str, Any] | None:
    if rolled is None:
        return None
    if isinstance(rolled, NoDenominator):
        return {"value": None, "sigma_level": None, "steps": [], "missing": [], "no_denominator": rolled.reason}
    return {
        "value": rolled.value,
        "sigma_level": rolled.sigma_level,
        "steps": list(rolled.steps),
        "missing": list(rolled.missing),
        "no_denominator": None,
    }
