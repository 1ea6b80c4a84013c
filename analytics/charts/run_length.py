"""How long a chart runs until it signals: average run lengths (ARL), by which designs are chosen.

Shifts are in standard deviations of a single point; a run length of 370 at shift 0 means a false alarm in 370 points.
"""

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import scipy
from numpy.polynomial.legendre import leggauss
from scipy.special import ndtr, ndtri

from analytics.charts.series import Floats
from analytics.sigma import WrongInput

# Gauss-Legendre nodes, at least, and for each standard deviation of the normal kernel: they give nine digits and more.
NODES, NODES_EACH = 32, 6
WIDEST = 20.0


def shewhart_run_length(shift: float, width: float = 3.0) -> float:
    """Average run length of a chart with two limits ``width`` standard deviations from its centre.

    Raises:
        WrongInput: the width is not above 0 or a value is not finite.
    """
    _check(shift, width=width)
    return float(1 / (ndtr(shift - width) + ndtr(-shift - width)))


def cusum_run_length(
    shift: float, reference: float = 0.5, interval: float = 5.0, *, two_sided: bool = True, head_start: float = 0.0
) -> float:
    """Average run length of a CUSUM from its start, by Fredholm's integral equation (Page 1954; Goel and Wu 1971).

    Args:
        reference, interval: k and h in standard deviations.
        two_sided: an upper and a lower sum; else the upper alone.
        head_start: where the sums begin, as a share of the interval (Lucas and Crosier 1982).

    Raises:
        WrongInput: a value is out of range.
    """
    _check(shift, interval=interval)
    if not 0 <= reference < np.inf or not 0 <= head_start < 1:
        raise WrongInput("the reference must not be negative, and the head start must lie between 0 and 1")
    up_from_start, up = _one_sided(shift, reference, interval, head_start)
    if not two_sided:
        return up_from_start
    down_from_start, down = _one_sided(-shift, reference, interval, head_start)
    # Both sums are never above 0 for long together (Kemp 1961; with head start Lucas and Crosier 1982).
    return (up_from_start * down + up * down_from_start - up * down) / (up + down)


def _one_sided(shift: float, reference: float, interval: float, head_start: float) -> tuple[float, float]:
    """Run length of the upper sum from its head start, and from 0."""
    nodes, weights = _nodes(interval)
    points, weights = (nodes + 1) * interval / 2, weights * interval / 2
    drift = shift - reference
    states = np.concatenate([[0.0], points])

    def moves(origin: Floats) -> Floats:
        # To 0, which takes all that would fall below, and to the nodes above it.
        to_zero = ndtr(-origin - drift)
        to_points = weights * _density(points - origin[:, None] - drift)
        return np.column_stack([to_zero, to_points])

    lengths = np.linalg.solve(np.eye(len(states)) - moves(states), np.ones(len(states)))
    from_start = 1 + float((moves(np.array([head_start * interval])) @ lengths)[0])
    return from_start, float(lengths[0])


def ewma_run_length(shift: float, smoothing: float = 0.2, width: float = 2.962, *, start: float = 0.0) -> float:
    """Average run length of a two-sided EWMA chart with steady limits (Crowder 1987; Lucas and Saccucci 1990).

    Args:
        smoothing: lambda.
        width: L, in standard deviations of the weighted mean.
        start: the weighted mean before the first point, in standard deviations of a single point.

    Raises:
        WrongInput: a value is out of range.
    """
    _check(shift, width=width)
    if not 0 < smoothing <= 1:
        raise WrongInput(f"the smoothing must lie above 0 and not above 1, not {smoothing}")
    limit = width * float(np.sqrt(smoothing / (2 - smoothing)))
    if not -limit <= start <= limit:
        raise WrongInput(f"the start must lie within the limits, {limit:g} from the centre, not at {start}")
    nodes, weights = _nodes(2 * limit / smoothing)
    points, weights = nodes * limit, weights * limit

    def moves(origin: Floats) -> Floats:
        reached: Floats = (points - (1 - smoothing) * origin[:, None]) / smoothing - shift
        return weights / smoothing * _density(reached)

    lengths = np.linalg.solve(np.eye(len(points)) - moves(points), np.ones(len(points)))
    return 1 + float((moves(np.array([start])) @ lengths)[0])


@lru_cache(maxsize=64)
def _nodes(deviations: float) -> tuple[Floats, Floats]:
    """Nodes and weights between -1 and 1, for a stretch so many standard deviations of the kernel long."""
    nodes, weights = leggauss(max(NODES, NODES_EACH * int(np.ceil(deviations))))
    return nodes, weights


def _density(values: Floats) -> Floats:
    density: Floats = np.exp(-(values**2) / 2) / np.sqrt(2 * np.pi)
    return density


def _check(shift: float, **positive: float) -> None:
    if not np.isfinite(shift):
        raise WrongInput(f"the shift must be a finite number, not {shift}")
    for name, value in positive.items():
        if not 0 < value < np.inf:
            raise WrongInput(f"the {name} must be above 0, not {value}")


def shewhart_width(run_length: float) -> float:
    """The width of limits that gives a stable process this average run length.

    Raises:
        WrongInput: the run length is not above 1.
    """
    _check_wanted(run_length)
    return -float(ndtri(1 / run_length / 2))


def cusum_interval(run_length: float, reference: float = 0.5) -> float:
    """The decision interval h of a two-sided CUSUM that gives a stable process this average run length.

    Raises:
        WrongInput: no interval up to 20 does.
    """
    _check_wanted(run_length)
    return _solved(lambda interval: cusum_run_length(0.0, reference, interval), run_length)


def ewma_width(run_length: float, smoothing: float = 0.2) -> float:
    """The width L of an EWMA chart that gives a stable process this average run length.

    Raises:
        WrongInput: no width up to 20 does, or the smoothing is out of range.
    """
    _check_wanted(run_length)
    return _solved(lambda width: ewma_run_length(0.0, smoothing, width), run_length)


def _check_wanted(run_length: float) -> None:
    if not 1 < run_length < np.inf:
        raise WrongInput(f"the run length must be above 1, not {run_length}")


def _solved(length_of: Callable[[float], float], wanted: float) -> float:
    narrow, wide = 1e-3, 1.0
    # Step by step: far beyond the answer run lengths are too long to be reckoned.
    while length_of(wide) < wanted:
        narrow, wide = wide, wide + 1
        if wide > WIDEST:
            raise WrongInput(f"no design up to a width of {WIDEST:g} has an average run length of {wanted:g}")
    if length_of(narrow) > wanted:
        raise WrongInput(f"every design has an average run length of more than {wanted:g}")
    return float(scipy.optimize.brentq(lambda width: np.log(length_of(width) / wanted), narrow, wide, xtol=1e-10))
