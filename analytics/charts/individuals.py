"""Charts of single measurements and of their moving ranges (Shewhart 1931; Nelson 1982; NIST handbook 6.3.2.2)."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri

from analytics.charts.chart import ChartPair, Lines, Parameters, draw
from analytics.charts.limits import SHEWHART, Limits, standardised
from analytics.charts.rules import ONLY_LIMITS, Rules
from analytics.charts.series import Floats, Series
from analytics.sigma import WrongInput

Constant = Literal["rounded", "factor", "exact"]
Estimator = Literal["mean moving range", "median moving range", "standard deviation"]

# The mean of the range of two normal values in standard deviations (d2), their median (d4), and how far three standard
# deviations of the range reach above its mean (D4).
EXACT_D2 = 2 / float(np.sqrt(np.pi))
EXACT_MEDIAN = float(np.sqrt(2) * ndtri(0.75))
EXACT_D4 = 1 + 3 * float(np.sqrt(2 - EXACT_D2**2)) / EXACT_D2
ROUNDED_D2, ROUNDED_MEDIAN, ROUNDED_D4 = 1.128, 0.954, 3.267
# 3 / d2 and 3 / d4 as tables print them.
MEAN_FACTOR, MEDIAN_FACTOR = 2.66, 3.145


def moving_ranges(values: Floats) -> Floats:
    """Distances between neighbours; one fewer than values."""
    return np.abs(np.diff(values))


def screened_ranges(ranges: Floats) -> Floats:
    """Ranges without those at or above D4 times their mean, taken away once (Nelson 1982); all, if none is left."""
    kept = ranges[ranges < ROUNDED_D4 * ranges.mean()]
    return kept if len(kept) else ranges


def range_sigma(
    values: Floats,
    constant: Constant = "rounded",
    screened: bool = False,
    estimator: Estimator = "mean moving range",
) -> float:
    """The standard deviation that moving ranges tell; at least two values.

    Args:
        constant: ``rounded`` 1.128 (median: 0.954), ``factor`` 2.66 / 3 (median: 3.145 / 3), ``exact`` 2 / √π.
        screened: leave out the ranges that are themselves beyond their limit (Nelson 1982).
        estimator: which mean of the ranges; ``standard deviation`` takes that of the values instead, which counts slow
            change in.
    """
    if estimator == "standard deviation":
        return float(values.std(ddof=1))
    ranges = moving_ranges(values)
    ranges = screened_ranges(ranges) if screened else ranges
    if estimator == "mean moving range":
        middle, divisors = ranges.mean(), {"rounded": ROUNDED_D2, "factor": 3 / MEAN_FACTOR, "exact": EXACT_D2}
    else:
        middle = np.median(ranges)
        divisors = {"rounded": ROUNDED_MEDIAN, "factor": 3 / MEDIAN_FACTOR, "exact": EXACT_MEDIAN}
    return float(middle / divisors[constant])


def need_normal(limits: Limits, kind: str) -> None:
    """Refuse exact limits where there is no distribution to take them from."""
    if limits.method != "normal":
        raise WrongInput(f"a chart of kind {kind} has normal limits only")


def need_word(word: str, words: tuple[str, ...], name: str) -> None:
    if word not in words:
        raise WrongInput(f"the {name} must be {' or '.join(words)}, not {word!r}")


def refuse_sizes(series: Series, kind: str) -> None:
    if series.sizes is not None:
        raise WrongInput(f"a chart of kind {kind} has no sizes")


@dataclass(frozen=True, slots=True)
class Individuals:
    """I chart: single measurements; the location is their mean, the spread their standard deviation.

    Args:
        limits: normal only.
        estimator, constant, screened: how the standard deviation is estimated, see ``range_sigma``.

    Raises:
        WrongInput: an unknown word, or exact limits.
    """

    limits: Limits = SHEWHART
    estimator: Estimator = "mean moving range"
    constant: Constant = "rounded"
    screened: bool = False

    def __post_init__(self) -> None:
        need_normal(self.limits, "I")
        need_word(self.estimator, get_args(Estimator), "estimator")
        need_word(self.constant, get_args(Constant), "constant")

    @property
    def kind(self) -> str:
        return "I"

    @property
    def minimum(self) -> int:
        return 2

    @property
    def remembers(self) -> bool:
        return False

    def check(self, series: Series) -> None:
        refuse_sizes(series, self.kind)

    def estimate(self, series: Series) -> Parameters:
        sigma = range_sigma(series.values, self.constant, self.screened, self.estimator)
        return Parameters(location=float(series.values.mean()), spread=sigma)

    def lines(self, series: Series, parameters: Parameters) -> Lines:
        values = series.values
        centre, sigma = np.full(len(values), parameters.location), np.full(len(values), parameters.spread)
        reach = self.limits.width * sigma
        scores = standardised(values - centre, sigma, centre)
        return Lines(values, centre, centre - reach, centre + reach, sigma, scores)

    def to_json(self) -> dict[str, Any]:
        return {
            "limits": self.limits.to_json(),
            "estimator": self.estimator,
            "constant": self.constant,
            "screened": self.screened,
        }


@dataclass(frozen=True, slots=True)
class MovingRanges:
    """MR chart: distances between neighbours; the location is their mean. The first point has none and is not plotted.

    Args:
        limits: normal only; the lower one is 0.
        constant: ``rounded`` (also for ``factor``): D4 = 3.267; ``exact``: 1 + 3 √(2 - d2²) / d2.
        screened: the mean leaves out ranges beyond their limit (Nelson 1982).

    Raises:
        WrongInput: an unknown word, or exact limits.
    """

    limits: Limits = SHEWHART
    constant: Constant = "rounded"
    screened: bool = False

    def __post_init__(self) -> None:
        need_normal(self.limits, "MR")
        need_word(self.constant, get_args(Constant), "constant")

    @property
    def kind(self) -> str:
        return "MR"

    @property
    def minimum(self) -> int:
        return 2

    @property
    def remembers(self) -> bool:
        return False

    def check(self, series: Series) -> None:
        refuse_sizes(series, self.kind)
        if len(series) < 2:
            raise WrongInput("a moving range needs two points")

    def estimate(self, series: Series) -> Parameters:
        ranges = moving_ranges(series.values)
        mean = float((screened_ranges(ranges) if self.screened else ranges).mean())
        above = (EXACT_D4 if self.constant == "exact" else ROUNDED_D4) - 1
        return Parameters(location=mean, spread=mean * above / 3)

    def lines(self, series: Series, parameters: Parameters) -> Lines:
        ranges = moving_ranges(series.values)
        centre, sigma = np.full(len(ranges), parameters.location), np.full(len(ranges), parameters.spread)
        reach = self.limits.width * sigma
        scores = standardised(ranges - centre, sigma, np.abs(series.values[1:]))
        return Lines(ranges, centre, np.maximum(centre - reach, 0.0), centre + reach, sigma, scores, skipped=1)

    def to_json(self) -> dict[str, Any]:
        return {"limits": self.limits.to_json(), "constant": self.constant, "screened": self.screened}


def individuals_and_ranges(
    series: Series,
    design: Individuals = Individuals(),
    *,
    baseline: ArrayLike | None = None,
    rules: Rules = ONLY_LIMITS,
) -> ChartPair:
    """The I chart and the MR chart of the same measurements; the rules are for the I chart, the other has its limits.

    Raises:
        WrongInput: as ``draw``.
    """
    ranges = MovingRanges(design.limits, design.constant, design.screened)
    return ChartPair(
        kind="I-MR",
        main=draw(design, series, baseline=baseline, rules=rules),
        companion=draw(ranges, series, baseline=baseline, rules=ONLY_LIMITS),
    )
