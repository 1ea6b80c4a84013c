"""What customers are worth, and the tier that follows from it (S3: 客户金字塔 and the 80/20 rule).

S3: few customers contribute most; by what they spent they are VIP, major, regular or small. The lines between the tiers
are drawn through the customers sorted by value, at shares of all value (the firm's choice).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise


class CustomerTier(StrEnum):
    """From the top of the pyramid down."""

    VIP = "vip"
    MAJOR = "major"
    REGULAR = "regular"
    SMALL = "small"


@dataclass(frozen=True, slots=True)
class TierShares:
    """Where the lines are drawn.

    Attributes:
        vip, major, regular: percent of all value, rising. Those are VIP before whom, from the top, less than ``vip``
            percent of all value has been reached; then major up to ``major`` percent, and so on; the rest is small.
        vip_at_least: minor units; who is worth less is major at most.
    """

    vip: float
    major: float
    regular: float
    vip_at_least: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.vip <= self.major <= self.regular <= 100:
            raise ValueError("shares are percent of all value and must not fall from vip to regular")


@dataclass(frozen=True, slots=True)
class TierLines:
    """The least value of each tier, in minor units; None where nobody reaches it."""

    vip: int | None
    major: int | None
    regular: int | None

    def tier_of(self, value: int, is_new: bool = False) -> CustomerTier:
        """The tier of somebody worth ``value`` minor units.

        Args:
            is_new: whether they bought for the first time a short while ago: nobody is small for being new.
        """
        for tier, least in (
            (CustomerTier.VIP, self.vip),
            (CustomerTier.MAJOR, self.major),
            (CustomerTier.REGULAR, self.regular),
        ):
            if least is not None and value >= least:
                return tier
        return CustomerTier.REGULAR if is_new else CustomerTier.SMALL


def draw_lines(worth: Iterable[tuple[int, int]], shares: TierShares) -> TierLines | None:
    """The lines between the tiers.

    Customers of the same value have the same tier, the lowest that any of them would have alone: a crowd of equals does
    not rise because some of them would. Where all are worth the same nobody stands out, and all are regular.

    Args:
        worth: (value in minor units, how many are worth that), the highest value first, each value once; values of
            nothing or less count for nothing.

    Returns:
        None where nobody is worth anything: then nothing tells them apart.

    Raises:
        ValueError: the values do not fall.

    Source: S3, customer pyramid by amount spent and Pareto's 80/20.
    """
    groups = [(value, number) for value, number in worth if value > 0 and number > 0]
    _see_that_values_fall(groups)
    total = sum(value * number for value, number in groups)
    if not total:
        return None
    if len(groups) == 1 and groups[0][1] > 1:
        return TierLines(None, None, groups[0][0])
    least: dict[CustomerTier, int] = {}
    before = 0
    for value, number in groups:
        # Of the last among equals: how much those before them have together.
        reached = before + value * (number - 1)
        least[_tier_at(reached, total, value, shares)] = value
        before += value * number
    vip = least.get(CustomerTier.VIP)
    major = least.get(CustomerTier.MAJOR, vip)
    return TierLines(vip, major, least.get(CustomerTier.REGULAR, major))


def _tier_at(reached: int, total: int, value: int, shares: TierShares) -> CustomerTier:
    if reached * 100 < shares.vip * total and value >= shares.vip_at_least:
        return CustomerTier.VIP
    if reached * 100 < shares.major * total:
        return CustomerTier.MAJOR
    return CustomerTier.REGULAR if reached * 100 < shares.regular * total else CustomerTier.SMALL


def _see_that_values_fall(groups: Sequence[tuple[int, int]]) -> None:
    if any(later >= earlier for (earlier, _), (later, _) in pairwise(groups)):
        raise ValueError("values must fall, each standing once")
