"""Remedies by hand: within one's own authority at once, above it once somebody who may has agreed or changed it.

Limits of authority.yml: bot 500 yuan, agent 800, supervisor 2,000, manager 10,000.
"""

import pytest
from sqlalchemy import select

from actions.staff.access import DeedRefused
from actions.staff.approvals import approve, change, refuse
from actions.staff.granting import RemedyWish, budget, grant_by_hand
from actions.staff.talking import take
from recovery.case_states import CaseState
from store.tables import Notification, Offer, OrderIdentity, RefundEntry, Staff, Voucher
from tests.actions.dialogue import Customer, Shop

ORDER = "202611120007"


def refused(shop: Shop, deed: object, *args: object) -> str:
    with pytest.raises(DeedRefused) as refusal:
        shop.does(deed, *args)  # type: ignore[arg-type]
    return refusal.value.code


def taken(shop: Shop, customer: Customer, person: Staff, total: int = 300000) -> int:
    """A customer whose order is proved theirs, talking with a person; the conversation's id."""
    shop.sells(ORDER, total=total, to=customer.address.public)
    customer.complains("product_quality", order_number=ORDER)
    shop.does(take, shop.firm, person, customer.conversation.id)
    return customer.conversation.id


def test_within_their_own_limit_a_person_grants_and_the_customer_hears_it_at_once(
    shop: Shop, customer: Customer, alice: Staff
) -> None:
    conversation = taken(shop, customer, alice)
    shop.does(grant_by_hand, shop.firm, alice, conversation, RemedyWish("refund", 80000), "the cup was cracked")
    money = "800元" if customer.language == "zh" else "¥800.00"
    assert money in customer.was_told[-1]
    shop.fires_due()
    assert [entry.amount for entry in shop.all(RefundEntry)] == [80000]
    (offer,) = [offer for offer in customer.case.offers if offer.rule == "by-hand"]
    assert (offer.state, offer.approved_by, offer.reason) == ("accepted", "alice", "the cup was cracked")
    assert customer.case.state == CaseState.RESOLVED
    assert {o.state for o in customer.case.offers if o.rule != "by-hand"} == {"superseded"}


def test_above_it_the_remedy_waits_for_who_may_and_the_customer_hears_by_when(
    shop: Shop, customer: Customer, alice: Staff, bob: Staff, dora: Staff
) -> None:
    conversation = taken(shop, customer, alice)
    shop.does(grant_by_hand, shop.firm, alice, conversation, RemedyWish("refund", 80001), "twice broken")
    case = customer.case
    assert case.state == CaseState.AWAITING_APPROVAL and shop.all(RefundEntry) == []
    assert [made.kind for made in case.promises if made.state == "open"] == ["approval"]
    wanted = [told.staff_id for told in shop.all(Notification) if told.kind == "approval_wanted"]
    # The lowest role that may; a manager is not asked for what a supervisor decides.
    assert wanted == [bob.id]
    (waiting,) = [offer.id for offer in case.offers if offer.state == "awaiting_approval"]
    assert refused(shop, approve, shop.firm, alice, waiting) == "above_authority"
    shop.does(approve, shop.firm, bob, waiting)
    shop.fires_due()
    assert [entry.amount for entry in shop.all(RefundEntry)] == [80001]


def test_what_the_order_has_had_counts_towards_the_limit(shop: Shop, wang: Customer, alice: Staff) -> None:
    conversation = taken(shop, wang, alice)
    shop.does(grant_by_hand, shop.firm, alice, conversation, RemedyWish("voucher", 50000), "for the trouble")
    shop.fires_due()
    assert wang.case.state == CaseState.RESOLVED  # and yet Alice goes on
    shop.does(grant_by_hand, shop.firm, alice, conversation, RemedyWish("refund", 40000), "and the money")
    assert wang.case.state == CaseState.AWAITING_APPROVAL


