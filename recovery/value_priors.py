"""What is expected of remedies and customers before the firm's own experience says otherwise.

Every figure is the firm's (``data/firm/value.yml``), which says where each comes from.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from recovery.failures import Category, Dimension
from recovery.remedies import RemedyKind
from recovery.severity import Severity


def whole_minor(amount: float) -> int:
    """An amount rounded down to whole minor units; a hair below one (0.95 - 0.35 is not quite 0.6) counts as it."""
    return math.floor(round(amount, 4))


@dataclass(frozen=True, slots=True)
class AcceptancePriors:
    """When customers take what they are offered.

    Attributes:
        expected: by category, the payout that a customer of medium severity expects who is calm, is asked at once and
            gets nothing else: a share of what is at stake, above 0.
        by_severity, by_tier: factors of it, above 0; 1 for a tier that is not named.
        per_emotion: how much each level of emotion raises it (0.1: by a tenth).
        per_day, at_most_by_delay: how much each day of waiting raises it, and how far at most (factor).
        relief: by dimension and kind, the share of the expectation that a process remedy takes off, 0–1 exclusive;
            several together take off what is left each time (补充效应, S0).
        felt: what a customer makes of a unit of each kind's payout, above 0.
        felt_without_amount: for kinds that may come without an amount, the share of what is at stake that they make
            good.
        halfway: the share of the expectation that must be met for every second customer to accept.
        steepness: how sharply acceptance rises there, in log-odds for the whole expectation.
        unknown_stake_minor: taken to be at stake where no order is known.
    """

    expected: Mapping[Category, float]
    by_severity: Mapping[Severity, float]
    by_tier: Mapping[str, float]
    per_emotion: float
    per_day: float
    at_most_by_delay: float
    relief: Mapping[Dimension, Mapping[RemedyKind, float]]
    felt: Mapping[RemedyKind, float]
    felt_without_amount: Mapping[RemedyKind, float]
    halfway: float
    steepness: float
    unknown_stake_minor: int


@dataclass(frozen=True, slots=True)
class RetentionPriors:
    """Who comes back.

    Attributes:
        fast: share of those who accepted something within ``fast_within``.
        slow: the share it falls to for those who waited long; half of the way after ``half_after`` more.
        without: by severity, share of those who accepted nothing.
    """

    fast: float
    slow: float
    fast_within: timedelta
    half_after: timedelta
    without: Mapping[Severity, float]


@dataclass(frozen=True, slots=True)
class CustomerPriors:
    """What a customer is worth.

    Attributes:
        yearly_minor: by tier, what one buys in a year where the firm's records do not say; the tier ``regular`` stands
            for those not named.
        margin: share of what they buy that the firm earns.
        years: horizon.
        keeping: what it costs to keep a customer, as a share of what the customer is worth over the horizon.
        winning_times: how many times as much winning another costs.
    """

    yearly_minor: Mapping[str, int]
    margin: float
    years: float
    keeping: float
    winning_times: float


@dataclass(frozen=True, slots=True)
class CostPriors:
    """What remedies cost the firm beside what they count for against a limit.

    Attributes:
        of_face: by kind, cost of a unit of what it counts for; 1 for those not named.
        fixed_minor: by kind, what doing it costs in any case, such as a person's time.
    """

    of_face: Mapping[RemedyKind, float]
    fixed_minor: Mapping[RemedyKind, int]


@dataclass(frozen=True, slots=True)
class ScarcityPriors:
    """How dear budget becomes when it goes faster than the day.

    Attributes:
        rises: price of a unit, beyond itself, once twice as much of the day as of the budget is left.
        at_most: price that it never exceeds.
    """

    rises: float
    at_most: float


@dataclass(frozen=True, slots=True)
class ValuePriors:
    """All of it.

    Attributes:
        strength: pseudo-cases that a prior counts for in each cell of experience, above 0.
    """

    acceptance: AcceptancePriors
    retention: RetentionPriors
    customer: CustomerPriors
    cost: CostPriors
    scarcity: ScarcityPriors
    strength: float

    def value_of(self, tier: str, yearly_minor: int | None = None) -> int:
        """What a customer is worth over the horizon, in minor units, rounded down.

        Args:
            yearly_minor: what they bought within a year, by the firm's records; None where these do not say.
        """
        known = self.customer.yearly_minor
        bought = known.get(tier, known.get("regular", 0)) if yearly_minor is None else yearly_minor
        return max(0, whole_minor(bought * self.customer.margin * self.customer.years))

    def lost_with(self, customer_value_minor: int) -> int:
        """What is lost with a customer: their worth, and the cost of winning another (five times keeping one, S3)."""
        winning = customer_value_minor * self.customer.keeping * self.customer.winning_times
        return max(0, customer_value_minor + whole_minor(winning))
