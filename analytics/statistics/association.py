"""How one ordered quantity goes with another: ranks, concordant pairs, trend of a share."""

import math
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike
from scipy.special import ndtr, ndtri

from analytics.sigma import WrongInput
from analytics.statistics.inputs import FloatArray, counts, numbers, same_length, share
from analytics.statistics.result import Interval, Result


@dataclass(frozen=True, slots=True)
class RankAssociation(Result):
    """How two ordered quantities go together, each measure from -1 to 1.

    Attributes:
        spearman, spearman_interval, p: rank correlation, its interval, and the test of none (Student's t).
        tau_b, tau_b_p: Kendall's, corrected for ties.
        gamma, gamma_interval: concordant less discordant pairs, by both (Goodman and Kruskal 1954, 1963); None where
            all pairs are tied.
    """

    count: int
    spearman: float
    spearman_interval: Interval
    p: float
    tau_b: float
    tau_b_p: float
    gamma: float | None
    gamma_interval: Interval | None


@dataclass(frozen=True, slots=True)
class ShareTrend(Result):
    """Whether a share rises or falls over ordered groups (Cochran 1954; Armitage 1955).

    Attributes:
        slope: change of the share by one unit of score, and its interval.
        z, p: of no trend, two-sided.
    """

    slope: float
    slope_interval: Interval
    z: float
    p: float


def rank_association(first: ArrayLike, second: ArrayLike, confidence: float = 0.95) -> RankAssociation:
    """Spearman's, Kendall's, and Goodman and Kruskal's measures of two columns.

    The interval of Spearman's is Fisher's with the variance of Bonett and Wright (Psychometrika 65 (2000) 23).

    Raises:
        WrongInput: the columns differ in length, have fewer than four rows, or one does not vary.
    """
    x, y = numbers(first, "the first column", least=4), numbers(second, "the second column", least=4)
    same_length(first=x, second=y)
    confidence = share(confidence, "the confidence")
    for name, column in (("first", x), ("second", y)):
        if column.min() == column.max():
            raise WrongInput(f"the {name} column does not vary, so nothing can go with it")
    ranked = scipy.stats.spearmanr(x, y)
    rho = float(ranked.statistic)
    kendall = scipy.stats.kendalltau(x, y)
    gamma, error = _gamma(x, y)
    z = float(ndtri((1 + confidence) / 2))
    interval = None
    if gamma is not None:
        ends = (max(-1.0, gamma - z * error), min(1.0, gamma + z * error))
        interval = Interval(*ends, confidence, "normal approximation (Goodman and Kruskal 1963)")
    return RankAssociation(
        x.size,
        rho,
        _spearman_interval(rho, x.size, confidence),
        float(ranked.pvalue),
        float(kendall.statistic),
        float(kendall.pvalue),
        gamma,
        interval,
    )


def share_trend(successes: ArrayLike, totals: ArrayLike, scores: ArrayLike, confidence: float = 0.95) -> ShareTrend:
    """The trend of a share over groups with scores.

    Args:
        successes, totals: how many of how many in each group.
        scores: where each group stands, such as 0, 1, 2.

    Raises:
        WrongInput: a count is wrong, there are fewer than two groups, or nothing varies.
    """
    hits, sizes = counts(successes, "the successes", least=2), counts(totals, "the totals", least=2, minimum=1)
    at = numbers(scores, "the scores", least=2)
    same_length(successes=hits, totals=sizes, scores=at)
    for row in np.flatnonzero(hits > sizes)[:1]:
        raise WrongInput(f"row {row + 1}: {hits[row]} successes cannot come from {sizes[row]}")
    confidence = share(confidence, "the confidence")
    total, overall = int(sizes.sum()), float(hits.sum() / sizes.sum())
    centred = at - float(np.sum(sizes * at) / total)
    squares = float(np.sum(sizes * centred**2))
    if squares == 0 or overall in (0.0, 1.0):
        raise WrongInput("the scores or the shares do not vary, so there is no trend to test")
    slope = float(np.sum(hits * centred)) / squares
    z = slope * math.sqrt(squares / (overall * (1 - overall)))
    shares = hits / sizes
    # For the interval the shares are taken as they are, for the test as one.
    error = math.sqrt(float(np.sum(sizes * shares * (1 - shares) * centred**2))) / squares
    half = float(ndtri((1 + confidence) / 2)) * error
    interval = Interval(slope - half, slope + half, confidence, "weighted least squares (Agresti 2002, 5.3.5)")
    return ShareTrend(slope, interval, z, float(2 * ndtr(-abs(z))))


def _spearman_interval(rho: float, size: int, confidence: float) -> Interval:
    method = "Fisher's z (Bonett and Wright 2000)"
    if abs(rho) >= 1 - 1e-12:
        return Interval(rho, rho, confidence, method)
    half = float(ndtri((1 + confidence) / 2)) * math.sqrt((1 + rho * rho / 2) / (size - 3))
    return Interval(math.tanh(math.atanh(rho) - half), math.tanh(math.atanh(rho) + half), confidence, method)


def _gamma(x: FloatArray, y: FloatArray) -> tuple[float | None, float]:
    columns, across = np.unique(y, return_inverse=True)
    rows, down = np.unique(x, return_inverse=True)
    if rows.size * columns.size > 250_000:
        # Nearly every value is its own: the table would be as large as all pairs.
        return None, math.nan
    table = np.zeros((rows.size, columns.size))
    np.add.at(table, (down, across), 1)
    below = np.zeros((rows.size + 1, columns.size + 1))
    below[1:, 1:] = table.cumsum(axis=0).cumsum(axis=1)
    everything, by_row, by_column = table.sum(), below[1:, -1], below[-1, 1:]
    above_left = below[:-1, :-1]
    lower_right = everything - by_row[:, None] - by_column[None, :] + below[1:, 1:]
    lower_left = below[-1, :-1][None, :] - below[1:, :-1]
    upper_right = below[:-1, -1][:, None] - below[:-1, 1:]
    concordant, discordant = above_left + lower_right, lower_left + upper_right
    agree, differ = float(np.sum(table * concordant)), float(np.sum(table * discordant))
    if agree + differ == 0:
        return None, math.nan
    spread = float(np.sum(table * (differ * concordant - agree * discordant) ** 2))
    return (agree - differ) / (agree + differ), 4 * math.sqrt(spread) / (agree + differ) ** 2
