"""How many complaints to expect in the coming days, with how wrong such forecasts have been."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import scipy
from numpy.typing import ArrayLike

from analytics.statistics.count_model import CountModel, design, fit
from analytics.statistics.inputs import FloatArray, count, counts, days, real, same_length, share
from analytics.statistics.result import Result

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_WEEK = 7
_LEAST_DAYS = 7
_DAYS_FOR_WEEKDAYS = 14
_MOST_FOLDS = 8


@dataclass(frozen=True, slots=True)
class Backtest(Result):
    """How wrong forecasts made in the past, from what was known then, turned out to be.

    Attributes:
        folds: how many forecasts; days: how many days they covered.
        mean_absolute_error: in cases a day.
        mape: mean absolute error in per cent of the count, over the ``mape_days`` with any; None without such days.
        mase: absolute error by that of "as a week ago" in the history (Hyndman and Koehler 2006): below 1 is better;
            None where that never erred.
        coverage: share of days within the interval; to be compared with the confidence.
    """

    folds: int
    days: int
    mean_absolute_error: float
    mape: float | None
    mape_days: int
    mase: float | None
    coverage: float


@dataclass(frozen=True, slots=True)
class Forecast(Result):
    """Expected counts of coming days.

    Attributes:
        days, mean, low, high: one each day; low and high enclose the count with ``confidence``.
        weekday_effects: factor of each weekday on the level; empty where the series is too short for them.
        holiday_effect: factor of holidays; None where none is known.
        dispersion: variance is mean + dispersion x mean²; 0 is Poisson's.
        half_life: days after which a day counts half.
        backtest: None where the series is too short for one.
        notes: what a reader must know before believing this.
    """

    days: tuple[date, ...]
    mean: tuple[float, ...]
    low: tuple[int, ...]
    high: tuple[int, ...]
    confidence: float
    weekday_effects: dict[str, float]
    holiday_effect: float | None
    dispersion: float
    half_life: float
    backtest: Backtest | None
    notes: tuple[str, ...]


def forecast(
    history: Sequence[date],
    daily_counts: ArrayLike,
    horizon: int = 14,
    *,
    holidays: Collection[date] = (),
    make_up_days: Collection[date] = (),
    half_life: float = 60.0,
    confidence: float = 0.9,
) -> Forecast:
    """Forecast daily counts by a log-linear Poisson or negative binomial model (Cameron and Trivedi 2013, chapter 3).

    Older days count less, so that the level follows slow change; there is no trend, which a few weeks of counts would
    mostly imagine.

    Args:
        history: consecutive days; daily_counts: of each of them.
        horizon: how many days to forecast.
        holidays: public holidays in the past and to come.
        make_up_days: weekend days that are worked to make up for them.

    Raises:
        WrongInput: days are missing or out of order, a count is wrong, or there are fewer than 7 days.
    """
    days(history, "the days", consecutive=True)
    values = counts(daily_counts, "the counts", least=_LEAST_DAYS).astype(np.float64)
    same_length(days=history, counts=values)
    horizon = count(horizon, "the horizon", minimum=1)
    half_life, confidence = real(half_life, "the half-life", above=0), share(confidence, "the confidence")
    known = list(history)
    coming = [known[-1] + timedelta(days=step) for step in range(1, horizon + 1)]
    model = _fit(known, values, holidays, make_up_days, half_life)
    mean, low, high = _predict(model, coming, holidays, make_up_days, confidence)
    tested = _backtest(known, values, horizon, holidays, make_up_days, half_life, confidence)
    effects, holiday = _effects(model)
    return Forecast(
        tuple(coming),
        tuple(mean.tolist()),
        tuple(int(value) for value in low),
        tuple(int(value) for value in high),
        confidence,
        effects,
        holiday,
        model.dispersion,
        half_life,
        tested,
        _notes(model, values, coming, holidays, tested, confidence),
    )


def _fit(
    known: list[date], values: FloatArray, holidays: Collection[date], make_up: Collection[date], half_life: float
) -> CountModel:
    with_weekdays = len(known) >= _DAYS_FOR_WEEKDAYS
    with_holidays = any(day in holidays for day in known)
    weights = 0.5 ** (np.arange(len(known))[::-1] / half_life)
    rows = design(known, holidays, make_up, with_weekdays, with_holidays)
    return fit(rows, values, weights, with_weekdays, with_holidays)


def _predict(
    model: CountModel, coming: list[date], holidays: Collection[date], make_up: Collection[date], confidence: float
) -> tuple[FloatArray, FloatArray, FloatArray]:
    rows = design(coming, holidays, make_up, model.with_weekdays, model.with_holidays)
    mean, spread = model.means(rows), model.spread(rows)
    tail = (1 - confidence) / 2
    ends = []
    for cut in (tail, 1 - tail):
        size = 1 / np.maximum(spread, 1e-9)
        wide, plain = scipy.stats.nbinom.ppf(cut, size, size / (size + mean)), scipy.stats.poisson.ppf(cut, mean)
        ends.append(np.where(spread > 1e-9, wide, plain))
    return mean, ends[0], ends[1]


def _backtest(
    known: list[date],
    values: FloatArray,
    horizon: int,
    holidays: Collection[date],
    make_up: Collection[date],
    half_life: float,
    confidence: float,
) -> Backtest | None:
    # A forecast of the past may use only what was known then, and must have seen what the one of today has.
    starts = list(range(len(known) - horizon, _DAYS_FOR_WEEKDAYS - 1, -horizon))[:_MOST_FOLDS]
    if not starts:
        return None
    errors, actual, scaled, inside = [], [], [], []
    for start in starts:
        model = _fit(known[:start], values[:start], holidays, make_up, half_life)
        mean, low, high = _predict(model, known[start : start + horizon], holidays, make_up, confidence)
        seen = values[start : start + horizon]
        errors.append(np.abs(seen - mean))
        actual.append(seen)
        inside.append((low <= seen) & (seen <= high))
        naive = float(np.mean(np.abs(values[_WEEK:start] - values[: start - _WEEK])))
        if naive > 0:
            scaled.append(float(np.mean(errors[-1])) / naive)
    error, seen = np.concatenate(errors), np.concatenate(actual)
    positive = seen > 0
    return Backtest(
        len(starts),
        error.size,
        float(np.mean(error)),
        float(100 * np.mean(error[positive] / seen[positive])) if positive.any() else None,
        int(np.sum(positive)),
        float(np.mean(scaled)) if scaled else None,
        float(np.mean(np.concatenate(inside))),
    )


def _effects(model: CountModel) -> tuple[dict[str, float], float | None]:
    rest = model.coefficients[1:]
    effects: dict[str, float] = {}
    if model.with_weekdays:
        effects = {name: float(np.exp(rest[number])) for number, name in enumerate(WEEKDAYS)}
    return effects, float(np.exp(rest[-1])) if model.with_holidays else None


def _notes(
    model: CountModel,
    values: FloatArray,
    coming: list[date],
    holidays: Collection[date],
    tested: Backtest | None,
    confidence: float,
) -> tuple[str, ...]:
    notes = []
    if not model.with_weekdays:
        notes.append(f"{values.size} days are too few for weekday effects ({_DAYS_FOR_WEEKDAYS} needed)")
    if not model.with_holidays and any(day in holidays for day in coming):
        notes.append("a holiday is coming, and the history has none to learn from")
    if not values.any():
        notes.append("there was no case at all; the forecast only says that there are few")
    if tested is None:
        notes.append("the series is too short to test forecasts on it: their error is not known")
    elif tested.days >= 2 * _WEEK and tested.coverage < confidence - 0.1:
        notes.append(f"past intervals held {tested.coverage:.0%} of days and not {confidence:.0%}: take them wider")
    if tested is not None and tested.mase is not None and tested.mase > 1:
        notes.append("the forecast was no better than the count of a week before")
    return tuple(notes)
