"""Long seeded runs of known processes, and what theory says of the charts drawn from them.

Every probability here comes from a distribution's own formula (scipy) or a published table, never from the code that is
tested. Runs are seeded, so a test that passes passes always; bounds are so wide that a right chart fails one seed in
ten thousand.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.special import gamma

from analytics.charts.attributes import Attributes
from analytics.charts.chart import Design, Parameters
from analytics.charts.individuals import Individuals
from analytics.charts.laney import Laney
from analytics.charts.limits import Limits
from analytics.charts.rare_events import Gaps, TimesBetween
from analytics.charts.series import Series

Values = NDArray[np.float64]
CHANCE = 1e-4

# A share, a rate and the sizes of samples, which take turns.
SHARE, RATE = 0.05, 0.08
SIZES = np.array([180, 240, 320, 400], dtype=np.float64)


@dataclass(frozen=True)
class Process:
    """A process whose truth is known, its chart, and the theory of both.

    Attributes:
        parameters: the true ones: nothing is estimated, so theory is exact.
        make: so many points, shifted by so many standard deviations of a point.
        theory: the probability that a point lies strictly beyond its limits, at such a shift; one for each of the
            sizes that take turns.
    """

    design: Design
    parameters: Parameters
    make: Callable[[np.random.Generator, int, float], Series]
    theory: Callable[[float], Values]


def _beyond(distribution: Callable[[Values], stats.rv_discrete], lower: Values, upper: Values) -> Values:
    """P(X < lower) + P(X > upper) of whole numbers."""
    return np.asarray(distribution.cdf(np.ceil(lower) - 1) + distribution.sf(np.floor(upper)))  # type: ignore[attr-defined]


def _counted(kind: str, exact: bool) -> Process:
    of_units = kind in ("p", "np")
    mean = SHARE if of_units else RATE
    sizes_used = np.ones(1) * 25 / RATE if kind == "c" else SIZES

    def shifted(sizes: Values, shift: float) -> Values:
        sigma = np.sqrt(mean * (1 - mean) / sizes if of_units else mean / sizes)
        return mean + shift * sigma

    def make(generator: np.random.Generator, points: int, shift: float) -> Series:
        sizes = np.resize(sizes_used, points)
        now = shifted(sizes, shift)
        counts = generator.binomial(sizes.astype(int), now) if of_units else generator.poisson(now * sizes)
        return Series.of(counts, None if kind == "c" else sizes)

    def theory(shift: float) -> Values:
        now, stable = shifted(sizes_used, shift), mean * sizes_used
        sigma = np.sqrt(stable * (1 - mean) if of_units else stable)
        if exact:
            at_rest = stats.binom(sizes_used, mean) if of_units else stats.poisson(stable)
            lower, upper = at_rest.ppf(stats.norm.sf(3)), at_rest.isf(stats.norm.sf(3))
        else:
            lower, upper = stable - 3 * sigma, stable + 3 * sigma
        return _beyond(stats.binom(sizes_used, now) if of_units else stats.poisson(now * sizes_used), lower, upper)

    location = float(mean * sizes_used[0]) if kind == "c" else mean
    return Process(
        Attributes(kind, Limits("exact" if exact else "normal")), Parameters(location), make, theory  # type: ignore[arg-type]
    )  # fmt: skip


def _normal(shift: float) -> Values:
    return np.array([stats.norm.sf(3 - shift) + stats.norm.cdf(-3 - shift)])


def _laney(kind: str) -> Process:
    """Counts so large that they are normal, and that vary two and a half times as much as chance lets them."""
    size, spread = 4_000_000.0, 2.5
    mean = SHARE if kind == "p'" else RATE
    sigma = spread * np.sqrt(mean * (1 - mean) / size if kind == "p'" else mean / size)

    def make(generator: np.random.Generator, points: int, shift: float) -> Series:
        return Series.of(np.rint(size * (mean + sigma * (shift + generator.normal(size=points)))), size)

    return Process(Laney(kind), Parameters(mean, spread), make, _normal)  # type: ignore[arg-type]


def _single() -> Process:
    def make(generator: np.random.Generator, points: int, shift: float) -> Series:
        return Series.of(generator.normal(10 + 2 * shift, 2, points))

    return Process(Individuals(), Parameters(10.0, 2.0), make, _normal)


def _gaps(exact: bool) -> Process:
    """Opportunities between events as likely as one in fifty; the shift is one of the mean gap, downwards."""
    chance = 0.02
    mean = (1 - chance) / chance
    sigma = np.sqrt(1 - chance) / chance

    def rarer(shift: float) -> float:
        return 1 / (mean + shift * sigma + 1)

    def make(generator: np.random.Generator, points: int, shift: float) -> Series:
        return Series.of(generator.geometric(rarer(shift), points) - 1)

    def theory(shift: float) -> Values:
        at_rest, now = stats.geom(chance, loc=-1), stats.geom(rarer(shift), loc=-1)
        tail = stats.norm.sf(3)
        lower, upper = (at_rest.ppf(tail), at_rest.isf(tail)) if exact else (mean - 3 * sigma, mean + 3 * sigma)
        return _beyond(now, np.array([lower]), np.array([upper]))

    return Process(Gaps(Limits("exact" if exact else "normal")), Parameters(mean), make, theory)


def _times(exact: bool) -> Process:
    """Exponential times between events; the shift is one of the mean time, which is its own standard deviation."""
    power, mean = 1 / 3.6, 9.0

    def make(generator: np.random.Generator, points: int, shift: float) -> Series:
        return Series.of(generator.exponential(mean * (1 + shift), points))

    # The power makes of exponential times a Weibull distribution of shape 3.6 (Nelson 1994).
    first, second = gamma(1 + power), gamma(1 + 2 * power)
    centre, spread = mean**power * first, mean**power * np.sqrt(second - first**2)

    def theory(shift: float) -> Values:
        tail = stats.norm.sf(3)
        if exact:
            lower, upper = stats.expon.ppf(tail, scale=mean), stats.expon.isf(tail, scale=mean)
        else:
            lower, upper = max(centre - 3 * spread, 0.0) ** 3.6, (centre + 3 * spread) ** 3.6
        now = stats.expon(scale=mean * (1 + shift))
        return np.array([now.cdf(lower) + now.sf(upper)])

    parameters = Parameters(mean) if exact else Parameters(float(centre), float(spread))
    return Process(TimesBetween(Limits("exact" if exact else "normal")), parameters, make, theory)


PROCESSES: dict[str, Process] = {
    "p": _counted("p", False),
    "p, exact limits": _counted("p", True),
    "np": _counted("np", False),
    "c": _counted("c", False),
    "c, exact limits": _counted("c", True),
    "u": _counted("u", False),
    "u, exact limits": _counted("u", True),
    "Laney p'": _laney("p'"),
    "Laney u'": _laney("u'"),
    "individuals": _single(),
    "g": _gaps(False),
    "g, exact limits": _gaps(True),
    "t": _times(False),
    "t, exact limits": _times(True),
}


def within(found: int, trials: int, probability: float) -> bool:
    """Whether so many of independent trials can come by this probability: binomial, ``CHANCE`` at each side."""
    law = stats.binom(trials, probability)
    return bool(law.ppf(CHANCE) <= found <= law.isf(CHANCE))
