"""Do counts vary more than chance alone lets them, and is a p or u chart then still the right one?"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from scipy.special import chdtrc, ndtr

from analytics.charts.attributes import Attributes
from analytics.charts.chart import draw
from analytics.charts.individuals import need_word
from analytics.charts.laney import Laney
from analytics.charts.series import Series
from analytics.sigma import WrongInput

Advice = Literal["ordinary", "laney", "look for shifts"]

# Variance of the mean moving range over d2, times the number of ranges, for unit variance: neighbours share a value, so
# (2 - 4/π + 2 · ((4/π)(√3/2 + π/12) - 4/π)) / (4/π).
RANGE_VARIANCE = (2 - 4 / np.pi + (8 / np.pi) * (np.sqrt(3) / 2 + np.pi / 12 - 1)) / (4 / np.pi)


@dataclass(frozen=True, slots=True)
class Dispersion:
    """What a test for overdispersion found.

    Attributes:
        statistic, degrees, p_value: chi-square of the counts against one common rate, one-sided.
        ratio: of the variance to that of chance, ``statistic`` / ``degrees``.
        sigma_z: standard deviation between neighbours in those of chance: by it Laney's limits are wider.
        neighbours_p_value: of the test that neighbours vary no more than by chance.
        beyond_ordinary, beyond_laney: points beyond the limits of the ordinary chart and of Laney's.
        alpha: level of both tests.
        advised: ``ordinary`` where chance explains all; ``laney`` where neighbours, too, differ more than by chance;
            ``look for shifts`` where only points far apart do: wider limits would then hide real changes.
    """

    kind: Literal["p", "u"]
    points: int
    statistic: float
    degrees: int
    p_value: float
    ratio: float
    sigma_z: float
    neighbours_p_value: float
    beyond_ordinary: int
    beyond_laney: int
    alpha: float
    advised: Advice

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def dispersion(kind: Literal["p", "u"], series: Series, alpha: float = 0.01) -> Dispersion:
    """Test counts for overdispersion (Cochran 1954; the moving ranges: Laney 2002) and say which chart fits.

    Args:
        kind: ``p`` for defective units, ``u`` for defects; sizes are needed.
        alpha: level of the tests. With very large samples slight overdispersion is significant, and matters there:
            limits of chance alone are then far too narrow.

    Raises:
        WrongInput: as for the chart, fewer than 3 points, or every unit or none is defective.
    """
    need_word(kind, ("p", "u"), "kind")
    if not 0 < alpha < 1:
        raise WrongInput(f"alpha must lie between 0 and 1, not {alpha}")
    ordinary_design, laney_design = Attributes(kind), Laney("p'" if kind == "p" else "u'", constant="exact")
    ordinary_design.check(series)
    if len(series) < 3:
        raise WrongInput(f"a test for overdispersion needs 3 points, there are {len(series)}")
    sizes = series.need_sizes()
    mean = float(series.values.sum() / sizes.sum())
    variance = sizes * mean * (1 - mean if kind == "p" else 1)
    if not variance.all():
        raise WrongInput("nothing varies: there are no defects, or every unit is defective")
    statistic = float((((series.values - sizes * mean) ** 2) / variance).sum())
    degrees = len(series) - 1
    p_value = float(chdtrc(degrees, statistic))
    ordinary, laney = draw(ordinary_design, series), draw(laney_design, series)
    sigma_z = laney.parameters[0].spread
    neighbours = float(ndtr(-(sigma_z - 1) / np.sqrt(RANGE_VARIANCE / degrees)))
    advised: Advice = "ordinary"
    if p_value < alpha:
        advised = "laney" if neighbours < alpha else "look for shifts"
    return Dispersion(
        kind=kind,
        points=len(series),
        statistic=statistic,
        degrees=degrees,
        p_value=p_value,
        ratio=statistic / degrees,
        sigma_z=sigma_z,
        neighbours_p_value=neighbours,
        beyond_ordinary=len(ordinary.beyond_limits),
        beyond_laney=len(laney.beyond_limits),
        alpha=alpha,
        advised=advised,
    )