def test_what_cannot_be_given_is_refused_and_nothing_is_left(
    shop: Shop, wang: Customer, alice: Staff, bob: Staff
) -> None:
    conversation = taken(shop, wang, alice, total=30000)
    before, told = len(shop.all(Offer)), wang.was_told
    for person, wish, reason, code in (
        (bob, RemedyWish("refund", 100), "x", "not_yours"),
        (alice, RemedyWish("refund", 100), "  ", "grant_reason_missing"),
        (alice, RemedyWish("refund", None), "x", "amount_missing"),
        (alice, RemedyWish("apology", 100), "x", "amount_not_fitting"),
        (alice, RemedyWish("gold", 100), "x", "unknown_remedy"),
        (alice, RemedyWish("refund", 30001), "x", "more_than_paid"),
        (alice, RemedyWish("voucher", 1000001), "x", "above_everyone"),
        (alice, RemedyWish("voucher", 10**12), "x", "above_everyone"),
    ):
        assert refused(shop, grant_by_hand, shop.firm, person, conversation, wish, reason) == code, wish
    assert len(shop.all(Offer)) == before and wang.was_told == told


def test_money_needs_an_order_that_is_the_customers_and_a_call_does_not(
    shop: Shop, wang: Customer, alice: Staff
) -> None:
    wang.complains("service_attitude")
    conversation = wang.conversation.id
    shop.does(take, shop.firm, alice, conversation)
    wish = RemedyWish("voucher", 1000)
    assert refused(shop, grant_by_hand, shop.firm, alice, conversation, wish, "x") == "order_needed"
    shop.does(grant_by_hand, shop.firm, alice, conversation, RemedyWish("call_back", None), "wants to talk")
    assert [made.kind for made in wang.case.promises if made.state == "open"] == ["call_back"]


def test_a_second_click_grants_nothing_more(shop: Shop, wang: Customer, alice: Staff) -> None:
    conversation = taken(shop, wang, alice)
    wish = RemedyWish("voucher", 2000)  # carried out by another system, a moment later
    shop.does(grant_by_hand, shop.firm, alice, conversation, wish, "x")
    assert refused(shop, grant_by_hand, shop.firm, alice, conversation, wish, "x") == "not_possible_now"
    shop.fires_due()
    assert len(shop.all(Voucher)) == 1


def test_a_supervisor_changes_what_waits_and_the_customer_reads_why(
    shop: Shop, customer: Customer, alice: Staff, bob: Staff
) -> None:
    conversation = taken(shop, customer, alice)
    shop.does(grant_by_hand, shop.firm, alice, conversation, RemedyWish("refund", 250000), "all of it")
    (waiting,) = [offer.id for offer in customer.case.offers if offer.state == "awaiting_approval"]
    assert refused(shop, approve, shop.firm, bob, waiting) == "above_authority"
    assert refused(shop, change, shop.firm, bob, waiting, RemedyWish("refund", 200001), "x") == "above_authority"
    assert refused(shop, change, shop.firm, bob, waiting, RemedyWish("refund", 100), " ") == "reason_missing"
    assert refused(shop, change, shop.firm, alice, waiting, RemedyWish("refund", 100), "x") == "above_authority"
    assert refused(shop, change, shop.firm, bob, waiting, RemedyWish("refund", 250000), "x") == "nothing_changed"
    shop.does(change, shop.firm, bob, waiting, RemedyWish("refund", 150000), "One cup was whole.")
    assert "One cup was whole." in customer.was_told[-1]
    shop.fires_due()
    assert [entry.amount for entry in shop.all(RefundEntry)] == [150000]
    case = customer.case
    assert [(o.state, o.approved_by) for o in case.offers if o.rule == "by-hand"] == [
        ("superseded", "alice"),
        ("accepted", "bob"),
    ]
    assert [made.state for made in case.promises if made.kind == "approval"] == ["kept"]
    assert refused(shop, refuse, shop.firm, bob, waiting, "no") == "not_waiting"


