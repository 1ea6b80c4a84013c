"""What a guarantee pays beside an offer, and several things that wait in one conversation: each ends by itself."""

from dataclasses import replace
from typing import Any

import pytest

from actions.connectors.errors import ConnectorError
from actions.due import fire
from actions.firm import Firm
from actions.guarantees.looking import claim_due, find_reachable, look_at
from actions.staff.access import DeedRefused
from actions.staff.approvals import approve, change
from actions.staff.granting import RemedyWish, grant_by_hand
from actions.staff.talking import take
from recovery.remedies import Authority, RemedyKind
from store.database import Database
from store.tables import Offer, RefundEntry, Shipment, Staff, Timer
from tests.actions.dialogue import Customer, Shop
from tests.actions.promised import ORDER, looks, on_time, payments, sells_late, that_guarantees, vouchers
from tests.conftest import Clock


@pytest.fixture
def shop(sqlite_database: Database, firm: Firm, clock: Clock) -> Shop:
    return Shop(sqlite_database, that_guarantees(firm), clock)


def refuses(*_: Any) -> Any:
    raise ConnectorError("gone for good", permanent=True)


def chooses_a_refund_while_a_breach_comes_in(shop: Shop, customer: Customer) -> None:
    """The refund is on its way, and nothing has carried it out, when the merchant reports that the order came late."""
    sells_late(shop, to=customer.address.public, late=1)
    customer.complains("delivery", order_number=ORDER)
    refund = next(one.position for one in customer.choices if one.remedies[0]["kind"] == "refund")
    customer.is_answered(customer.types(str(refund)), "action_accept_offer", choice=refund)
    sells_late(shop, to=customer.address.public)


@pytest.mark.parametrize("first", ["guarantee", "refund"])
def test_a_refund_that_fails_beside_a_guarantee_brings_a_person(
    shop: Shop, wang: Customer, alice: Staff, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    chooses_a_refund_while_a_breach_comes_in(shop, wang)
    assert wang.case.state == "remedying"
    with monkeypatch.context() as broken:
        broken.setattr(shop.refunds, "refund", refuses)
        for number in shop.does(claim_due):
            shop.does(look_at, shop.firm, number)
        timers = [timer.id for timer in shop.all(Timer) if timer.kind == "execute_remedy" and timer.state == "open"]
        for timer in timers if first == "refund" else reversed(timers):
            fire(shop.database, shop.firm, shop.connectors, timer)
    assert vouchers(shop) == [2000] and payments(shop) == [("on_time", "paid")]
    assert wang.case.state == "with_staff", "nobody made the refund good"
    shop.does(take, shop.firm, alice, wang.conversation.id)
    shop.does(grant_by_hand, shop.firm, alice, wang.conversation.id, RemedyWish("refund", 3000), "by hand")
    shop.fires_due()
    assert wang.case.state == "resolved"
    assert [entry.amount for entry in shop.all(RefundEntry)] == [3000]


# --- two cases in one conversation ------------------------------------------------------------------------------------


def test_a_decision_keeps_the_promise_of_its_own_case_alone(shop: Shop, wang: Customer, bob: Staff) -> None:
    for number in ("202611100001", "202611100002"):
        shop.sells(number, total=80000, to=wang.address.public)
        wang.complains("product_quality", order_number=number, text=f"{number}坏了")
        wang.chooses(1)
    one, two = wang.cases
    assert [case.state for case in (one, two)] == ["awaiting_approval"] * 2
    (waiting,) = [offer.id for offer in one.offers if offer.state == "awaiting_approval"]
    shop.does(approve, shop.firm, bob, waiting)
    states = [[made.state for made in case.promises if made.kind == "approval"] for case in wang.cases]
    assert states == [["kept"], ["open"]], "nobody has decided on the second"


# --- something else than what waits -----------------------------------------------------------------------------------


def test_goods_are_not_sent_beside_the_money_that_was_granted_instead(
    shop: Shop, wang: Customer, alice: Staff, bob: Staff
) -> None:
    shop.sells(ORDER, total=100000, to=wang.address.public)
    wang.complains("product_quality", order_number=ORDER)
    shop.does(take, shop.firm, alice, wang.conversation.id)
    shop.does(grant_by_hand, shop.firm, alice, wang.conversation.id, RemedyWish("replacement", None), "broken")
    (waiting,) = [offer.id for offer in wang.case.offers if offer.state == "awaiting_approval"]
    shop.does(change, shop.firm, bob, waiting, RemedyWish("voucher", 5000), "It is out of stock.")
    shop.fires_due()
    assert vouchers(shop) == [5000] and shop.all(Shipment) == []
    assert wang.case.state == "resolved"


def test_a_limit_on_a_kind_holds_for_what_counts_nothing_too(
    shop: Shop, wang: Customer, alice: Staff, bob: Staff
) -> None:
    only_bob = {RemedyKind.UPGRADE: {Authority.SUPERVISOR: 0, Authority.MANAGER: 0}}
    bounds = replace(shop.firm.policy.bounds, per_remedy=only_bob)
    shop.firm = replace(shop.firm, policy=replace(shop.firm.policy, bounds=bounds))
    wang.complains("product_quality")
    shop.does(take, shop.firm, alice, wang.conversation.id)
    offer = shop.does(grant_by_hand, shop.firm, alice, wang.conversation.id, RemedyWish("upgrade", None), "loyal")
    assert (offer.state, offer.authority) == ("awaiting_approval", "supervisor")
    with pytest.raises(DeedRefused):
        shop.does(approve, shop.firm, alice, offer.id)
    shop.does(approve, shop.firm, bob, offer.id)
    assert [one.state for one in shop.all(Offer) if one.id == offer.id] == ["accepted"]


# --- a guarantee that waits -------------------------------------------------------------------------------------------


def test_what_a_guarantee_owes_is_not_forgotten_when_the_complaint_is_taken_back(shop: Shop, wang: Customer) -> None:
    dora = shop.hires("dora", "manager")
    limit = shop.firm.policy.limits[Authority.BOT]
    shop.firm = that_guarantees(shop.firm, on_time(pays=[{"kind": "refund", "percent_of_order": 100}]))
    sells_late(shop, to=wang.address.public, total=limit + 100)
    wang.complains("delivery", order_number=ORDER)
    assert payments(shop) == [("on_time", "waiting")]
    wang.withdraws()
    assert [case.state for case in wang.cases] == ["withdrawn"]
    assert payments(shop) == [("on_time", "noticed")], "the promise is published: it holds without a complaint"
    shop.does(find_reachable)
    looks(shop)
    (waiting,) = [offer.id for offer in shop.all(Offer) if offer.state == "awaiting_approval"]
    shop.does(approve, shop.firm, dora, waiting)
    shop.fires_due()
    assert [entry.amount for entry in shop.all(RefundEntry)] == [limit + 100]
    assert payments(shop) == [("on_time", "paid")]
