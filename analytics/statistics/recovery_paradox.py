"""Are customers whose failure was made good happier than those who were never failed? (McCollough and Bharadwaj 1992)

The effect is measured, never provoked (S2).
"""

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike

from analytics.sigma import WrongInput
from analytics.statistics.inputs import FloatArray, numbers, share
from analytics.statistics.mix_change import holm
from analytics.statistics.proportion import Proportion, proportion
from analytics.statistics.result import Interval, Result
from analytics.statistics.two_samples import TwoSamples, mann_whitney


@dataclass(frozen=True, slots=True)
class RatedGroup(Result):
    """Ratings of one group of customers.

    Attributes:
        mean, mean_interval: of the ratings (Student 1908).
        fives: share of the best rating.
    """

    name: str
    count: int
    mean: float
    mean_interval: Interval
    fives: Proportion


@dataclass(frozen=True, slots=True)
class RecoveryParadox(Result):
    """Three groups compared.

    Attributes:
        groups: never failed, recovered, not recovered.
        p_any: that all three rate alike (Kruskal and Wallis 1952).
        recovered_against_never_failed: one-sided, "greater": the paradox.
        not_recovered_against_recovered: one-sided, "less": what a failed recovery costs.
        p_adjusted: of these two, adjusted for there being two (Holm 1979).
        paradox: whether the first holds at the level that goes with the confidence.
    """

    groups: tuple[RatedGroup, RatedGroup, RatedGroup]
    p_any: float
    recovered_against_never_failed: TwoSamples
    not_recovered_against_recovered: TwoSamples
    p_adjusted: tuple[float, float]
    paradox: bool


def recovery_paradox(
    never_failed: ArrayLike,
    recovered: ArrayLike,
    not_recovered: ArrayLike,
    *,
    best: int = 5,
    confidence: float = 0.95,
) -> RecoveryParadox:
    """Compare the ratings of three independent groups of customers.

    Args:
        best: the best rating there is.

    Raises:
        WrongInput: a group has fewer than two ratings, or a rating is not between 1 and ``best``.
    """
    confidence = share(confidence, "the confidence")
    samples = {
        name: ratings(values, f"the ratings of {name}", best, least=2)
        for name, values in (
            ("never failed", never_failed),
            ("recovered", recovered),
            ("not recovered", not_recovered),
        )
    }
    never, made_good, left = samples.values()
    together = np.concatenate([never, made_good, left])
    p_any = 1.0 if together.min() == together.max() else float(scipy.stats.kruskal(never, made_good, left).pvalue)
    up = mann_whitney(never, made_good, alternative="greater", confidence=confidence)
    down = mann_whitney(made_good, left, alternative="less", confidence=confidence)
    adjusted = holm([up.p, down.p])
    first, second, third = (_group(name, values, best, confidence) for name, values in samples.items())
    return RecoveryParadox(
        (first, second, third), p_any, up, down, (adjusted[0], adjusted[1]), adjusted[0] < 1 - confidence
    )


def ratings(values: ArrayLike, name: str, best: int, least: int = 1) -> FloatArray:
    """Ratings from 1 to ``best``.

    Raises:
        WrongInput: one is out of range; the message names its row.
    """
    array = numbers(values, name, least=least, minimum=1)
    for row in np.flatnonzero((array > best) | (array != np.floor(array)))[:1]:
        raise WrongInput(f"{name}, row {row + 1}: must be a whole number from 1 to {best}, not {array[row]:g}")
    return array


def _group(name: str, values: FloatArray, best: int, confidence: float) -> RatedGroup:
    mean = float(values.mean())
    error = float(values.std(ddof=1)) / values.size**0.5
    half = float(scipy.stats.t.ppf((1 + confidence) / 2, values.size - 1)) * error
    interval = Interval(max(1.0, mean - half), min(float(best), mean + half), confidence, "Student's t")
    return RatedGroup(
        name, values.size, mean, interval, proportion(int(np.sum(values == best)), values.size, confidence)
    )
