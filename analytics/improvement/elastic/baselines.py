"""Decide by which days a chart is judged from now on: a recorded decision, replaced by a later one, never changed."""

from datetime import date, timedelta

import numpy as np
from sqlalchemy import select

from analytics.improvement.elastic.decided import Decision, baseline_of, chart_key, read_decision
from analytics.improvement.loops.refusals import ImprovementRefused
from analytics.improvement.part import Part
from analytics.measured import measured_series
from analytics.periods import Period
from analytics.questions.slices import names_of_steps
from analytics.series import CountSeries, count_series
from analytics.surroundings import Surroundings
from store import audit
from store.database import UnitOfWork
from store.tables import ChartBaseline

__all__ = ["MEASURES", "Decision", "baseline_of", "chart_key", "decide_baseline", "decisions"]

MEASURES = ("defects", "rating", "acknowledgement", "first_response", "resolution")
# Fewer days with a point than this say nothing of what a process usually does.
LEAST_POINTS = 8
LONGEST_REASON = 2_000
_LONGEST = timedelta(days=1_096)


def decide_baseline(
    work: UnitOfWork,
    around: Surroundings,
    part: Part,
    measure: str,
    since: date,
    until: date,
    begins_on: date,
    reason: str,
    by: str,
    improvement_id: int | None = None,
) -> Decision:
    """Have charts of this part judged by these days from ``begins_on`` on, whatever a point stands for.

    Args:
        measure: one of ``MEASURES``.
        since, until: the days, in the firm's zone, both included; they must be over.
        reason: what changed the process.
        by: login of who decides.

    Returns:
        The decision; said twice, the same one.

    Raises:
        ImprovementRefused: ``unknown_measure``, ``unknown_step``, ``baseline_backwards``, ``baseline_not_over``,
            ``baseline_too_long`` (days, most), ``begins_before_baseline``, ``reason_missing``, or
            ``baseline_too_short`` (points, needed).
    """
    reason = reason.strip()
    _see_that_it_makes_sense(work, around, part, measure, since, until, begins_on, reason)
    latest = baseline_of(work, key := chart_key(measure, part))
    if latest is not None and (latest.since, latest.until, latest.begins_on, latest.reason, latest.decided_by) == (
        since, until, begins_on, reason, by
    ):  # fmt: skip
        return latest
    row = ChartBaseline(
        part=key,
        since=since,
        until=until,
        begins_on=begins_on,
        centre=_centre(work, part, measure, Period(since, until)),
        reason=reason,
        decided_by=by,
        decided_at=work.now,
        improvement_id=improvement_id,
    )
    work.session.add(row)
    work.session.flush()
    audit.append(work, by, "decide_baseline", row.public_id)
    return read_decision(row)


def decisions(work: UnitOfWork, limit: int = 100) -> list[Decision]:
    """All decisions, the latest first."""
    table = ChartBaseline
    rows = work.session.scalars(select(table).order_by(table.decided_at.desc(), table.id.desc()).limit(limit))
    return [read_decision(row) for row in rows]


def _see_that_it_makes_sense(
    work: UnitOfWork,
    around: Surroundings,
    part: Part,
    measure: str,
    since: date,
    until: date,
    begins_on: date,
    reason: str,
) -> None:
    today = work.now.astimezone(around.zone).date()
    if measure not in MEASURES:
        raise ImprovementRefused("unknown_measure")
    if part.step and part.step not in names_of_steps(part.process, around):
        raise ImprovementRefused("unknown_step")
    if since > until:
        raise ImprovementRefused("baseline_backwards")
    if until >= today:
        raise ImprovementRefused("baseline_not_over")
    if until - since > _LONGEST:
        raise ImprovementRefused("baseline_too_long", days=(until - since).days, most=_LONGEST.days)
    if begins_on < since:
        raise ImprovementRefused("begins_before_baseline")
    if not reason or len(reason) > LONGEST_REASON or "\0" in reason:
        raise ImprovementRefused("reason_missing")


def _centre(work: UnitOfWork, part: Part, measure: str, period: Period) -> float:
    """What the days come to: share of defects, complaints by volume or a day, or the mean of what was measured."""
    if measure == "defects":
        found = count_series(work, part.slice(), period)
        series = found[0] if found else CountSeries("", "day", (), (), None)
        _see_that_it_is_enough(len(series))
        total = series.total
        return total.defects / (total.opportunities if series.opportunities is not None else len(series))
    measured = measured_series(work, measure, part.slice(), period)  # type: ignore[arg-type]
    _see_that_it_is_enough(len(measured[0].days) if measured else 0)
    return float(np.mean(measured[0].values))


def _see_that_it_is_enough(points: int) -> None:
    if points < LEAST_POINTS:
        raise ImprovementRefused("baseline_too_short", points=points, needed=LEAST_POINTS)
