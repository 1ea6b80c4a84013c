"""What an offer keeps and costs: each part of the model beside its source, and its properties for any input."""

import math
from datetime import timedelta

import pytest
from hypothesis import given as for_any
from hypothesis import strategies as st

from recovery.failures import Category, Dimension
from recovery.remedies import ProposedRemedy, RemedyKind
from recovery.severity import Severity
from recovery.value import (
    NO_EXPERIENCE,
    Situation,
    band_of,
    chances_after,
    chances_together,
    expected_payout,
    prior_acceptance,
    prior_retention,
    shadow_price,
    worth_of,
)
from tests.recovery.worth import PRIORS, given, offers, paid, process, situation, situations

_REFUND, _VOUCHER, _APOLOGY, _CALL = RemedyKind.REFUND, RemedyKind.VOUCHER, RemedyKind.APOLOGY, RemedyKind.CALL_BACK
_CASES = [
    # what is offered, in which situation, the payout expected beside it (share of what is at stake), and why
    (given(), situation(), 0.5, "as the priors say"),
    (given(_APOLOGY), situation(), 0.45, "S0 补充效应: process remedies lower the payout that is expected"),
    (given(_APOLOGY, _CALL), situation(), 0.36, "together they take off what is left each time"),
    (given(_APOLOGY), situation(dimension=Dimension.PROCESS), 0.3, "S0: process failures respond to process remedies"),
    (given(), situation(severity=Severity.HIGH), 0.625, "S0: the severity of the failure decides how much"),
    (given(), situation(tier="vip"), 0.6, "by tier, as the firm says"),
    (given(), situation(emotion=2), 0.6, "a tenth for each level of emotion"),
    (given(), situation(waited=timedelta(days=2)), 0.6, "S0 实时性: what is not done on the spot costs more"),
    (given(), situation(waited=timedelta(days=90)), 0.75, "but never more than so many times"),
    (given(_APOLOGY), situation(waited=timedelta(days=2)), 0.55, "what waiting added is not talked away"),
]


@pytest.mark.parametrize(("remedies", "where", "expected", "why"), _CASES, ids=[case[3] for case in _CASES])
def test_the_payout_expected(remedies: tuple[ProposedRemedy, ...], where: Situation, expected: float, why: str) -> None:
    assert expected_payout(PRIORS, where, remedies) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("minor", "accepted"),
    [
        (2_500, 0.5),  # half of the 50.00 expected: halfway
        (5_000, 1 / (1 + math.exp(-2))),  # all of it: half of the steepness, 4, above
        (0, 1 / (1 + math.exp(2))),  # nothing: as much below
    ],
)
def test_acceptance_follows_the_share_of_the_expectation_that_is_met(minor: int, accepted: float) -> None:
    remedies = [paid(_REFUND, minor)] if minor else []
    assert prior_acceptance(PRIORS, situation(), remedies) == pytest.approx(accepted)


def test_a_voucher_counts_for_what_the_customer_makes_of_it() -> None:
    voucher = prior_acceptance(PRIORS, situation(), [paid(_VOUCHER, 5_000)])
    assert voucher == prior_acceptance(PRIORS, situation(), [paid(_REFUND, 2_500)])


def test_an_apology_alone_is_far_from_enough_after_a_failure_of_outcome() -> None:
    """S0: 仅仅道歉还远远不够."""
    apology = prior_acceptance(PRIORS, situation(), given(_APOLOGY))
    assert apology < 0.25 < prior_acceptance(PRIORS, situation(), [paid(_REFUND, 5_000)])


@pytest.mark.parametrize(
    ("waited", "back"),
    [
        (timedelta(0), 0.95),  # Kotler in S3: 95 % where it is done very fast
        (timedelta(hours=2), 0.95),
        (timedelta(days=1, hours=2), 0.75),  # half of the way to 55 %
        (timedelta(days=1000), 0.55),
    ],
)
def test_who_comes_back(waited: timedelta, back: float) -> None:
    assert prior_retention(PRIORS, situation(waited=waited)) == pytest.approx(back)


@pytest.mark.parametrize(
    ("tier", "yearly", "worth"),
    [
        ("regular", 60_000, 60_000),  # half of it earned, over two years
        ("vip", None, 1_000_000),
        ("unheard_of", None, 100_000),  # as a regular one
    ],
)
def test_what_a_customer_is_worth(tier: str, yearly: int | None, worth: int) -> None:
    assert PRIORS.value_of(tier, yearly) == worth


def test_with_a_customer_goes_what_winning_another_costs() -> None:
    """S3: winning one costs five times as much as keeping one, here 4 % of the worth."""
    assert PRIORS.lost_with(100_000) == 120_000


def test_worth_by_hand() -> None:
    found = worth_of(PRIORS, NO_EXPERIENCE, situation(), [paid(_REFUND, 2_500)])
    # Half accept; 95 % instead of 35 % come back; 1,200.00 are lost with each. Half pay 25.00.
    assert (found.value_minor, found.cost_minor, found.net_minor) == (36_000, 1_250, 34_750)
    assert found.payout_expected_minor == 5_000
    assert found.acceptance.strength == found.retention.strength == 20


def test_what_remedies_cost_beside_their_face() -> None:
    remedies = [paid(_VOUCHER, 2_000), *given(_CALL)]
    found = worth_of(PRIORS, NO_EXPERIENCE, situation(), remedies)
    # A voucher costs half of its face, a call 10.00 of somebody's time.
    assert found.cost_minor == math.floor(found.acceptance.mean * 2_000)


