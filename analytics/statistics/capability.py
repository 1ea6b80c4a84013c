"""How well a measured quantity, such as a response time, fits between its limits, if it is normally distributed.

Cp, Cpk use the spread within (from moving ranges or within subgroups), Pp, Ppk the spread overall (ISO 22514-2; AIAG
SPC 2005). For quantities that are not normal see ``nonnormal_capability``.
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from analytics.sigma import WrongInput
from analytics.statistics.inputs import FloatArray, count, numbers, real, same_length, share
from analytics.statistics.proportion import Proportion, proportion
from analytics.statistics.result import Interval, Result

# Mean of the range of two standard normal values, 2/sqrt(pi); tables round it to 1.128.
_MEAN_RANGE_OF_TWO = 2 / math.sqrt(math.pi)


@dataclass(frozen=True, slots=True)
class CapabilityIndices(Result):
    """The indices for one estimate of the spread.

    Attributes:
        spread: which spread: "given", "overall", "moving range" or "within subgroups".
        sd: that standard deviation, in the unit of the values.
        cp: width between the limits by six sd; None with one limit. With the overall spread it is Pp.
        cpu, cpl: distance of the mean from the upper and the lower limit by three sd; None without that limit.
        cpk: the smaller of the two. With the overall spread it is Ppk.
        k: how far the mean is off the middle of the limits, 0 in the middle, 1 on a limit; None with one limit.
        cpm: cp with the deviation from the target added (Taguchi; Chan, Cheng, Spiring 1988); None without target.
        z: distance of the nearer limit from the mean in sd, 3 cpk.
        z_bench: the normal quantile of the expected share within the limits.
        cp_interval, cpk_interval: None where the number of values is not known.
        expected_below, expected_above: share beyond each limit by the normal curve; 0 without that limit.
    """

    spread: str
    sd: float
    cp: float | None
    cpu: float | None
    cpl: float | None
    cpk: float
    k: float | None
    cpm: float | None
    z: float
    z_bench: float
    cp_interval: Interval | None
    cpk_interval: Interval | None
    expected_below: float
    expected_above: float


@dataclass(frozen=True, slots=True)
class Capability(Result):
    """Capability by the normal curve.

    Attributes:
        count: number of values; None where only mean and standard deviation were given.
        within: indices by the spread within (Cp, Cpk); None where only mean and standard deviation were given.
        overall: indices by the overall (or the given) spread (Pp, Ppk).
        beyond: share of values that were observed beyond a limit; None without values.
    """

    count: int | None
    mean: float
    lower_limit: float | None
    upper_limit: float | None
    target: float | None
    within: CapabilityIndices | None
    overall: CapabilityIndices
    beyond: Proportion | None


def capability(
    values: ArrayLike,
    lower_limit: float | None = None,
    upper_limit: float | None = None,
    *,
    target: float | None = None,
    subgroups: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
) -> Capability:
    """Capability from values in the order of time.

    Args:
        values: at least two, any unit.
        lower_limit, upper_limit: of the specification, at least one.
        subgroups: the subgroup of each value; without them the spread within comes from the moving ranges.

    Raises:
        WrongInput: a value is not finite, all are the same, or the limits make no sense.
    """
    x = numbers(values, "the values", least=2)
    low, high, aim = _limits(lower_limit, upper_limit, target)
    mean, sd = float(np.mean(x)), float(np.std(x, ddof=1))
    if subgroups is None:
        spread, freedom = "moving range", x.size - 1
        within = float(np.mean(np.abs(np.diff(x)))) / _MEAN_RANGE_OF_TWO
    else:
        same_length(values=x, subgroups=subgroups)
        spread = "within subgroups"
        within, freedom = _pooled(x, subgroups)
    if sd == 0 or within == 0:
        raise WrongInput("the values do not vary, so there is no capability")
    outside = sum(bool(beyond) for beyond in _beyond(x, low, high))
    return Capability(
        x.size,
        mean,
        low,
        high,
        aim,
        _indices(spread, mean, within, low, high, aim, x.size, freedom, confidence),
        _indices("overall", mean, sd, low, high, aim, x.size, x.size - 1, confidence),
        proportion(outside, x.size, confidence, "exact"),
    )


def capability_from_moments(
    mean: float,
    sd: float,
    lower_limit: float | None = None,
    upper_limit: float | None = None,
    *,
    target: float | None = None,
    size: int | None = None,
    confidence: float = 0.95,
) -> Capability:
    """Capability from a known mean and standard deviation.

    Args:
        size: number of values behind them, for the intervals; None if they are known exactly.

    Raises:
        WrongInput: a number is not finite, ``sd`` is not positive, or the limits make no sense.
    """
    mean, sd = real(mean, "the mean"), real(sd, "the standard deviation", above=0)
    low, high, aim = _limits(lower_limit, upper_limit, target)
    if size is not None:
        size = count(size, "the number of values", minimum=2)
    freedom = None if size is None else size - 1
    indices = _indices("given", mean, sd, low, high, aim, size, freedom, confidence)
    return Capability(size, mean, low, high, aim, None, indices, None)


def cp_bounds(cp: float, freedom: int, confidence: float) -> Interval:
    """The exact interval of Cp under normality (Kane, Journal of Quality Technology 18 (1986) 41)."""
    tail = (1 - confidence) / 2
    low, high = (cp * math.sqrt(float(scipy.stats.chi2.ppf(q, freedom)) / freedom) for q in (tail, 1 - tail))
    return Interval(low, high, confidence, "chi-square (Kane 1986)")


def cpk_bounds(cpk: float, size: int, freedom: int, confidence: float) -> Interval:
    """The approximate interval of Cpk (Bissell, Applied Statistics 39 (1990) 331)."""
    half = float(ndtri((1 + confidence) / 2)) * math.sqrt(1 / (9 * size) + cpk * cpk / (2 * freedom))
    return Interval(cpk - half, cpk + half, confidence, "normal approximation (Bissell 1990)")


def _limits(
    lower: float | None, upper: float | None, target: float | None
) -> tuple[float | None, float | None, float | None]:
    low = None if lower is None else real(lower, "the lower limit")
    high = None if upper is None else real(upper, "the upper limit")
    if low is None and high is None:
        raise WrongInput("capability needs a lower or an upper limit")
    if low is not None and high is not None and low >= high:
        raise WrongInput(f"the lower limit {low:g} is not below the upper limit {high:g}")
    return low, high, None if target is None else real(target, "the target")


def _beyond(x: FloatArray, low: float | None, high: float | None) -> list[bool]:
    below = x < low if low is not None else np.zeros(x.size, dtype=bool)
    above = x > high if high is not None else np.zeros(x.size, dtype=bool)
    return [bool(value) for value in below | above]


def _pooled(x: FloatArray, subgroups: Sequence[Hashable]) -> tuple[float, int]:
    members: dict[Hashable, list[float]] = {}
    for group, value in zip(subgroups, x, strict=True):
        members.setdefault(group, []).append(float(value))
    freedom = x.size - len(members)
    if freedom == 0:
        raise WrongInput("every subgroup has one value, so there is no spread within")
    squares = sum(float(np.var(group)) * len(group) for group in members.values())
    return math.sqrt(squares / freedom), freedom


def _indices(
    spread: str,
    mean: float,
    sd: float,
    low: float | None,
    high: float | None,
    target: float | None,
    size: int | None,
    freedom: int | None,
    confidence: float,
) -> CapabilityIndices:
    confidence = share(confidence, "the confidence")
    cpu = None if high is None else (high - mean) / (3 * sd)
    cpl = None if low is None else (mean - low) / (3 * sd)
    cpk = min(index for index in (cpu, cpl) if index is not None)
    cp = k = cpm = None
    if low is not None and high is not None:
        cp = (high - low) / (6 * sd)
        k = abs((low + high) / 2 - mean) / ((high - low) / 2)
        if target is not None:
            cpm = cp / math.sqrt(1 + ((mean - target) / sd) ** 2)
    below = 0.0 if cpl is None else float(ndtr(-3 * cpl))
    above = 0.0 if cpu is None else float(ndtr(-3 * cpu))
    return CapabilityIndices(
        spread,
        sd,
        cp,
        cpu,
        cpl,
        cpk,
        k,
        cpm,
        3 * cpk,
        -float(ndtri(min(below + above, 1.0))),
        None if cp is None or freedom is None else cp_bounds(cp, freedom, confidence),
        None if size is None or freedom is None else cpk_bounds(cpk, size, freedom, confidence),
        below,
        above,
    )
