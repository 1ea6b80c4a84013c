"""The CUSUM chart: tabular sums of what exceeds a reference, upwards and downwards (Page 1954; NIST 6.3.2.3)."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from analytics.charts.chart import Chart, ChartPair, Lines, Parameters, draw, estimated
from analytics.charts.individuals import Constant, Estimator, need_word, range_sigma, refuse_sizes
from analytics.charts.limits import FARTHEST, RELATIVE_ROUNDING
from analytics.charts.series import Floats, Series, same_length
from analytics.sigma import WrongInput


@dataclass(frozen=True, slots=True)
class CusumSide:
    """One of the two sums: max(0, sum before + distance from the target towards ``side`` - reference).

    The location of the parameters is the target, the spread the standard deviation of single values. A point signals
    strictly above the interval; lower sums are positive, too.

    Args:
        side: ``upper`` or ``lower``.
        reference: k, half of the shift to be found.
        interval: h, the decision interval.
        unit: reference and interval are in standard deviations (``sigma``) or in the unit of the ``value``s.
        reset: after a signal the sum begins again at 0.
        head_start: where the sum begins, as a share of the interval (Lucas and Crosier 1982: 0.5).
        estimator, constant, screened: how the standard deviation is estimated, see ``individuals.range_sigma``.

    Raises:
        WrongInput: a value is out of range.
    """

    side: Literal["upper", "lower"]
    reference: float = 0.5
    interval: float = 5.0
    unit: Literal["sigma", "value"] = "sigma"
    reset: bool = False
    head_start: float = 0.0
    estimator: Estimator = "mean moving range"
    constant: Constant = "rounded"
    screened: bool = False

    def __post_init__(self) -> None:
        need_word(self.side, ("upper", "lower"), "side")
        need_word(self.unit, ("sigma", "value"), "unit")
        need_word(self.estimator, get_args(Estimator), "estimator")
        need_word(self.constant, get_args(Constant), "constant")
        if not 0 <= self.reference < np.inf:
            raise WrongInput(f"the reference must not be negative, not {self.reference}")
        if not 0 < self.interval < np.inf:
            raise WrongInput(f"the interval must be above 0, not {self.interval}")
        if not 0 <= self.head_start < 1:
            raise WrongInput(f"the head start must lie between 0 and 1, not {self.head_start}")

    @property
    def kind(self) -> str:
        return f"CUSUM {self.side}"

    @property
    def minimum(self) -> int:
        return 2

    @property
    def remembers(self) -> bool:
        return True

    def check(self, series: Series) -> None:
        refuse_sizes(series, self.kind)

    def estimate(self, series: Series) -> Parameters:
        sigma = range_sigma(series.values, self.constant, self.screened, self.estimator)
        return Parameters(location=float(series.values.mean()), spread=sigma)

    def lines(self, series: Series, parameters: Parameters) -> Lines:
        scale = parameters.spread if self.unit == "sigma" else 1.0
        interval = self.interval * scale
        towards = 1.0 if self.side == "upper" else -1.0
        apart = series.values - parameters.location
        # What rounding leaves over would add up, and signal where all values are the same.
        apart = np.where(np.abs(apart) <= RELATIVE_ROUNDING * abs(parameters.location), 0.0, apart)
        steps = towards * apart - self.reference * scale
        begin = self.head_start * interval
        sums = resetting_sums(steps, begin, interval) if self.reset else sums_from(steps, begin)
        one = np.ones(len(sums))
        # Of the standard deviation of a sum nothing is known; the interval stands for three.
        scores = np.minimum(3 * sums / interval, FARTHEST) if interval > 0 else np.sign(sums) * FARTHEST
        return Lines(sums, 0 * one, np.full(len(sums), np.nan), interval * one, parameters.spread * one, scores)

    def to_json(self) -> dict[str, Any]:
        return {
            "reference": self.reference,
            "interval": self.interval,
            "unit": self.unit,
            "reset": self.reset,
            "head_start": self.head_start,
            "estimator": self.estimator,
            "constant": self.constant,
            "screened": self.screened,
        }


def sums_from(steps: Floats, begin: float) -> Floats:
    """Sums that never fall below 0, without a loop: what lies above the lowest point so far."""
    path = begin + np.cumsum(steps)
    lowest = np.minimum(np.minimum.accumulate(path), 0.0)
    above: Floats = path - lowest
    return above


def resetting_sums(steps: Floats, begin: float, interval: float) -> Floats:
    """The same, begun again at 0 after each sum above the interval."""
    sums, current = [], begin
    for step in steps.tolist():
        current = max(0.0, current + step)
        sums.append(current)
        if current > interval:
            current = 0.0
    return np.array(sums, dtype=np.float64)


def cusum(
    series: Series,
    reference: float = 0.5,
    interval: float = 5.0,
    *,
    target: float | None = None,
    sigma: float | None = None,
    unit: Literal["sigma", "value"] = "sigma",
    reset: bool = False,
    head_start: float = 0.0,
    baseline: ArrayLike | None = None,
    estimator: Estimator = "mean moving range",
    constant: Constant = "rounded",
    screened: bool = False,
) -> ChartPair:
    """The two-sided CUSUM: ``main`` holds the upper sums, ``companion`` the lower ones.

    Args:
        target, sigma: the mean that is wanted and the standard deviation of single values; what is None is estimated
            from the points of the ``baseline`` (boolean, shape (points,); None: from all).

    Raises:
        WrongInput: as ``draw``, or ``sigma`` is not above 0.
    """
    if sigma is not None and not 0 < sigma < np.inf:
        raise WrongInput(f"sigma must be above 0, not {sigma}")
    upper, lower = (
        CusumSide(side, reference, interval, unit, reset, head_start, estimator, constant, screened)
        for side in get_args(Literal["upper", "lower"])
    )
    chosen = np.ones(len(series), dtype=np.bool_) if baseline is None else np.asarray(baseline, dtype=np.bool_)
    same_length(len(series), len(chosen), "points", "marks of the baseline")
    if target is None or (sigma is None and unit == "sigma"):
        found = estimated(upper, series.part(chosen))
        target = found.location if target is None else target
        sigma = found.spread if sigma is None else sigma
    parameters = Parameters(target, 1.0 if sigma is None else sigma)
    return ChartPair(
        kind="CUSUM",
        main=draw(upper, series, parameters=parameters),
        companion=draw(lower, series, parameters=parameters),
    )


def change_began(chart: Chart, index: int) -> int:
    """The point with which the change behind a signal probably began: the first after the sum was last 0 (Page 1954).

    Args:
        chart: one side of a CUSUM.
        index: of the signalling point.

    Raises:
        WrongInput: the chart is no CUSUM, or there is no such point.
    """
    if not chart.kind.startswith("CUSUM"):
        raise WrongInput(f"a chart of kind {chart.kind} has no sums")
    chart.point(index)
    before = chart.values[: index - chart.first + 1]
    at_zero = np.flatnonzero(before <= 0)
    return chart.first + (int(at_zero[-1]) + 1 if len(at_zero) else 0)
