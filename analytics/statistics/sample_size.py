"""How many cases a planned test needs, and what it can find with those there are."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import scipy
from scipy.special import ndtr, ndtri

from analytics.sigma import WrongInput
from analytics.statistics.inputs import one_of, real, share
from analytics.statistics.result import Result

SIDES = ("two-sided", "one-sided")


@dataclass(frozen=True, slots=True)
class PlannedTest(Result):
    """A test with its size.

    Attributes:
        test: what is compared.
        size: of each group, as the formula gives it: cases, or units of exposure for rates.
        needed: ``size`` rounded up; what to plan with.
        power: chance to find the change if it is there, at ``size``.
        level: chance to find one where there is none.
        sides: "two-sided" or "one-sided".
        effect: the numbers the plan was made for, by name.
    """

    test: str
    size: float
    needed: int
    power: float
    level: float
    sides: str
    effect: dict[str, float]


def plan_two_proportions(
    before: float,
    after: float,
    *,
    power: float | None = None,
    size: float | None = None,
    level: float = 0.05,
    sides: str = "two-sided",
) -> PlannedTest:
    """Size for a power, or power for a size, of the score test of two shares (Fleiss 1981, section 3.2).

    Args:
        before, after: the shares to tell apart.
        power, size: exactly one of the two; the other is worked out.

    Raises:
        WrongInput: a share is out of range, both are the same, or not exactly one of power and size is given.
    """
    p, q = share(before, "the share before"), share(after, "the share after")
    _different(p, q, "shares")
    alternative = math.sqrt(p * (1 - p) + q * (1 - q))
    pooled = (p + q) / 2
    null = math.sqrt(2 * pooled * (1 - pooled))
    return _normal("two proportions", abs(p - q), null, alternative, power, size, level, sides, before=p, after=q)


def plan_two_rates(
    before: float,
    after: float,
    *,
    power: float | None = None,
    exposure: float | None = None,
    level: float = 0.05,
    sides: str = "two-sided",
) -> PlannedTest:
    """Exposure for a power, or power for an exposure, of the score test of two Poisson rates (Ng and Tang 2005).

    Args:
        before, after: events per unit of exposure.
        exposure: units of exposure of each group.

    Raises:
        WrongInput: a rate is not positive, both are the same, or not exactly one of power and exposure is given.
    """
    a, b = real(before, "the rate before", above=0), real(after, "the rate after", above=0)
    _different(a, b, "rates")
    spread = math.sqrt(a + b)
    return _normal("two Poisson rates", abs(a - b), spread, spread, power, exposure, level, sides, before=a, after=b)


def plan_two_means(
    difference: float,
    sd: float = 1.0,
    *,
    power: float | None = None,
    size: float | None = None,
    level: float = 0.05,
    sides: str = "two-sided",
) -> PlannedTest:
    """Size for a power, or power for a size, of Student's test of two means, by the noncentral t (Cohen 1988).

    As in R's ``power.t.test`` without ``strict``, the far tail of a two-sided test is left out.

    Args:
        difference: of the means to be found, and ``sd`` within each group, in the same unit.

    Raises:
        WrongInput: a number is out of range, or not exactly one of power and size is given.
    """
    delta = abs(real(difference, "the difference")) / real(sd, "the standard deviation", above=0)
    if delta == 0:
        raise WrongInput("a difference of 0 cannot be found")
    tail = _tail(level, sides)

    def power_at(n: float) -> float:
        freedom = 2 * (n - 1)
        return float(scipy.stats.nct.sf(scipy.stats.t.isf(tail, freedom), freedom, math.sqrt(n / 2) * delta))

    effect = {"difference": difference, "sd": sd}
    if _wanted(power, size) == "size":
        goal = _power(power, tail)
        # Fewer than two in each group carry no spread.
        n = 2.0 if power_at(2) >= goal else _solve(power_at, goal, 2.0)
    else:
        n = real(size, "the size", minimum=2)
    return PlannedTest("two means", n, math.ceil(n - 1e-9), power_at(n), level, sides, effect)


def _normal(
    test: str,
    difference: float,
    null: float,
    alternative: float,
    power: float | None,
    size: float | None,
    level: float,
    sides: str,
    **effect: float,
) -> PlannedTest:
    tail = _tail(level, sides)
    critical = -float(ndtri(tail))
    if _wanted(power, size) == "size":
        goal = _power(power, tail)
        n = ((critical * null + float(ndtri(goal)) * alternative) / difference) ** 2
        reached = goal
    else:
        n = real(size, "the size", above=0)
        reached = float(ndtr((math.sqrt(n) * difference - critical * null) / alternative))
    return PlannedTest(test, n, math.ceil(n - 1e-9), reached, level, sides, effect)


def _tail(level: float, sides: str) -> float:
    one_of(sides, "the sides", SIDES)
    return share(level, "the level") / (2 if sides == "two-sided" else 1)


def _power(power: float | None, tail: float) -> float:
    goal = share(power, "the power")
    if goal <= tail:
        raise WrongInput(f"a power of {goal:g} is no more than chance; it must be above {tail:g}")
    return goal


def _wanted(power: float | None, size: float | None) -> str:
    if (power is None) == (size is None):
        raise WrongInput("give either the power or the size; the other is worked out")
    return "size" if size is None else "power"


def _different(first: float, second: float, what: str) -> None:
    if first == second:
        raise WrongInput(f"both {what} are {first:g}, so there is no change to find")


def _solve(power_at: Callable[[float], float], goal: float, low: float) -> float:
    high = 2 * low
    while power_at(high) < goal:
        high *= 2
    return float(scipy.optimize.brentq(lambda n: power_at(n) - goal, low, high, xtol=1e-9))
