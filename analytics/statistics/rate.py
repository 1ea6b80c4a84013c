"""A rate of events by exposure with its exact interval."""

from dataclasses import dataclass

from scipy.special import gammainccinv, gammaincinv

from analytics.statistics.inputs import count, one_of, real, share
from analytics.statistics.result import Interval, Result

SIDES = ("two-sided", "upper", "lower")


@dataclass(frozen=True, slots=True)
class Rate(Result):
    """Events by units of exposure, such as complaints by days."""

    events: int
    exposure: float
    value: float
    interval: Interval


def rate(events: int, exposure: float = 1.0, confidence: float = 0.95, sides: str = "two-sided") -> Rate:
    """The rate and its exact Poisson interval (Garwood, Biometrika 28 (1936) 437).

    Args:
        exposure: above 0; the interval is by the same unit.
        sides: "upper" or "lower" for one bound alone; the other end is then endless, or 0.

    Raises:
        WrongInput: the count is negative, the exposure not above 0, or a choice is wrong.
    """
    seen = count(events, "the events")
    span = real(exposure, "the exposure", above=0)
    confidence = share(confidence, "the confidence")
    one_of(sides, "the sides", SIDES)
    tail = (1 - confidence) / (2 if sides == "two-sided" else 1)
    low = float(gammaincinv(seen, tail)) if seen and sides != "upper" else 0.0
    high = float(gammainccinv(seen + 1, tail)) if sides != "lower" else float("inf")
    return Rate(seen, span, seen / span, Interval(low / span, high / span, confidence, "exact (Garwood 1936)"))
