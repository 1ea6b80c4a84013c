"""Did a share change: two proportions, before and after."""

import math
from dataclasses import dataclass
from typing import Literal, cast, get_args

import numpy as np
from scipy.special import ndtr
from scipy.stats import boschloo_exact, fisher_exact

from analytics.sigma import WrongInput
from analytics.statistics.inputs import one_of, share
from analytics.statistics.proportion import Proportion, proportion
from analytics.statistics.result import Interval, Result

Alternative = Literal["two-sided", "less", "greater"]
ALTERNATIVES: tuple[Alternative, ...] = get_args(Alternative)
EXACT_TESTS = ("fisher", "boschloo")
# Boschloo's test searches all tables of both sizes; beyond this it takes seconds.
_MOST_BY_BOSCHLOO = 400


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
) -> TwoProportions:
    """Compare two shares from independent cases.

    The score test is Pearson's chi-square on the 2x2 table; the interval Newcombe's hybrid of two score intervals
    (Statistics in Medicine 17 (1998) 873, method 10); the exact test Fisher's (1935) or Boschloo's (1970).

    Args:
        before, after: how many of how many.
        continuity: Yates' correction of the score test (1934).

    Raises:
        WrongInput: a count or a choice is wrong.
    """
    side = alternative_of(alternative)
    one_of(exact_test, "the exact test", EXACT_TESTS)
    confidence = share(confidence, "the confidence")
    first, second = proportion(*before, confidence), proportion(*after, confidence)
    difference = second.value - first.value
    z = _score(first, second, continuity)
    tail = {"less": ndtr(z), "greater": ndtr(-z), "two-sided": 2 * ndtr(-abs(z))}[alternative]
    table = [[second.successes, second.total - second.successes], [first.successes, first.total - first.successes]]
    if exact_test == "fisher":
        p_exact = float(fisher_exact(np.array(table), side).pvalue)
    else:
        if first.total + second.total > _MOST_BY_BOSCHLOO:
            raise WrongInput(f"Boschloo's test takes at most {_MOST_BY_BOSCHLOO} cases in all; beyond, use Fisher's")
        # It compares columns, where ours are rows.
        p_exact = float(boschloo_exact(np.array(table).T, side).pvalue)
    return TwoProportions(
        first,
        second,
        alternative,
        difference,
        _newcombe(first, second, confidence),
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
