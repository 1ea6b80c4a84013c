"""Charts of counts: shares of defective units (p, np) and defects (c, u) (Shewhart 1931; Montgomery, chapter 7)."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import scipy
from scipy.special import bdtr, ndtri, pdtr

from analytics.charts.chart import Lines, Parameters
from analytics.charts.limits import SHEWHART, Limits, normal_scores, standardised
from analytics.charts.series import Floats, Series, refuse, whole
from analytics.sigma import WrongInput

Kind = Literal["p", "np", "c", "u"]


@dataclass(frozen=True, slots=True)
class Attributes:
    """A chart of counts; the values of the series are always counts, also where shares or rates are plotted.

    Args:
        kind: ``p`` share and ``np`` number of defective units among ``sizes`` (whole numbers); ``c`` defects, no sizes;
            ``u`` defects by exposure (``sizes`` above 0).
        limits: normal or exact; sizes may vary, and each point has limits of its own. Normal limits end where no value
            can lie (0; for p and np also 1 and n).

    Raises:
        WrongInput: there is no such kind.
    """

    kind: Kind
    limits: Limits = SHEWHART

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise WrongInput(f"the kind must be p, np, c or u, not {self.kind!r}")

    @property
    def minimum(self) -> int:
        return 1

    @property
    def remembers(self) -> bool:
        return False

    def check(self, series: Series) -> None:
        check_counts(series, of_units=self.kind in ("p", "np"), sized=self.kind != "c")

    def estimate(self, series: Series) -> Parameters:
        """The location is the share, the mean count or the rate of all points together."""
        sizes = np.ones(len(series)) if series.sizes is None else series.sizes
        return Parameters(location=float(series.values.sum() / sizes.sum()))

    def lines(self, series: Series, parameters: Parameters) -> Lines:
        mean = parameters.location
        sizes = np.ones(len(series)) if series.sizes is None else series.sizes
        of_units = self.kind in ("p", "np")
        if mean < 0 or (of_units and mean > 1):
            raise WrongInput(f"a chart of kind {self.kind} cannot have the mean {mean:g}")
        if self.limits.method == "normal":
            return self._normal_lines(series.values, sizes, mean)
        # All is reckoned in counts; shares and rates are those by size.
        centre = mean * sizes
        sigma = np.sqrt(centre * (1 - mean) if of_units else centre)
        lower, upper = _quantiles(sizes, mean, self.limits.tail, of_units)
        by = sizes if self.kind in ("p", "u") else np.ones(len(series))
        return Lines(
            plotted=series.values / by,
            centre=centre / by,
            lower=lower / by,
            upper=upper / by,
            sigma=sigma / by,
            scores=_exact_scores(series.values, sizes, mean, of_units),
            sides=standardised(series.values - centre, sigma),
        )

    def _normal_lines(self, values: Floats, sizes: Floats, mean: float) -> Lines:
        of_units = self.kind in ("p", "np")
        most: float | Floats
        if self.kind in ("p", "u"):
            plotted, centre, most = values / sizes, np.broadcast_to(mean, values.shape), 1.0
            sigma = np.sqrt((mean * (1 - mean) if of_units else mean) / sizes)
        else:
            plotted, centre, most = values.copy(), mean * sizes, sizes
            sigma = np.sqrt(centre * (1 - mean) if of_units else centre)
        # In place: on a chart of a million points it is new memory that takes the time.
        reach = self.limits.width * sigma
        lower = centre - reach
        np.maximum(lower, 0.0, out=lower)
        upper = np.add(centre, reach, out=reach)
        if of_units:
            np.minimum(upper, most, out=upper)
        return Lines(plotted, centre, lower, upper, sigma, standardised(plotted - centre, sigma))

    def to_json(self) -> dict[str, Any]:
        distribution = "binomial" if self.kind in ("p", "np") else "Poisson"
        return {"limits": self.limits.to_json(), "distribution": distribution}


def check_counts(series: Series, *, of_units: bool, sized: bool) -> None:
    """Refuse what cannot be counts: of defective units among ``sizes``, or of defects.

    Raises:
        WrongInput: sizes are missing or not wanted, a count is negative or no whole number, or there are more
            defective units than units; the row is named.
    """
    name = "defectives" if of_units else "defects"
    whole(series.values, name)
    if not sized:
        if series.sizes is not None:
            raise WrongInput("a c chart has no sizes; where they vary, a u chart is needed")
        return
    sizes = series.need_sizes()
    if of_units:
        whole(sizes, "the size")
        counts = series.values
        refuse(counts > sizes, lambda row: f"{counts[row]:.0f} defectives cannot come from {sizes[row]:.0f} units")


def standardised_counts(design: Attributes, series: Series, parameters: Parameters) -> Series:
    """Counts in standard deviations from their mean, for an EWMA or CUSUM of counts whose sizes vary.

    Draw these with the target 0 and the standard deviation 1 (Montgomery, section 9.1: standardised CUSUM).

    Args:
        design: with exact limits the scores are those of the distribution itself, for counts that are few.
        parameters: of a baseline, as ``calibrate`` gives them.

    Raises:
        WrongInput: the data are none of this kind.
    """
    design.check(series)
    return Series.of(design.lines(series, parameters).scores, labels=series.labels, first=series.first)


def _quantiles(sizes: Floats, mean: float, tail: float, of_units: bool) -> tuple[Floats, Floats]:
    # Quantiles are slow to find, and the same sizes come again and again.
    different, which = np.unique(sizes, return_inverse=True)
    distribution = scipy.stats.binom(different, mean) if of_units else scipy.stats.poisson(different * mean)
    # scipy calls the quantile below all mass -1; no count is less than none.
    lower, upper = np.maximum(distribution.ppf(tail), 0.0), np.maximum(distribution.isf(tail), 0.0)
    unknown = ~(np.isfinite(lower) & np.isfinite(upper))
    if unknown.any():
        # Of counts in the billions scipy knows no quantiles; the normal ones differ from them by next to nothing.
        centre, reach = distribution.mean(), -float(ndtri(tail)) * distribution.std()
        lower = np.where(unknown, np.floor(np.maximum(centre - reach, 0.0)), lower)
        upper = np.where(unknown, np.ceil(centre + reach), upper)
    return lower[which], upper[which]


def _exact_scores(counts: Floats, sizes: Floats, mean: float, of_units: bool) -> Floats:
    units = sizes.astype(np.int64)

    def up_to(limit: Floats) -> Floats:
        share = bdtr(limit, units, mean) if of_units else pdtr(limit, sizes * mean)
        return np.asarray(share, dtype=np.float64)

    before = np.where(counts > 0, up_to(counts - 1), 0.0)
    scores = normal_scores(before, up_to(counts) - before)
    if not np.isfinite(scores).all():
        # As above: of so many the normal distribution tells as much.
        sigma = np.sqrt(sizes * mean * (1 - mean) if of_units else sizes * mean)
        scores = np.where(np.isfinite(scores), scores, standardised(counts - sizes * mean, sigma))
    return scores
