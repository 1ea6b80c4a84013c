"""The complaints that are played: made up from a seed, or those of the past."""

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import blake2b
from itertools import accumulate
from typing import TypeVar

import numpy as np

from recovery.failures import Category, Dimension, read_failure
from recovery.severity import Severity
from recovery.value import Situation, ValuePriors

T = TypeVar("T")

DAYS = 365
ROUNDS = 2

# What is complained about, and how gravely; made up. Not every category leads to an offer.
_CATEGORIES = {
    Category.DELIVERY: 0.24,
    Category.PRODUCT_QUALITY: 0.18,
    Category.PRODUCT_MISMATCH: 0.11,
    Category.AFTER_SALES: 0.10,
    Category.BILLING_PRICE: 0.10,
    Category.SERVICE_ATTITUDE: 0.07,
    Category.SERVICE_DELAY: 0.07,
    Category.DIGITAL_APP: 0.05,
    Category.FACILITY_ENVIRONMENT: 0.03,
    Category.OTHER: 0.03,
    Category.SAFETY: 0.01,
    Category.PRIVACY_SECURITY: 0.01,
}
_SEVERITIES = {Severity.LOW: 0.30, Severity.MEDIUM: 0.47, Severity.HIGH: 0.20, Severity.CRITICAL: 0.03}
# The customer pyramid (S3: 80/20): few are worth much.
_TIERS = {"vip": 0.04, "major": 0.16, "regular": 0.50, "small": 0.30}
_EMOTIONS = {0: 0.25, 1: 0.40, 2: 0.25, 3: 0.10}


@dataclass(frozen=True, slots=True, eq=False)
class Complaint:
    """One complaint, and the chance that its customer carries: the same however it is decided.

    Attributes:
        day: of the period, from 0.
        day_left: share of that day left when it is heard, 0–1.
        situation: ``customer_value_minor`` is what the customer is really worth over the horizon.
        bought_minor: what the firm's records say they bought in a year; None where they say nothing.
        tastes: seed of what its customer likes (:func:`taste`); the same in every round.
        loyalty: between 0 and 1; is seen coming back whose chance of it is above.
        patience: between 0 and 1; hears a second round of offers whose chance of staying for it is above.
    """

    day: int
    day_left: float
    situation: Situation
    bought_minor: int | None
    tastes: int
    loyalty: float
    patience: float


def make_up(seed: np.random.SeedSequence, number: int, priors: ValuePriors) -> list[Complaint]:
    """A year of complaints, in the order in which they come.

    Args:
        number: how many in the year.
        priors: what customers of each tier buy.
    """
    draw = np.random.default_rng(seed)
    patience = _patience(seed, number)
    # More in the weeks before and after the great sales of June and November.
    days = np.arange(DAYS)
    weights = 1.0 + 0.8 * np.exp(-(((days - 172) / 12) ** 2)) + 1.2 * np.exp(-(((days - 320) / 12) ** 2))
    on = np.sort(draw.choice(DAYS, size=number, p=weights / weights.sum()))
    # Between eight in the morning and eleven at night.
    hours = 8.0 + 15.0 * draw.random(number)
    order = np.lexsort((hours, on))
    found = []
    for position in order:
        category = _pick(draw, _CATEGORIES)
        tier = _pick(draw, _TIERS)
        total = int(np.clip(np.exp(draw.normal(np.log(20_000), 0.9)), 1_000, 500_000))
        yearly = int(priors.customer.yearly_minor[tier] * np.exp(draw.normal(0.0, 0.6) - 0.18))
        known, has_order = draw.random() < 0.6, draw.random() < 0.88
        # Most are answered at once; who wrote at night or waited for an answer has waited for hours.
        hours_waited = 0.05 if draw.random() < 0.7 else float(draw.exponential(12.0))
        situation = Situation(
            category=category.value,
            fixed=category,
            dimension=_dimension(category),
            severity=_pick(draw, _SEVERITIES),
            tier=tier,
            emotion=_pick(draw, _EMOTIONS),
            waited=timedelta(hours=hours_waited),
            at_stake_minor=total if has_order else None,
            customer_value_minor=priors.value_of(tier, yearly),
        )
        found.append(
            Complaint(
                int(on[position]),
                1.0 - hours[position] / 24.0,
                situation,
                yearly if known else None,
                _tastes(draw),
                draw.random(),
                patience[position],
            )
        )
    return found


def draw_chance(seed: np.random.SeedSequence, complaints: Sequence[Complaint]) -> list[Complaint]:
    """The same complaints with the chance of one replication."""
    draw, patience = np.random.default_rng(seed), _patience(seed, len(complaints))
    return [
        replace(one, tastes=_tastes(draw), loyalty=draw.random(), patience=patience[number])
        for number, one in enumerate(complaints)
    ]


def taste(tastes: int, kinds: str) -> float:
    """What a customer makes of remedies beyond what such customers make of them on average, in log-odds.

    A draw of its own for each combination, Gumbel distributed, so that choices follow the logit of
    :func:`recovery.value.chances_together`.

    Args:
        tastes: of the complaint.
        kinds: of the remedies offered together; nothing for taking none.
    """
    drawn = int.from_bytes(blake2b(f"{tastes} {kinds}".encode(), digest_size=8).digest()) >> 12
    return -math.log(-math.log((drawn + 0.5) / 2.0**52))


def _tastes(draw: np.random.Generator) -> int:
    return int(draw.integers(2**63))


def _patience(seed: np.random.SeedSequence, number: int) -> list[float]:
    # From a stream of its own.
    stream = np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, 1))
    return list(np.random.default_rng(stream).random(number))


def _dimension(category: Category) -> Dimension:
    return read_failure([category])[1]


def _pick(draw: np.random.Generator, weights: Mapping[T, float]) -> T:
    ends = list(accumulate(weights.values()))
    return list(weights)[bisect_right(ends, draw.random() * ends[-1], hi=len(ends) - 1)]
