"""DPMO and sigma level, both ways, with one or two limits."""

from dataclasses import dataclass

import scipy

from analytics.sigma import MILLION, Convention, DefectRate, WrongInput, dpmo_of, measure, sigma_level_of
from analytics.statistics.inputs import count, real
from analytics.statistics.result import Result


@dataclass(frozen=True, slots=True)
class SigmaLevel(Result):
    """A sigma level and the rate it belongs to.

    Attributes:
        level: None where no defect, or nothing but defects, was seen: then only a bound is known.
        at_least: the exact lower bound of the level for no defects among ``opportunities``; None otherwise.
        at_most: the exact upper bound where every opportunity failed; None otherwise.
        two_sided: whether what falls out at the far side counts, too.
    """

    dpmo: float
    level: float | None
    at_least: float | None
    at_most: float | None
    opportunities: int | None
    shift: float
    two_sided: bool
    confidence: float


def sigma_level(
    dpmo: float,
    shift: float = 1.5,
    two_sided: bool = False,
    opportunities: int | None = None,
    confidence: float = 0.95,
) -> SigmaLevel:
    """The sigma level at a defect rate; at 0 or 1,000,000 DPMO a bound, never infinity.

    Args:
        dpmo: defects per million opportunities, 0 to 1,000,000.
        opportunities: how many were seen; needed at both ends, where they alone tell how good the process may be.

    Raises:
        WrongInput: a value is out of range, or the opportunities are missing at 0 or 1,000,000.
    """
    dpmo, shift = real(dpmo, "the DPMO", minimum=0), real(shift, "the shift", minimum=0)
    if dpmo > MILLION:
        raise WrongInput(f"the DPMO must be at most 1,000,000, not {dpmo:g}")
    if 0 < dpmo < MILLION:
        return SigmaLevel(dpmo, _level(dpmo, shift, two_sided), None, None, opportunities, shift, two_sided, confidence)
    if opportunities is None:
        raise WrongInput(f"at {dpmo:g} DPMO only a bound is known, and it takes the number of opportunities")
    seen = count(opportunities, "the opportunities", minimum=1)
    rate = measure(seen if dpmo else 0, seen, Convention(shift, confidence))
    assert isinstance(rate, DefectRate)
    at_least = None if dpmo else _level(rate.dpmo_high, shift, two_sided)
    at_most = _level(rate.dpmo_low, shift, two_sided) if dpmo else None
    return SigmaLevel(dpmo, None, at_least, at_most, seen, shift, two_sided, confidence)


def _level(dpmo: float, shift: float, two_sided: bool) -> float:
    if not two_sided:
        return sigma_level_of(dpmo, shift)
    # Counting both sides can only raise the rate, so the level lies at or above that of one side, and falls to
    # 0 where everything is out.
    low = max(0.0, sigma_level_of(dpmo, shift))
    high = low + 1.0
    while dpmo_of(high, shift, True) > dpmo:
        high += 1.0
    if dpmo_of(low, shift, True) <= dpmo:
        return low
    return float(scipy.optimize.brentq(lambda level: dpmo_of(level, shift, True) - dpmo, low, high, xtol=1e-13))
