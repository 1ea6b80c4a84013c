"""The decision where a firm goes by what offers are expected to keep: ranking, budget, preferences, second rounds."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from actions.firm import load_firm
from recovery.authority import Account, Bounds
from recovery.budgets import BudgetLeft
from recovery.decision import (
    CHOICES_SHOWN,
    AssessedComplaint,
    ChooseBy,
    CustomerKnown,
    Decision,
    FactsKnown,
    NothingToOffer,
    Policy,
    ReasonKey,
    Timing,
    decide,
)
from recovery.failures import Dimension
from recovery.money import Money
from recovery.policy import RemedyPolicy, RemedyRule
from recovery.remedies import Authority, Choice, RemedyKind, RemedyTerm
from recovery.severity import Severity

REFUND, VOUCHER, APOLOGY, CALL = RemedyKind.REFUND, RemedyKind.VOUCHER, RemedyKind.APOLOGY, RemedyKind.CALL_BACK
PRIORS = load_firm(Path("data/firm")).value.priors
LIMITS = {Authority.BOT: 10_000, Authority.AGENT: 20_000, Authority.SUPERVISOR: 50_000, Authority.MANAGER: 100_000}
ROOM = Choice((RemedyTerm(REFUND, percent_of_order=30, from_percent=5),))
GIFT = Choice((RemedyTerm(VOUCHER, amount_minor=3_000, from_minor=1_000), RemedyTerm(APOLOGY)))
RING = Choice((RemedyTerm(CALL),))
LATE = RemedyRule("late", ("delivery",), tuple(Severity), (ROOM, GIFT, RING), "Dora", date(2026, 11, 1))


def policy(rule: RemedyRule = LATE, choose_by: ChooseBy = ChooseBy.OPTIMUM, bounds: Bounds | None = None) -> Policy:
    return Policy(RemedyPolicy("CNY", (rule,), LIMITS, bounds=bounds or Bounds()), choose_by, PRIORS)


def decided(
    firm: Policy | None = None,
    *,
    customer: CustomerKnown | None = None,
    facts: FactsKnown | None = None,
    budget: BudgetLeft | None = None,
    waited: timedelta = timedelta(0),
) -> Decision:
    complaint = AssessedComplaint(("delivery",), Severity.MEDIUM, Dimension.OUTCOME, 1, waited)
    known = facts or FactsKnown(Money(20_000, "CNY"))
    return decide(complaint, customer or CustomerKnown(), known, firm or policy(), budget)


def kinds(decision: Decision) -> list[str]:
    return [offer.remedies[0].kind for offer in decision.offers]


def test_every_offer_tells_cost_split_timing_authority_licence_and_why() -> None:
    decision = decided()
    gift = next(offer for offer in decision.offers if offer.remedies[0].kind is VOUCHER)
    assert gift.outcome_minor == gift.cost.minor > 0
    assert gift.process == (APOLOGY,)
    assert gift.timing == ((VOUCHER, Timing.AT_ONCE), (APOLOGY, Timing.AT_ONCE))
    assert (gift.authority, gift.rule, gift.approved_by) == (Authority.BOT, "late", "Dora")
    assert gift.reason.key is ReasonKey.BY_VALUE
    ring = next(offer for offer in decision.offers if offer.remedies[0].kind is CALL)
    assert ring.timing == ((CALL, Timing.BY_A_PERSON),)
    assert (ring.cost.minor, ring.outcome_minor, ring.reason.key) == (0, 0, ReasonKey.FREE)


def test_the_order_is_that_of_what_each_keeps_beyond_its_cost() -> None:
    nets = [offer.worth.net_minor for offer in decided().offers if offer.worth is not None]
    assert len(nets) == 3
    assert nets == sorted(nets, reverse=True)


def test_the_table_keeps_its_order_and_offers_in_full() -> None:
    decision = decided(policy(choose_by=ChooseBy.TABLE))
    assert kinds(decision) == [REFUND, VOUCHER, CALL]
    assert [offer.cost.minor for offer in decision.offers] == [6_000, 3_000, 0]
    assert {offer.reason.key for offer in decision.offers} == {ReasonKey.AS_WRITTEN}


def test_what_is_written_in_order_stays_so_though_value_is_known() -> None:
    decision = decided(policy(replace(LATE, as_written=True)))
    assert (kinds(decision), decision.offers[0].cost.minor) == ([REFUND, VOUCHER, CALL], 6_000)


def test_a_customer_worth_more_is_never_offered_less() -> None:
    small, large = (decided(customer=CustomerKnown("regular", value)).offers for value in (1_000, 5_000_000))
    cost = {offer.remedies[0].kind: offer.cost.minor for offer in small}
    assert all(offer.cost.minor >= cost[offer.remedies[0].kind] for offer in large)
    assert sum(offer.cost.minor for offer in large) > sum(cost.values())


def test_what_the_customer_likes_comes_first_and_what_they_do_not_is_left_out() -> None:
    calls = decided(customer=CustomerKnown(preferred=frozenset({"call_back"})))
    assert (kinds(calls)[0], calls.offers[0].reason.key) == (CALL, ReasonKey.PREFERRED)
    assert CALL not in kinds(decided(customer=CustomerKnown(avoided=frozenset({"call_back"}))))
    # Where nothing else is there, it is still better than nothing.
    only = policy(replace(LATE, choices=(RING,)))
    assert kinds(decided(only, customer=CustomerKnown(avoided=frozenset({"call_back"})))) == [CALL]


def test_a_wish_comes_before_what_the_customer_likes() -> None:
    liked = CustomerKnown(preferred=frozenset({"call_back"}))
    facts = FactsKnown(Money(20_000, "CNY"), wished="voucher")
    decision = decided(customer=liked, facts=facts)
    assert (kinds(decision)[:2], decision.offers[0].reason.key) == ([VOUCHER, CALL], ReasonKey.WISHED)


def test_when_the_budget_is_spent_what_costs_nothing_is_left() -> None:
    decision = decided(budget=BudgetLeft(0, 0.0, 0.5))
    assert kinds(decision) == [CALL]
    assert decision.offers[0].reason.key is ReasonKey.BUDGET_SPENT


def test_when_the_budget_is_spent_and_nothing_is_free_a_person_has_to_decide() -> None:
    paying = policy(replace(LATE, choices=(ROOM, GIFT)))
    assert decided(paying, budget=BudgetLeft(0, 0.0, 0.5)) == Decision((), NothingToOffer.BUDGET_SPENT)


def test_what_the_law_owes_is_offered_though_the_budget_is_spent() -> None:
    decision = decided(policy(replace(LATE, owed=True, as_written=True)), budget=BudgetLeft(0, 0.0, 0.5))
    assert (kinds(decision), decision.offers[0].reason.key) == ([REFUND, VOUCHER, CALL], ReasonKey.OWED)


def test_a_budget_that_goes_faster_than_the_day_makes_offers_smaller() -> None:
    def spent(share: float) -> int:
        return sum(offer.cost.minor for offer in decided(budget=BudgetLeft(10**9, share, 0.9)).offers)

    assert spent(0.05) <= spent(0.9)


def test_a_second_round_offers_more_of_the_same_or_something_else() -> None:
    first = decided()
    declined = tuple(offer.remedies for offer in first.offers)
    second = decided(facts=FactsKnown(Money(20_000, "CNY"), declined=declined))
    before = {frozenset(r.kind for r in offer.remedies): offer.cost.minor for offer in first.offers}
    for offer in second.offers:
        assert offer.cost.minor > before[frozenset(r.kind for r in offer.remedies)]
        assert offer.reason.key is ReasonKey.MORE_THAN_BEFORE
    in_full = tuple(offer.remedies for offer in decided(policy(choose_by=ChooseBy.TABLE)).offers)
    nothing = decided(facts=FactsKnown(Money(20_000, "CNY"), declined=in_full))
    assert nothing == Decision((), NothingToOffer.NONE_LEFT)


def test_no_rule_no_offer() -> None:
    complaint = AssessedComplaint(("safety",), Severity.CRITICAL)
    assert decide(complaint, CustomerKnown(), FactsKnown(), policy()) == Decision((), NothingToOffer.NO_RULE)


TERMS = st.one_of(
    st.builds(
        lambda kind, most, share, cap: RemedyTerm(kind, most, None, cap, max(1, most * share // 100)),
        st.sampled_from([REFUND, VOUCHER]),
        st.integers(1, 100),
        st.integers(1, 99),
        st.none() | st.integers(1, 50_000),
    ),
    st.builds(
        lambda most, share: RemedyTerm(VOUCHER, amount_minor=most, from_minor=max(1, most * share // 100)),
        st.integers(1, 50_000),
        st.integers(1, 99),
    ),
    st.builds(
        RemedyTerm, st.sampled_from([RemedyKind.REPLACEMENT, RemedyKind.GIFT]), worth_minor=st.integers(0, 9_000)
    ),
    st.builds(RemedyTerm, st.sampled_from([APOLOGY, CALL, RemedyKind.PRIORITY])),
)
RULES = st.builds(
    lambda choices, as_written, owed: replace(LATE, choices=tuple(choices), as_written=as_written, owed=owed),
    st.lists(
        st.lists(TERMS, min_size=1, max_size=3, unique_by=lambda term: term.kind).map(lambda t: Choice(tuple(t))),
        min_size=1,
        max_size=5,
    ),
    st.booleans(),
    st.booleans(),
)
BOUNDS = st.builds(
    lambda share, customer, unlisted: Bounds(
        per_customer=dict(zip(LIMITS, sorted(customer), strict=True)),
        order_percent=share,
        unlisted_minor=unlisted,
        unfounded=((1, 50), (2, 0)),
    ),
    st.integers(1, 200),
    st.lists(st.integers(0, 150_000), min_size=4, max_size=4),
    st.none() | st.integers(0, 20_000),
)
FACTS = st.builds(
    FactsKnown,
    order_total=st.none() | st.builds(Money, st.integers(0, 10**6), st.sampled_from(["CNY", "CNY", "USD"])),
    account=st.builds(
        Account,
        granted_minor=st.integers(0, 120_000),
        customer_minor=st.integers(0, 150_000),
        listed=st.booleans(),
        unlisted_minor=st.integers(0, 20_000),
        unfounded=st.integers(0, 3),
    ),
    wished=st.none() | st.sampled_from([str(kind) for kind in RemedyKind]),
)
CUSTOMERS = st.builds(
    CustomerKnown,
    tier=st.sampled_from(["vip", "major", "regular", "small"]),
    value_minor=st.none() | st.integers(0, 10**8),
    preferred=st.frozensets(st.sampled_from([str(kind) for kind in RemedyKind]), max_size=2),
    avoided=st.frozensets(st.sampled_from([str(kind) for kind in RemedyKind]), max_size=2),
)
BUDGETS = st.builds(
    lambda minor, share, day: BudgetLeft(minor, 1.0 if minor is None else share, day),
    st.none() | st.integers(0, 60_000),
    st.floats(0, 1),
    st.floats(0, 1),
)


@settings(max_examples=300, deadline=None)
@given(
    RULES,
    BOUNDS,
    FACTS,
    CUSTOMERS,
    BUDGETS,
    st.sampled_from(list(ChooseBy)),
    st.sampled_from(list(Severity)),
    st.integers(0, 3),
    st.timedeltas(timedelta(0), timedelta(days=90)),
)
def test_no_offer_exceeds_authority_cap_or_budget(
    rule: RemedyRule,
    bounds: Bounds,
    facts: FactsKnown,
    customer: CustomerKnown,
    budget: BudgetLeft,
    choose_by: ChooseBy,
    severity: Severity,
    emotion: int,
    waited: timedelta,
) -> None:
    firm = policy(rule, choose_by, bounds)
    complaint = AssessedComplaint(("delivery",), severity, Dimension.OUTCOME, emotion, waited)
    decision = decide(complaint, customer, facts, firm, budget)
    assert decision == decide(complaint, customer, facts, firm, budget), "the same question, the same answer"
    assert len(decision.offers) <= CHOICES_SHOWN
    assert bool(decision.offers) == (decision.nothing is None)
    account = facts.account
    for offer in decision.offers:
        cost = offer.cost.minor
        assert cost == sum(remedy.counts_minor for remedy in offer.remedies)
        assert offer.authority is not Authority.NOBODY
        if not cost:
            continue
        assert cost + account.granted_minor <= LIMITS[offer.authority]
        assert cost + account.customer_minor <= bounds.per_customer[offer.authority]
        assert rule.owed or budget.minor is None or cost <= budget.minor
        if offer.authority is Authority.BOT:
            assert account.unfounded < 2
            unlisted = bounds.unlisted_minor
            assert account.listed or unlisted is None or cost + account.unlisted_minor <= unlisted
        total = facts.order_total
        if total is not None and total.currency == "CNY":
            assert bounds.order_percent is not None
            assert (cost + account.granted_minor) * 100 <= total.minor * bounds.order_percent
            refunded = sum(r.counts_minor for r in offer.remedies if r.kind is REFUND)
            assert not refunded or refunded + account.granted_minor <= total.minor
