"""Asks all the questions whose answers make the report; they are those that the command line and the desk ask."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from analytics.improvement.naming import Names
from analytics.overview import Overview, read_overview
from analytics.periods import Period
from analytics.questions.chart import ChartAnswer, ChartQuestion
from analytics.questions.forecast import ForecastAnswer, ForecastQuestion
from analytics.questions.novelty import NoveltyAnswer, NoveltyQuestion
from analytics.questions.pareto import ParetoAnswer, ParetoQuestion
from analytics.questions.recovery import RecoveryAnswer, RecoveryQuestion
from analytics.questions.times import TimesAnswer, TimesQuestion
from analytics.recovery_steps import RECOVERY
from analytics.reporting.improving import Improving, improving
from analytics.reporting.month import Month
from analytics.service_steps import SERVICE
from analytics.sigma import WrongInput
from analytics.sigma_summary import SigmaSummary, sigma_summary
from analytics.surroundings import Surroundings
from store.database import UnitOfWork

# A chart shows the month and so many days before it: enough for limits that hold.
_BEFORE = timedelta(days=92)
# Whoever comes back has so long for it; of later complaints nobody knows yet.
_COMES_BACK = timedelta(days=90)
# What is charted: process and split.
CHARTS = ((RECOVERY, "step"), (SERVICE, "step"))


@dataclass(frozen=True, slots=True)
class Gathered:
    """The answers of a month.

    Attributes:
        over: whether all of the month is; else the report says up to which day it goes.
        sigma: of both processes, in the month and in the month before.
        recoveries: in the month, and in the month before.
    """

    month: Month
    period: Period
    over: bool
    made_at: datetime
    names: Names
    sigma: Mapping[str, tuple[SigmaSummary, SigmaSummary]]
    charts: Mapping[str, ChartAnswer]
    pareto: ParetoAnswer
    times: Mapping[str, TimesAnswer]
    recoveries: tuple[RecoveryAnswer, RecoveryAnswer]
    settled: RecoveryAnswer
    overview: Overview
    novelty: NoveltyAnswer
    forecast: ForecastAnswer
    holidays: tuple[date, ...]
    improving: Improving

    @property
    def empty(self) -> bool:
        return self.recoveries[0].cases == 0 and all(now.empty for now, _ in self.sigma.values())

    def to_json(self) -> dict[str, Any]:
        return {
            "month": str(self.month),
            "since": self.month.since.isoformat(),
            "until": self.month.until.isoformat(),
            "reported_until": self.period.until.isoformat() if self.period.until else None,
            "over": self.over,
            "zone": self.pareto.zone,
            "made_at": self.made_at.isoformat(),
            "sigma": {
                process: {"month": now.to_json(), "month_before": before.to_json()}
                for process, (now, before) in self.sigma.items()
            },
            "charts": {process: answer.to_json() for process, answer in self.charts.items()},
            "pareto": self.pareto.to_json(),
            "times": {name: answer.to_json() for name, answer in self.times.items()},
            "recovery": {
                "month": self.recoveries[0].to_json(),
                "month_before": self.recoveries[1].to_json(),
                "long_enough_ago": self.settled.to_json(),
            },
            "novelty": self.novelty.to_json(),
            "forecast": self.forecast.to_json(),
            "holidays_ahead": [day.isoformat() for day in self.holidays],
            **self.improving.to_json(),
            "empty": self.empty,
        }


def gather(work: UnitOfWork, around: Surroundings, month: Month) -> Gathered:
    """Everything that the report of a month says.

    Args:
        work: may read; what is not rolled up yet does not count.

    Raises:
        WrongInput: nothing of the month is over yet.
        TookTooLong: the time that ``around`` allows is over.
    """
    today = work.now.astimezone(around.zone).date()
    if month.since >= today:
        raise WrongInput(f"month: nothing of {month} is over yet")
    period, earlier = month.reported(today), Period(month.before.since, month.before.until)
    blueprint = around.blueprint
    sigma = {}
    for process in (RECOVERY, SERVICE):
        now, before = (
            sigma_summary(work, process, days.since, days.until, blueprint=blueprint if process == SERVICE else None)
            for days in (period, earlier)
        )
        sigma[process] = (now, before)
        around.go_on()
    charts = {}
    for process, split in CHARTS:
        question = ChartQuestion(
            process=process, split=split, since=month.since - _BEFORE, until=period.until
        )  # fmt: skip
        charts[process] = question.answer(work, around)
        around.go_on()
    times = {
        to: TimesQuestion(to=to, since=period.since, until=period.until, against=earlier).answer(work, around)
        for to in ("first_response", "resolution")
    }
    recoveries = tuple(
        RecoveryQuestion(since=days.since, until=days.until).answer(work, around) for days in (period, earlier)
    )
    last = _last(period) - _COMES_BACK
    settled = RecoveryQuestion(since=last - _BEFORE, until=last).answer(work, around)
    ahead = _days(month.after.since, month.after.until)
    return Gathered(
        month=month,
        period=period,
        over=month.is_over(today),
        made_at=work.now.astimezone(around.zone),
        names=Names(around),
        sigma=sigma,
        charts=charts,
        pareto=ParetoQuestion(since=period.since, until=period.until, against=earlier).answer(work, around),
        times=times,
        recoveries=(recoveries[0], recoveries[1]),
        settled=settled,
        overview=read_overview(work, around, period),
        novelty=NoveltyQuestion(since=period.since, until=period.until).answer(work, around),
        forecast=ForecastQuestion(until=period.until, days=(month.after.until - _last(period)).days).answer(
            work, around
        ),
        holidays=tuple(sorted(around.public_days.among(ahead)[0])),
        improving=improving(work, around, month, period),
    )


def _last(period: Period) -> date:
    assert period.until is not None
    return period.until


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]
