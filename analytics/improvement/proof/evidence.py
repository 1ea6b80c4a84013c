"""The data that gates look at: counts by day, ratings and times of the two sides of a comparison."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from analytics.case_facts import CaseFacts, case_facts
from analytics.improvement.loops.documents import Baseline, Test
from analytics.improvement.part import Part
from analytics.improvement.policy import ImprovementPolicy
from analytics.measured import hours_between
from analytics.periods import Period
from analytics.recovery_steps import RECOVERY
from analytics.series import count_series
from analytics.service_steps import SERVICE
from analytics.surroundings import Surroundings
from store.database import UnitOfWork
from store.tables.improvement import Improvement, ProcessSignal

# A signal about a longer time is about the level, and not about a few bad days picked out.
_LONGEST_SIGNAL = 31
_MOST_ROUNDS = 20
_WEEK = 7
A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DayCounts:
    """Defects and opportunities of days, in the order of time.

    Attributes:
        no_denominator: why there are no opportunities; then they are all 0.
    """

    days: tuple[date, ...]
    defects: tuple[int, ...]
    opportunities: tuple[int, ...]
    no_denominator: str | None = None

    @property
    def total(self) -> tuple[int, int]:
        return sum(self.defects), sum(self.opportunities)

    @property
    def size(self) -> int:
        return sum(self.opportunities)

    def within(self, period: Period, left_out: Iterable[date] = ()) -> "DayCounts":
        """Those of a period, without some days."""
        without = frozenset(left_out)
        keep = [at for at, day in enumerate(self.days) if day in period and day not in without]
        return DayCounts(
            tuple(self.days[at] for at in keep),
            tuple(self.defects[at] for at in keep),
            tuple(self.opportunities[at] for at in keep),
            self.no_denominator,
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "days": [day.isoformat() for day in self.days],
            "defects": list(self.defects),
            "opportunities": list(self.opportunities),
            "no_denominator": self.no_denominator,
        }

    @classmethod
    def from_json(cls, frozen: Mapping[str, Any]) -> "DayCounts":
        return cls(
            tuple(date.fromisoformat(day) for day in frozen["days"]),
            tuple(frozen["defects"]),
            tuple(frozen["opportunities"]),
            frozen["no_denominator"],
        )


@dataclass(frozen=True, slots=True)
class CaseValues:
    """A rating or a time of each case, by the day on which it was heard.

    Attributes:
        values: scores, or hours of the clock.
        ended: whether the time is over; always for ratings.
    """

    days: tuple[date, ...]
    values: tuple[float, ...]
    ended: tuple[bool, ...]

    @property
    def size(self) -> int:
        return len(self.days)

    def within(self, period: Period, left_out: Iterable[date] = ()) -> "CaseValues":
        without = frozenset(left_out)
        keep = [at for at, day in enumerate(self.days) if day in period and day not in without]
        return CaseValues(
            tuple(self.days[at] for at in keep),
            tuple(self.values[at] for at in keep),
            tuple(self.ended[at] for at in keep),
        )


Side = DayCounts | CaseValues


def today_of(work: UnitOfWork, around: Surroundings) -> date:
    """The present day in the firm's zone."""
    return work.now.astimezone(around.zone).date()


def settled_until(today: date, policy: ImprovementPolicy) -> date:
    """The last day whose late outcomes are in."""
    return today - A_DAY * (policy.settling_days + 1)


def before_of(baseline: Baseline, test: Test | None) -> Period:
    """The days before that the test compares with: the last whole weeks of the baseline, if it has any."""
    length = days_of(Period(baseline.since, baseline.until))
    if test is not None and test.days_before is not None:
        length = min(length, test.days_before)
    whole = length - length % _WEEK or length
    return Period(baseline.until - A_DAY * (whole - 1), baseline.until)


def days_of(period: Period) -> int:
    assert period.since and period.until
    return (period.until - period.since).days + 1


def left_out_days(work: UnitOfWork, improvement: Improvement) -> tuple[date, ...]:
    """Days behind the signals that opened the work, or the rounds before it; of a cycle and its project, both's.

    They were noticed for being bad, so the days after them look better whatever is done (regression to the mean; Galton
    1886): they are no part of the level before.
    """
    rounds, at = [improvement], improvement
    while at.previous_id is not None and len(rounds) < _MOST_ROUNDS:
        found = work.session.get(Improvement, at.previous_id)
        if found is None:
            break
        rounds.append(found)
        at = found
    # What opened both at once is evidence of one of them only.
    projects = {id for one in rounds for id in (one.id, one.project_id) if id is not None}
    turning = select(Improvement.id).where(Improvement.project_id.in_(projects))
    spans = work.session.execute(
        select(ProcessSignal.since, ProcessSignal.until).where(
            ProcessSignal.improvement_id.in_(projects) | ProcessSignal.improvement_id.in_(turning),
            ProcessSignal.kind.in_(("chart", "recurrence")),
        )
    )
    days = {
        since + A_DAY * step
        for since, until in spans
        if (until - since).days < _LONGEST_SIGNAL
        for step in range((until - since).days + 1)
    }
    return tuple(sorted(days))


def read_side(work: UnitOfWork, around: Surroundings, part: Part, measure: str, period: Period) -> Side:
    """What there is on these days, as the measure has it.

    Raises:
        TookTooLong: the time there is for the answer is over.
    """
    if measure == "defects":
        return day_counts(work, around, part, period)
    return case_values(work, around, part, measure, period)


def day_counts(work: UnitOfWork, around: Surroundings, part: Part, period: Period) -> DayCounts:
    found = count_series(work, part.slice(), period, "day", today=today_of(work, around))
    if not found:
        return DayCounts((), (), ())
    series = found[0]
    sizes = series.opportunities or (0,) * len(series)
    return DayCounts(series.days, series.defects, sizes, series.no_denominator)


def case_values(work: UnitOfWork, around: Surroundings, part: Part, measure: str, period: Period) -> CaseValues:
    found = []
    for facts in facts_of_part(work, around, part, period):
        value = _value(facts, measure, work)
        if value is not None:
            found.append((facts.heard_at.astimezone(around.zone).date(), *value))
    found.sort()
    return CaseValues(
        tuple(day for day, _, _ in found), tuple(value for _, value, _ in found), tuple(over for _, _, over in found)
    )


def facts_of_part(work: UnitOfWork, around: Surroundings, part: Part, period: Period) -> Iterable[CaseFacts]:
    """The cases heard in a period that belong to the part; a service step's are those of its categories."""
    for facts in case_facts(work, around, period, part.slice()):
        of_step = part.process == RECOVERY or not part.step
        if of_step or around.blueprint.step_of(facts.dimensions.category) == part.step:
            yield facts


def _value(facts: CaseFacts, measure: str, work: UnitOfWork) -> tuple[float, bool] | None:
    if measure == "rating":
        return None if facts.rating is None else (float(facts.rating), True)
    end = {
        "acknowledgement": facts.acknowledged_at,
        "first_response": facts.first_response_at,
        "resolution": facts.resolved_at,
    }[measure]
    if measure == "first_response" and end is None and (facts.first_response_due is None or facts.resolved_at):
        # The bot settled it: no person had to answer.
        return None
    return hours_between(facts.heard_at, end or facts.ended_at or work.now), end is not None


def unit_of(part: Part, measure: str) -> str:
    """What sizes count: opportunities, volume, or cases."""
    if measure != "defects":
        return "cases"
    return "volume" if part.process == SERVICE else "opportunities"
