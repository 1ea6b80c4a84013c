"""A log-linear model of daily counts: level, weekday and holiday, with more spread than Poisson's where needed."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import numpy as np

from analytics.statistics.inputs import FloatArray

# Effects are taken to be normal around none on the log scale; these are their standard deviations. They keep a weekday
# seen twice from being believed as much as one seen fifty times.
_WEEKDAY_SPREAD = 0.5
_HOLIDAY_SPREAD = 1.0
_MOST_STEPS = 50
_SMALLEST_MEAN = 1e-6


@dataclass(frozen=True, slots=True)
class CountModel:
    """A fitted model.

    Attributes:
        coefficients: level, then those of Monday to Sunday and of holidays as far as they are in; log scale.
        covariance: of the coefficients.
        dispersion: variance is mean + dispersion x mean²; 0 is Poisson's.
        with_weekdays, with_holidays: what is in.
    """

    coefficients: FloatArray
    covariance: FloatArray
    dispersion: float
    with_weekdays: bool
    with_holidays: bool

    def means(self, days: FloatArray) -> FloatArray:
        """Expected counts for rows of ``design``."""
        return np.asarray(np.exp(np.clip(days @ self.coefficients, -30, 30)))

    def spread(self, days: FloatArray) -> FloatArray:
        """Relative variance of a count to come beyond Poisson's: of the days, and of not knowing the coefficients."""
        unsure = np.einsum("ij,jk,ik->i", days, self.covariance, days)
        return np.asarray(self.dispersion + np.expm1(np.clip(unsure, 0, 5)))


def design(
    days: list[date],
    holidays: Collection[date],
    make_up_days: Collection[date],
    with_weekdays: bool,
    with_holidays: bool,
) -> FloatArray:
    """One row a day: 1, then weekday and holiday indicators as far as they are in.

    A holiday has its own effect in place of its weekday's, since shops and carriers then run on another rhythm; a
    weekend day that is worked to make up for one is like Monday to Friday on average.
    """
    columns = [np.ones(len(days))]
    free = np.array([day in holidays for day in days]) if with_holidays else np.zeros(len(days), dtype=bool)
    if with_weekdays:
        weekday = np.array([day.weekday() for day in days])
        worked = np.array([day in make_up_days for day in days]) & (weekday >= 5) & ~free
        for number in range(7):
            own = ((weekday == number) & ~free & ~worked).astype(float)
            columns.append(own + worked / 5 if number < 5 else own)
    if with_holidays:
        columns.append(free.astype(float))
    return np.stack(columns, axis=1)


def fit(
    rows: FloatArray, counts: FloatArray, weights: FloatArray, with_weekdays: bool, with_holidays: bool
) -> CountModel:
    """Penalised maximum likelihood by iteratively reweighted least squares (Nelder and Wedderburn 1972).

    The dispersion is that of moments (Breslow, Applied Statistics 33 (1984) 38), found in turn with the coefficients.

    Args:
        weights: of each day, 1 for the newest, less for older ones.
    """
    penalty = [0.0]
    penalty += [_WEEKDAY_SPREAD**-2] * 7 if with_weekdays else []
    penalty += [_HOLIDAY_SPREAD**-2] if with_holidays else []
    ridge = np.diag(penalty)
    start = float(np.average(counts, weights=weights))
    coefficients = np.zeros(rows.shape[1])
    # Half a case: without any the level would have no logarithm.
    coefficients[0] = np.log(max(start, 0.5 / float(weights.sum())))
    # The level has a vague prior around the mean, so that a series of noughts has a fit.
    ridge[0, 0] = 0.01
    prior = np.zeros(rows.shape[1])
    prior[0] = coefficients[0]
    dispersion = 0.0
    for _ in range(_MOST_STEPS):
        mean = np.maximum(np.exp(np.clip(rows @ coefficients, -30, 30)), _SMALLEST_MEAN)
        influence = weights * mean / (1 + dispersion * mean)
        working = rows @ coefficients + (counts - mean) / mean
        bread = (rows * influence[:, None]).T @ rows + ridge
        moved = np.linalg.solve(bread, (rows * influence[:, None]).T @ working + ridge @ prior)
        change = float(np.max(np.abs(moved - coefficients)))
        coefficients = coefficients + np.clip(moved - coefficients, -2, 2)
        mean = np.maximum(np.exp(np.clip(rows @ coefficients, -30, 30)), _SMALLEST_MEAN)
        dispersion = _moments(counts, mean, weights, rows.shape[1])
        if change < 1e-8:
            break
    influence = weights * mean / (1 + dispersion * mean)
    bread = (rows * influence[:, None]).T @ rows + ridge
    return CountModel(
        coefficients, np.asarray(np.linalg.inv(bread), dtype=np.float64), dispersion, with_weekdays, with_holidays
    )


def _moments(counts: FloatArray, mean: FloatArray, weights: FloatArray, used: int) -> float:
    # Residuals of a fit are smaller than the errors; the usual correction by the number of coefficients.
    effective = float(weights.sum()) ** 2 / float(np.sum(weights**2))
    correction = effective / max(effective - used, 1.0)
    surplus = float(np.sum(weights * (correction * (counts - mean) ** 2 - mean)))
    return max(0.0, surplus / float(np.sum(weights * mean**2)))
