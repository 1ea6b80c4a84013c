"""How good a process is: defects, opportunities, yields and sigma levels, as pure functions.

Every result is immutable and carries the counts and the convention it was computed with. The sigma level is the normal
quantile of the yield plus a shift of 1.5, by which 3.4 defects per million are six sigma (S0; Harry and Schroeder
2000); the interval of the defect rate is the exact one (Clopper and Pearson 1934), which takes opportunities as
independent.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

from scipy.special import betainccinv, betaincinv, ndtr, ndtri

MILLION = 1_000_000


class WrongInput(ValueError):
    """What was asked for makes no sense; the message says what and why."""


def _count(value: object, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise WrongInput(f"{name} must be a whole number, not {value!r}")
    if value < 0:
        raise WrongInput(f"{name} must not be negative, not {value}")
    return int(value)


def _real(value: object, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise WrongInput(f"{name} must be a finite number, not {value!r}")
    return float(value)


@dataclass(frozen=True, slots=True)
class Convention:
    """How a sigma level and its interval are to be read.

    Args:
        shift: what the long run is taken to drift by, in standard deviations; 1.5, or 0 for none.
        confidence: of the two-sided interval, between 0 and 1.

    Raises:
        WrongInput: a value is out of range.
    """

    shift: float = 1.5
    confidence: float = 0.95

    def __post_init__(self) -> None:
        if _real(self.shift, "the shift") < 0:
            raise WrongInput(f"the shift must not be negative, not {self.shift}")
        if not 0 < _real(self.confidence, "the confidence") < 1:
            raise WrongInput(f"the confidence must lie between 0 and 1, not {self.confidence}")

    def to_json(self) -> dict[str, Any]:
        return {
            "shift": self.shift,
            "confidence": self.confidence,
            "interval": "exact two-sided (Clopper-Pearson), opportunities taken as independent",
        }


STANDARD = Convention()


@dataclass(frozen=True, slots=True)
class NoDenominator:
    """Nothing to divide by: there is no rate, and none is guessed."""

    reason: str


@dataclass(frozen=True, slots=True)
class DefectRate:
    """Defects among opportunities.

    Attributes:
        low, high: exact bounds of the share of defects.
        sigma_level: None where the share is 0 or 1: then only a bound is known.
        sigma_low: lower bound of the sigma level; None where every opportunity failed.
        sigma_high: upper bound; None where none failed.
    """

    defects: int
    opportunities: int
    convention: Convention
    low: float
    high: float
    sigma_level: float | None
    sigma_low: float | None
    sigma_high: float | None

    @property
    def share(self) -> float:
        """Defects per opportunity."""
        return self.defects / self.opportunities

    @property
    def dpmo(self) -> float:
        """Defects per million opportunities."""
        return self.defects * MILLION / self.opportunities

    @property
    def dpmo_low(self) -> float:
        return self.low * MILLION

    @property
    def dpmo_high(self) -> float:
        return self.high * MILLION

    @property
    def process_yield(self) -> float:
        """Share of opportunities without a defect."""
        return (self.opportunities - self.defects) / self.opportunities


@dataclass(frozen=True, slots=True)
class DefectsPerUnit:
    """Defects among units; a unit has several opportunities, so the value may exceed 1."""

    defects: int
    units: int

    @property
    def value(self) -> float:
        return self.defects / self.units


@dataclass(frozen=True, slots=True)
class RolledYield:
    """Rolled throughput yield: the share that passes all steps without a defect, steps taken as independent.

    Attributes:
        value: product of the yields of ``steps``.
        steps: those that were measured, in order.
        missing: those without a denominator, left out of the product.
        sigma_level: of ``value``; None where it is 0 or 1.
    """

    value: float
    steps: tuple[str, ...]
    missing: tuple[str, ...]
    convention: Convention
    sigma_level: float | None


def measure(defects: int, opportunities: int, convention: Convention = STANDARD) -> DefectRate | NoDenominator:
    """The defect rate, its sigma level and the exact bounds of both.

    Raises:
        WrongInput: a count is negative or no whole number, or there are more defects than opportunities.
    """
    defects, opportunities = _count(defects, "defects"), _count(opportunities, "opportunities")
    if defects > opportunities:
        raise WrongInput(f"{defects} defects cannot come from {opportunities} opportunities")
    if opportunities == 0:
        return NoDenominator("no opportunities")
    good = opportunities - defects
    tail = (1 - convention.confidence) / 2
    low = float(betaincinv(defects, good + 1, tail)) if defects else 0.0
    high = float(betainccinv(defects + 1, good, tail)) if good else 1.0
    return DefectRate(
        defects=defects,
        opportunities=opportunities,
        convention=convention,
        low=low,
        high=high,
        sigma_level=_level(defects / opportunities, convention.shift) if defects and good else None,
        sigma_low=_level(high, convention.shift) if good else None,
        sigma_high=_level(low, convention.shift) if defects else None,
    )


def defects_per_unit(defects: int, units: int) -> DefectsPerUnit | NoDenominator:
    """DPU: how many defects a unit has on average.

    Raises:
        WrongInput: a count is negative or no whole number.
    """
    defects, units = _count(defects, "defects"), _count(units, "units")
    return DefectsPerUnit(defects, units) if units else NoDenominator("no units")


def rolled_yield(
    steps: Sequence[tuple[str, DefectRate | NoDenominator]], convention: Convention = STANDARD
) -> RolledYield | NoDenominator:
    """The product of the steps' yields (S0: six steps at 95 % pass 73.5 %).

    Args:
        steps: names and rates in the order of the process. A step without a denominator is named, not guessed.
    """
    measured = [(name, rate) for name, rate in steps if isinstance(rate, DefectRate)]
    if not measured:
        return NoDenominator("no step has opportunities")
    value = math.prod(rate.process_yield for _, rate in measured)
    return RolledYield(
        value=value,
        steps=tuple(name for name, _ in measured),
        missing=tuple(name for name, rate in steps if isinstance(rate, NoDenominator)),
        convention=convention,
        sigma_level=_level(1 - value, convention.shift) if 0 < value < 1 else None,
    )


def sigma_level_of(dpmo: float, shift: float = 1.5) -> float:
    """The sigma level of a known defect rate.

    Args:
        dpmo: defects per million opportunities, above 0 and below a million: at the ends there is no finite level, and
            only ``measure``, which knows the counts, can give a bound.

    Raises:
        WrongInput: ``dpmo`` is out of range.
    """
    if not 0 < _real(dpmo, "the DPMO") < MILLION:
        raise WrongInput(f"the DPMO must lie between 0 and 1,000,000, both excluded, not {dpmo}")
    return _level(dpmo / MILLION, _real(shift, "the shift"))


def dpmo_of(sigma_level: float, shift: float = 1.5, two_sided: bool = False) -> float:
    """Defects per million opportunities at a sigma level.

    Args:
        two_sided: also count what falls out at the far side of two limits; the usual tables do not.

    Raises:
        WrongInput: a value is no finite number.
    """
    level, shift = _real(sigma_level, "the sigma level"), _real(shift, "the shift")
    share = float(ndtr(shift - level))
    if two_sided:
        share += float(ndtr(-level - shift))
    return share * MILLION


def _level(share: float, shift: float) -> float:
    # The quantile of the small tail keeps its digits where 1 - share would lose them.
    return shift - float(ndtri(share))
