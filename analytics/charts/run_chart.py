"""The run chart: no limits, only runs and crossings about the median (Swed and Eisenhart 1943; Anhøj and Olesen 2014).

It needs no distribution, and so serves where there are too few points for limits.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy

from analytics.charts.series import Series
from analytics.sigma import WrongInput


@dataclass(frozen=True, slots=True)
class RunChart:
    """Runs about a centre line.

    Attributes:
        useful: points that do not lie on the centre line; only these count.
        longest_run: most of them in a row on one side.
        longest_expected: a longer run is a sign of change: round(log2(useful) + 3).
        crossings: how often the line is crossed.
        fewest_expected: fewer crossings are a sign of change: 5 % quantile of the binomial distribution.
    """

    centre: float
    points: int
    useful: int
    longest_run: int
    longest_expected: int
    crossings: int
    fewest_expected: int

    @property
    def signals(self) -> bool:
        return self.longest_run > self.longest_expected or self.crossings < self.fewest_expected

    def to_json(self) -> dict[str, Any]:
        return {**{name: getattr(self, name) for name in self.__slots__}, "signals": self.signals}


def run_chart(series: Series, centre: float | None = None) -> RunChart:
    """Count the runs of a series.

    Args:
        centre: the line; None: the median of the values (of the shares or rates where there are sizes).

    Raises:
        WrongInput: fewer than two points lie off the line, or the centre is not finite.
    """
    plotted = series.values if series.sizes is None else series.values / series.sizes
    if centre is None and len(plotted):
        centre = float(np.median(plotted))
    if centre is None or not np.isfinite(centre):
        raise WrongInput(f"the centre must be a finite number, not {centre}")
    above = plotted[plotted != centre] > centre
    if len(above) < 2:
        raise WrongInput(f"a run chart needs two points off the centre line, there are {len(above)}")
    changes = np.flatnonzero(above[1:] != above[:-1]) + 1
    lengths = np.diff(np.concatenate([[0], changes, [len(above)]]))
    return RunChart(
        centre=centre,
        points=len(series),
        useful=len(above),
        longest_run=int(lengths.max()),
        longest_expected=round(float(np.log2(len(above))) + 3),
        crossings=len(changes),
        fewest_expected=int(scipy.stats.binom.ppf(0.05, len(above) - 1, 0.5)),
    )
