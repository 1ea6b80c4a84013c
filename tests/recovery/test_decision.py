"""What is offered, at what price, by whose authority (domain.md section 5)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from recovery.authority import Account
from recovery.decision import (
    AssessedComplaint,
    CustomerKnown,
    FactsKnown,
    Policy,
    RankedOffer,
    decide,
)
from recovery.failures import Category
from recovery.money import Money
from recovery.policy import RemedyPolicy, RemedyRule
from recovery.remedies import NEEDS_ORDER, Authority, Choice, RemedyKind, RemedyTerm
from recovery.severity import Severity

REFUND, VOUCHER, APOLOGY, CALL = RemedyKind.REFUND, RemedyKind.VOUCHER, RemedyKind.APOLOGY, RemedyKind.CALL_BACK
LIMITS = {Authority.BOT: 10000, Authority.AGENT: 20000, Authority.SUPERVISOR: 50000, Authority.MANAGER: 100000}


def policy(*choices: Choice, categories: tuple[str, ...] = ("delivery",)) -> RemedyPolicy:
    rule = RemedyRule("late", categories, (Severity.LOW, Severity.MEDIUM), choices, "Dora", date(2026, 11, 1))
    return RemedyPolicy("CNY", (rule,), LIMITS)


def by_table(
    firm: RemedyPolicy,
    categories: Sequence[str],
    severity: Severity = Severity.LOW,
    order: Money | None = None,
    granted: int = 0,
    wished: str | None = None,
) -> tuple[RankedOffer, ...]:
    """What is offered where a firm goes by its table alone."""
    complaint = AssessedComplaint(tuple(categories), severity)
    facts = FactsKnown(order, Account(granted_minor=granted), wished)
    return decide(complaint, CustomerKnown(), facts, Policy(firm)).offers


def offers(
    firm: RemedyPolicy, total: int | None = 30000, currency: str = "CNY", granted: int = 0, wished: str | None = None
) -> tuple[RankedOffer, ...]:
    order = None if total is None else Money(total, currency)
    return by_table(firm, ["delivery"], Severity.LOW, order, granted, wished)


SHARE = Choice((RemedyTerm(REFUND, percent_of_order=20, at_most_minor=10000),))
ALL = Choice((RemedyTerm(REFUND, percent_of_order=100),))
GIFT = Choice((RemedyTerm(VOUCHER, amount_minor=2000), RemedyTerm(APOLOGY)))
RING = Choice((RemedyTerm(CALL),))


def test_a_share_is_of_what_was_paid_rounded_down() -> None:
    assert offers(policy(SHARE), total=30000)[0].cost == Money(6000, "CNY")
    assert offers(policy(SHARE), total=999)[0].cost == Money(199, "CNY")  # 20 % of 9.99 is 1.998


def test_a_share_stops_at_its_cap() -> None:
    assert offers(policy(SHARE), total=90000)[0].cost == Money(10000, "CNY")


def test_a_share_of_next_to_nothing_is_not_offered() -> None:
    assert [offer.cost.minor for offer in offers(policy(SHARE, RING), total=4)] == [0]
    assert [offer.remedies[0].kind for offer in offers(policy(ALL, RING), total=0)] == [CALL]


def test_a_choice_costs_what_all_its_remedies_cost() -> None:
    both = Choice((RemedyTerm(REFUND, percent_of_order=10), RemedyTerm(VOUCHER, amount_minor=500), RemedyTerm(APOLOGY)))
    (offer,) = offers(policy(both))
    assert (offer.cost.minor, [r.amount.minor if r.amount else None for r in offer.remedies]) == (
        3500,
        [3000, 500, None],
    )


def test_without_the_customers_order_nothing_that_needs_one_is_offered() -> None:
    assert [offer.remedies[0].kind for offer in offers(policy(SHARE, GIFT, RING), total=None)] == [CALL]


@pytest.mark.parametrize(
    ("total", "authority"),
    [
        (10000, Authority.BOT),
        (10001, Authority.AGENT),
        (20000, Authority.AGENT),
        (20001, Authority.SUPERVISOR),
        (50001, Authority.MANAGER),
        (100000, Authority.MANAGER),
    ],
)
def test_the_lowest_authority_that_covers_it_grants_it(total: int, authority: Authority) -> None:
    assert offers(policy(ALL), total=total)[0].authority is authority


def test_what_is_beyond_the_manager_is_not_offered() -> None:
    assert offers(policy(ALL), total=100001) == ()


def test_an_authority_that_is_not_named_grants_nothing() -> None:
    nobody = RemedyPolicy("CNY", policy(ALL).rules, {})
    assert offers(nobody) == ()


def test_what_was_granted_before_counts_towards_the_limit() -> None:
    assert offers(policy(GIFT), granted=8000)[0].authority is Authority.BOT
    assert offers(policy(GIFT), granted=8001)[0].authority is Authority.AGENT
    assert offers(policy(GIFT), granted=98001) == ()


def test_what_costs_nothing_is_within_every_limit() -> None:
    assert [offer.authority for offer in offers(policy(RING), granted=10**9)] == [Authority.BOT]


def test_never_more_goes_back_than_was_paid() -> None:
    assert len(offers(policy(ALL), total=30000)) == 1
    assert offers(policy(ALL), total=30000, granted=1) == ()
    assert len(offers(policy(SHARE), total=30000, granted=24000)) == 1
    assert offers(policy(SHARE), total=30000, granted=24001) == ()


def test_another_currency_than_the_limits_is_a_persons_to_judge() -> None:
    assert [offer.remedies[0].kind for offer in offers(policy(SHARE, RING), currency="USD")] == [CALL]


def test_the_wished_remedy_stands_first_and_the_others_keep_their_order() -> None:
    firm = policy(SHARE, GIFT, RING)
    kinds = [[o.remedies[0].kind for o in offers(firm, wished=wish)] for wish in (None, "voucher", "apology", "gold")]
    as_written = [REFUND, VOUCHER, CALL]
    assert kinds == [as_written, [VOUCHER, REFUND, CALL], [VOUCHER, REFUND, CALL], as_written]


def test_every_offer_names_the_rule_and_who_licensed_it() -> None:
    (offer,) = offers(policy(RING))
    assert (offer.rule, offer.approved_by) == ("late", "Dora")


def test_a_failure_without_a_rule_gets_no_offer() -> None:
    assert by_table(policy(RING), ["safety"]) == ()
    assert by_table(policy(RING), ["delivery"], Severity.HIGH) == ()
    # Danger leads: no offer for the parcel while somebody may be hurt.
    assert by_table(policy(RING), ["delivery", "safety"]) == ()


def test_the_first_rule_that_fits_applies() -> None:
    first, second = policy(GIFT).rules[0], policy(RING).rules[0]
    firm = RemedyPolicy("CNY", (first, second), LIMITS)
    assert firm.rule_for(["delivery"], Severity.LOW) is first


# --- properties ------------------------------------------------------------------------------------------------------

MONEY_TERMS = st.one_of(
    st.builds(
        RemedyTerm,
        st.sampled_from([REFUND, VOUCHER]),
        percent_of_order=st.integers(1, 100),
        at_most_minor=st.none() | st.integers(1, 10**6),
    ),
    st.builds(RemedyTerm, st.sampled_from([REFUND, VOUCHER]), amount_minor=st.integers(1, 10**6)),
)
FREE_TERMS = st.builds(RemedyTerm, st.sampled_from([APOLOGY, CALL, RemedyKind.PRIORITY]))
CHOICES = st.lists(MONEY_TERMS | FREE_TERMS, min_size=1, max_size=3, unique_by=lambda term: term.kind).map(
    lambda terms: Choice(tuple(terms))
)
POLICIES = st.builds(
    lambda choices, limits: RemedyPolicy("CNY", policy(*choices).rules, dict(zip(LIMITS, sorted(limits), strict=True))),
    st.lists(CHOICES, min_size=1, max_size=3),
    st.lists(st.integers(0, 10**6), min_size=4, max_size=4),
)
TOTALS = st.none() | st.integers(0, 10**7)
GRANTED = st.integers(0, 10**6)
WISHES = st.none() | st.sampled_from(list(RemedyKind))


@given(POLICIES, TOTALS, GRANTED, WISHES)
def test_no_offer_exceeds_its_authority(firm: RemedyPolicy, total: int | None, granted: int, wish: str | None) -> None:
    for offer in offers(firm, total, granted=granted, wished=wish):
        assert offer.authority is not Authority.NOBODY
        assert offer.cost.minor == 0 or offer.cost.minor + granted <= firm.limits[offer.authority]
        assert offer.cost.minor == sum(r.amount.minor for r in offer.remedies if r.amount)


@given(POLICIES, TOTALS, GRANTED)
def test_no_refund_exceeds_what_is_left_of_the_order(firm: RemedyPolicy, total: int | None, granted: int) -> None:
    for offer in offers(firm, total, granted=granted):
        back = sum(r.amount.minor for r in offer.remedies if r.amount and r.kind is REFUND)
        assert back == 0 or (total is not None and back + granted <= total)
        assert total is not None or not {r.kind for r in offer.remedies} & NEEDS_ORDER


@given(POLICIES, TOTALS, GRANTED, WISHES)
def test_a_wish_changes_the_order_and_nothing_else(
    firm: RemedyPolicy, total: int | None, granted: int, wish: str | None
) -> None:
    plain, wished = offers(firm, total, granted=granted), offers(firm, total, granted=granted, wished=wish)
    assert {(o.rule, o.remedies, o.authority) for o in plain} == {(o.rule, o.remedies, o.authority) for o in wished}
    assert len(plain) == len(wished)
    fits = [any(r.kind == wish for r in offer.remedies) for offer in wished]
    assert fits == sorted(fits, reverse=True)


@given(POLICIES, st.integers(0, 10**7), GRANTED, GRANTED)
def test_having_been_granted_more_never_opens_more(firm: RemedyPolicy, total: int, less: int, more: int) -> None:
    assume(less <= more)
    after = {(o.rule, o.remedies) for o in offers(firm, total, granted=more)}
    assert after <= {(o.rule, o.remedies) for o in offers(firm, total, granted=less)}


# --- money -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("minor", "currency"), [(-1, "CNY"), (1, "yuan"), (1, "cny"), (1, ""), (1, "元元元")])
def test_what_is_no_amount_is_refused(minor: int, currency: str) -> None:
    with pytest.raises(ValueError, match=r"amount|currency"):
        Money(minor, currency)


def test_where_no_rule_names_a_firms_own_category_those_of_its_like_apply() -> None:
    firm = replace(policy(RING), like={"pick_up": Category.DELIVERY, "gift_card": Category.BILLING_PRICE})
    assert firm.rule_for(["pick_up"], Severity.LOW) == firm.rule_for(["delivery"], Severity.LOW) is not None
    assert firm.rule_for(["gift_card"], Severity.LOW) is None
    assert firm.rule_for(["weather"], Severity.LOW) is None


def test_a_rule_of_its_own_is_all_that_a_firms_own_category_has() -> None:
    own = replace(policy(RING).rules[0], id="own", categories=("pick_up",), severities=(Severity.LOW,))
    firm = policy(SHARE)
    firm = replace(firm, rules=(*firm.rules, own), like={"pick_up": Category.DELIVERY})
    rule = firm.rule_for(["pick_up"], Severity.LOW)
    assert rule is not None and rule.id == "own"
    # The firm left this severity to a person.
    assert firm.rule_for(["pick_up"], Severity.MEDIUM) is None


def test_a_wish_is_looked_for_in_the_rules_of_the_other_failures_too() -> None:
    app, billing = (
        RemedyRule(name, (name,), (Severity.LOW,), choices, "Dora", date(2026, 11, 1))
        for name, choices in (
            ("digital_app", (Choice((RemedyTerm(CALL),)),)),
            (
                "billing_price",
                (
                    Choice((RemedyTerm(REFUND, percent_of_order=20, at_most_minor=10000),)),
                    Choice((RemedyTerm(APOLOGY),)),
                ),
            ),
        )
    )
    firm, order = RemedyPolicy("CNY", (app, billing), LIMITS), Money(30000, "CNY")

    def kinds(wished: str | None) -> list[list[RemedyKind]]:
        found = by_table(firm, ["digital_app", "billing_price"], Severity.LOW, order, 0, wished)
        return [[remedy.kind for remedy in offer.remedies] for offer in found]

    assert kinds(None) == [[CALL]]
    assert kinds("refund") == [[REFUND], [CALL]]
    assert kinds("voucher") == [[CALL]]
