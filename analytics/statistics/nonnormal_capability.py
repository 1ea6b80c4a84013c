"""How well a quantity that is not normal, such as a response time, fits between its limits.

Quantiles at 0.135 %, 50 % and 99.865 % take the place of mean and three standard deviations (ISO 22514-4), read from a
fitted curve or from the values themselves.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import gammaln, ndtr, ndtri

from analytics.sigma import WrongInput
from analytics.statistics.inputs import FloatArray, numbers, one_of, real, share
from analytics.statistics.proportion import Proportion, proportion
from analytics.statistics.result import Interval, Result

METHODS = ("quantile", "lognormal", "weibull")
_LOW_TAIL, _HIGH_TAIL = float(ndtr(-3)), float(ndtr(3))
_ENOUGH_FOR_QUANTILES = 1000
_RESAMPLES = 400


@dataclass(frozen=True, slots=True)
class QuantileCapability(Result):
    """Capability by quantiles.

    Attributes:
        method: "quantile" (of the values), "lognormal" or "weibull" (fitted by maximum likelihood).
        parameters: of the fitted curve, by name; times in the unit of the values.
        low_quantile, median, high_quantile: at 0.135 %, 50 %, 99.865 %.
        pp: width between the limits by that between the quantiles; None with one limit.
        ppu, ppl: the same above and below the median; None without that limit.
        ppk: the smaller of the two.
        ppk_interval: by resampling (percentiles; from the fitted curve, or from the values).
        beyond: share of values seen beyond a limit.
        expected_beyond: the share beyond by the fitted curve; of the values themselves for "quantile".
        log_likelihood: of the fitted curve, to compare curves; None for "quantile".
        trusted: False where there are too few values to know the outer quantiles.
    """

    method: str
    parameters: dict[str, float]
    count: int
    lower_limit: float | None
    upper_limit: float | None
    low_quantile: float
    median: float
    high_quantile: float
    pp: float | None
    ppu: float | None
    ppl: float | None
    ppk: float
    ppk_interval: Interval
    beyond: Proportion
    expected_beyond: float
    log_likelihood: float | None
    trusted: bool


@dataclass(frozen=True, slots=True)
class _Curve:
    parameters: dict[str, float]
    quantile: Callable[[FloatArray], FloatArray]
    below: Callable[[float], float]
    draw: Callable[[np.random.Generator, int], FloatArray]
    log_likelihood: float | None


def quantile_capability(
    values: ArrayLike,
    lower_limit: float | None = None,
    upper_limit: float | None = None,
    *,
    method: str = "lognormal",
    confidence: float = 0.95,
    seed: int = 20_261_001,
) -> QuantileCapability:
    """Capability by quantiles of a curve or of the values.

    Args:
        values: at least ten; positive for "lognormal" and "weibull".
        seed: of the resampling.

    Raises:
        WrongInput: a value does not fit the method, all are the same, or the limits make no sense.
    """
    one_of(method, "the method", METHODS)
    confidence = share(confidence, "the confidence")
    x = numbers(values, "the values", least=10, above=None if method == "quantile" else 0)
    low = None if lower_limit is None else real(lower_limit, "the lower limit")
    high = None if upper_limit is None else real(upper_limit, "the upper limit")
    if low is None and high is None:
        raise WrongInput("capability needs a lower or an upper limit")
    if low is not None and high is not None and low >= high:
        raise WrongInput(f"the lower limit {low:g} is not below the upper limit {high:g}")
    if x.min() == x.max():
        raise WrongInput("the values do not vary, so there is no capability")
    fit = {"quantile": _observed, "lognormal": _lognormal, "weibull": _weibull}[method]
    curve = fit(x)
    cuts = np.array([_LOW_TAIL, 0.5, _HIGH_TAIL])
    bottom, median, top = (float(value) for value in curve.quantile(cuts))
    generator = np.random.default_rng(seed)
    again = []
    for _ in range(_RESAMPLES):
        drawn = curve.draw(generator, x.size)
        if drawn.min() < drawn.max():
            left, middle, right = (float(value) for value in fit(drawn).quantile(cuts))
            again.append(_indices(left, middle, right, low, high)[3])
    tail = (1 - confidence) / 2
    ends = np.quantile(again, [tail, 1 - tail])
    pp, ppu, ppl, ppk = _indices(bottom, median, top, low, high)
    outside = (x < low if low is not None else False) | (x > high if high is not None else np.zeros(x.size, dtype=bool))
    return QuantileCapability(
        method,
        curve.parameters,
        x.size,
        low,
        high,
        bottom,
        median,
        top,
        pp,
        ppu,
        ppl,
        ppk,
        Interval(float(ends[0]), float(ends[1]), confidence, f"bootstrap percentiles, {_RESAMPLES} draws, seed {seed}"),
        proportion(int(np.sum(outside)), x.size, confidence, "exact"),
        (curve.below(low) if low is not None else 0.0) + (1 - curve.below(high) if high is not None else 0.0),
        curve.log_likelihood,
        method != "quantile" or x.size >= _ENOUGH_FOR_QUANTILES,
    )


def _indices(
    bottom: float, median: float, top: float, low: float | None, high: float | None
) -> tuple[float | None, float | None, float | None, float]:
    ppu = None if high is None else _part(high - median, top - median)
    ppl = None if low is None else _part(median - low, median - bottom)
    pp = None if low is None or high is None else _part(high - low, top - bottom)
    return pp, ppu, ppl, min(index for index in (ppu, ppl) if index is not None)


def _part(room: float, need: float) -> float:
    # Values that are mostly the same have no width on one side: there is room for all of them, or for none.
    return room / need if need > 0 else math.copysign(math.inf, room)


def _observed(x: FloatArray) -> _Curve:
    ordered = np.sort(x)
    return _Curve(
        {},
        lambda cuts: np.quantile(ordered, cuts),
        lambda value: float(np.searchsorted(ordered, value, side="right")) / ordered.size,
        lambda generator, size: generator.choice(ordered, size),
        None,
    )


def _lognormal(x: FloatArray) -> _Curve:
    logs = np.log(x)
    mean, sd = float(logs.mean()), float(logs.std())
    likelihood = -logs.size * (math.log(sd) + 0.5 * math.log(2 * math.pi) + 0.5) - float(logs.sum())
    return _Curve(
        {"log_mean": mean, "log_sd": sd},
        lambda cuts: np.exp(mean + sd * ndtri(cuts)),
        lambda value: float(ndtr((math.log(value) - mean) / sd)) if value > 0 else 0.0,
        lambda generator, size: generator.lognormal(mean, sd, size),
        likelihood,
    )


def _weibull(x: FloatArray) -> _Curve:
    """Maximum likelihood by Newton's steps on the shape (Cohen, Technometrics 7 (1965) 579)."""
    logs = np.log(x)
    # Around the largest value all powers stay within reach.
    far = logs - logs.max()
    shape = 1.2 / max(float(logs.std()), 1e-12)
    for _ in range(100):
        weights = np.exp(shape * far)
        total = float(weights.sum())
        first = float((weights * far).sum()) / total
        second = float((weights * far * far).sum()) / total
        gap = first - 1 / shape - float(far.mean())
        slope = second - first * first + 1 / (shape * shape)
        step = gap / slope
        # The gap rises with the shape, so a step that is halved at most never crosses 0.
        shape = shape - step if step < shape else shape / 2
        if abs(step) < 1e-12 * shape:
            break
    scale = math.exp(float(logs.max()) + math.log(float(np.mean(np.exp(shape * far)))) / shape)
    standard = logs - math.log(scale)
    likelihood = logs.size * (math.log(shape) - math.log(scale))
    likelihood += float((shape - 1) * standard.sum() - np.exp(shape * standard).sum())
    return _Curve(
        {"shape": shape, "scale": scale, "mean": scale * math.exp(float(gammaln(1 + 1 / shape)))},
        lambda cuts: scale * (-np.log1p(-cuts)) ** (1 / shape),
        lambda value: -math.expm1(-((value / scale) ** shape)) if value > 0 else 0.0,
        lambda generator, size: scale * generator.weibull(shape, size),
        likelihood,
    )
