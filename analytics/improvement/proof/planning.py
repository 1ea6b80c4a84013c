"""How much data the named test needs, before it begins."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri

from analytics.improvement.loops.documents import Test
from analytics.improvement.proof.evidence import CaseValues, DayCounts, Side
from analytics.sigma import WrongInput
from analytics.statistics.result import Result
from analytics.statistics.sample_size import plan_two_means, plan_two_proportions, plan_two_rates
from analytics.statistics.survival import kaplan_meier

# Asymptotic efficiency of the rank-sum test against Student's for normal values: 3/pi (Lehmann 1975, section 2.4).
_EFFICIENCY = 3 / math.pi
_LEAST = 1e-9


@dataclass(frozen=True, slots=True)
class Planned(Result):
    """The plan of a test.

    Attributes:
        before, target: levels: share, rate by volume, mean rating, or median hours.
        needed: size of each side if both were equal.
        have: size of the side before.
        after: size that the side after takes, given the one before; None where that one alone is too small.
        dispersion: how many times as much as chance alone the days before vary; it multiplies what is needed.
    """

    before: float
    target: float
    needed: int
    have: int
    after: int | None
    power: float
    level: float
    sides: str
    dispersion: float

    @property
    def least_before(self) -> int:
        """A side before of this size is the least that any side after can make up for."""
        return self.needed // 2 + 1


def level_of(side: Side, measure: str) -> float | None:
    """Share, rate, mean rating or median hours; None where there is nothing to tell it from."""
    if isinstance(side, DayCounts):
        defects, opportunities = side.total
        return defects / opportunities if opportunities else None
    if not side.size:
        return None
    if measure == "rating":
        return float(np.mean(side.values))
    return kaplan_meier(side.values, side.ended).median if any(side.ended) else None


def plan(test: Test, side: Side) -> Planned:
    """The size that the test needs to find its target with its power.

    With unequal sides the information is that of the harmonic mean of their sizes.

    Raises:
        WrongInput: there is no level before, or the target is not better than it.
    """
    before = level_of(side, test.measure)
    if before is None:
        raise WrongInput("there is no level before to start from")
    target = test.target.level(before, rises=test.rises)
    if not (target > before if test.rises else target < before):
        raise WrongInput("the target is not better than the level before")
    sides = "two-sided" if test.alternative == "two-sided" else "one-sided"
    options = {"power": test.power, "level": test.alpha, "sides": sides}
    spread = 1.0
    if isinstance(side, DayCounts):
        spread = dispersion_of((side,), binomial=test.kind == "two_proportions")[0]
        if test.kind == "two_proportions":
            needed = plan_two_proportions(before, max(target, _LEAST), **options).size  # type: ignore[arg-type]
        else:
            needed = plan_two_rates(before, max(target, _LEAST * before), **options).size  # type: ignore[arg-type]
        needed *= spread
    elif test.kind == "mann_whitney":
        needed = _for_ranks(side, target - before, options)
    else:
        needed = _for_times(before / max(target, _LEAST), test, sides)
    whole = max(2, math.ceil(needed - 1e-9))
    after = None
    if side.size * 2 > whole:
        after = max(2, math.ceil(1 / (2 / whole - 1 / side.size) - 1e-9))
    return Planned(before, target, whole, side.size, after, test.power, test.alpha, sides, spread)


def dispersion_of(sides: tuple[DayCounts, ...], *, binomial: bool) -> tuple[float, int]:
    """How many times as much as chance alone lets them the days vary about the level of their own side, at least 1.

    Pearson's statistic by its degrees of freedom (McCullagh and Nelder 1989, section 4.5).

    Returns:
        The ratio, and the degrees of freedom.
    """
    statistic, days = 0.0, 0
    for side in sides:
        sizes, defects = np.array(side.opportunities, dtype=float), np.array(side.defects, dtype=float)
        known = sizes > 0
        sizes, defects = sizes[known], defects[known]
        days += int(known.sum())
        if not sizes.size or not defects.sum():
            continue
        share = defects.sum() / sizes.sum()
        variance = sizes * share * ((1 - share) if binomial else 1)
        if (variance > 0).all():
            statistic += float((((defects - sizes * share) ** 2) / variance).sum())
    freedom = days - len(sides)
    return (max(1.0, statistic / freedom), freedom) if freedom > 0 else (1.0, 0)


def _for_ranks(side: CaseValues, difference: float, options: Mapping[str, Any]) -> float:
    spread = float(np.std(side.values, ddof=1)) if side.size > 1 else 0.0
    if spread == 0:
        raise WrongInput("the values before do not vary")
    return plan_two_means(difference, spread, **options).size / _EFFICIENCY


def _for_times(ratio: float, test: Test, sides: str) -> float:
    """Ends of each side, for a pace so many times as fast (Schoenfeld, Biometrika 68 (1981) 316)."""
    tail = test.alpha / (2 if sides == "two-sided" else 1)
    return 2 * (float(ndtri(1 - tail)) + float(ndtri(test.power))) ** 2 / math.log(ratio) ** 2
