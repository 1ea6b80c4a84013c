"""Remedies above the bot's limit wait for a person whose authority covers them (authority.yml: bot 500 yuan, agent 800,
supervisor 2,000, manager 10,000)."""

from datetime import timedelta

import pytest

from actions.staff.access import DeedRefused
from actions.staff.approvals import approve, refuse
from recovery.case_states import CaseState
from store.tables import HandOver, RefundEntry, Staff
from tests.actions.dialogue import Customer, Shop

ORDER = "202611120007"


def chooses_full_refund(shop: Shop, customer: Customer, total: int) -> int:
    """Broken goods: all of what was paid comes back. The id of the offer that waits."""
    shop.sells(ORDER, total=total, to=customer.address.public)
    customer.complains("product_quality", order_number=ORDER)
    customer.chooses(1)
    (waiting,) = [offer for offer in customer.case.offers if offer.state == "awaiting_approval"]
    return waiting.id


def test_up_to_the_bots_limit_nobody_is_asked(shop: Shop, customer: Customer) -> None:
    shop.sells(ORDER, total=50000, to=customer.address.public)
    customer.complains("product_quality", order_number=ORDER)
    customer.chooses(1)
    assert [entry.amount for entry in shop.all(RefundEntry)] == [50000]


def test_above_the_bots_limit_the_customer_hears_by_when_a_supervisor_answers(shop: Shop, customer: Customer) -> None:
    shop.sells(ORDER, total=50001, to=customer.address.public)
    customer.complains("product_quality", order_number=ORDER)
    asked_at = shop.clock.now
    answer = customer.chooses(1)
    case = customer.case
    assert case.state == CaseState.AWAITING_APPROVAL and shop.all(RefundEntry) == []
    (promise,) = case.promises
    # Severity low: four hours (service_levels.yml).
    assert (promise.kind, promise.due_at) == ("approval", asked_at + timedelta(hours=4))
    due = shop.firm.local(promise.due_at)
    money = "500.01元" if customer.language == "zh" else "¥500.01"
    assert money in answer and f"{due:%H:%M}" in answer
    # Asked later where it stands, the customer hears the same time.
    shop.waits(minutes=90)
    assert f"{due:%H:%M}" in customer.asks_for_status()


def test_an_agent_may_not_approve_above_their_limit_and_a_supervisor_may(
    shop: Shop, customer: Customer, alice: Staff, bob: Staff
) -> None:
    offer = chooses_full_refund(shop, customer, total=80001)
    with pytest.raises(DeedRefused) as refused:
        shop.does(approve, shop.firm, alice, offer)
    assert refused.value.code == "above_authority"
    assert customer.case.state == CaseState.AWAITING_APPROVAL and shop.all(RefundEntry) == []

    shop.does(approve, shop.firm, bob, offer)
    shop.fires_due()
    assert [entry.amount for entry in shop.all(RefundEntry)] == [80001]
    case = customer.case
    assert (case.state, case.promises[0].state) == (CaseState.RESOLVED, "kept")
    assert [o.approved_by for o in case.offers if o.state == "accepted"] == ["bob"]
    assert shop.events("promise_settled") == [{"promise": case.promises[0].public_id, "kept": True}]


def test_an_agent_may_approve_within_their_limit(shop: Shop, wang: Customer, alice: Staff) -> None:
    offer = chooses_full_refund(shop, wang, total=80000)
    shop.does(approve, shop.firm, alice, offer)
    shop.fires_due()
    assert [entry.amount for entry in shop.all(RefundEntry)] == [80000]


def test_above_the_supervisors_limit_only_a_manager_may(shop: Shop, wang: Customer, bob: Staff, dora: Staff) -> None:
    offer = chooses_full_refund(shop, wang, total=200001)
    with pytest.raises(DeedRefused):
        shop.does(approve, shop.firm, bob, offer)
    shop.does(approve, shop.firm, dora, offer)
    shop.fires_due()
    assert [entry.amount for entry in shop.all(RefundEntry)] == [200001]


def test_beyond_the_manager_it_is_not_offered_at_all(shop: Shop, wang: Customer) -> None:
    shop.sells(ORDER, total=1000001, to=wang.address.public)
    wang.complains("product_quality", order_number=ORDER)
    assert [offer.remedies[0]["kind"] for offer in wang.choices] == ["voucher", "call_back"]


def test_who_has_no_authority_approves_nothing(shop: Shop, wang: Customer, carol: Staff) -> None:
    offer = chooses_full_refund(shop, wang, total=50001)
    with pytest.raises(DeedRefused):
        shop.does(approve, shop.firm, carol, offer)


def test_an_offer_is_approved_once(shop: Shop, wang: Customer, bob: Staff) -> None:
    offer = chooses_full_refund(shop, wang, total=60000)
    shop.does(approve, shop.firm, bob, offer)
    with pytest.raises(DeedRefused) as refused:
        shop.does(approve, shop.firm, bob, offer)
    assert refused.value.code == "not_waiting"
    shop.fires_due()
    assert len(shop.all(RefundEntry)) == 1


