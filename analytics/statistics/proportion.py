"""A share with its interval."""

import math
from dataclasses import dataclass

from scipy.special import betainccinv, betaincinv, ndtri

from analytics.sigma import WrongInput
from analytics.statistics.inputs import count, one_of, share
from analytics.statistics.result import Interval, Result

METHODS = ("wilson", "exact", "wald", "agresti-coull", "jeffreys")


@dataclass(frozen=True, slots=True)
class Proportion(Result):
    """How many of how many, as a share between 0 and 1."""

    successes: int
    total: int
    value: float
    interval: Interval


def proportion(successes: int, total: int, confidence: float = 0.95, method: str = "wilson") -> Proportion:
    """The share and its two-sided interval.

    Args:
        method: "wilson" for the score interval, "exact" for Clopper and Pearson's; to compare with other packages also
            "wald" (misleading near 0 and 1), "agresti-coull" and "jeffreys" (Brown, Cai and DasGupta, Statistical
            Science 16 (2001) 101).

    Raises:
        WrongInput: a count is negative, there is nothing to divide by, or more successes than there are in all.
    """
    total = count(total, "the total", minimum=1)
    successes = count(successes, "the number counted")
    if successes > total:
        raise WrongInput(f"{successes} cannot come from {total}")
    confidence = share(confidence, "the confidence")
    if one_of(method, "the method", METHODS) == "exact":
        low, high = exact_bounds(successes, total, confidence)
        named = "exact (Clopper and Pearson 1934)"
    elif method == "wilson":
        low, high = wilson_bounds(successes, total, confidence)
        named = "score (Wilson 1927)"
    elif method == "jeffreys":
        low, high = _jeffreys_bounds(successes, total, confidence)
        named = "Jeffreys (Brown, Cai and DasGupta 2001)"
    else:
        low, high = _normal_bounds(successes, total, confidence, added=method == "agresti-coull")
        named = "Agresti and Coull 1998" if method == "agresti-coull" else "normal approximation (Wald)"
    return Proportion(successes, total, successes / total, Interval(low, high, confidence, named))


def wilson_bounds(successes: int, total: int, confidence: float) -> tuple[float, float]:
    """The score interval (Wilson, JASA 22 (1927) 209)."""
    z = float(ndtri((1 + confidence) / 2))
    value = successes / total
    centre = (value + z * z / (2 * total)) / (1 + z * z / total)
    half = z / (1 + z * z / total) * math.sqrt(value * (1 - value) / total + z * z / (4 * total * total))
    # At the ends the formula gives 0 and 1 only up to rounding.
    return (0.0 if successes == 0 else centre - half, 1.0 if successes == total else centre + half)


def exact_bounds(successes: int, total: int, confidence: float) -> tuple[float, float]:
    """The exact interval (Clopper and Pearson, Biometrika 26 (1934) 404)."""
    tail = (1 - confidence) / 2
    low = float(betaincinv(successes, total - successes + 1, tail)) if successes else 0.0
    high = float(betainccinv(successes + 1, total - successes, tail)) if successes < total else 1.0
    return low, high


def _normal_bounds(successes: int, total: int, confidence: float, added: bool) -> tuple[float, float]:
    """As if the share were normal; ``added``: with z² cases more, half of them successes."""
    z = float(ndtri((1 + confidence) / 2))
    size = total + z * z * added
    value = (successes + z * z / 2 * added) / size
    half = z * math.sqrt(value * (1 - value) / size)
    return max(0.0, value - half), min(1.0, value + half)


def _jeffreys_bounds(successes: int, total: int, confidence: float) -> tuple[float, float]:
    tail, good, bad = (1 - confidence) / 2, successes + 0.5, total - successes + 0.5
    low = float(betaincinv(good, bad, tail)) if successes else 0.0
    return low, float(betainccinv(good, bad, tail)) if successes < total else 1.0
