"""What the numbers say by themselves: rules broken on charts, complaints that recur, a sigma below the standard.

Only reads. What somebody has judged already is not found again; what is new since then is.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Literal

from sqlalchemy import select

from analytics.charts.chart import Chart, Point
from analytics.charts.rules import Rules, rules_named
from analytics.drawing import Decided, Drawn, Wish, direction_of, draw_counts
from analytics.improvement.elastic.decided import decisions_of, part_of
from analytics.improvement.part import Part
from analytics.improvement.policy import ImprovementPolicy, Recurrence, SignalRule
from analytics.periods import Every, Period, end_of
from analytics.series import CountSeries, Slice, count_series, counts_by_day
from analytics.service_steps import SERVICE
from analytics.sigma import Convention, DefectRate, NoDenominator, WrongInput
from analytics.sigma_summary import PROCESSES, sigma_summary
from analytics.surroundings import Surroundings
from store.database import UnitOfWork
from store.tables import ProcessSignal

Kind = Literal["chart", "recurrence", "standard"]
Direction = Literal["better", "worse", "pattern"]
CHART, RECURRENCE, STANDARD = "chart", "recurrence", "standard"
# A signal on a point older than this is history: whoever begins to watch is not told of years.
_RECENT: dict[Every, int] = {"day": 7, "week": 28, "month": 62}
# So far back a chart is drawn, in days.
_HISTORY: dict[Every, int] = {"day": 180, "week": 728, "month": 1_827}
# With fewer points before the recent ones all of them give the limits.
_ENOUGH_BEFORE = 20
_POINTS_KEPT = 20
_JUDGED = frozenset({"noise", "closed"})


@dataclass(frozen=True, slots=True)
class Found:
    """Something the numbers say.

    Attributes:
        since, until: first and last day of what it speaks of.
        details: figures, ready for JSON.
        opens: the kinds of work it opens by itself; nothing but ``worse`` opens any.
    """

    kind: Kind
    part: Part
    direction: Direction
    since: date
    until: date
    details: Mapping[str, Any]
    opens: tuple[str, ...] = ()

    @property
    def cause(self) -> str:
        return self.part.cause()

    @property
    def key(self) -> str:
        """The same for the same finding."""
        return f"{self.kind}:{self.direction}:{self.since}:{self.cause}"


def look(work: UnitOfWork, around: Surroundings, policy: ImprovementPolicy) -> Iterator[Found]:
    """Everything that the policy watches.

    Args:
        work: may read; what is not rolled up yet does not count.

    Raises:
        TookTooLong: the time there is is over.
    """
    judged = judged_days(work, around)
    for rule in policy.signals:
        around.go_on()
        yield from _on_charts(work, around, rule, judged)
    for recurrence in policy.recurrence:
        around.go_on()
        yield from _recurring(work, around, recurrence, judged)
    around.go_on()
    yield from _below_standard(work, around, policy, judged)


_Judged = Mapping[tuple[str, str, str], date]


def judged_days(work: UnitOfWork, around: Surroundings, cause: str | None = None) -> _Judged:
    """Up to which day somebody has judged what was found, by kind, direction and cause; of one cause, or of all."""
    table = ProcessSignal
    asked = select(table.kind, table.direction, table.cause, table.until, table.judged_at)
    asked = asked.where(table.state.in_(_JUDGED), *([] if cause is None else [table.cause == cause]))
    rows = work.session.execute(asked)
    found: dict[tuple[str, str, str], date] = {}
    for kind, direction, cause, until, judged_at in rows:
        day = max(until, judged_at.astimezone(around.zone).date()) if judged_at else until
        key = (kind, direction, cause)
        found[key] = max(found.get(key, day), day)
    return found


def _yesterday(work: UnitOfWork, around: Surroundings) -> date:
    return work.now.astimezone(around.zone).date() - timedelta(days=1)


def _on_charts(work: UnitOfWork, around: Surroundings, rule: SignalRule, judged: _Judged) -> Iterator[Found]:
    last = _yesterday(work, around)
    every: Every = "day" if rule.kind in ("g", "t") else rule.every
    whole = Slice(rule.process)
    period = Period(last - timedelta(days=_HISTORY[every]), last)
    named = {
        part: series
        for series in count_series(work, whole, period, every, rule.split, last + timedelta(days=1))
        if (part := part_of(replace(whole, **{rule.split: series.key}) if rule.split else whole)) is not None
    }
    decisions = decisions_of(work, "defects", named) if named else {}
    for part, series in named.items():
        around.go_on()
        decided = tuple(
            Decided(one.begins_on, known)
            for one in decisions.get(part, ())
            # One for days to come says nothing of these.
            if one.begins_on <= last
            for known in count_series(work, part.slice(), one.period, every)[:1]
        )
        wish = Wish(rule.kind, rules=Rules(which=rules_named(rule.rules)), decided=decided)
        recent = last - timedelta(days=_RECENT[every])
        if not decided and sum(day <= recent for day in series.days) >= _ENOUGH_BEFORE:
            # What is new is judged by what was before, and has no part in it.
            wish = replace(wish, baseline=Period(None, recent))
        drawn = _draw(series, rule.process, wish)
        if drawn is not None:
            yield from _signals(drawn, part, rule, every, recent, last, judged)


def _draw(series: CountSeries, process: str, wish: Wish) -> Drawn | None:
    try:
        return draw_counts(series, process, wish)
    except WrongInput:
        # Too few points yet, or a kind that does not fit this series.
        return None


def _signals(
    drawn: Drawn, part: Part, rule: SignalRule, every: Every, recent: date, last: date, judged: _Judged
) -> Iterator[Found]:
    told: dict[Direction, list[tuple[Chart, Point]]] = {}
    for chart, point in drawn.signals:
        day = point.label
        if not isinstance(day, date) or not recent < day or end_of(day, every) > last:
            continue
        direction: Direction = direction_of(drawn, chart, point) or "pattern"
        known = judged.get((CHART, direction, part.cause()))
        if known is None or end_of(day, every) > known:
            told.setdefault(direction, []).append((chart, point))
    for direction, points in told.items():
        days = [point.label for _, point in points if isinstance(point.label, date)]
        details = {
            "chart": drawn.kind,
            "every": every,
            "split": rule.split,
            "rules": sorted({broken for _, point in points for broken in point.broken}),
            "points": [_point(chart, point) for chart, point in points[-_POINTS_KEPT:]],
        }
        opens = tuple(rule.open) if direction == "worse" else ()
        yield Found("chart", part, direction, min(days), end_of(max(days), every), details, opens)


def _point(chart: Chart, point: Point) -> dict[str, Any]:
    told = point.to_json()
    kept = ("label", "value", "size", "centre", "lower", "upper")
    return {"chart": chart.kind, **{name: told[name] for name in kept}, "rules": told["broken"]}


def _recurring(work: UnitOfWork, around: Surroundings, rule: Recurrence, judged: _Judged) -> Iterator[Found]:
    """Valid complaints of a category; the present day is among them, for nobody waits until it is over."""
    today = _yesterday(work, around) + timedelta(days=1)
    since = today - timedelta(days=rule.days - 1)
    category = None if rule.category == "any" else rule.category
    counted = counts_by_day(work, Slice(SERVICE, category=category), Period(since, today), "category")
    for key, days in sorted(counted.items()):
        if not key:
            continue
        part = Part(SERVICE, category=key)
        known = judged.get((RECURRENCE, "worse", part.cause()))
        met = {day: count.defects for day, count in days.items() if count.defects and (known is None or day > known)}
        if sum(met.values()) >= rule.cases:
            details = {"cases": sum(met.values()), "threshold": rule.cases, "days": rule.days}
            yield Found("recurrence", part, "worse", min(met), max(met), details, tuple(rule.open))


def _below_standard(
    work: UnitOfWork, around: Surroundings, policy: ImprovementPolicy, judged: _Judged
) -> Iterator[Found]:
    """Steps of which the whole interval of the sigma level lies below the standard, the worst first."""
    last = _yesterday(work, around)
    rule, standard = policy.standard, policy.control_standard_sigma
    convention = Convention(shift=policy.shift, confidence=policy.confidence)
    below: list[tuple[float, Found]] = []
    for process in PROCESSES:
        window = last - timedelta(days=rule.window_days - 1)
        summary = sigma_summary(work, process, window, last, "step", blueprint=around.blueprint, convention=convention)
        for line in summary.lines:
            if not line.key:
                continue
            part = Part(process, line.key)
            rate, since = line.rate, window
            known = judged.get((STANDARD, "worse", part.cause()))
            if known is not None and known >= window:
                # Judged days are not held against it again: only what came after them counts.
                since = known + timedelta(days=1)
                rate = _since(work, around, process, line.key, since, last, convention)
            if not isinstance(rate, DefectRate) or rate.opportunities < rule.least_opportunities:
                continue
            if rate.sigma_high is None or rate.sigma_high >= standard:
                continue
            details = {
                "standard": standard,
                "sigma": rate.sigma_level,
                "sigma_interval": [rate.sigma_low, rate.sigma_high],
                "confidence": policy.confidence,
                "shift": policy.shift,
                "defects": rate.defects,
                "opportunities": rate.opportunities,
            }
            found = Found("standard", part, "worse", since, last, details, tuple(rule.open))
            below.append((rate.sigma_high, found))
    yield from (found for _, found in sorted(below, key=lambda one: (one[0], one[1].cause)))


def _since(
    work: UnitOfWork, around: Surroundings, process: str, step: str, since: date, last: date, convention: Convention
) -> DefectRate | NoDenominator:
    if since > last:
        return NoDenominator("no day since it was judged")
    summary = sigma_summary(work, process, since, last, "step", blueprint=around.blueprint, convention=convention)
    found = (line.rate for line in summary.lines if line.key == step)
    return next(found, NoDenominator("no such step any more"))
