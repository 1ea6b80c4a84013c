"""The named test: has it changed for the better?"""

import math
from dataclasses import dataclass

import scipy
from scipy.special import ndtri

from analytics.improvement.loops.documents import Test
from analytics.improvement.proof.evidence import CaseValues, DayCounts, Side
from analytics.improvement.proof.planning import dispersion_of, level_of
from analytics.sigma import WrongInput
from analytics.statistics.log_rank import log_rank
from analytics.statistics.result import Interval, Result
from analytics.statistics.two_proportions import two_proportions
from analytics.statistics.two_rates import two_rates
from analytics.statistics.two_samples import mann_whitney

# Below it the score test of two shares is not to be trusted, and Fisher's is taken as well (Cochran 1954).
_SMALL = 5.0


@dataclass(frozen=True, slots=True)
class Proof(Result):
    """What the test says.

    Attributes:
        method: name and source of the test.
        p: of no change, or of none for the better, as the alternative was named.
        before, after: levels: share, rate by volume, mean rating, or median hours (None: not reached).
        before_size, after_size: opportunities, volume or cases.
        before_defects, after_defects: None where nothing is counted.
        effect, interval: difference of shares; ratio of rates or paces; median difference of ratings.
        no_change: the effect of no change, 0 or 1.
        better: the effect points to the better.
        dispersion: how many times as much as chance alone days vary; the test has allowed for it.
    """

    method: str
    p: float
    before: float | None
    after: float | None
    before_size: int
    after_size: int
    before_defects: int | None
    after_defects: int | None
    effect: float
    interval: Interval
    no_change: float
    better: bool
    dispersion: float

    @property
    def excludes_no_change(self) -> bool:
        """The interval lies on the better side of no change altogether."""
        return self.better and self.interval.excludes(self.no_change)


def prove(test: Test, before: Side, after: Side, confidence: float) -> Proof:
    """Run the test that was named.

    Raises:
        WrongInput: there is too little data for it.
    """
    if isinstance(before, DayCounts) and isinstance(after, DayCounts):
        return (_shares if test.kind == "two_proportions" else _rates)(test, before, after, confidence)
    assert isinstance(before, CaseValues) and isinstance(after, CaseValues)
    return (_ranks if test.kind == "mann_whitney" else _times)(test, before, after, confidence)


def _shares(test: Test, before: DayCounts, after: DayCounts, confidence: float) -> Proof:
    first, second = before.total, after.total
    found = two_proportions(first, second, alternative=test.alternative, confidence=confidence)
    spread, freedom = dispersion_of((before, after), binomial=True)
    pooled = (first[0] + second[0]) / (first[1] + second[1])
    small = min(first[1], second[1]) * min(pooled, 1 - pooled) < _SMALL
    p, method = found.p_score, "score test of two shares (Pearson 1900)"
    if spread > 1:
        p = _tail(found.z / math.sqrt(spread), freedom, test.alternative)
        method += ", spread of the days allowed for (McCullagh and Nelder 1989)"
    if small:
        p, method = max(p, found.p_exact), f"Fisher's exact test (1935), or, if larger, the p of the {method}"
    low, high = found.interval.low, found.interval.high
    stretch = _stretch(spread, freedom, confidence)
    interval = Interval(
        max(-1.0, found.difference - stretch * (found.difference - low)),
        min(1.0, found.difference + stretch * (high - found.difference)),
        confidence,
        found.interval.method + (", widened for the spread of the days" if stretch > 1 else ""),
    )
    return Proof(
        method, p, found.before.value, found.after.value, first[1], second[1], first[0], second[0],
        found.difference, interval, 0.0, found.difference < 0, spread,
    )  # fmt: skip


def _rates(test: Test, before: DayCounts, after: DayCounts, confidence: float) -> Proof:
    first, second = before.total, after.total
    found = two_rates(
        (first[0], float(first[1])), (second[0], float(second[1])), alternative=test.alternative, confidence=confidence
    )
    spread, freedom = dispersion_of((before, after), binomial=False)
    p, method = found.p, "exact conditional test of two Poisson rates (Przyborowski and Wilenski 1940)"
    if spread > 1:
        pooled = (first[0] + second[0]) / (first[1] + second[1])
        score = (found.after_rate - found.before_rate) / math.sqrt(pooled * (1 / first[1] + 1 / second[1]))
        p = max(p, _tail(score / math.sqrt(spread), freedom, test.alternative))
        method += ", spread of the days allowed for (McCullagh and Nelder 1989)"
    stretch = _stretch(spread, freedom, confidence)
    interval = Interval(
        _stretched(found.ratio, found.interval.low, stretch),
        _stretched(found.ratio, found.interval.high, stretch),
        confidence,
        found.interval.method + (", widened for the spread of the days" if stretch > 1 else ""),
    )
    return Proof(
        method, p, found.before_rate, found.after_rate, first[1], second[1], first[0], second[0], found.ratio,
        interval, 1.0, found.ratio < 1, spread,
    )  # fmt: skip


def _ranks(test: Test, before: CaseValues, after: CaseValues, confidence: float) -> Proof:
    found = mann_whitney(before.values, after.values, alternative=test.alternative, confidence=confidence)
    chance = found.superiority_interval
    return Proof(
        f"rank-sum test of two samples, {found.method} "
        "(Mann and Whitney 1947); effect: chance that one after is better",
        found.p, level_of(before, test.measure), level_of(after, test.measure), before.size, after.size, None, None,
        found.superiority, chance, 0.5, found.superiority > 0.5, 1.0,
    )  # fmt: skip


def _times(test: Test, before: CaseValues, after: CaseValues, confidence: float) -> Proof:
    if not (any(before.ended) and any(after.ended)):
        raise WrongInput("nothing has ended on one of the sides")
    found = log_rank(
        [*before.values, *after.values],
        [*before.ended, *after.ended],
        ["before"] * before.size + ["after"] * after.size,
        confidence=confidence,
    )
    if found.hazard_ratio is None or found.hazard_ratio_interval is None:
        raise WrongInput("the paces cannot be compared")
    faster = found.hazard_ratio > 1
    p = found.p if test.alternative == "two-sided" else found.p / 2 if faster else 1 - found.p / 2
    return Proof(
        "log-rank test (Mantel 1966); effect: pace after by pace before",
        p, level_of(before, test.measure), level_of(after, test.measure), before.size, after.size, None, None,
        found.hazard_ratio, found.hazard_ratio_interval, 1.0, faster, 1.0,
    )  # fmt: skip


def _tail(score: float, freedom: int, alternative: str) -> float:
    below = float(scipy.stats.t.cdf(score, freedom))
    both = 2 * float(scipy.stats.t.cdf(-abs(score), freedom))
    return {"less": below, "greater": 1 - below, "two-sided": both}[alternative]


def _stretch(spread: float, freedom: int, confidence: float) -> float:
    if spread <= 1 or freedom < 1:
        return 1.0
    half = (1 + confidence) / 2
    return math.sqrt(spread) * float(scipy.stats.t.ppf(half, freedom)) / float(ndtri(half))


def _stretched(middle: float, end: float, stretch: float) -> float:
    """An end of an interval moved away on the logarithmic scale; where that has no value it is moved as it is."""
    if stretch <= 1 or not math.isfinite(middle) or not math.isfinite(end):
        return end
    if middle <= 0 or end <= 0:
        return max(0.0, middle + stretch * (end - middle))
    return math.exp(math.log(middle) + stretch * (math.log(end) - math.log(middle)))
