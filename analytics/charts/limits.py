"""How wide the limits of a chart are."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from scipy.special import ndtr, ndtri

from analytics.charts.series import Floats
from analytics.sigma import WrongInput

Method = Literal["normal", "exact"]

# What rounding leaves over in a mean, a weighted mean or a power, by its size.
RELATIVE_ROUNDING = 1e-13

# Scores beyond this are as good as endless; a finite number is easier to hand on.
FARTHEST = 37.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Normal limits, centre ± multiplier · sigma, or exact ones, quantiles of the distribution itself.

    Args:
        method: ``normal``, or ``exact``: binomial, Poisson or geometric quantiles, so that at most ``alpha`` / 2 of
            the points of a stable process lie strictly beyond each limit.
        multiplier: in standard deviations (Shewhart 1931: 3).
        alpha: share of false alarms, both sides together; if given, it takes the place of the multiplier.

    Raises:
        WrongInput: a value is out of range.
    """

    method: Method = "normal"
    multiplier: float = 3.0
    alpha: float | None = None

    def __post_init__(self) -> None:
        if self.method not in get_args(Method):
            raise WrongInput(f"limits are normal or exact, not {self.method!r}")
        if not 0 < self.multiplier < FARTHEST:
            raise WrongInput(f"the multiplier must be above 0, not {self.multiplier}")
        if self.alpha is not None and not 0 < self.alpha < 1:
            raise WrongInput(f"alpha must lie between 0 and 1, not {self.alpha}")

    @property
    def width(self) -> float:
        """From the centre to a limit, in standard deviations."""
        return self.multiplier if self.alpha is None else -float(ndtri(self.alpha / 2))

    @property
    def tail(self) -> float:
        """Share of false alarms at one side."""
        return float(ndtr(-self.multiplier)) if self.alpha is None else self.alpha / 2

    def to_json(self) -> dict[str, Any]:
        return {"method": self.method, "width": self.width, "alpha": 2 * self.tail}


SHEWHART = Limits()


def normal_scores(below: Floats, at: Floats) -> Floats:
    """Where a point lies in its own distribution, in standard deviations of the normal one (mid-P; Lancaster 1961).

    Args:
        below: probability of a smaller value.
        at: probability of this very value.
    """
    scores: Floats = np.clip(ndtri(np.clip(below + at / 2, 0.0, 1.0)), -FARTHEST, FARTHEST)
    return scores


def standardised(distance: Floats, sigma: Floats, around: Floats | None = None) -> Floats:
    """Distances in standard deviations; where the deviation is 0, any distance at all is as far as can be.

    Args:
        around: the centre line, where it was reckoned: what its rounding leaves over is then no distance, so that
            values which are all the same do not signal.
    """
    if sigma.all():
        return distance / sigma
    if around is not None:
        distance = np.where(np.abs(distance) <= RELATIVE_ROUNDING * np.abs(around), 0.0, distance)
    safe = np.where(sigma > 0, sigma, 1.0)
    scores: Floats = np.where(sigma > 0, distance / safe, np.sign(distance) * FARTHEST)
    return scores
