"""Freezes a baseline: its counts by day, its level, and what an honest reader needs to know of it."""

from typing import Any

from analytics.drawing import Wish, draw_counts
from analytics.improvement.gates.gate_report import Finding
from analytics.improvement.gates.look import Look
from analytics.improvement.gates.standards import standards_before
from analytics.improvement.proof.evidence import DayCounts, days_of, unit_of
from analytics.improvement.proof.planning import level_of
from analytics.periods import Period
from analytics.series import count_series
from analytics.sigma import Convention, DefectRate, WrongInput, measure

_LONGEST = 732


def baseline_findings(look: Look) -> list[Finding]:
    """Whether the baseline can carry a comparison; its figures are added to what the look freezes."""
    baseline = look.baseline
    if baseline is None:
        return [Finding("baseline_written", False)]
    period = Period(baseline.since, baseline.until)
    length, least = days_of(period), look.policy.least_baseline_days
    side = look.read(period).within(period, look.left_out)
    days = len(side.days) if isinstance(side, DayCounts) else length
    findings = [
        Finding("baseline_written", True),
        Finding(
            "baseline_long_enough", least <= length <= _LONGEST, {"days": length, "least": least, "most": _LONGEST}
        ),
        Finding("baseline_over", baseline.until <= look.settled, {"settled_until": look.settled.isoformat()}),
    ]
    figures: dict[str, Any] = {
        "have": side.size,
        "days": days,
        "left_out": [day.isoformat() for day in look.left_out if day in period],
        "unit": unit_of(look.part, look.measure),
    }
    if isinstance(side, DayCounts) and side.no_denominator:
        findings.append(Finding("denominator", False, {"why": side.no_denominator}))
    else:
        findings.append(Finding("baseline_has_data", side.size > 0, figures))
    if side.size:
        look.freezes["standards"] = standards_before(look)
        look.freezes["baseline"] = {**baseline.model_dump(mode="json"), **figures, **_level(look, side, period)}
    return findings


def _level(look: Look, side: Any, period: Period) -> dict[str, Any]:
    if not isinstance(side, DayCounts):
        return {"measure": look.measure, "level": level_of(side, look.measure)}
    defects, opportunities = side.total
    convention = Convention(look.policy.shift, look.policy.confidence)
    try:
        rate = measure(defects, opportunities, convention)
    except WrongInput:
        # More complaints than volume: there is a rate, and no share.
        rate = None
    kind, centre = _chart(look, period)
    told: dict[str, Any] = {
        "measure": "defects",
        "level": defects / opportunities,
        "defects": defects,
        "opportunities": opportunities,
        "kind": kind,
        "centre": centre,
        "by_day": side.to_json(),
    }
    if isinstance(rate, DefectRate):
        told |= {
            "sigma": rate.sigma_level,
            "sigma_low": rate.sigma_low,
            "sigma_high": rate.sigma_high,
            "low": rate.low,
            "high": rate.high,
            "confidence": convention.confidence,
        }
    return told


def _chart(look: Look, period: Period) -> tuple[str | None, float | None]:
    assert look.baseline is not None
    series = count_series(look.work, look.part.slice(), period, look.baseline.every, today=look.today)
    if not series:
        return None, None
    try:
        drawn = draw_counts(series[0], look.part.process, Wish())
    except WrongInput:
        return None, None
    return drawn.kind, drawn.charts[0].parameters[0].location if drawn.charts else None
