"""Guarantees pay, in a complaint and without one; once for each order, whoever notices it (domain.md section 5)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from actions.connectors.errors import ConnectorError
from actions.firm import Firm
from actions.guarantees.looking import find_reachable
from actions.staff.approvals import approve, refuse
from store.database import Database
from store.tables import (
    Offer,
    RefundEntry,
    Remedy,
    Staff,
    Voucher,
)
from tests.actions.dialogue import Customer, Shop
from tests.actions.promised import ORDER, looks, on_time, payments, sells_late, that_guarantees, vouchers
from tests.conftest import Clock


@pytest.fixture
def shop(sqlite_database: Database, firm: Firm, clock: Clock) -> Shop:
    return Shop(sqlite_database, that_guarantees(firm), clock)


# --- in a complaint ---------------------------------------------------------------------------------------------------


def test_a_breach_pays_as_soon_as_the_order_is_proved_and_the_offers_go_on(shop: Shop, customer: Customer) -> None:
    sells_late(shop, to=customer.address.public)
    customer.complains("delivery")
    answer = customer.gives_order(ORDER)
    name = "准时送达保证" if customer.language == "zh" else "On-time guarantee"
    assert name in answer and ORDER in answer
    assert vouchers(shop) == [2000] and payments(shop) == [("on_time", "paid")]
    code = shop.all(Voucher)[0].code
    assert any(code in told for told in customer.was_told)
    assert customer.case.state == "offered" and customer.awaited == "offer"
    paid = next(offer for offer in customer.case.offers if offer.round == 0)
    assert (paid.state, paid.rule, paid.approved_by, paid.authority) == (
        "accepted", "on_time", "Head of customer service", "bot",
    )  # fmt: skip
    assert name in paid.reason
    assert len(customer.cases) == 1


def test_the_second_time_it_is_named_nothing_is_paid_again(shop: Shop, customer: Customer) -> None:
    sells_late(shop, to=customer.address.public)
    customer.complains("delivery", order_number=ORDER)
    customer.says_no()
    customer.complains("delivery", order_number=ORDER)
    looks(shop)
    assert vouchers(shop) == [2000]


def test_what_is_chosen_afterwards_is_carried_out_too(shop: Shop, wang: Customer) -> None:
    sells_late(shop, to=wang.address.public)
    wang.complains("delivery", order_number=ORDER)
    refund = next(offer for offer in wang.choices if offer.remedies[0]["kind"] == "refund")
    wang.chooses(refund.position)
    assert wang.case.state == "resolved"
    assert [entry.amount for entry in shop.all(RefundEntry)] == [refund.cost]
    assert vouchers(shop) == [2000]


def test_without_proof_nothing_is_paid(shop: Shop, wang: Customer) -> None:
    sells_late(shop, to="wechat:somebody")
    wang.complains("delivery", order_number=ORDER)
    assert vouchers(shop) == []
    wang.gives_digits("0000")
    assert vouchers(shop) == []
    wang.gives_digits("4417")
    assert vouchers(shop) == [2000]


def test_without_a_breach_nothing_is_said(shop: Shop, customer: Customer) -> None:
    sells_late(shop, to=customer.address.public, late=1)
    customer.complains("delivery", order_number=ORDER)
    name = "准时送达保证" if customer.language == "zh" else "On-time guarantee"
    assert not any(name in told for told in customer.was_told)
    assert payments(shop) == []


def test_above_the_bots_limit_a_person_confirms_in_a_complaint(shop: Shop, customer: Customer, alice: Staff) -> None:
    shop.firm = that_guarantees(shop.firm, on_time(pays=[{"kind": "refund", "percent_of_order": 100}]))
    limit = shop.firm.policy.limits["bot"]  # type: ignore[index]
    sells_late(shop, to=customer.address.public, total=limit + 100)
    dora = shop.hires("dora", "manager")
    customer.complains("delivery", order_number=ORDER)
    assert shop.all(RefundEntry) == [] and payments(shop) == [("on_time", "waiting")]
    assert customer.case.state == "awaiting_approval"
    (waiting,) = [offer for offer in customer.case.offers if offer.state == "awaiting_approval"]
    customer.complains("delivery", order_number=ORDER)
    shop.does(approve, shop.firm, dora, waiting.id)
    shop.fires_due()
    assert [entry.amount for entry in shop.all(RefundEntry)] == [limit + 100]
    assert payments(shop) == [("on_time", "paid")]


# --- without a complaint ----------------------------------------------------------------------------------------------


def test_it_pays_without_a_word_and_tells_once(shop: Shop, customer: Customer) -> None:
    customer.greets()
    before = len(customer.was_told)
    sells_late(shop, to=customer.address.public)
    looks(shop)
    assert vouchers(shop) == [2000]
    (told,) = customer.was_told[before:]
    name = "准时送达保证" if customer.language == "zh" else "On-time guarantee"
    assert name in told and ORDER in told and shop.all(Voucher)[0].code in told and customer.case.number in told
    case = customer.case
    assert (case.origin, case.state, case.order_proved, case.complained_at) == ("guarantee", "resolved", True, None)
    looks(shop)
    shop.waits(days=30)
    looks(shop)
    assert vouchers(shop) == [2000] and len(customer.was_told) == before + 1


def test_a_customer_of_the_rest_channel_who_never_wrote_is_reached(shop: Shop, wang: Customer) -> None:
    sells_late(shop, to=wang.address.public)
    looks(shop)
    assert vouchers(shop) == [2000] and len(wang.was_told) == 1
    assert wang.case.language == shop.firm.file.language


def test_time_alone_breaches_it(shop: Shop, wang: Customer, clock: Clock) -> None:
    sells_late(
        shop, to=wang.address.public, delivered_at=None, promised_at=clock.now + timedelta(days=1), status="shipped"
    )
    looks(shop)
    assert vouchers(shop) == []
    shop.waits(days=4)
    looks(shop)
    assert vouchers(shop) == []
    shop.waits(minutes=1)
    looks(shop)
    assert vouchers(shop) == [2000]
    # It arrives after all, much too late: the same guarantee, and the same order.
    sells_late(shop, to=wang.address.public, promised_at=clock.now - timedelta(days=4))
    looks(shop)
    assert vouchers(shop) == [2000]


def test_nobody_to_reach_is_noticed_and_paid_when_they_come(shop: Shop, wang: Customer) -> None:
    sells_late(shop, to="wechat:wang")
    looks(shop)
    assert vouchers(shop) == [] and payments(shop) == [("on_time", "noticed")]
    looks(shop)
    assert payments(shop) == [("on_time", "noticed")]
    wang.complains("delivery", order_number=ORDER)
    wang.gives_digits("4417")
    assert vouchers(shop) == [2000] and payments(shop) == [("on_time", "paid")]


def test_who_writes_to_us_later_is_paid_then(shop: Shop, wang: Customer) -> None:
    sells_late(shop, to="web:visitor")
    looks(shop)
    assert shop.does(find_reachable) == 0
    visitor = Customer(shop, "visitor")
    visitor.address = replace(visitor.address, channel="web")
    visitor.greets()
    assert shop.does(find_reachable) == 1
    looks(shop)
    assert vouchers(shop) == [2000] and len(visitor.cases) == 1


def test_an_order_of_nobody_is_noticed(shop: Shop) -> None:
    sells_late(shop)
    looks(shop)
    assert payments(shop) == [("on_time", "noticed")]


def test_a_complaint_that_is_open_is_where_it_is_paid(shop: Shop, customer: Customer, clock: Clock) -> None:
    sells_late(
        shop, to=customer.address.public, delivered_at=None, promised_at=clock.now - timedelta(days=2), status="shipped"
    )
    customer.complains("delivery", order_number=ORDER)
    assert vouchers(shop) == []
    shop.clock.advance(days=2)
    looks(shop)
    assert vouchers(shop) == [2000]
    case = customer.case
    assert case.origin == "complaint" and case.state == "offered"
    assert ORDER in customer.was_told[-1]


def test_a_complaint_after_it_was_paid_joins_the_case_and_is_not_paid_again(shop: Shop, customer: Customer) -> None:
    sells_late(shop, to=customer.address.public)
    looks(shop)
    shop.clock.advance(hours=2)
    answer = customer.complains("delivery")
    assert customer.case.number in answer and customer.case.complained_at is not None
    assert vouchers(shop) == [2000]
    # What else is owed is offered.
    assert customer.choices


def test_by_night_it_pays_and_tells_in_the_morning(shop: Shop, wang: Customer) -> None:
    wang.greets()
    shop.clock.advance(hours=14)  # midnight in Shanghai; quiet from 22:00 to 07:30
    sells_late(shop, to=wang.address.public)
    before = len(wang.was_told)
    looks(shop)
    assert vouchers(shop) == [2000] and len(wang.was_told) == before
    shop.waits(hours=7)
    assert len(wang.was_told) == before
    shop.waits(minutes=40)
    assert len(wang.was_told) == before + 1 and shop.all(Voucher)[0].code in wang.was_told[-1]


def test_who_complains_by_night_hears_of_it_at_once_and_not_again(shop: Shop, wang: Customer) -> None:
    wang.greets()
    shop.clock.advance(hours=14)
    sells_late(shop, to=wang.address.public)
    looks(shop)
    answer = wang.complains("delivery")
    assert shop.all(Voucher)[0].code in answer
    shop.clock.advance(hours=10)
    shop.fires_due()
    assert sum("准时送达保证" in told for told in wang.was_told) == 1


def test_a_slow_system_delays_the_message_until_there_is_a_reference(shop: Shop, wang: Customer) -> None:
    wang.greets()
    before = len(wang.was_told)
    issue, broken = shop.vouchers.issue, [True]

    def fails(*args: object) -> object:
        if broken[0]:
            raise ConnectorError("away", permanent=False)
        return issue(*args)  # type: ignore[arg-type]

    shop.vouchers.issue = fails  # type: ignore[method-assign, assignment]
    sells_late(shop, to=wang.address.public)
    with pytest.raises(ConnectorError):
        looks(shop)
    assert len(wang.was_told) == before
    broken[0] = False
    shop.waits(minutes=1)
    assert len(wang.was_told) == before + 1 and shop.all(Voucher)[0].code in wang.was_told[-1]


def test_what_fails_for_good_is_explained_and_goes_to_a_person(shop: Shop, wang: Customer) -> None:
    wang.greets()

    def refuses(*args: object) -> object:
        raise ConnectorError("no", permanent=True)

    shop.vouchers.issue = refuses  # type: ignore[method-assign, assignment]
    sells_late(shop, to=wang.address.public)
    looks(shop)
    assert any("准时送达保证" in told for told in wang.was_told)
    assert wang.control == "queued" and wang.case.state == "with_staff"


def test_above_the_bots_limit_it_waits_for_a_person_and_the_customer_hears_only_then(
    shop: Shop, wang: Customer
) -> None:
    shop.firm = that_guarantees(shop.firm, on_time(pays=[{"kind": "refund", "percent_of_order": 100}]))
    limit = shop.firm.policy.limits["bot"]  # type: ignore[index]
    wang.greets()
    before = len(wang.was_told)
    sells_late(shop, to=wang.address.public, total=limit + 100)
    looks(shop)
    assert len(wang.was_told) == before and payments(shop) == [("on_time", "waiting")]
    (offer,) = shop.all(Offer)
    shop.does(approve, shop.firm, shop.hires("dora", "manager"), offer.id)
    shop.fires_due()
    (told,) = wang.was_told[before:]
    assert "准时送达保证" in told and shop.all(RefundEntry)[0].reference in told
    assert wang.case.state == "resolved"


def test_what_a_person_refuses_is_not_paid_and_not_told(shop: Shop, wang: Customer) -> None:
    shop.firm = that_guarantees(shop.firm, on_time(pays=[{"kind": "refund", "percent_of_order": 100}]))
    wang.greets()
    before = len(wang.was_told)
    sells_late(shop, to=wang.address.public, total=shop.firm.policy.limits["bot"] + 100)  # type: ignore[index]
    looks(shop)
    shop.does(refuse, shop.firm, shop.hires("dora", "manager"), shop.all(Offer)[0].id, "It was never sent.")
    looks(shop)
    assert payments(shop) == [("on_time", "refused")]
    assert len(wang.was_told) == before and shop.all(Remedy) == []
