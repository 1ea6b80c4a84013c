"""Do cases of several groups, or of two periods, end at the same pace? The log-rank test."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import ArrayLike
from scipy.special import ndtri

from analytics.sigma import WrongInput
from analytics.statistics.inputs import real, same_length, share
from analytics.statistics.result import Interval, Result
from analytics.statistics.survival import read_survival


@dataclass(frozen=True, slots=True)
class LogRank(Result):
    """The test that all groups end at the same pace.

    Attributes:
        groups: in the order of their first row.
        sizes, observed, expected: of each group: cases, ends, and ends to be expected if the pace were one.
        chi_square, freedom, p: of the test.
        rho: weight of early ends: 0 the log-rank test, 1 Peto and Peto's form of Wilcoxon's.
        hazard_ratio: pace of the second group by the first's (Peto's one-step estimate); None unless two groups.
        hazard_ratio_interval: of that ratio.
    """

    groups: tuple[str, ...]
    sizes: tuple[int, ...]
    observed: tuple[float, ...]
    expected: tuple[float, ...]
    chi_square: float
    freedom: int
    p: float
    rho: float
    hazard_ratio: float | None
    hazard_ratio_interval: Interval | None


def log_rank(
    times: ArrayLike,
    ended: ArrayLike,
    groups: Sequence[Hashable],
    *,
    rho: float = 0.0,
    confidence: float = 0.95,
) -> LogRank:
    """Compare the times to an end of two or more groups (Mantel 1966; weights by Harrington and Fleming 1982).

    Args:
        times, ended: as for ``survival.kaplan_meier``.
        groups: the group of each case.

    Raises:
        WrongInput: a column is wrong, there are fewer than two groups, or nothing ended.
    """
    spans, status = read_survival(times, ended)
    same_length(times=spans, groups=groups)
    rho, confidence = real(rho, "rho", minimum=0), share(confidence, "the confidence")
    names = list(dict.fromkeys(groups))
    if len(names) < 2:
        raise WrongInput("a comparison takes at least two groups")
    number = {name: index for index, name in enumerate(names)}
    member = np.array([number[group] for group in groups])
    if not status.any():
        raise WrongInput("nothing has ended, so there is nothing to compare")
    points = np.unique(spans[status])
    k = len(names)
    at_risk, events = np.zeros((k, points.size)), np.zeros((k, points.size))
    for index in range(k):
        own = np.sort(spans[member == index])
        at_risk[index] = own.size - np.searchsorted(own, points, side="left")
        ends = np.sort(spans[(member == index) & status])
        events[index] = np.searchsorted(ends, points, side="right") - np.searchsorted(ends, points, side="left")
    risk, died = at_risk.sum(axis=0), events.sum(axis=0)
    before = np.concatenate([[1.0], np.cumprod(1 - died / risk)[:-1]])
    weight = before**rho
    observed = (events * weight).sum(axis=1)
    expected = (at_risk / risk * died * weight).sum(axis=1)
    # The last one at risk has no variance; 1 instead of 0 keeps the division quiet.
    spread = weight**2 * died * (risk - died) / np.where(risk > 1, risk - 1, 1)
    shares = at_risk / risk
    variance = np.diag((spread * shares).sum(axis=1)) - (spread * shares) @ shares.T
    excess = (observed - expected)[:-1]
    # Groups nobody of whom was at risk at any end add nothing, hence the pseudo-inverse.
    inverse = np.linalg.pinv(variance[:-1, :-1])
    statistic = float(excess @ inverse @ excess)
    freedom = int(np.sum(expected > 0)) - 1
    ratio, interval = None, None
    if k == 2 and rho == 0 and variance[1, 1] > 0:
        log_ratio = float((observed - expected)[1] / variance[1, 1])
        half = float(ndtri((1 + confidence) / 2)) / math.sqrt(float(variance[1, 1]))
        ratio = math.exp(log_ratio)
        low, high = math.exp(log_ratio - half), math.exp(log_ratio + half)
        interval = Interval(low, high, confidence, "Peto's one-step estimate (Yusuf et al. 1985)")
    return LogRank(
        tuple(str(name) for name in names),
        tuple(int(np.sum(member == index)) for index in range(k)),
        tuple(observed.tolist()),
        tuple(expected.tolist()),
        statistic,
        freedom,
        float(scipy.stats.chi2.sf(statistic, freedom)) if freedom > 0 else 1.0,
        rho,
        ratio,
        interval,
    )
