"""How both processes stand: their sigma level in a period, against the time before, and how it came about."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from analytics.periods import Every, Period, end_of, start_of
from analytics.recovery_steps import RECOVERY
from analytics.series import Slice, count_series
from analytics.service_steps import SERVICE
from analytics.sigma import STANDARD, Convention, DefectRate, NoDenominator, measure
from analytics.sigma_summary import SigmaLine, SigmaSummary, sigma_summary
from analytics.surroundings import Surroundings
from store.blueprint import NO_STEP
from store.database import UnitOfWork

# Up to so many days a period is shown among weeks, longer ones among months.
_LONGEST_AMONG_WEEKS = 45
_WEEKS, _MONTHS = 26, 13


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """One week or month; ``finished`` tells whether all of it is over."""

    since: date
    until: date
    rate: DefectRate
    finished: bool


@dataclass(frozen=True, slots=True)
class ProcessState:
    """One process.

    Attributes:
        now, before: the period, and as many days before it.
        trend: weeks or months that had opportunities, the last one with the end of the period.
        defects: in the period, also those without a denominator; so does ``defects_before``.
    """

    process: str
    now: SigmaSummary
    before: SigmaSummary
    trend: tuple[TrendPoint, ...]

    @property
    def rate(self) -> DefectRate | NoDenominator:
        return self.now.overall.rate

    @property
    def defects(self) -> int:
        return _defects(self.now.overall)

    @property
    def defects_before(self) -> int:
        return _defects(self.before.overall)

    @property
    def change(self) -> float | None:
        """By how much the sigma level has risen; None where one of them is no number."""
        after, before = self.rate, self.before.overall.rate
        if isinstance(after, NoDenominator) or isinstance(before, NoDenominator):
            return None
        if after.sigma_level is None or before.sigma_level is None:
            return None
        return after.sigma_level - before.sigma_level

    @property
    def changed_for_sure(self) -> bool:
        """Whether the two intervals do not even touch: a careful way to say that it is no chance."""
        after, before = self.rate, self.before.overall.rate
        if isinstance(after, NoDenominator) or isinstance(before, NoDenominator):
            return False
        return after.low > before.high or after.high < before.low

    def weakest(self) -> list[SigmaLine]:
        """Steps with a rate, those furthest below first: by the upper end of their interval."""
        lines = [
            line for line in self.now.lines
            if line.key != NO_STEP and isinstance(line.rate, DefectRate) and line.rate.defects
        ]  # fmt: skip
        return sorted(lines, key=lambda line: line.rate.sigma_high or 99.0)  # type: ignore[union-attr]


@dataclass(frozen=True, slots=True)
class Overview:
    """Both processes in one period.

    Attributes:
        every: what a point of the trend stands for.
    """

    period: Period
    before: Period
    every: Every
    convention: Convention
    recovery: ProcessState
    service: ProcessState

    @property
    def empty(self) -> bool:
        return all(state.now.empty and state.before.empty and not state.trend for state in self.states)

    @property
    def states(self) -> tuple[ProcessState, ProcessState]:
        return self.recovery, self.service

    def to_json(self) -> dict[str, Any]:
        return {
            "period": self.period.to_json(),
            "before": self.before.to_json(),
            "convention": self.convention.to_json(),
            "processes": [
                {"now": state.now.to_json(), "before": state.before.to_json(), "change": state.change}
                for state in self.states
            ],
        }

    def to_csv(self) -> Iterator[list[Any]]:
        """A heading and a row for each week or month of the trend."""
        yield ["process", "since", "until", "defects", "opportunities", "dpmo", "sigma", "sigma_low", "sigma_high"]
        for state in self.states:
            for point in state.trend:
                rate = point.rate
                yield [
                    state.process, point.since, point.until, rate.defects, rate.opportunities, rate.dpmo,
                    rate.sigma_level, rate.sigma_low, rate.sigma_high,
                ]  # fmt: skip


def read_overview(
    work: UnitOfWork, around: Surroundings, period: Period, convention: Convention = STANDARD
) -> Overview:
    """Read it from the daily counts.

    Args:
        period: with both ends; in the firm's zone.

    Raises:
        TookTooLong: the time there is for the answer is over.
    """
    assert period.since is not None and period.until is not None
    length = (period.until - period.since).days + 1
    before = Period(period.since - timedelta(days=length), period.since - timedelta(days=1))
    every: Every = "week" if length <= _LONGEST_AMONG_WEEKS else "month"
    today = work.now.astimezone(around.zone).date()
    states = []
    for process in (RECOVERY, SERVICE):
        around.go_on()
        blueprint = around.blueprint if process == SERVICE else None
        now, earlier = (
            sigma_summary(work, process, span.since, span.until, blueprint=blueprint, convention=convention)
            for span in (period, before)
        )
        trend = _trend(work, process, period.until, every, today, convention)
        states.append(ProcessState(process, now, earlier, trend))
    return Overview(period, before, every, convention, states[0], states[1])


def _trend(
    work: UnitOfWork, process: str, until: date, every: Every, today: date, convention: Convention
) -> tuple[TrendPoint, ...]:
    first = start_of(until, every)
    for _ in range((_WEEKS if every == "week" else _MONTHS) - 1):
        first = start_of(first - timedelta(days=1), every)
    found = count_series(work, Slice(process), Period(first, until), every, today=today)
    points = []
    for series in found[:1]:
        for day, defects, opportunities in zip(series.days, series.defects, series.opportunities or (), strict=False):
            rate = measure(min(defects, opportunities), opportunities, convention)
            if isinstance(rate, DefectRate):
                last = end_of(day, every)
                points.append(TrendPoint(day, min(last, until), rate, last <= until and last < today))
    return tuple(points)


def _defects(line: SigmaLine) -> int:
    counted = line.rate.defects if isinstance(line.rate, DefectRate) else 0
    return counted + line.without_denominator
