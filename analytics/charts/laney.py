"""Laney's charts p' and u' for large samples whose counts vary more than chance alone lets them (Laney 2002)."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np

from analytics.charts.attributes import check_counts
from analytics.charts.chart import Lines, Parameters
from analytics.charts.individuals import Constant, need_normal, need_word, range_sigma
from analytics.charts.limits import SHEWHART, Limits, standardised
from analytics.charts.series import Floats, Series
from analytics.sigma import WrongInput

Kind = Literal["p'", "u'"]


@dataclass(frozen=True, slots=True)
class Laney:
    """A p or u chart whose standard deviation is that of chance times sigma_z, the one between neighbouring points.

    The spread of the parameters is sigma_z: 1 where chance explains all, above 1 where the counts are overdispersed,
    below 1 where neighbours are alike.

    Args:
        kind: ``p'`` or ``u'``; values are counts and sizes are needed, as for p and u.
        limits: normal only.
        constant, screened: how moving ranges give sigma_z, see ``range_sigma``.

    Raises:
        WrongInput: an unknown word, or exact limits.
    """

    kind: Kind
    limits: Limits = SHEWHART
    constant: Constant = "rounded"
    screened: bool = False

    def __post_init__(self) -> None:
        need_word(self.kind, get_args(Kind), "kind")
        need_normal(self.limits, self.kind)
        need_word(self.constant, get_args(Constant), "constant")

    @property
    def minimum(self) -> int:
        return 2

    @property
    def remembers(self) -> bool:
        return False

    def check(self, series: Series) -> None:
        check_counts(series, of_units=self.kind == "p'", sized=True)

    def estimate(self, series: Series) -> Parameters:
        sizes = series.need_sizes()
        mean = float(series.values.sum() / sizes.sum())
        plotted, centre = series.values / sizes, np.full(len(series), mean)
        z = standardised(plotted - centre, chance_sigma(mean, sizes, of_units=self.kind == "p'"), centre)
        return Parameters(location=mean, spread=range_sigma(z, self.constant, self.screened))

    def lines(self, series: Series, parameters: Parameters) -> Lines:
        sizes, mean = series.need_sizes(), parameters.location
        if mean < 0 or (self.kind == "p'" and mean > 1):
            raise WrongInput(f"a chart of kind {self.kind} cannot have the mean {mean:g}")
        plotted, centre = series.values / sizes, np.full(len(series), mean)
        sigma = parameters.spread * chance_sigma(mean, sizes, of_units=self.kind == "p'")
        reach = self.limits.width * sigma
        upper = centre + reach
        return Lines(
            plotted=plotted,
            centre=centre,
            lower=np.maximum(centre - reach, 0.0),
            upper=np.minimum(upper, 1.0) if self.kind == "p'" else upper,
            sigma=sigma,
            scores=standardised(plotted - centre, sigma, centre),
        )

    def to_json(self) -> dict[str, Any]:
        return {"limits": self.limits.to_json(), "constant": self.constant, "screened": self.screened}


def chance_sigma(mean: float, sizes: Floats, *, of_units: bool) -> Floats:
    """Standard deviation of a share (binomial) or a rate (Poisson) by chance alone, for each size."""
    sigma: Floats = np.sqrt(mean * (1 - mean) / sizes if of_units else mean / sizes)
    return sigma
