"""Yields of a process with rework, and the rolled throughput yield with an interval."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike
from scipy.special import xlogy

from analytics.sigma import MILLION, WrongInput
from analytics.statistics.inputs import FloatArray, IntArray, count, counts, numbers, same_length, share
from analytics.statistics.result import Interval, Result


@dataclass(frozen=True, slots=True)
class ProcessYields(Result):
    """Yields of steps one after the other.

    Attributes:
        final_yield: share without a lasting defect, at least 0: what was put right by rework counts as good.
        first_time_yield: share without defect and without rework, all steps together.
        rolled_yield: product of the steps' first-time yields (RTY).
        normalised_yield: the yield that, the same at each step, would give ``rolled_yield``.
        step_yields: the first-time yield of each step.
        defects_per_unit: lasting defects by opportunities (DPU).
        dpmo: the same by a million.
        rolled_interval: of ``rolled_yield``.
    """

    defects: tuple[int, ...]
    rework: tuple[int, ...]
    opportunities: tuple[int, ...]
    final_yield: float
    first_time_yield: float
    rolled_yield: float
    normalised_yield: float
    step_yields: tuple[float, ...]
    defects_per_unit: float
    dpmo: float
    rolled_interval: Interval


@dataclass(frozen=True, slots=True)
class RolledThroughputYield(Result):
    """The product of known step yields.

    Attributes:
        defects_per_unit: the total that a Poisson process with this yield has (-ln RTY).
        interval: None where the step's sizes are not known.
    """

    step_yields: tuple[float, ...]
    value: float
    normalised: float
    defects_per_unit: float
    interval: Interval | None


def process_yields(
    defects: ArrayLike,
    rework: ArrayLike | None = None,
    opportunities: int | Sequence[int] = 0,
    confidence: float = 0.95,
) -> ProcessYields:
    """Yields from counts by step (definitions as in Cano, Moguerza, Redchuk, Six Sigma with R, 2012, chapter 5).

    Args:
        defects: lasting defects of each step.
        rework: what each step had to do again, none where left out.
        opportunities: units that enter, the same for every step; or those of each step.

    Raises:
        WrongInput: a count is wrong, or a step has more defects and rework than opportunities.
    """
    failed = counts(defects, "the defects")
    again = np.zeros_like(failed) if rework is None else counts(rework, "the rework")
    same = isinstance(opportunities, (int, np.integer))
    if same:
        sizes = np.full(failed.size, count(opportunities, "the opportunities", minimum=1))
    else:
        sizes = counts(opportunities, "the opportunities", minimum=1)
    same_length(defects=failed, rework=again, opportunities=sizes)
    bad = failed + again
    for row in np.flatnonzero(bad > sizes)[:1]:
        raise WrongInput(f"row {row + 1}: {bad[row]} defects and rework cannot come from {sizes[row]} opportunities")
    # One number of opportunities is one batch going through all steps: the shares are of the batch, not of the steps.
    total = int(sizes[0]) if same else int(np.sum(sizes))
    steps = 1 - bad / sizes
    rolled = float(np.prod(steps))
    return ProcessYields(
        tuple(failed.tolist()),
        tuple(again.tolist()),
        tuple(sizes.tolist()),
        # Several steps may each fail a good part of one batch: then none of it is known to be good.
        max(0.0, 1 - int(np.sum(failed)) / total),
        max(0.0, 1 - int(np.sum(bad)) / total),
        rolled,
        rolled ** (1 / steps.size),
        tuple(steps.tolist()),
        int(np.sum(failed)) / total,
        MILLION * int(np.sum(failed)) / total,
        rolled_yield_interval(sizes - bad, sizes, confidence),
    )


def rolled_throughput_yield(
    step_yields: ArrayLike, units: Sequence[int] | None = None, confidence: float = 0.95
) -> RolledThroughputYield:
    """RTY from the yields of the steps, each between 0 and 1.

    Args:
        units: how many units stand behind each yield; without them there is no interval.

    Raises:
        WrongInput: a yield is out of range, or with ``units`` is no share of whole units.
    """
    yields = numbers(step_yields, "the step yields", minimum=0)
    for row in np.flatnonzero(yields > 1)[:1]:
        raise WrongInput(f"the step yields, row {row + 1}: must be at most 1, not {yields[row]:g}")
    value = float(np.prod(yields))
    interval = None
    if units is not None:
        sizes = counts(units, "the units", minimum=1)
        same_length(step_yields=yields, units=sizes)
        good = np.rint(yields * sizes).astype(np.int64)
        for row in np.flatnonzero(np.abs(good - yields * sizes) > 0.01)[:1]:
            raise WrongInput(f"row {row + 1}: {yields[row]:g} of {sizes[row]} is no whole number of units")
        interval = rolled_yield_interval(good, sizes, confidence)
    lost = -math.log(value) if value else math.inf
    return RolledThroughputYield(tuple(yields.tolist()), value, value ** (1 / yields.size), lost, interval)


def rolled_yield_interval(good: ArrayLike, units: ArrayLike, confidence: float = 0.95) -> Interval:
    """The likelihood-ratio interval of a product of shares (Madansky, Technometrics 7 (1965) 495).

    Args:
        good: how many passed each step; units: how many entered it.

    Raises:
        WrongInput: a count is wrong.
    """
    passed, sizes = counts(good, "the good units"), counts(units, "the units", minimum=1)
    same_length(good=passed, units=sizes)
    for row in np.flatnonzero(passed > sizes)[:1]:
        raise WrongInput(f"row {row + 1}: {passed[row]} good units cannot come from {sizes[row]}")
    confidence = share(confidence, "the confidence")
    reach = float(scipy.stats.chi2.ppf(confidence, 1))
    method = "likelihood ratio (Madansky 1965)"
    best = _log_likelihood(passed, sizes, passed / sizes)

    flawless = passed == sizes

    def yields_at(weight: float) -> FloatArray:
        # Along the constrained maxima one weight, added to good and to all units alike, sweeps all products.
        return np.where(flawless, 1.0, (passed + weight) / np.where(flawless, 1.0, sizes + weight))

    def excess(weight: float) -> float:
        return 2 * (best - _log_likelihood(passed, sizes, yields_at(weight))) - reach

    high = 1.0
    if not np.all(flawless):
        weight = 1.0
        while excess(weight) < 0:
            weight *= 2
        high = float(np.prod(yields_at(float(scipy.optimize.brentq(excess, 0, weight, xtol=1e-12 * weight)))))
    # Downwards a flawless step stays at 1 until the weight has used up its units; from there it takes the whole loss.
    edge = float(np.min(passed))
    spare = float(np.min(sizes[flawless])) if np.any(flawless) else np.inf
    low = 0.0
    if edge > 0:
        if spare <= edge and excess(-spare * (1 - 1e-12)) < 0:
            left = excess(-spare * (1 - 1e-12))
            low = float(np.prod(yields_at(-spare * (1 - 1e-12)))) * math.exp(left / (2 * spare))
        else:
            near = 0.5
            while excess(-edge * (1 - near)) < 0:
                near /= 2
            found = scipy.optimize.brentq(excess, -edge * (1 - near), 0, xtol=1e-12 * edge)
            low = float(np.prod(yields_at(float(found))))
    return Interval(low, high, confidence, method)


def _log_likelihood(passed: IntArray, sizes: IntArray, yields: FloatArray) -> float:
    return float(np.sum(xlogy(passed, yields) + xlogy(sizes - passed, np.clip(1 - yields, 0, 1))))
