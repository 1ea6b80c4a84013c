"""What it costs to regain a customer."""

import math
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike

from analytics.sigma import WrongInput
from analytics.statistics.inputs import FloatArray, flags, numbers, same_length, share
from analytics.statistics.result import Interval, Result

_RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class CostPerRegained(Result):
    """Money spent on recoveries by customers regained.

    Attributes:
        value: in the unit of the costs; all costs count, also those of recoveries that regained nobody.
        fieller: interval of the ratio (Fieller, JRSS B 16 (1954) 175); without end where the share regained is too
            unsure to rule out none.
        bootstrap: interval by resampling cases (percentiles; Efron 1979); its upper end is infinite where a resample
            regained nobody that often.
    """

    cases: int
    regained: int
    total_cost: float
    value: float
    fieller: Interval
    bootstrap: Interval


def cost_per_regained(
    costs: ArrayLike, regained: ArrayLike, *, confidence: float = 0.95, seed: int = 20_261_001
) -> CostPerRegained:
    """Cost by regained customer with two intervals.

    Args:
        costs: of each case's recovery, not negative, in any unit of money.
        regained: whether its customer stayed.
        seed: of the resampling.

    Raises:
        WrongInput: a column is wrong, or nobody was regained.
    """
    spent, kept = numbers(costs, "the costs", least=2, minimum=0), flags(regained, "the regained").astype(np.float64)
    same_length(costs=spent, regained=kept)
    confidence = share(confidence, "the confidence")
    if not kept.any():
        raise WrongInput("nobody was regained, so there is no cost by regained customer")
    value = float(spent.sum() / kept.sum())
    return CostPerRegained(
        spent.size,
        int(kept.sum()),
        float(spent.sum()),
        value,
        fieller_interval(spent, kept, confidence),
        _bootstrap(spent, kept, confidence, seed),
    )


def fieller_interval(top: FloatArray, bottom: FloatArray, confidence: float) -> Interval:
    """The interval of mean(top) / mean(bottom) from pairs (Fieller 1954).

    Where the bottom mean cannot be told from 0 the set of ratios has no end; then both ends are infinite.
    """
    size = top.size
    a, b = float(top.mean()), float(bottom.mean())
    covariance = np.cov(top, bottom) / size
    reach = float(scipy.stats.t.ppf((1 + confidence) / 2, size - 1)) ** 2
    square = b * b - reach * float(covariance[1, 1])
    method = "Fieller 1954"
    if square <= 0:
        return Interval(-math.inf, math.inf, confidence, method)
    middle = a * b - reach * float(covariance[0, 1])
    root = math.sqrt(max(0.0, middle * middle - square * (a * a - reach * float(covariance[0, 0]))))
    return Interval((middle - root) / square, (middle + root) / square, confidence, method)


def _bootstrap(spent: FloatArray, kept: FloatArray, confidence: float, seed: int) -> Interval:
    generator = np.random.default_rng(seed)
    ratios = np.empty(_RESAMPLES)
    for index in range(_RESAMPLES):
        rows = generator.integers(0, spent.size, spent.size)
        won = float(kept[rows].sum())
        ratios[index] = float(spent[rows].sum()) / won if won else math.inf
    tail = (1 - confidence) / 2
    ordered = np.sort(ratios)
    low, high = (float(ordered[round(q * (_RESAMPLES - 1))]) for q in (tail, 1 - tail))
    return Interval(low, high, confidence, f"bootstrap percentiles, {_RESAMPLES} draws, seed {seed}")