def test_what_an_offer_held_free_of_charge_stays_beside_the_change(shop: Shop, wang: Customer, bob: Staff) -> None:
    shop.sells(ORDER, total=80000, to=wang.address.public)
    wang.complains("product_quality", order_number=ORDER)
    wang.chooses(1)
    (waiting,) = [offer.id for offer in wang.case.offers if offer.state == "awaiting_approval"]
    shop.does(change, shop.firm, bob, waiting, RemedyWish("voucher", 60000), "Goods are on their way back.")
    shop.fires_due()
    assert [voucher.amount for voucher in shop.all(Voucher)] == [60000]


def test_the_budget_says_what_was_had_what_is_left_and_what_went_today(
    shop: Shop, wang: Customer, alice: Staff, bob: Staff
) -> None:
    conversation = taken(shop, wang, alice)
    shop.does(grant_by_hand, shop.firm, alice, conversation, RemedyWish("voucher", 30000), "x")
    seen = shop.does(budget, shop.firm, bob, wang.case, 20000)
    assert (seen.had, seen.after, seen.limit, seen.left, seen.paid) == (30000, 50000, 200000, 150000, 300000)
    assert (seen.today, seen.today_own) == (30000, 0)
    assert shop.does(budget, shop.firm, alice, wang.case, 60000).left == 0
    shop.clock.advance(hours=24)
    assert shop.does(budget, shop.firm, alice, wang.case, 0).today == 0


def test_a_form_that_is_sent_twice_grants_once(shop: Shop, wang: Customer, alice: Staff) -> None:
    conversation = taken(shop, wang, alice)
    wish, shown = RemedyWish("voucher", 2000), wang.case.offer_round
    shop.does(grant_by_hand, shop.firm, alice, conversation, wish, "x", shown)
    shop.fires_due()
    assert wang.case.state == CaseState.RESOLVED, "from where another one could be granted"
    assert refused(shop, grant_by_hand, shop.firm, alice, conversation, wish, "x", shown) == "granted_meanwhile"
    assert len(shop.all(Voucher)) == 1


def test_two_that_wait_about_one_order_do_not_both_give_back_what_was_paid(
    shop: Shop, wang: Customer, alice: Staff, bob: Staff
) -> None:
    first = taken(shop, wang, alice, total=90000)
    other = Customer(shop, "wang-too")
    with shop.database.begin() as work:
        work.session.add(OrderIdentity(order_number=ORDER, identity=other.address.public))
        work.commit()
    other.complains("product_quality", order_number=ORDER)
    shop.does(take, shop.firm, alice, other.conversation.id)
    for talk in (first, other.conversation.id):
        shop.does(grant_by_hand, shop.firm, alice, talk, RemedyWish("refund", 85000), "x")
    one, two = [offer.id for offer in shop.all(Offer) if offer.state == "awaiting_approval"]
    shop.does(approve, shop.firm, bob, one)
    told = other.was_told
    assert refused(shop, approve, shop.firm, bob, two) == "more_than_paid"
    assert other.was_told == told and other.case.state == CaseState.AWAITING_APPROVAL


def test_the_same_again_is_no_change_in_whatever_order_it_stands(
    shop: Shop, wang: Customer, alice: Staff, bob: Staff
) -> None:
    conversation = taken(shop, wang, alice)
    shop.does(grant_by_hand, shop.firm, alice, conversation, RemedyWish("refund", 90000), "x")
    with shop.database.begin() as work:
        offer = work.session.scalars(select(Offer).where(Offer.state == "awaiting_approval")).one()
        offer.remedies = [{"kind": "apology", "amount": None, "currency": "CNY"}, *offer.remedies]
        waiting = offer.id
        work.commit()
    assert refused(shop, change, shop.firm, bob, waiting, RemedyWish("refund", 90000), "x") == "nothing_changed"


def test_who_runs_the_desk_grants_nothing(shop: Shop, wang: Customer) -> None:
    ada = shop.hires("ada", "administrator")
    conversation = taken(shop, wang, ada)
    assert refused(shop, grant_by_hand, shop.firm, ada, conversation, RemedyWish("apology", None), "x") == (
        "not_your_role"
    )
