"""The local twins really work: once for a key, never more than was paid, redeemable once; on both databases."""

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from actions.carrying_out import carry_out
from actions.cases import move, reopen
from actions.connectors.errors import ConnectorError
from actions.connectors.orders import OrderTwin, upsert_order
from actions.firm import Firm
from actions.staff.talking import give_back, take
from recovery.case_states import CaseState, Transition
from recovery.money import Money
from store.database import Database
from store.tables import Case, Order, RefundEntry, Remedy, Voucher
from tests.actions.dialogue import Customer, Shop
from tests.conftest import Clock

ORDER = "202611120007"


@pytest.fixture
def shop(database: Database, firm: Firm, clock: Clock) -> Shop:
    return Shop(database, firm, clock)


def at_once(*deeds: Callable[[], str]) -> list[str]:
    """Do all of it at the same moment, each in a thread; what each gave, or how it was refused."""
    barrier, results = threading.Barrier(len(deeds)), [""] * len(deeds)
    broken: list[Exception] = []

    def run(n: int, deed: Callable[[], str]) -> None:
        barrier.wait()
        try:
            results[n] = deed()
        except ConnectorError as error:
            results[n] = f"refused: {error}"
        except Exception as error:
            broken.append(error)

    threads = [threading.Thread(target=run, args=(n, deed)) for n, deed in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not broken, broken
    return results


def test_the_same_key_pays_once_and_gives_the_same_reference(shop: Shop) -> None:
    shop.sells(ORDER, total=30000)
    first = shop.refunds.refund("key", ORDER, Money(6000, "CNY"))
    assert shop.refunds.refund("key", ORDER, Money(6000, "CNY")) == first
    assert len(shop.all(RefundEntry)) == 1


def test_the_same_key_at_once_pays_once(shop: Shop) -> None:
    shop.sells(ORDER, total=30000)
    first, second = at_once(*[lambda: shop.refunds.refund("key", ORDER, Money(6000, "CNY"))] * 2)
    assert first == second and len(shop.all(RefundEntry)) == 1


def test_never_more_goes_back_than_was_paid_even_at_once(shop: Shop) -> None:
    shop.sells(ORDER, total=30000)
    results = at_once(
        lambda: shop.refunds.refund("one", ORDER, Money(20000, "CNY")),
        lambda: shop.refunds.refund("two", ORDER, Money(20000, "CNY")),
    )
    assert sum(result.startswith("refused") for result in results) == 1
    assert [entry.amount for entry in shop.all(RefundEntry)] == [20000]


def test_all_that_was_paid_may_go_back_in_parts(shop: Shop) -> None:
    shop.sells(ORDER, total=30000)
    shop.refunds.refund("one", ORDER, Money(20000, "CNY"))
    shop.refunds.refund("two", ORDER, Money(10000, "CNY"))
    with pytest.raises(ConnectorError):
        shop.refunds.refund("three", ORDER, Money(1, "CNY"))


@pytest.mark.parametrize(("order", "currency"), [("unknown", "CNY"), (ORDER, "USD")])
def test_a_refund_that_can_never_work_is_refused_for_good(shop: Shop, order: str, currency: str) -> None:
    shop.sells(ORDER, total=30000)
    with pytest.raises(ConnectorError) as refused:
        shop.refunds.refund("key", order, Money(100, currency))
    assert refused.value.permanent and shop.all(RefundEntry) == []


def test_a_remedy_nothing_carries_out_is_refused_for_good(shop: Shop) -> None:
    for kind, order in (("redo", ORDER), ("refund", None)):
        remedy = Remedy(kind=kind, amount=100, currency="CNY", order_number=order, idempotency_key="key")
        with pytest.raises(ConnectorError) as refused:
            carry_out(shop.connectors, remedy)
        assert refused.value.permanent


def test_the_same_key_issues_one_voucher(shop: Shop) -> None:
    first, second = at_once(*[lambda: shop.vouchers.issue("key", Money(2000, "CNY")).code] * 2)
    assert first == second and len(shop.all(Voucher)) == 1


def test_a_voucher_is_redeemed_once_even_at_once(shop: Shop) -> None:
    code = shop.vouchers.issue("key", Money(2000, "CNY")).code
    results = at_once(*[lambda: str(shop.vouchers.redeem(code))] * 3)
    assert sorted(results) == ["False", "False", "True"]


def test_an_expired_or_unknown_voucher_is_not_redeemed(shop: Shop) -> None:
    code = shop.vouchers.issue("key", Money(2000, "CNY")).code
    assert not shop.vouchers.redeem("V-0000-0000-0000")
    shop.clock.advance(days=90)  # firm.yml: valid for 90 days
    assert not shop.vouchers.redeem(code)


def test_two_complaints_about_one_order_at_once_never_pay_more_than_was_paid(shop: Shop) -> None:
    """Both are offered the whole sum before either chose; the second is not paid by the bot."""
    shop.sells(ORDER, total=30000, phone_last4="4711")
    people = [Customer(shop, name) for name in ("wang", "li")]
    for person in people:
        person.complains("product_quality", order_number=ORDER)
        person.gives_digits("4711")
    inboxes = [person.types("1") for person in people]
    at_once(
        *[
            lambda p=person, i=inbox: p.is_answered(i, "action_accept_offer", choice=1)  # type: ignore[misc]
            for person, inbox in zip(people, inboxes, strict=True)
        ]
    )
    shop.fires_due()
    assert sum(entry.amount for entry in shop.all(RefundEntry)) == 30000


def test_a_failed_refund_brings_a_person_and_the_next_remedy_settles_the_case(shop: Shop, wang: Customer) -> None:
    shop.sells(ORDER, total=30000, to=wang.address.public)
    wang.complains("delivery", order_number=ORDER)
    inbox = wang.types("退款")
    wang.is_answered(inbox, "action_accept_offer", wished_remedy="refund")
    shop.refunds.refund("paid at the counter", ORDER, Money(30000, "CNY"))
    shop.fires_due()
    assert wang.control == "queued" and wang.reasons == ["remedy_failed"]
    assert [(r.state, r.reference) for r in wang.case.remedies] == [("failed", None)]
    assert shop.events("remedy_executed") == []

    alice = shop.hires("alice", "agent")
    shop.does(take, shop.firm, alice, wang.conversation.id)
    with shop.database.begin() as work:
        case = work.session.get_one(Case, wang.case.id)
        move(work, case, Transition.RESOLVE, "alice")
        reopen(work, shop.firm, case, "alice")
        work.commit()
    shop.does(give_back, shop.firm, alice, wang.conversation.id)
    wang.complains("delivery", text="那就按刚才说的办吧")
    wang.chooses_by_name("voucher", "代金券")
    assert wang.case.state == CaseState.RESOLVED and len(shop.all(Voucher)) == 1


def test_an_order_reported_again_replaces_what_was_known(shop: Shop) -> None:
    report = {
        "number": ORDER,
        "phone_last4": "4711",
        "placed_at": shop.clock.now - timedelta(days=2),
        "promised_at": None,
        "delivered_at": None,
        "currency": "CNY",
        "items": [{"name": "锅", "quantity": 1, "price": 30000}],
    }
    shop.does(upsert_order, **report, identities=["rest:wang"], total=30000, status="sent")
    shop.does(upsert_order, **report, identities=None, total=29000, status="delivered")
    (order,) = shop.all(Order)
    assert (order.total, order.status) == (29000, "delivered")
    with shop.database.reading() as work:
        assert OrderTwin(work).belongs_to(ORDER, "rest:wang")
        assert OrderTwin(work).total(ORDER) == Money(29000, "CNY")
    shop.does(upsert_order, **report, identities=["rest:li"], total=29000, status="delivered")
    with shop.database.reading() as work:
        assert not OrderTwin(work).belongs_to(ORDER, "rest:wang")


def test_digits_prove_nothing_where_none_are_on_file(shop: Shop) -> None:
    shop.sells(ORDER, total=30000)
    with shop.database.reading() as work:
        orders = OrderTwin(work)
        assert not any(
            orders.is_proved_by(number, digits) for number in (ORDER, "no") for digits in ("", "xxxx", "0000")
        )
