"""Time until something happens, such as a case's resolution, where some are still open: Kaplan and Meier's curve."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from analytics.statistics.inputs import Flags, FloatArray, IntArray, flags, numbers, one_of, real, same_length, share
from analytics.statistics.result import Interval, Result

TRANSFORMS = ("log", "log-log", "plain")
# Shares that differ by less are the same: products of fractions hit one half only up to rounding.
_SAME = 1e-9


@dataclass(frozen=True, slots=True)
class SurvivalCurve(Result):
    """The share not yet ended, by time.

    Attributes:
        transform: scale of the intervals: "log", "log-log" or "plain".
        times: the times at which something ended, rising, in the unit of the input.
        at_risk, ended: at each of them, how many were still open just before, and how many ended.
        censored: how many left unended at or after that time and before the next.
        survival: share not yet ended just after.
        standard_error: of that share (Greenwood 1926); not a number where nobody is left.
        low, high: of that share; not a number where nobody is left.
        median: time by which half had ended; None where the curve does not come down to it.
        median_interval: ends are infinite where the band does not come down to one half.
        restricted_mean: mean time up to ``horizon``, and its standard error.
        horizon: the longest time seen, or the one asked for.
    """

    count: int
    events: int
    transform: str
    confidence: float
    times: tuple[float, ...]
    at_risk: tuple[int, ...]
    ended: tuple[int, ...]
    censored: tuple[int, ...]
    survival: tuple[float, ...]
    standard_error: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    median: float | None
    median_interval: Interval
    restricted_mean: float
    restricted_mean_error: float
    horizon: float

    def survival_at(self, time: float) -> float:
        """Share not yet ended at a time."""
        passed = int(np.searchsorted(self.times, time, side="right"))
        return self.survival[passed - 1] if passed else 1.0


def kaplan_meier(
    times: ArrayLike,
    ended: ArrayLike,
    *,
    transform: str = "log",
    confidence: float = 0.95,
    horizon: float | None = None,
) -> SurvivalCurve:
    """The product-limit curve (Kaplan and Meier, JASA 53 (1958) 457) with Greenwood's errors.

    Args:
        times: how long each case took, or has been open so far; any unit, not negative.
        ended: whether it ended (1) or is still open (0).
        transform: "log" is what R does by default, "log-log" (Kalbfleisch and Prentice 1980) never leaves 0 to 1.
        horizon: end of the restricted mean; the longest time by default.

    Raises:
        WrongInput: the columns differ in length, a time is negative or not finite, or a status is neither 0 nor 1.
    """
    one_of(transform, "the transform", TRANSFORMS)
    confidence = share(confidence, "the confidence")
    spans, status = read_survival(times, ended)
    points, at_risk, events = life_table(spans, status)
    seen = events > 0
    # Those who leave between two events are told with the earlier one; before the first with none.
    censored = _leaving(spans, status, points[seen])
    points, at_risk, events = points[seen], at_risk[seen], events[seen]
    survival: FloatArray = np.cumprod(1 - events / at_risk, dtype=np.float64)
    over = at_risk - events
    with np.errstate(divide="ignore", invalid="ignore"):
        greenwood = np.cumsum(np.where(over > 0, events / (at_risk * np.where(over > 0, over, 1)), np.nan))
        error = survival * np.sqrt(greenwood)
    low, high = _band(survival, greenwood, transform, confidence)
    end = float(spans.max()) if horizon is None else real(horizon, "the horizon", above=0)
    mean, mean_error = _restricted_mean(points, survival, at_risk, events, end)
    return SurvivalCurve(
        spans.size,
        int(status.sum()),
        transform,
        confidence,
        tuple(points.tolist()),
        tuple(at_risk.tolist()),
        tuple(events.tolist()),
        tuple(censored.tolist()),
        tuple(survival.tolist()),
        tuple(error.tolist()),
        tuple(low.tolist()),
        tuple(high.tolist()),
        _crossing(points, survival),
        _median_interval(points, low, high, transform, confidence),
        mean,
        mean_error,
        end,
    )


def read_survival(times: ArrayLike, ended: ArrayLike) -> tuple[FloatArray, Flags]:
    """Times and statuses, checked.

    Raises:
        WrongInput: as for ``kaplan_meier``.
    """
    spans, status = numbers(times, "the times", minimum=0), flags(ended, "the statuses")
    same_length(times=spans, statuses=status)
    return spans, status


def life_table(spans: FloatArray, status: Flags) -> tuple[FloatArray, IntArray, IntArray]:
    """Distinct times, and at each how many were at risk and ended."""
    points, where = np.unique(spans, return_inverse=True)
    events = np.bincount(where[status], minlength=points.size).astype(np.int64)
    gone = np.bincount(where, minlength=points.size).astype(np.int64)
    at_risk = spans.size - np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(gone)[:-1]])
    return points, at_risk, events


def _leaving(spans: FloatArray, status: Flags, points: FloatArray) -> IntArray:
    leaving = np.sort(spans[~status])
    edges = np.concatenate([points, [np.inf]])
    return np.diff(np.searchsorted(leaving, edges, side="left"))


def _band(
    survival: FloatArray, greenwood: FloatArray, transform: str, confidence: float
) -> tuple[FloatArray, FloatArray]:
    z = float(ndtri((1 + confidence) / 2))
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.sqrt(greenwood)
        if transform == "plain":
            low, high = survival - z * survival * root, survival + z * survival * root
        elif transform == "log":
            low, high = survival * np.exp(-z * root), survival * np.exp(z * root)
        else:
            reach = z * root / np.log(survival)
            # The logarithm of a share is negative, so the signs turn.
            low, high = survival ** np.exp(-reach), survival ** np.exp(reach)
    low, high = np.clip(low, 0, 1), np.clip(high, 0, 1)
    nobody = np.isnan(greenwood)
    return np.where(nobody, np.nan, low), np.where(nobody, np.nan, high)


def _crossing(points: FloatArray, curve: FloatArray) -> float | None:
    """Where a falling curve comes down to one half; the middle of the step where it stays there."""
    below = np.flatnonzero(curve <= 0.5 + _SAME)
    if below.size == 0:
        return None
    first = int(below[0])
    if abs(curve[first] - 0.5) <= _SAME and first + 1 < points.size:
        return float((points[first] + points[first + 1]) / 2)
    return float(points[first])


def _median_interval(
    points: FloatArray, low: FloatArray, high: FloatArray, transform: str, confidence: float
) -> Interval:
    """Times at which the bounds of the curve cross one half (Brookmeyer and Crowley, Biometrics 38 (1982) 29)."""
    known = ~np.isnan(low)
    ends = [_crossing(points[known], bound[known]) for bound in (low, high)]
    return Interval(
        math.inf if ends[0] is None else ends[0],
        math.inf if ends[1] is None else ends[1],
        confidence,
        f"Brookmeyer and Crowley 1982, {transform} bounds",
    )


def _restricted_mean(
    points: FloatArray, survival: FloatArray, at_risk: IntArray, events: IntArray, end: float
) -> tuple[float, float]:
    """Area under the curve up to ``end``, and its standard error (Irwin 1949; Klein and Moeschberger 2003, 4.5)."""
    inside = points < end
    edges = np.concatenate([[0.0], points[inside], [end]])
    areas = np.diff(edges) * np.concatenate([[1.0], survival[inside]])
    right = np.cumsum(areas[::-1])[::-1][1:]
    over = (at_risk - events)[inside]
    weight = np.where(over > 0, events[inside] / (at_risk[inside] * np.where(over > 0, over, 1)), 0.0)
    return float(areas.sum()), math.sqrt(float(np.sum(right**2 * weight)))
