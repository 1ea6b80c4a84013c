"""Has the mix of categories changed between two periods, and which category moved most?"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import scipy
from scipy.special import gammaln, ndtr, xlogy

from analytics.sigma import WrongInput
from analytics.statistics.inputs import IntArray, count, one_of
from analytics.statistics.result import Result

METHODS = ("auto", "chi-square", "g", "exact")
_SMALL = 5.0
_MOST_TABLES = 200_000
_DRAWS = 20_000


@dataclass(frozen=True, slots=True)
class CategoryMove(Result):
    """How one category moved.

    Attributes:
        before_share, after_share: of all cases of the period.
        residual: adjusted standardised residual, positive for a rise (Haberman, Biometrics 29 (1973) 205).
        p_adjusted: of that residual, two-sided, adjusted for the number of categories (Holm 1979).
    """

    category: str
    before: int
    after: int
    before_share: float
    after_share: float
    residual: float
    p_adjusted: float


@dataclass(frozen=True, slots=True)
class MixChange(Result):
    """The test of one mix against the other.

    Attributes:
        method: the one used: "chi-square", "g", "exact" (all tables) or "exact by simulation".
        statistic: chi-square or G; for the exact test the chi-square that goes with it.
        freedom: degrees of freedom.
        p: of no change.
        cramers_v: size of the change, 0 to 1 (Cramér 1946).
        smallest_expected: the smallest expected count; below 5 the chi-square curve is not to be trusted.
        moves: categories in falling order of their residual's size.
        left_out: categories without a case in both periods.
    """

    method: str
    statistic: float
    freedom: int
    p: float
    cramers_v: float
    smallest_expected: float
    moves: tuple[CategoryMove, ...]
    left_out: tuple[str, ...]

    @property
    def moved_most(self) -> CategoryMove:
        return self.moves[0]


def mix_change(
    before: Mapping[str, int], after: Mapping[str, int], method: str = "auto", seed: int = 20_261_001
) -> MixChange:
    """Test for a change of the mix between two periods.

    Args:
        before, after: counts by category; a category missing in one has none there.
        method: "chi-square" (Pearson 1900), "g" (Wilks 1938), "exact" (Fisher, Freeman, Halton 1951; simulated where
            there are too many tables), or "auto": exact where an expected count is below 5.
        seed: of the simulation.

    Raises:
        WrongInput: a count is wrong, a period has no case, or fewer than two categories have any.
    """
    one_of(method, "the method", METHODS)
    names = list(dict.fromkeys([*before, *after]))
    table = np.array(
        [
            [count(period.get(name, 0), f"row {row}, {name}: the count {when}") for row, name in enumerate(names, 1)]
            for when, period in (("before", before), ("after", after))
        ],
        dtype=np.int64,
    ).reshape(2, len(names))
    for when, total in zip(("before", "after"), table.sum(axis=1), strict=True):
        if total == 0:
            raise WrongInput(f"there is no case {when}, so there is no mix to compare")
    kept = table.sum(axis=0) > 0
    if np.sum(kept) < 2:
        raise WrongInput("a mix takes at least two categories with cases")
    left_out = tuple(name for name, keep in zip(names, kept, strict=True) if not keep)
    names = [name for name, keep in zip(names, kept, strict=True) if keep]
    table = table[:, kept]
    rows, columns, total = table.sum(axis=1), table.sum(axis=0), int(table.sum())
    expected = np.outer(rows, columns) / total
    smallest = float(expected.min())
    freedom = len(names) - 1
    pearson = float(np.sum((table - expected) ** 2 / expected))
    statistic = pearson
    if method == "auto":
        method = "exact" if smallest < _SMALL else "chi-square"
    if method == "exact":
        method, p = _exact(table, seed)
    else:
        if method == "g":
            statistic = float(2 * np.sum(xlogy(table, table / expected)))
        p = float(scipy.stats.chi2.sf(statistic, freedom))
    spread = np.sqrt(expected[1] * (1 - rows[1] / total) * (1 - columns / total))
    residuals = (table[1] - expected[1]) / spread
    adjusted = holm([2 * float(ndtr(-abs(residual))) for residual in residuals])
    moves = [
        CategoryMove(name, int(b), int(a), float(b / rows[0]), float(a / rows[1]), float(residual), p_adjusted)
        for name, b, a, residual, p_adjusted in zip(names, table[0], table[1], residuals, adjusted, strict=True)
    ]
    moves.sort(key=lambda move: -abs(move.residual))
    # Of a table with two rows the root of chi-square by n is Cramér's V itself.
    size = math.sqrt(pearson / total)
    return MixChange(method, statistic, freedom, p, size, smallest, tuple(moves), left_out)


def holm(p_values: list[float]) -> list[float]:
    """P values adjusted so that all of them together keep the level (Holm, Scand. J. Statistics 6 (1979) 65)."""
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    adjusted, reached = [1.0] * len(p_values), 0.0
    for rank, index in enumerate(order):
        reached = max(reached, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = reached
    return adjusted


def _exact(table: IntArray, seed: int) -> tuple[str, float]:
    """All tables with these margins that are no more probable than the one seen."""
    first, columns = int(table[0].sum()), table.sum(axis=0)
    seen = _log_weight(table[0][None, :], columns)[0]
    # Probabilities that are the same but for rounding count as the same.
    reach = seen + 1e-7
    if math.prod(int(column) + 1 for column in columns[:-1]) <= _MOST_TABLES:
        tables = _tables(first, columns)
        weights = _log_weight(tables, columns)
        chances = np.exp(weights - weights.max())
        return "exact", float(np.sum(chances[weights <= reach]) / np.sum(chances))
    draws = np.random.default_rng(seed).multivariate_hypergeometric(columns, first, size=_DRAWS, method="marginals")
    hits = int(np.sum(_log_weight(draws, columns) <= reach))
    return "exact by simulation", (hits + 1) / (_DRAWS + 1)


def _tables(first: int, columns: IntArray) -> IntArray:
    """Every first row of a table with these column sums and the sum ``first``."""
    grids = np.meshgrid(*(np.arange(column + 1) for column in columns[:-1]), indexing="ij")
    rows = np.stack([grid.ravel() for grid in grids], axis=1)
    rest = first - rows.sum(axis=1)
    fits = (rest >= 0) & (rest <= columns[-1])
    return np.concatenate([rows[fits], rest[fits, None]], axis=1)


def _log_weight(rows: IntArray, columns: IntArray) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    parts = gammaln(columns + 1) - gammaln(rows + 1) - gammaln(columns - rows + 1)
    return np.asarray(np.sum(parts, axis=1), dtype=np.float64)
