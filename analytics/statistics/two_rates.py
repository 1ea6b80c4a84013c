"""Did a rate change: counts over exposures, before and after."""

import math
from dataclasses import dataclass

import scipy

from analytics.sigma import WrongInput
from analytics.statistics.inputs import count, real, share
from analytics.statistics.proportion import exact_bounds
from analytics.statistics.result import Interval, Result
from analytics.statistics.two_proportions import alternative_of


@dataclass(frozen=True, slots=True)
class TwoRates(Result):
    """Two Poisson rates compared.

    Attributes:
        before_rate, after_rate: events per unit of exposure.
        ratio: after by before; infinite where there was none before.
        interval: of the ratio, two-sided, exact.
        p: exact, of the ratio 1.
        p_mid: the same with half of the chance of what was seen (Lancaster 1961): less cautious.
    """

    before_count: int
    before_exposure: float
    after_count: int
    after_exposure: float
    alternative: str
    before_rate: float
    after_rate: float
    ratio: float
    interval: Interval
    p: float
    p_mid: float


def two_rates(
    before: tuple[int, float],
    after: tuple[int, float],
    *,
    alternative: str = "two-sided",
    confidence: float = 0.95,
) -> TwoRates:
    """Compare two rates by the exact conditional test (Przyborowski and Wilenski, Biometrika 31 (1940) 313).

    Args:
        before, after: number of events, and the exposure (days, volume) in which they came.
        alternative: "less": the rate fell; "greater": it rose.

    Raises:
        WrongInput: a count is wrong, an exposure is not positive, or there is no event at all.
    """
    side = alternative_of(alternative)
    confidence = share(confidence, "the confidence")
    first, second = count(before[0], "the events before"), count(after[0], "the events after")
    span, later = real(before[1], "the exposure before", above=0), real(after[1], "the exposure after", above=0)
    total = first + second
    if total == 0:
        raise WrongInput("there is no event before or after, so there are no rates to compare")
    # Given their total, the events after are binomial with the share of exposure that lies after.
    chance = later / (span + later)
    low, high = exact_bounds(second, total, confidence)
    p = float(scipy.stats.binomtest(second, total, chance, side).pvalue)
    return TwoRates(
        first,
        span,
        second,
        later,
        alternative,
        first / span,
        second / later,
        math.inf if first == 0 else (second / later) / (first / span),
        Interval(
            _odds(low) * span / later, _odds(high) * span / later, confidence, "exact conditional (Clopper-Pearson)"
        ),
        min(1.0, p),
        _mid(second, total, chance, alternative),
    )


def _odds(value: float) -> float:
    return math.inf if value == 1 else value / (1 - value)


def _mid(events: int, total: int, chance: float, alternative: str) -> float:
    here = float(scipy.stats.binom.pmf(events, total, chance)) / 2
    below = float(scipy.stats.binom.cdf(events - 1, total, chance)) + here
    above = float(scipy.stats.binom.sf(events, total, chance)) + here
    return {"less": below, "greater": above, "two-sided": min(1.0, 2 * min(below, above))}[alternative]
