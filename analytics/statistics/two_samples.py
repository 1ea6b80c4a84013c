"""Did a time or a rating change: two samples of numbers, before and after, without asking for a normal curve."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike
from scipy.special import ndtri

from analytics.sigma import WrongInput
from analytics.statistics.inputs import FloatArray, numbers, one_of, share
from analytics.statistics.result import Interval, Result
from analytics.statistics.two_proportions import alternative_of

# So few that the exact distribution is quick, as long as no value comes twice.
_FEW = 50
METHODS = ("auto", "exact", "normal")
_PAIRS_AT_ONCE = 4_000_000


@dataclass(frozen=True, slots=True)
class TwoSamples(Result):
    """Two samples compared by ranks.

    Attributes:
        method: "exact" or "normal" (with correction for ties and continuity).
        u: pairs in which the value after is the larger, ties counting half (Mann and Whitney 1947).
        shift: median of all differences after less before, in the unit of the values (Hodges and Lehmann 1963).
        shift_interval: of the shift.
        superiority: chance that a value after is the larger, ties half.
        superiority_interval: of that chance.
        effect: rank-biserial correlation, which is Cliff's delta: -1 all lower, 1 all higher.
    """

    before_count: int
    after_count: int
    alternative: str
    method: str
    u: float
    p: float
    shift: float
    shift_interval: Interval
    superiority: float
    superiority_interval: Interval
    effect: float


def mann_whitney(
    before: ArrayLike,
    after: ArrayLike,
    *,
    alternative: str = "two-sided",
    confidence: float = 0.95,
    method: str = "auto",
    continuity: bool = True,
) -> TwoSamples:
    """The rank-sum test with the shift it stands for.

    Args:
        alternative: "less": values fell; "greater": they rose.
        method: "exact", "normal", or "auto": exact for fewer than 50 values in each without ties.
        continuity: correction of the normal test (Mann and Whitney 1947).

    Raises:
        WrongInput: a sample has fewer than two values, one is not finite, or an exact test is asked for and values are
            tied, or too many.
    """
    side = alternative_of(alternative)
    confidence = share(confidence, "the confidence")
    x = np.sort(numbers(before, "the values before", least=2))
    y = np.sort(numbers(after, "the values after", least=2))
    tied = np.unique(np.concatenate([x, y])).size < x.size + y.size
    exact = not tied and x.size < _FEW and y.size < _FEW and method != "normal"
    if one_of(method, "the method", METHODS) == "exact" and not exact:
        raise WrongInput(f"the exact test takes values that are all different, and fewer than {_FEW} in each sample")
    if x[0] == x[-1] == y[0] == y[-1]:
        u, p = x.size * y.size / 2, 1.0
    else:
        test = scipy.stats.mannwhitneyu(
            y, x, alternative=side, method="exact" if exact else "asymptotic", use_continuity=continuity
        )
        u, p = float(test.statistic), float(test.pvalue)
    superiority = u / (x.size * y.size)
    return TwoSamples(
        x.size,
        y.size,
        alternative,
        "exact" if exact else "normal",
        u,
        min(1.0, p),
        _hodges_lehmann(x, y),
        _shift_interval(x, y, exact, tied, confidence),
        superiority,
        _superiority_interval(superiority, x.size, y.size, confidence),
        2 * superiority - 1,
    )


def hodges_lehmann(before: ArrayLike, after: ArrayLike) -> float:
    """The median of all differences after less before.

    Raises:
        WrongInput: a value is not finite.
    """
    return _hodges_lehmann(np.sort(numbers(before, "the values before")), np.sort(numbers(after, "the values after")))


def _hodges_lehmann(x: FloatArray, y: FloatArray) -> float:
    pairs = x.size * y.size
    picked = _differences(x, y)
    return (picked((pairs - 1) // 2) + picked(pairs // 2)) / 2


def _differences(x: FloatArray, y: FloatArray) -> Callable[[int], float]:
    """A function that gives the k-th smallest (from 0) of all differences y - x."""
    if x.size * y.size <= _PAIRS_AT_ONCE:
        ordered = np.sort((y[:, None] - x[None, :]).ravel())
        return lambda k: float(ordered[k])

    def kth(k: int) -> float:
        low, high = float(y[0] - x[-1]), float(y[-1] - x[0])
        # Halving to the last digit: too many pairs to write down, but quick to count below a value.
        while True:
            middle = low + (high - low) / 2
            if not low < middle < high:
                break
            if int(np.sum(np.searchsorted(y, x + middle, side="right"))) > k:
                high = middle
            else:
                low = middle
        return high

    return kth


def _shift_interval(x: FloatArray, y: FloatArray, exact: bool, tied: bool, confidence: float) -> Interval:
    """Ends are ordered differences (Hollander and Wolfe 1973, section 4.3; Moses 1953)."""
    m, n = x.size, y.size
    tail = (1 - confidence) / 2
    picked = _differences(x, y)
    if exact:
        chances = _rank_sum_chances(m, n)
        cumulative = np.cumsum(chances)
        index = int(np.searchsorted(cumulative, tail, side="right"))
        method = "ordered differences, exact (Moses 1953)"
    else:
        spread = m * n * (m + n + 1) / 12
        if tied:
            _, repeats = np.unique(np.concatenate([x, y]), return_counts=True)
            total = m + n
            spread -= m * n * float(np.sum(repeats.astype(float) ** 3 - repeats)) / (12 * total * (total - 1))
        index = math.floor(m * n / 2 + float(ndtri(tail)) * math.sqrt(max(spread, 0.0)))
        method = "ordered differences, normal approximation (Moses 1953)"
    if index < 1:
        # So few values carry no interval at this confidence.
        return Interval(-math.inf, math.inf, confidence, method)
    return Interval(picked(index - 1), picked(m * n - index), confidence, method)


def _rank_sum_chances(m: int, n: int) -> FloatArray:
    """The distribution of U without ties, by the recurrence of Mann and Whitney (1947)."""
    ways = np.zeros(m * n + 1)
    ways[0] = 1.0
    # The generating function is a product of (1 - q^(n+i)) / (1 - q^i).
    for i in range(1, m + 1):
        upper = n + i
        if upper <= m * n:
            ways[upper:] -= ways[:-upper].copy()
        for start in range(i):
            ways[start::i] = np.cumsum(ways[start::i])
    chances: FloatArray = ways / ways.sum()
    return chances


def _superiority_interval(theta: float, m: int, n: int, confidence: float) -> Interval:
    """On the logit scale, so that it stays within 0 and 1.

    The variance is Hanley and McNeil's (Radiology 143 (1982) 29), smoothed for unequal samples as by Newcombe
    (Statistics in Medicine 25 (2006) 559).
    """
    method = "logit of the rank probability, variance by Hanley and McNeil (1982)"
    if theta in (0.0, 1.0):
        # The logit has no value there; what one more pair of values could have brought bounds it.
        low, high = _logit_ends(abs(theta - 0.5 / (min(m, n) + 1)), m, n, confidence)
        return Interval(0.0 if theta == 0 else low, 1.0 if theta == 1 else high, confidence, method)
    low, high = _logit_ends(theta, m, n, confidence)
    return Interval(low, high, confidence, method)


def _logit_ends(theta: float, m: int, n: int, confidence: float) -> tuple[float, float]:
    star = (m + n) / 2 - 1
    variance = theta * (1 - theta) * (1 + star * (1 - theta) / (2 - theta) + star * theta / (1 + theta)) / (m * n)
    logit = math.log(theta / (1 - theta))
    half = float(ndtri((1 + confidence) / 2)) * math.sqrt(variance) / (theta * (1 - theta))
    return 1 / (1 + math.exp(-(logit - half))), 1 / (1 + math.exp(-(logit + half)))
