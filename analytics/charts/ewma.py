"""The EWMA chart: a weighted mean of all points so far, quick to see small shifts (Roberts 1959; NIST 6.3.2.4)."""

from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import scipy

from analytics.charts.chart import Lines, Parameters
from analytics.charts.individuals import Constant, Estimator, need_normal, need_word, range_sigma, refuse_sizes
from analytics.charts.limits import Limits, standardised
from analytics.charts.series import Floats, Series
from analytics.sigma import WrongInput

ONE_IN_500 = Limits(multiplier=2.962)


@dataclass(frozen=True, slots=True)
class Ewma:
    """Each point is ``smoothing`` · value + (1 - ``smoothing``) · point before; the first one before is the mean.

    The location of the parameters is the mean or target, the spread the standard deviation of single values.

    Args:
        smoothing: lambda, above 0, at most 1.
        limits: normal only; 2.962 at a smoothing of 0.2 gives a false alarm in 500 points (``run_length``).
        varying: limits widen from the first point on to the steady ones; else they are steady from the beginning.
        start: the point before the first, if not the mean (to go on with an earlier chart).
        estimator, constant, screened: how the standard deviation is estimated, see ``individuals.range_sigma``.

    Raises:
        WrongInput: a value is out of range.
    """

    smoothing: float = 0.2
    limits: Limits = ONE_IN_500
    varying: bool = True
    start: float | None = None
    estimator: Estimator = "mean moving range"
    constant: Constant = "rounded"
    screened: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.smoothing <= 1:
            raise WrongInput(f"the smoothing must lie above 0 and not above 1, not {self.smoothing}")
        if self.start is not None and not np.isfinite(self.start):
            raise WrongInput(f"the start must be a finite number, not {self.start}")
        need_normal(self.limits, self.kind)
        need_word(self.estimator, get_args(Estimator), "estimator")
        need_word(self.constant, get_args(Constant), "constant")

    @property
    def kind(self) -> str:
        return "EWMA"

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
        before = parameters.location if self.start is None else self.start
        means = weighted_means(series.values, self.smoothing, before)
        centre = np.full(len(means), parameters.location)
        share = self.smoothing / (2 - self.smoothing)
        variance = np.full(len(means), share)
        if self.varying:
            past = 2 * np.arange(1, len(means) + 1, dtype=np.float64)
            variance = share * (1 - (1 - self.smoothing) ** past)
        sigma = parameters.spread * np.sqrt(variance)
        reach = self.limits.width * sigma
        return Lines(means, centre, centre - reach, centre + reach, sigma, standardised(means - centre, sigma, centre))

    def to_json(self) -> dict[str, Any]:
        return {
            "limits": self.limits.to_json(),
            "smoothing": self.smoothing,
            "varying": self.varying,
            "start": self.start,
            "estimator": self.estimator,
            "constant": self.constant,
            "screened": self.screened,
        }


def weighted_means(values: Floats, smoothing: float, before: float) -> Floats:
    """Exponentially weighted moving means, shape of ``values``.

    Args:
        before: the mean before the first value.
    """
    # The filter's state after step i is (1 - smoothing) times its output: so begins it, too.
    means, _ = scipy.signal.lfilter([smoothing], [1.0, smoothing - 1], values, zi=[(1 - smoothing) * before])
    return np.asarray(means, dtype=np.float64)