@for_any(situations, st.integers(1, 10_000_000), st.integers(1, 10_000_000), process)
def test_acceptance_rises_with_the_payout(
    where: Situation, one: int, other: int, beside: tuple[ProposedRemedy, ...]
) -> None:
    less, more = (prior_acceptance(PRIORS, where, [paid(_REFUND, minor), *beside]) for minor in sorted((one, other)))
    assert 0.0 < less <= more < 1.0


@for_any(situations, offers, process)
def test_process_remedies_never_lower_acceptance(
    where: Situation, remedies: tuple[ProposedRemedy, ...], beside: tuple[ProposedRemedy, ...]
) -> None:
    more = prior_acceptance(PRIORS, where, [*remedies, *beside])
    assert more >= prior_acceptance(PRIORS, where, remedies) - 1e-12


@for_any(situations, offers, st.timedeltas(timedelta(0), timedelta(days=100)))
def test_delay_never_makes_an_offer_better(
    where: Situation, remedies: tuple[ProposedRemedy, ...], later: timedelta
) -> None:
    """S0: what is not done on the spot costs more and does less. Of one that loses money, fewer may take it later: so
    it is the gain that never rises."""
    now = worth_of(PRIORS, NO_EXPERIENCE, where, remedies)
    then_where = situation(
        **{name: getattr(where, name) for name in where.__slots__} | {"waited": where.waited + later}
    )
    then = worth_of(PRIORS, NO_EXPERIENCE, then_where, remedies)
    assert then.acceptance.mean <= now.acceptance.mean + 1e-12
    assert then.retention.mean <= now.retention.mean + 1e-12
    # Each of two amounts was rounded down.
    assert max(0, then.net_minor) <= max(0, now.net_minor) + 1


@for_any(situations, offers)
def test_worth_is_the_same_twice_and_adds_up(where: Situation, remedies: tuple[ProposedRemedy, ...]) -> None:
    one, two = (worth_of(PRIORS, NO_EXPERIENCE, where, remedies) for _ in range(2))
    assert one == two
    assert one.net_minor == one.value_minor - one.cost_minor
    assert all(isinstance(amount, int) for amount in (one.value_minor, one.cost_minor, one.payout_expected_minor))
    for estimate in (one.acceptance, one.retention, one.retention_without):
        low, high = estimate.interval()
        assert 0.0 <= low <= high <= 1.0


@for_any(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_budget_becomes_dearer_as_it_runs_ahead_of_the_day(one: float, other: float, day: float) -> None:
    less, more = sorted((one, other))
    assert 0.0 <= shadow_price(PRIORS, more, day) <= shadow_price(PRIORS, less, day) <= PRIORS.scarcity.at_most
    assert shadow_price(PRIORS, day, less) <= shadow_price(PRIORS, day, more)


@pytest.mark.parametrize(
    ("budget", "day", "price"),
    [
        (1.0, 1.0, 0.0),  # the day begins
        (0.5, 0.5, 0.0),  # it lasts
        (0.9, 0.1, 0.0),  # there is plenty
        (0.5, 1.0, 1.0),  # twice as much of the day left
        (0.01, 1.0, 3.0),  # never above
        (0.0, 0.5, 3.0),  # spent
        (0.0, 0.0, 0.0),  # spent exactly as the day ends
    ],
)
def test_what_a_unit_of_budget_is_worth_beyond_itself(budget: float, day: float, price: float) -> None:
    assert shadow_price(PRIORS, budget, day) == price


@for_any(st.lists(st.floats(-12.0, 12.0), min_size=1, max_size=6))
def test_side_by_side_at_most_one_is_taken(utilities: list[float]) -> None:
    chances = chances_together(utilities)
    assert all(chance > 0.0 for chance in chances) and sum(chances) < 1.0
    # The multinomial logit: two chances stand to each other as their odds do.
    assert chances[0] / chances[-1] == pytest.approx(math.exp(utilities[0] - utilities[-1]))


@for_any(st.floats(-5.0, 5.0), st.floats(0.0, 5.0))
def test_more_of_the_same_is_taken_by_whom_less_did_not_content(utility: float, more: float) -> None:
    """Whoever takes it in the end has taken it in one of the two rounds: tastes do not change."""
    first = chances_together([utility])[0]
    second = chances_after([("refund", utility + more)], {"refund": utility})[0]
    # Declined at first, taken at last: (odds₂ - odds₁) / (1 + odds₂) of those who declined.
    assert first + (1 - first) * second == pytest.approx(chances_together([utility + more])[0])


@pytest.mark.parametrize(
    ("payout", "band"),
    [(0.0, "none"), (0.1, "to_10"), (0.11, "to_20"), (0.35, "to_35"), (0.6, "to_60"), (1.0, "to_100"), (1.01, "above")],
)
def test_bands_of_payout(payout: float, band: str) -> None:
    assert band_of(payout) == band


def test_an_order_that_cost_nothing_is_like_one_unknown() -> None:
    free, unknown = (
        worth_of(PRIORS, NO_EXPERIENCE, situation(at_stake_minor=stake), [paid(_VOUCHER, 1_000)]) for stake in (0, None)
    )
    assert free == unknown


def test_every_fixed_category_has_a_prior() -> None:
    assert set(PRIORS.acceptance.expected) == set(Category)