def test_a_refusal_gives_the_reason_and_brings_a_person_by_a_time(shop: Shop, customer: Customer, bob: Staff) -> None:
    offer = chooses_full_refund(shop, customer, total=60000)
    shop.does(refuse, shop.firm, bob, offer, "The photos show another product.")
    case = customer.case
    assert (case.state, customer.control, customer.reasons) == (CaseState.WITH_STAFF, "queued", ["above_authority"])
    assert any("The photos show another product." in text for text in customer.was_told)
    answers = [promise for promise in case.promises if promise.kind == "person_answers"]
    due = shop.firm.local(answers[0].due_at)
    assert f"{due:%H:%M}" in customer.was_told[-1]
    assert shop.events("handed_over") == [{"reason": "above_authority"}]
    assert [promise.state for promise in case.promises if promise.kind == "approval"] == ["kept"]
    assert shop.all(RefundEntry) == []


def test_a_refusal_needs_a_reason_and_the_authority(shop: Shop, wang: Customer, alice: Staff, bob: Staff) -> None:
    offer = chooses_full_refund(shop, wang, total=90000)
    for person, reason, code in ((bob, "  ", "reason_missing"), (alice, "no", "above_authority")):
        with pytest.raises(DeedRefused) as refused:
            shop.does(refuse, shop.firm, person, offer, reason)
        assert refused.value.code == code
    assert wang.case.state == CaseState.AWAITING_APPROVAL and shop.all(HandOver) == []


def test_an_approval_that_comes_too_late_is_a_broken_promise_and_brings_a_person(
    shop: Shop, customer: Customer, bob: Staff
) -> None:
    offer = chooses_full_refund(shop, customer, total=60000)
    shop.waits(hours=5)
    assert customer.control == "queued" and customer.reasons == ["promise_broken"]
    what = customer.case.promises[0].text
    assert customer.words("promise.broken", what=what) in customer.was_told
    assert [event["kept"] for event in shop.events("promise_settled")] == [False]
    # The offer still stands: it is granted after all, and the promise stays broken.
    shop.does(approve, shop.firm, bob, offer)
    shop.fires_due()
    assert len(shop.all(RefundEntry)) == 1
    assert [event["kept"] for event in shop.events("promise_settled")] == [False]


def test_withdrawing_meanwhile_leaves_nothing_to_decide_and_breaks_no_promise(
    shop: Shop, customer: Customer, bob: Staff
) -> None:
    offer = chooses_full_refund(shop, customer, total=60000)
    customer.withdraws()
    with pytest.raises(DeedRefused) as refused:
        shop.does(approve, shop.firm, bob, offer)
    assert refused.value.code == "not_waiting"
    told = len(customer.was_told)
    shop.waits(hours=5)
    assert len(customer.was_told) == told and customer.control == "bot"
    assert shop.events("promise_settled") == [] and shop.all(RefundEntry) == []


def test_what_the_order_was_granted_before_counts_towards_the_limit(shop: Shop) -> None:
    """Two complaints about one order: 450 yuan went back at once, 100 more are above the bot's 500 together."""
    shop.sells(ORDER, total=45000, phone_last4="4711")
    first, second = Customer(shop, "wang"), Customer(shop, "wang-on-another-phone")
    for person in (first, second):
        person.complains("product_quality", order_number=ORDER)
        person.gives_digits("4711")
    first.chooses(1)
    second.chooses(2)
    assert [entry.amount for entry in shop.all(RefundEntry)] == [45000]
    assert second.case.state == CaseState.AWAITING_APPROVAL


def test_what_was_paid_back_meanwhile_is_not_paid_back_again_and_said_plainly(shop: Shop, language: str) -> None:
    shop.sells(ORDER, total=30000, phone_last4="4711")
    first, second = Customer(shop, "one", language), Customer(shop, "other", language)
    for person in (first, second):
        person.complains("product_quality", order_number=ORDER)
        person.gives_digits("4711")
    what = {"zh": "退款300元，原路退回", "en": "a refund of ¥300.00 to your original payment method"}[language]
    first.chooses(1)
    assert second.words("offer.no_longer", what=what) in second.chooses(1)
    assert [entry.amount for entry in shop.all(RefundEntry)] == [30000]
    assert (second.control, second.reasons) == ("queued", ["above_authority"])


def test_a_call_back_waits_for_nobody_whatever_was_granted_before(shop: Shop, wang: Customer) -> None:
    shop.sells(ORDER, total=50000, to=wang.address.public)
    wang.complains("product_quality", order_number=ORDER)
    wang.chooses(1)
    wang.complains("product_quality", text="退了款还是一肚子气")
    (call,) = [o for o in wang.choices if o.remedies[0]["kind"] == "call_back"]
    assert (call.cost, call.authority) == (0, "bot")
    wang.chooses_by_name("call_back", "给我回个电话")
    assert wang.case.state == CaseState.REMEDYING
