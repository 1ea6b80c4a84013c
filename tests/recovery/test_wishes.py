"""What becomes of what a customer names themselves (issue: inside authority granted; above, to a person)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recovery.authority import Account, Bounds
from recovery.money import Money
from recovery.policy import RemedyPolicy, RemedyRule
from recovery.remedies import Authority, Choice, RemedyKind, RemedyTerm
from recovery.severity import Severity
from recovery.wishes import WishOutcome, judge_wish

REFUND, VOUCHER, REPLACEMENT, EXPLANATION = (
    RemedyKind.REFUND,
    RemedyKind.VOUCHER,
    RemedyKind.REPLACEMENT,
    RemedyKind.EXPLANATION,
)
RULE = RemedyRule(
    "late",
    ("delivery",),
    tuple(Severity),
    (Choice((RemedyTerm(RemedyKind.CALL_BACK),)),),
    "Dora",
    date(2026, 11, 1),
    wishes=(
        RemedyTerm(REFUND, percent_of_order=20, at_most_minor=8_000),
        RemedyTerm(REPLACEMENT),
        RemedyTerm(EXPLANATION),
    ),
)
POLICY = RemedyPolicy(
    "CNY",
    (RULE,),
    {Authority.BOT: 10_000, Authority.AGENT: 20_000, Authority.SUPERVISOR: 50_000, Authority.MANAGER: 60_000},
    bounds=Bounds(order_percent=150),
)
ORDER = Money(30_000, "CNY")


@pytest.mark.parametrize(
    ("kind", "amount", "order", "account", "outcome", "authority"),
    [
        # Licensed by a rule that a person approved, within the bot's limit: granted (GB/T 47746-2026, money).
        (REFUND, 6_000, ORDER, Account(), WishOutcome.GRANTED, Authority.BOT),
        (EXPLANATION, None, None, Account(), WishOutcome.GRANTED, Authority.BOT),
        # Above the licence: a person judges it, however small.
        (REFUND, 6_001, ORDER, Account(), WishOutcome.FOR_A_PERSON, Authority.AGENT),
        (VOUCHER, 100, ORDER, Account(), WishOutcome.FOR_A_PERSON, Authority.AGENT),
        # Above the bot's limit, though licensed: whoever may.
        (REFUND, 6_000, ORDER, Account(granted_minor=5_000), WishOutcome.FOR_A_PERSON, Authority.AGENT),
        (REPLACEMENT, None, ORDER, Account(), WishOutcome.FOR_A_PERSON, Authority.SUPERVISOR),
        # Beyond everyone's: more than was paid, or above the manager's.
        (REFUND, 30_001, ORDER, Account(), WishOutcome.BEYOND_EVERYONE, Authority.NOBODY),
        (VOUCHER, 60_001, Money(900_000, "CNY"), Account(), WishOutcome.BEYOND_EVERYONE, Authority.NOBODY),
        # Nobody gets money on a guessed order number (domain, section 5), nor an amount they did not name.
        (REFUND, 6_000, None, Account(), WishOutcome.INCOMPLETE, Authority.NOBODY),
        (REFUND, None, ORDER, Account(), WishOutcome.INCOMPLETE, Authority.NOBODY),
        (REFUND, 6_000, Money(30_000, "USD"), Account(), WishOutcome.INCOMPLETE, Authority.NOBODY),
    ],
)
def test_the_table_of_wishes(
    kind: RemedyKind,
    amount: int | None,
    order: Money | None,
    account: Account,
    outcome: WishOutcome,
    authority: Authority,
) -> None:
    ruling = judge_wish(POLICY, ["delivery"], Severity.LOW, order, account, kind, amount)
    assert (ruling.outcome, ruling.authority) == (outcome, authority)
    assert (ruling.rule is RULE) == (outcome is WishOutcome.GRANTED)


@given(
    st.sampled_from(list(RemedyKind)),
    st.none() | st.integers(1, 10**6),
    st.none() | st.builds(Money, st.integers(0, 10**6), st.just("CNY")),
    st.builds(Account, granted_minor=st.integers(0, 70_000), budget_left_minor=st.none() | st.integers(0, 10_000)),
)
def test_what_is_granted_is_licensed_and_within_the_bots_authority_and_budget(
    kind: RemedyKind, amount: int | None, order: Money | None, account: Account
) -> None:
    ruling = judge_wish(POLICY, ["delivery"], Severity.LOW, order, account, kind, amount)
    if ruling.outcome is not WishOutcome.GRANTED:
        return
    assert ruling.rule is RULE and ruling.remedy is not None
    cost = ruling.remedy.counts_minor
    assert not cost or cost + account.granted_minor <= 10_000
    assert not cost or account.budget_left_minor is None or cost <= account.budget_left_minor
    assert kind is not REFUND or (order is not None and cost <= min(8_000, order.minor // 5))
