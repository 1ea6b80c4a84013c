"""Did a share change: two proportions, before and after."""

import math
from dataclasses import dataclass
from typing import Literal, cast, get_args

import numpy as np
import scipy
from scipy.special import ndtr, ndtri

from analytics.sigma import WrongInput
from analytics.statistics.inputs import one_of, share
from analytics.statistics.proportion import Proportion, proportion
from analytics.statistics.result import Interval, Result

Alternative = Literal["two-sided", "less", "greater"]
ALTERNATIVES: tuple[Alternative, ...] = get_args(Alternative)
EXACT_TESTS = ("fisher", "boschloo")
INTERVALS = ("newcombe", "wald", "agresti-caffo")
# Boschloo's test searches all tables of both sizes; beyond this it takes seconds.
_MOST_BY_BOSCHLOO = 400
# The likeliest odds ratio is found by summing over as many tables as the smallest margin has, again and again.
_MOST_CONDITIONALLY = 20_000


@dataclass(frozen=True, slots=True)
class TwoProportions(Result):
    """Two shares compared.

    Attributes:
        alternative: "less": the share fell; "greater": it rose; or "two-sided".
        difference: after less before.
        interval: of the difference, two-sided.
        z: score statistic, positive for a rise; 0 where nothing or everything failed in both.
        p_score: of that statistic.
        exact_test: "fisher" or "boschloo".
        p_exact: of that test.
        odds_ratio: of after against before, infinite or not a number where a cell is empty.
        risk_ratio: share after by share before.
    """

    before: Proportion
    after: Proportion
    alternative: str
    difference: float
    interval: Interval
    z: float
    p_score: float
    exact_test: str
    p_exact: float
    odds_ratio: float
    risk_ratio: float


def two_proportions(
    before: tuple[int, int],
    after: tuple[int, int],
    *,
    alternative: str = "two-sided",
    exact_test: str = "fisher",
    confidence: float = 0.95,
    continuity: bool = False,
    interval: str = "newcombe",
) -> TwoProportions:
    """Compare two shares from independent cases.

    The score test is Pearson's chi-square on the 2x2 table; the interval Newcombe's hybrid of two score intervals
    (Statistics in Medicine 17 (1998) 873, method 10); the exact test Fisher's (1935) or Boschloo's (1970).

    Args:
        before, after: how many of how many.
        continuity: Yates' correction of the score test (1934), and of a "wald" interval.
        interval: of the difference: "newcombe"; to compare with other packages also "wald" (R's ``prop.test``), and
            "agresti-caffo" (American Statistician 54 (2000) 280).

    Raises:
        WrongInput: a count or a choice is wrong.
    """
    side = alternative_of(alternative)
    one_of(exact_test, "the exact test", EXACT_TESTS)
    one_of(interval, "the interval", INTERVALS)
    confidence = share(confidence, "the confidence")
    first, second = proportion(*before, confidence), proportion(*after, confidence)
    difference = second.value - first.value
    z = _score(first, second, continuity)
    tail = {"less": ndtr(z), "greater": ndtr(-z), "two-sided": 2 * ndtr(-abs(z))}[alternative]
    table = [[second.successes, second.total - second.successes], [first.successes, first.total - first.successes]]
    if exact_test == "fisher":
        p_exact = float(scipy.stats.fisher_exact(np.array(table), side).pvalue)
    else:
        if first.total + second.total > _MOST_BY_BOSCHLOO:
            raise WrongInput(f"Boschloo's test takes at most {_MOST_BY_BOSCHLOO} cases in all; beyond, use Fisher's")
        # It compares columns, where ours are rows.
        p_exact = float(scipy.stats.boschloo_exact(np.array(table).T, side).pvalue)
    return TwoProportions(
        first,
        second,
        alternative,
        difference,
        _newcombe(first, second, confidence)
        if interval == "newcombe"
        else _normal(first, second, confidence, interval == "agresti-caffo", continuity),
        z,
        float(tail),
        exact_test,
        min(1.0, p_exact),
        _ratio(table[0][0] * table[1][1], table[0][1] * table[1][0]),
        _ratio(second.value, first.value),
    )


def _score(first: Proportion, second: Proportion, continuity: bool) -> float:
    pooled = (first.successes + second.successes) / (first.total + second.total)
    inverse = 1 / first.total + 1 / second.total
    spread = math.sqrt(pooled * (1 - pooled) * inverse)
    if spread == 0:
        return 0.0
    difference = second.value - first.value
    if continuity:
        difference = math.copysign(max(0.0, abs(difference) - inverse / 2), difference)
    return difference / spread


def _newcombe(first: Proportion, second: Proportion, confidence: float) -> Interval:
    difference = second.value - first.value
    low = math.hypot(second.value - second.interval.low, first.interval.high - first.value)
    high = math.hypot(second.interval.high - second.value, first.value - first.interval.low)
    return Interval(difference - low, difference + high, confidence, "hybrid score (Newcombe 1998, method 10)")


def _normal(first: Proportion, second: Proportion, confidence: float, added: bool, continuity: bool) -> Interval:
    """As if the difference were normal; ``added``: with one success and one failure more in each."""
    shares = [((p.successes + added) / (p.total + 2 * added), p.total + 2 * added) for p in (first, second)]
    difference = shares[1][0] - shares[0][0]
    half = float(ndtri((1 + confidence) / 2)) * math.sqrt(sum(p * (1 - p) / n for p, n in shares))
    if continuity and not added:
        # No more than the difference itself, as R does.
        half += min(0.5 * sum(1 / n for _, n in shares), abs(difference))
    named = "Agresti and Caffo 2000" if added else "normal approximation (Wald)"
    return Interval(max(-1.0, difference - half), min(1.0, difference + half), confidence, named)


def conditional_odds_ratio(
    before: tuple[int, int], after: tuple[int, int], *, alternative: str = "two-sided", confidence: float = 0.95
) -> tuple[float, Interval]:
    """The odds ratio of after against before that goes with Fisher's test, and its interval (Fisher 1962).

    It is the one under which, the margins given, the table is most likely; with a one-sided alternative the interval
    has one bound.

    Raises:
        WrongInput: a count or a choice is wrong, or there are more than 20,000 cases in all.
    """
    side = alternative_of(alternative)
    first, second = proportion(*before), proportion(*after)
    if first.total + second.total > _MOST_CONDITIONALLY:
        raise WrongInput(
            f"this odds ratio takes at most {_MOST_CONDITIONALLY} cases in all; beyond, take the plain one"
        )
    confidence = share(confidence, "the confidence")
    table = [[second.successes, second.total - second.successes], [first.successes, first.total - first.successes]]
    found = scipy.stats.contingency.odds_ratio(np.array(table), kind="conditional")
    ends = found.confidence_interval(confidence, side)
    return float(found.statistic), Interval(float(ends.low), float(ends.high), confidence, "exact conditional (Fisher)")


def _ratio(top: float, bottom: float) -> float:
    if bottom == 0:
        return math.nan if top == 0 else math.inf
    return top / bottom


def alternative_of(word: str) -> Alternative:
    """What a test looks for.

    Raises:
        WrongInput: there is no such alternative.
    """
    return cast(Alternative, one_of(word, "the alternative", ALTERNATIVES))
