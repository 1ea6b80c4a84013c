"""Orders are fetched from the merchant before a turn or a deed needs them, and never keep anybody from going on."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from actions.connectors.errors import ConnectorError
from actions.connectors.http.client import SystemClient
from actions.connectors.http.systems import HttpOrders
from actions.connectors.orders import OrderTwin
from actions.connectors.reported import ReportedOrder
from actions.firm import Firm
from actions.fresh_orders import FreshOrders
from actions.server.answering import AnswerMessage
from actions.understanding import read_understanding
from recovery.case_states import CaseState
from recovery.money import Money
from store.database import Database, utc_now
from store.tables import Conversation, Order
from tests.actions.dialogue import Customer, Shop
from tests.actions.fake_merchant import SECRET, Merchant, Mischief, scripted
from tests.conftest import Clock

ORDER = "202611120007"


@pytest.fixture
def shop(database: Database, firm: Firm, clock: Clock) -> Shop:
    return Shop(database, firm, clock)


@pytest.fixture
def merchant() -> Iterator[Merchant]:
    with Merchant().running() as running:
        yield running


@pytest.fixture
def orders(shop: Shop, merchant: Merchant) -> FreshOrders:
    client = SystemClient("orders", merchant.base, SECRET, timedelta(seconds=2), utc_now)
    return FreshOrders(shop.database, shop.firm, HttpOrders(client))


class Counting:
    """A look-up that says how often it was asked."""

    def __init__(self, *answers: ReportedOrder | ConnectorError | None) -> None:
        self.answers, self.asked = list(answers), 0

    def find(self, number: str) -> ReportedOrder | None:
        self.asked += 1
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, ConnectorError):
            raise answer
        return answer


def message(wang: Customer, inbox: str, text: str, **understood: Any) -> dict[str, Any]:
    """What the action server is called with."""
    with wang.shop.database.reading() as work:
        fence = work.session.get_one(Conversation, wang.conversation.id).fence
    return {
        "text": text,
        "metadata": {"inbox": inbox, "fence": fence},
        "understanding": {"language": "zh", "text": text, **understood},
    }


class Tracker:
    def __init__(self, message: dict[str, Any]) -> None:
        self.latest_message = message


LATE = {"categories": [{"key": "delivery", "confidence": 0.9}]}


async def test_an_order_is_there_when_the_turn_needs_it(
    shop: Shop, wang: Customer, merchant: Merchant, orders: FreshOrders
) -> None:
    merchant.sells(ORDER, 10000, to=wang.address.public)
    inbox = wang.types("迟到了")
    action = AnswerMessage("action_hear_complaint", shop.database, shop.firm, orders)
    await action.run(None, Tracker(message(wang, inbox, "迟到了", **LATE, facts={"order_number": ORDER})), {})
    assert wang.case.order_proved and wang.case.state == CaseState.OFFERED
    with shop.database.reading() as work:
        assert OrderTwin(work).total(ORDER) == Money(10000, "CNY")


async def test_a_merchant_that_was_away_is_asked_again_when_the_order_is_to_be_proved(
    shop: Shop, wang: Customer, merchant: Merchant, orders: FreshOrders
) -> None:
    merchant.sells(ORDER, 10000, phone_last4="4711")
    merchant.plan = scripted(Mischief.FAILS_UNDONE, Mischief.FAILS_UNDONE)
    hear = AnswerMessage("action_hear_complaint", shop.database, shop.firm, orders)
    inbox = wang.types("迟到了")
    await hear.run(None, Tracker(message(wang, inbox, "迟到了", **LATE, facts={"order_number": ORDER})), {})
    assert wang.awaited == "order_proof" and shop.all(Order) == []
    tell = AnswerMessage("action_record_fact", shop.database, shop.firm, orders)
    inbox = wang.types("尾号4711")
    await tell.run(None, Tracker(message(wang, inbox, "尾号4711", facts={"phone_last4": "4711"})), {})
    assert wang.case.order_proved


async def test_a_fresh_order_is_not_asked_for_again_and_an_old_one_is(shop: Shop, clock: Clock) -> None:
    report = ReportedOrder(number=ORDER, placed_at=clock.now, total=500, currency="CNY", status="sent")
    look_up = Counting(report, report.model_copy(update={"total": 400}))
    orders = FreshOrders(shop.database, shop.firm, look_up)
    for _ in range(3):
        await orders.fetch(f" {ORDER} ")
    assert look_up.asked == 1
    clock.advance(minutes=10)  # connectors.yml: orders_fresh_for
    await orders.fetch(ORDER)
    assert look_up.asked == 2 and [order.total for order in shop.all(Order)] == [400]


async def test_a_failure_that_comes_quickly_is_asked_once_more(shop: Shop, clock: Clock) -> None:
    report = ReportedOrder(number=ORDER, placed_at=clock.now, total=500, currency="CNY", status="sent")
    look_up = Counting(ConnectorError("away", permanent=False), report)
    await FreshOrders(shop.database, shop.firm, look_up).fetch(ORDER)
    assert look_up.asked == 2 and [order.total for order in shop.all(Order)] == [500]


async def test_without_an_answer_what_is_on_file_counts(shop: Shop, clock: Clock) -> None:
    shop.sells(ORDER, 700)
    clock.advance(days=1)
    for answer in (None, ConnectorError("away", permanent=False), ConnectorError("no", permanent=True)):
        await FreshOrders(shop.database, shop.firm, Counting(answer)).fetch(ORDER)
    assert [order.total for order in shop.all(Order)] == [700]


@pytest.mark.parametrize("number", ["", "  ", "no such number!", "x" * 65, "../refunds", "单号"])
async def test_what_is_no_number_is_never_asked_for(shop: Shop, number: str) -> None:
    look_up = Counting()
    await FreshOrders(shop.database, shop.firm, look_up).fetch(number)
    assert look_up.asked == 0


async def test_where_the_store_has_all_orders_nobody_is_asked(shop: Shop) -> None:
    orders = FreshOrders(shop.database, shop.firm, None)
    await orders.fetch(ORDER)
    await orders.fetch_for_turn("no such inbox", read_understanding({"language": "zh", "text": "?"}))


async def test_whoever_is_not_listed_must_still_prove_it(
    shop: Shop, wang: Customer, merchant: Merchant, orders: FreshOrders
) -> None:
    merchant.sells(ORDER, 10000, to="rest:li", phone_last4="4711")
    await orders.fetch(ORDER)
    wang.complains("delivery", order_number=ORDER)
    assert not wang.case.order_proved and wang.awaited == "order_proof"
