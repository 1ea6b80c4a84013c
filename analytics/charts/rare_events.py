"""Charts of rare events: how much goes well between two of them (g), and how long it takes (t).

Here a point above the upper limit is good news: the events have become rarer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from math import ceil, floor, log, log1p
from typing import Any, Literal

import numpy as np
import scipy
from scipy.special import ndtri

from analytics.charts.chart import Lines, Parameters
from analytics.charts.individuals import Constant, need_word, range_sigma, refuse_sizes
from analytics.charts.limits import FARTHEST, SHEWHART, Limits, normal_scores, standardised
from analytics.charts.series import Floats, Series, in_order, refuse, whole
from analytics.sigma import WrongInput

CERTAIN = 1 - 1e-15


def days_between(days: Sequence[date]) -> Series:
    """Days from each event to the next, for a g or t chart; the label is the day of the later event.

    Args:
        days: of the events, in order; one more than the series has points. With times of day (``datetime``) the
            distances have fractions.

    Raises:
        WrongInput: fewer than two events, or a day before the one above it (the row is named).
    """
    for row, day in enumerate(days, start=1):
        if not isinstance(day, date):
            raise WrongInput(f"row {row}: a day is needed, not {day!r}")
    in_order(days)
    if len(days) < 2:
        raise WrongInput(f"a time between events needs two events, there are {len(days)}")
    spans = [(later - earlier) / timedelta(days=1) for earlier, later in pairwise(days)]
    return Series.of(spans, labels=days[1:])


@dataclass(frozen=True, slots=True)
class Gaps:
    """g chart: numbers of opportunities between rare events, geometrically distributed (Kaminsky 1992; Benneyan 2001).

    The location of the parameters is the mean gap; for exact limits the one that belongs to the estimated probability.

    Args:
        limits: ``normal``: mean ± width · √(mean · (mean + 1)); ``exact``: quantiles of the geometric distribution.
        quantiles: exact ones are ``whole`` numbers, or ``interpolated`` between them (Minitab, JASP). These lie nearer
            to the centre: with an event as likely as 2 %, each gap of 0 is below the lower one.
        centre: the line at the ``mean`` or at the ``median``: that of the baseline for normal limits, of the
            distribution for exact ones. As gaps are skewed, only the median has half of them on each side.
        counted_from: 0: the opportunities between two events; 1: the later event is counted, too.
        corrected: exact limits take (n - 1) / n of the probability, which frees the estimate from its bias
            (Benneyan 2001).

    Raises:
        WrongInput: an unknown word or number.
    """

    limits: Limits = SHEWHART
    quantiles: Literal["whole", "interpolated"] = "whole"
    centre: Literal["mean", "median"] = "mean"
    counted_from: Literal[0, 1] = 0
    corrected: bool = True

    def __post_init__(self) -> None:
        need_word(self.quantiles, ("interpolated", "whole"), "quantiles")
        need_word(self.centre, ("mean", "median"), "centre")
        if self.counted_from not in (0, 1):
            raise WrongInput(f"gaps are counted from 0 or 1, not {self.counted_from!r}")

    @property
    def kind(self) -> str:
        return "g"

    @property
    def minimum(self) -> int:
        return 2

    @property
    def remembers(self) -> bool:
        return False

    def check(self, series: Series) -> None:
        refuse_sizes(series, self.kind)
        whole(series.values, "the gap")
        gaps, least = series.values, self.counted_from
        refuse(gaps < least, lambda row: f"a gap counted from {least} must not be {gaps[row]:g}")

    def estimate(self, series: Series) -> Parameters:
        mean = float(series.values.mean())
        if self.limits.method == "normal":
            return Parameters(location=mean, centre=float(np.median(series.values)) if self._at_median else None)
        probability = 1 / (mean + 1 - self.counted_from)
        if self.corrected:
            probability *= (len(series) - 1) / len(series)
        parameters = Parameters(location=1 / probability - 1 + self.counted_from)
        if not self._at_median:
            return parameters
        return Parameters(parameters.location, centre=self._quantile(0.5, self.probability(parameters)))

    def probability(self, parameters: Parameters) -> float:
        """Of the event at one opportunity."""
        return 1 / (parameters.location + 1 - self.counted_from)

    @property
    def _at_median(self) -> bool:
        return self.centre == "median"

    def lines(self, series: Series, parameters: Parameters) -> Lines:
        gaps, mean = series.values, parameters.location
        if mean < self.counted_from:
            raise WrongInput(f"gaps counted from {self.counted_from} cannot have the mean {mean:g}")
        probability = self.probability(parameters)
        one = np.ones(len(gaps))
        failures = mean - self.counted_from
        sigma = one * float(np.sqrt(failures * (failures + 1)))
        if self.limits.method == "normal":
            reach = self.limits.width * sigma
            lower, upper = np.maximum(mean - reach, float(self.counted_from)), mean + reach
            scores = standardised(gaps - mean, sigma)
        else:
            # By the share beyond, so that the far quantile keeps its digits.
            lower = one * self._quantile(1 - self.limits.tail, probability)
            upper = one * self._quantile(self.limits.tail, probability)
            # Where the event is certain, any gap at all is as unlikely as can be.
            before = -np.expm1((gaps - self.counted_from) * _log_of_none(min(probability, CERTAIN)))
            scores = normal_scores(before, probability * (1 - before))
        centre = one * (mean if parameters.centre is None else parameters.centre)
        return Lines(gaps, centre, lower, upper, sigma, scores, sides=gaps - centre)

    def _quantile(self, beyond: float, probability: float) -> float:
        """The gap that a share ``beyond`` of gaps exceeds."""
        if probability >= 1:
            return float(self.counted_from)
        none = _log_of_none(probability)
        # The number of opportunities until the event, the event included.
        until = log(beyond) / none
        if self.quantiles == "whole":
            return max(ceil(until), 1) - 1.0 + self.counted_from
        below = floor(until)
        left = float(np.exp(below * none))
        between = below + (left - beyond) / (left * probability)
        # Below one opportunity nothing can be taken away (so print Minitab and JASP).
        return between - 1 + self.counted_from if between >= 1 else between

    def to_json(self) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "limits": self.limits.to_json(), "centre": self.centre, "counted_from": self.counted_from,
        }  # fmt: skip
        if self.limits.method == "exact":
            shown |= {"quantiles": self.quantiles, "corrected": self.corrected}
        return shown


def _log_of_none(probability: float) -> float:
    return log1p(-probability)


@dataclass(frozen=True, slots=True)
class TimesBetween:
    """t chart: times between rare events.

    Args:
        limits: ``normal``: the times to the power 1/3.6, nearly normal, on an I chart, drawn back on the scale of time
            (Nelson 1994); the location and spread are those of the transformed times. ``exact``: quantiles of the
            distribution, the centre its median; the location is its scale, the spread its shape.
        distribution: of exact limits: ``exponential``, of events that come by chance alone (shape 1, and the scale is
            the mean time), or ``weibull``, both estimated by maximum likelihood (Minitab, JASP); the latter needs times
            above 0.
        constant, screened: how moving ranges give the standard deviation, see ``individuals.range_sigma``.
        power: of the transformation.

    Raises:
        WrongInput: an unknown word, or a power that is not above 0.
    """

    limits: Limits = SHEWHART
    constant: Constant = "rounded"
    screened: bool = False
    power: float = 1 / 3.6
    distribution: Literal["exponential", "weibull"] = "exponential"

    def __post_init__(self) -> None:
        need_word(self.distribution, ("exponential", "weibull"), "distribution")
        need_word(self.constant, ("rounded", "factor", "exact"), "constant")
        if not 0 < self.power <= 1:
            raise WrongInput(f"the power must lie above 0 and not above 1, not {self.power}")

    @property
    def kind(self) -> str:
        return "t"

    @property
    def minimum(self) -> int:
        return 2

    @property
    def remembers(self) -> bool:
        return False

    def check(self, series: Series) -> None:
        refuse_sizes(series, self.kind)
        times = series.values
        refuse(times < 0, lambda row: f"the time must not be negative, not {times[row]:g}")

    def estimate(self, series: Series) -> Parameters:
        if self.limits.method == "exact":
            if self.distribution == "exponential":
                return Parameters(location=float(series.values.mean()))
            return _weibull(series.values)
        transformed = series.values**self.power
        return Parameters(float(transformed.mean()), range_sigma(transformed, self.constant, self.screened))

    def lines(self, series: Series, parameters: Parameters) -> Lines:
        times, mean, one = series.values, parameters.location, np.ones(len(series))
        if mean < 0:
            raise WrongInput(f"times cannot have the location {mean:g}")
        if self.limits.method == "exact":
            shape = parameters.spread
            if not mean or not shape:
                raise WrongInput("all times are 0: there is no distribution to take limits from")
            try:
                centre, lower, upper = (
                    one * mean * (-log(beyond)) ** (1 / shape)
                    for beyond in (0.5, 1 - self.limits.tail, self.limits.tail)
                )
            except OverflowError:
                raise WrongInput(f"the times are too far apart: a Weibull shape of {shape:g} has no limits") from None
            scores = np.clip(-ndtri(np.exp(-((times / mean) ** shape))), -FARTHEST, FARTHEST)
            return Lines(times, centre, lower, upper, np.full(len(times), np.nan), scores, sides=times - centre)
        reach = self.limits.width * parameters.spread
        scores = standardised(times**self.power - mean, one * parameters.spread, one * mean)
        # Back on the scale of time the limits are no multiples of a standard deviation: there is none to show.
        return Lines(
            times, one * self._back(mean), one * self._back(mean - reach), one * self._back(mean + reach),
            np.full(len(times), np.nan), scores,
        )  # fmt: skip

    def _back(self, transformed: float) -> float:
        return float(max(transformed, 0.0) ** (1 / self.power))

    def to_json(self) -> dict[str, Any]:
        shown: dict[str, Any] = {"limits": self.limits.to_json()}
        if self.limits.method == "normal":
            shown |= {"power": self.power, "constant": self.constant, "screened": self.screened}
        else:
            shown["distribution"] = self.distribution
        return shown


def _weibull(times: Floats) -> Parameters:
    """Scale and shape by maximum likelihood (Lawless 2003, section 5.2)."""
    refuse(times <= 0, lambda row: "a Weibull distribution needs times above 0")
    logs = np.log(times)
    if np.ptp(logs) == 0:
        raise WrongInput("a Weibull distribution needs times that differ")

    def slope(shape: float) -> float:
        # Of the likelihood over the shape, the scale being the best for it; powers relative to the longest time.
        weights = np.exp(shape * (logs - logs.max()))
        return float((weights * logs).sum() / weights.sum() - logs.mean() - 1 / shape)

    # It rises steadily from minus infinity to above 0.
    high = 1.0
    while slope(high) < 0:
        high *= 2
    low = high
    while slope(low) > 0:
        low /= 2
    shape = float(scipy.optimize.brentq(slope, low, high, xtol=1e-12)) if low < high else high
    scale = float(np.exp(logs.max()) * np.mean(np.exp(shape * (logs - logs.max()))) ** (1 / shape))
    return Parameters(location=scale, spread=shape)
