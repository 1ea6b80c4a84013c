"""Order numbers with small letters: a customer heeds no capitals, and the bot hears none."""

import pytest

from actions.connectors.errors import ConnectorError
from actions.connectors.reported import ReportedOrder
from actions.fresh_orders import FreshOrders
from actions.staff.access import DeedRefused
from actions.staff.facts import correct_fact
from actions.understanding import read_understanding
from recovery.case_states import CaseState
from store.tables import Order, RefundEntry, Staff
from tests.actions.dialogue import Customer, Shop

ORDER = "Web-7c1aE"
HEARD = ORDER.upper()


def number_of(customer: Customer) -> str | None:
    return next((fact.value for fact in customer.case.facts if fact.key == "order_number"), None)


@pytest.mark.parametrize("typed", [ORDER, ORDER.lower(), ORDER.upper()])
def test_a_listed_order_is_made_good_however_it_is_typed(shop: Shop, wang: Customer, typed: str) -> None:
    shop.sells(ORDER, total=30000, to=wang.address.public)
    wang.complains("delivery")
    wang.writes("action_record_fact", typed, order_number=HEARD)
    assert (wang.case.state, wang.case.order_proved, number_of(wang)) == (CaseState.OFFERED, True, ORDER)
    wang.chooses(1)
    assert [entry.order_number for entry in shop.all(RefundEntry)] == [ORDER]


def test_an_order_is_proved_by_its_digits(both: Shop) -> None:
    shop, mary = both, Customer(both, "mary", "en")
    shop.sells(ORDER, total=30000, phone_last4="4711")
    mary.complains("delivery", order_number=HEARD)
    assert mary.awaited == "order_proof" and not mary.case.order_proved
    mary.gives_digits("4711")
    assert (mary.case.state, number_of(mary)) == (CaseState.OFFERED, ORDER)


def test_whoever_guesses_is_not_told_how_an_order_is_spelled(shop: Shop, wang: Customer, mary: Customer) -> None:
    shop.sells(ORDER, total=30000, to=mary.address.public, phone_last4="4711")
    asked = wang.complains("delivery", order_number=HEARD)
    stranger = Customer(shop, "li")
    assert HEARD in asked and ORDER not in asked
    assert stranger.complains("delivery", order_number="WEB-0000X") == asked.replace(HEARD, "WEB-0000X").replace(
        wang.case.number, stranger.case.number
    )
    wang.gives_digits("0000")
    assert ORDER not in "".join(wang.was_told) and number_of(wang) == HEARD


def test_who_names_it_again_speaks_of_the_same_case(shop: Shop, wang: Customer) -> None:
    shop.sells(ORDER, total=30000, phone_last4="4711")
    wang.complains("delivery", order_number=HEARD)
    wang.gives_digits("4711")
    wang.complains("service_attitude", order_number=HEARD)
    assert len(wang.cases) == 1 and number_of(wang) == ORDER
    assert not any(fact.key == "other_order_number" for fact in wang.case.facts)


def test_an_order_that_is_reported_late_is_still_the_one_they_named(shop: Shop, wang: Customer) -> None:
    wang.complains("delivery", order_number=HEARD)
    shop.sells(ORDER, total=30000, to=wang.address.public)
    wang.complains("delivery", order_number=HEARD)
    assert (wang.case.state, wang.case.order_proved, number_of(wang)) == (CaseState.OFFERED, True, ORDER)


def test_two_orders_that_differ_by_capitals_alone_have_an_owner_each(
    shop: Shop, wang: Customer, mary: Customer
) -> None:
    shop.sells("web-1a", total=10000, to=wang.address.public)
    shop.sells("Web-1A", total=20000, to=mary.address.public)
    for customer, number in ((wang, "web-1a"), (mary, "Web-1A")):
        customer.complains("delivery", order_number="WEB-1A")
        assert (customer.case.order_proved, number_of(customer)) == (True, number)


def test_staff_need_not_heed_capitals_either(shop: Shop, held: Customer, alice: Staff) -> None:
    shop.sells(ORDER, total=30000, phone_last4="4711")
    with pytest.raises(DeedRefused, match="order_not_proved"):
        shop.does(correct_fact, shop.firm, alice, held.case.id, "order_number", ORDER.lower(), "1111")
    shop.does(correct_fact, shop.firm, alice, held.case.id, "order_number", ORDER.lower(), "4711")
    assert held.case.order_proved and number_of(held) == ORDER


class Merchant:
    """A merchant's system that heeds capitals."""

    def __init__(self, *orders: ReportedOrder) -> None:
        self.orders, self.asked = {order.number: order for order in orders}, list[str]()

    def find(self, number: str) -> ReportedOrder | None:
        self.asked.append(number)
        return self.orders.get(number)


async def test_the_merchant_is_asked_with_the_capitals_that_were_typed(shop: Shop, wang: Customer) -> None:
    report = ReportedOrder(number=ORDER, placed_at=shop.clock.now, total=500, currency="CNY", status="sent")
    merchant = Merchant(report)
    orders = FreshOrders(shop.database, shop.firm, merchant)
    inbox = wang.types(f"订单{ORDER}一直没到")
    heard = read_understanding({"language": "zh", "text": "", "facts": {"order_number": HEARD}})
    await orders.fetch_for_turn(inbox, heard)
    assert merchant.asked == [HEARD, ORDER] and [order.number for order in shop.all(Order)] == [ORDER]
    await orders.fetch_for_turn(inbox, heard)
    assert len(merchant.asked) == 2, "on file, and fresh"


async def test_a_merchant_that_is_away_is_not_asked_twice(shop: Shop, wang: Customer) -> None:
    class Away(Merchant):
        def find(self, number: str) -> ReportedOrder | None:
            super().find(number)
            raise ConnectorError("away", permanent=True)

    merchant = Away()
    orders = FreshOrders(shop.database, shop.firm, merchant)
    inbox = wang.types(f"订单{ORDER}一直没到")
    await orders.fetch_for_turn(
        inbox, read_understanding({"language": "zh", "text": "", "facts": {"order_number": HEARD}})
    )
    assert merchant.asked == [HEARD]
