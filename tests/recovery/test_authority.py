"""Who may grant what; beside each row the rule's source."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery.authority import RISING, Account, Bound, Bounds, Limits, Ruling, rule_on
from recovery.money import Money
from recovery.remedies import Authority, ProposedRemedy, RemedyKind, cost_of

BOT, AGENT, SUPERVISOR, MANAGER, NOBODY = (
    Authority.BOT,
    Authority.AGENT,
    Authority.SUPERVISOR,
    Authority.MANAGER,
    Authority.NOBODY,
)
LIMITS: Limits = {BOT: 10_000, AGENT: 20_000, SUPERVISOR: 50_000, MANAGER: 100_000}
BOUNDS = Bounds(
    per_remedy={RemedyKind.VOUCHER: {BOT: 3_000, AGENT: 5_000, MANAGER: 20_000}, RemedyKind.GIFT: {SUPERVISOR: 10_000}},
    per_customer={BOT: 15_000, AGENT: 30_000, SUPERVISOR: 60_000, MANAGER: 120_000},
    order_percent=150,
    unlisted_minor=2_000,
    unfounded=((2, 50), (3, 0)),
    over_budget=SUPERVISOR,
)
ORDER = Money(40_000, "CNY")
FREE = ProposedRemedy(RemedyKind.APOLOGY)


def refund(minor: int) -> ProposedRemedy:
    return ProposedRemedy(RemedyKind.REFUND, Money(minor, "CNY"), minor)


def voucher(minor: int) -> ProposedRemedy:
    return ProposedRemedy(RemedyKind.VOUCHER, Money(minor, "CNY"), minor)


@pytest.mark.parametrize(
    ("remedies", "account", "expected"),
    [
        # S0: the front line acts at once within limits; above, a supervisor, then a manager.
        ([refund(10_000)], Account(), Ruling(BOT)),
        ([refund(10_001)], Account(), Ruling(AGENT, Bound.COMPLAINT)),
        ([refund(40_000)], Account(), Ruling(SUPERVISOR, Bound.COMPLAINT)),
        # What was granted for the complaint or its order before counts (issue: exceeding is impossible by repetition).
        ([refund(4_000)], Account(granted_minor=6_001), Ruling(AGENT, Bound.COMPLAINT)),
        # Limits by remedy: who is not named grants none of it.
        ([voucher(3_001)], Account(), Ruling(AGENT, Bound.REMEDY)),
        ([voucher(5_001)], Account(), Ruling(MANAGER, Bound.REMEDY)),
        ([ProposedRemedy(RemedyKind.GIFT, None, 500)], Account(), Ruling(SUPERVISOR, Bound.REMEDY)),
        ([ProposedRemedy(RemedyKind.GIFT, None, 10_001)], Account(), Ruling(NOBODY, Bound.REMEDY)),
        # Domain, section 5: caps by person …
        ([refund(5_000)], Account(customer_minor=10_000), Ruling(BOT)),
        ([refund(5_001)], Account(customer_minor=10_000), Ruling(AGENT, Bound.CUSTOMER)),
        ([refund(1)], Account(customer_minor=120_000), Ruling(NOBODY, Bound.CUSTOMER)),
        # … and by order: never more goes back than was paid, and all together no more than the firm's share of it.
        ([refund(40_000)], Account(granted_minor=1), Ruling(NOBODY, Bound.ORDER)),
        ([voucher(3_000)], Account(granted_minor=57_001), Ruling(NOBODY, Bound.ORDER)),
        # Goods sent anew stand for their price.
        ([ProposedRemedy(RemedyKind.REPLACEMENT, None, 40_000)], Account(granted_minor=1), Ruling(NOBODY, Bound.ORDER)),
        # Limits on an anonymous chat: the order was proved by digits and is not listed with the identity.
        ([refund(2_000)], Account(listed=False), Ruling(BOT)),
        ([refund(2_001)], Account(listed=False), Ruling(AGENT, Bound.UNLISTED)),
        ([refund(500)], Account(listed=False, unlisted_minor=1_600), Ruling(AGENT, Bound.UNLISTED)),
        # S2, problem customers: repeated unfounded claims lower authority to nil.
        ([refund(5_001)], Account(unfounded=1), Ruling(BOT)),
        ([refund(5_001)], Account(unfounded=2), Ruling(AGENT, Bound.UNFOUNDED)),
        ([refund(1)], Account(unfounded=3), Ruling(SUPERVISOR, Bound.UNFOUNDED)),
        # S0, inside a budget: spent, a person decides; what fits is not held up.
        ([refund(900)], Account(budget_left_minor=900), Ruling(BOT)),
        ([refund(901)], Account(budget_left_minor=900), Ruling(SUPERVISOR, Bound.BUDGET)),
        # What costs nothing is within every limit of money.
        ([FREE], Account(10**9, 10**9, False, 10**9, 99, 0), Ruling(BOT)),
    ],
)
def test_the_table_of_authority(remedies: list[ProposedRemedy], account: Account, expected: Ruling) -> None:
    assert rule_on(LIMITS, BOUNDS, remedies, account, ORDER) == expected


def test_without_an_order_the_order_bounds_nothing() -> None:
    assert rule_on(LIMITS, BOUNDS, [voucher(1_000)], Account(granted_minor=8_000), None).authority is BOT


ACCOUNTS = st.builds(
    Account,
    granted_minor=st.integers(0, 120_000),
    customer_minor=st.integers(0, 150_000),
    listed=st.booleans(),
    unlisted_minor=st.integers(0, 5_000),
    unfounded=st.integers(0, 4),
    budget_left_minor=st.none() | st.integers(0, 60_000),
)
REMEDIES = st.lists(
    st.builds(refund, st.integers(1, 120_000)) | st.builds(voucher, st.integers(1, 30_000)) | st.just(FREE),
    min_size=1,
    max_size=3,
    unique_by=lambda remedy: remedy.kind,
)
ORDERS = st.none() | st.builds(Money, st.integers(0, 200_000), st.just("CNY"))


@given(REMEDIES, ACCOUNTS, ORDERS)
def test_whoever_may_grant_it_stays_within_every_limit(
    remedies: list[ProposedRemedy], account: Account, order: Money | None
) -> None:
    ruling, cost = rule_on(LIMITS, BOUNDS, remedies, account, order), cost_of(remedies)
    if ruling.authority is NOBODY or not cost:
        return
    assert cost + account.granted_minor <= LIMITS[ruling.authority]
    assert cost + account.customer_minor <= BOUNDS.per_customer[ruling.authority]
    for remedy in remedies:
        if remedy.kind in BOUNDS.per_remedy:
            assert remedy.counts_minor <= BOUNDS.per_remedy[remedy.kind][ruling.authority]
    if order is not None:
        back = sum(r.counts_minor for r in remedies if r.kind is RemedyKind.REFUND)
        assert not back or back + account.granted_minor <= order.minor
        assert cost + account.granted_minor <= order.minor * 1.5
    if ruling.authority is BOT:
        assert account.listed or cost + account.unlisted_minor <= 2_000
        assert account.unfounded < 3
    if ruling.authority in (BOT, AGENT):
        assert account.budget_left_minor is None or cost <= account.budget_left_minor


@given(REMEDIES, ACCOUNTS, ORDERS, st.integers(0, 50_000))
def test_having_had_more_never_needs_a_lower_authority(
    remedies: list[ProposedRemedy], account: Account, order: Money | None, more: int
) -> None:
    rank = [*RISING, NOBODY].index
    before = rule_on(LIMITS, BOUNDS, remedies, account, order).authority
    worse = replace(
        account,
        granted_minor=account.granted_minor + more,
        customer_minor=account.customer_minor + more,
        unfounded=account.unfounded + 1,
    )
    assert rank(rule_on(LIMITS, BOUNDS, remedies, worse, order).authority) >= rank(before)


def test_the_window_of_a_cap_is_the_firms() -> None:
    assert Bounds(customer_window=timedelta(days=30)).customer_window == timedelta(days=30)
    assert [BOUNDS.percent_left(times) for times in range(5)] == [100, 100, 50, 0, 0]
