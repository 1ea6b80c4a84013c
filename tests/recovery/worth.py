"""Priors with round figures, and situations of all kinds, for the tests of value."""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from recovery.failures import Category, Dimension
from recovery.money import Money
from recovery.remedies import ProposedRemedy, RemedyKind
from recovery.severity import Severity
from recovery.value import Situation
from recovery.value_priors import (
    AcceptancePriors,
    CostPriors,
    CustomerPriors,
    RetentionPriors,
    ScarcityPriors,
    ValuePriors,
)

PRIORS = ValuePriors(
    AcceptancePriors(
        expected=dict.fromkeys(Category, 0.5) | {Category.SERVICE_ATTITUDE: 0.1},
        by_severity={Severity.LOW: 0.8, Severity.MEDIUM: 1.0, Severity.HIGH: 1.25, Severity.CRITICAL: 1.5},
        by_tier={"vip": 1.2, "small": 0.9},
        per_emotion=0.1,
        per_day=0.1,
        at_most_by_delay=1.5,
        relief={
            Dimension.OUTCOME: {RemedyKind.APOLOGY: 0.1, RemedyKind.CALL_BACK: 0.2},
            Dimension.PROCESS: {RemedyKind.APOLOGY: 0.4, RemedyKind.CALL_BACK: 0.5, RemedyKind.PRIORITY: 0.3},
        },
        felt={RemedyKind.VOUCHER: 0.5},
        felt_without_amount={RemedyKind.REPLACEMENT: 0.9},
        halfway=0.5,
        steepness=4.0,
        unknown_stake_minor=10_000,
    ),
    RetentionPriors(
        fast=0.95,
        slow=0.55,
        fast_within=timedelta(hours=2),
        half_after=timedelta(days=1),
        without={Severity.LOW: 0.45, Severity.MEDIUM: 0.35, Severity.HIGH: 0.25, Severity.CRITICAL: 0.15},
    ),
    CustomerPriors(
        yearly_minor={"vip": 1_000_000, "regular": 100_000}, margin=0.5, years=2.0, keeping=0.04, winning_times=5.0
    ),
    CostPriors(of_face={RemedyKind.VOUCHER: 0.5}, fixed_minor={RemedyKind.CALL_BACK: 1_000}),
    ScarcityPriors(rises=1.0, at_most=3.0),
    strength=20.0,
)


def situation(**otherwise: Any) -> Situation:
    """A calm regular customer whose parcel worth 100.00 came late, heard at once, worth 1,000.00."""
    known: dict[str, Any] = {
        "category": "delivery",
        "fixed": Category.DELIVERY,
        "dimension": Dimension.OUTCOME,
        "severity": Severity.MEDIUM,
        "tier": "regular",
        "emotion": 0,
        "waited": timedelta(0),
        "at_stake_minor": 10_000,
        "customer_value_minor": 100_000,
    }
    return Situation(**known | otherwise)


def paid(kind: RemedyKind, minor: int) -> ProposedRemedy:
    return ProposedRemedy(kind, Money(minor, "CNY"), minor)


def given(*kinds: RemedyKind) -> tuple[ProposedRemedy, ...]:
    return tuple(ProposedRemedy(kind) for kind in kinds)


PROCESS_KINDS = (RemedyKind.APOLOGY, RemedyKind.EXPLANATION, RemedyKind.CALL_BACK, RemedyKind.PRIORITY)

situations = st.builds(
    situation,
    category=st.sampled_from([category.value for category in Category]),
    fixed=st.sampled_from(Category),
    dimension=st.sampled_from(Dimension),
    severity=st.sampled_from(Severity),
    tier=st.sampled_from(["vip", "major", "regular", "small", "of_our_own"]),
    emotion=st.integers(0, 3),
    waited=st.timedeltas(timedelta(days=-1), timedelta(days=400)),
    at_stake_minor=st.none() | st.integers(0, 10_000_000),
    customer_value_minor=st.integers(0, 100_000_000),
)
payouts = st.builds(paid, st.sampled_from([RemedyKind.REFUND, RemedyKind.VOUCHER]), st.integers(1, 10_000_000))
process = st.sets(st.sampled_from(PROCESS_KINDS)).map(lambda kinds: given(*sorted(kinds)))
offers = st.tuples(st.lists(payouts, max_size=1).map(tuple), process).map(lambda parts: (*parts[0], *parts[1]))
