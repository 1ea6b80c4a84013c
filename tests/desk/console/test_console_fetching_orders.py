"""Where staff type an order number, the merchant is asked for it first, and only then what is typed is acted on."""

from datetime import timedelta

import pytest
from aiohttp.test_utils import TestServer

from actions.connectors.errors import ConnectorError
from actions.connectors.reported import ReportedOrder
from desk.keys import ORDERS
from store.database import Database
from store.tables import Order
from tests.conftest import Clock
from tests.desk.console.conftest import WANG, Desk, Open

ORDER = "202611120007"


class Merchant:
    """Has one order, or is away."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.is_away, self.asked = clock, False, 0

    def find(self, number: str) -> ReportedOrder | None:
        self.asked += 1
        if self.is_away:
            raise ConnectorError("orders: away", permanent=False)
        placed = self.clock.now - timedelta(days=3)
        order = ReportedOrder(
            number=ORDER, identities=[WANG.public], placed_at=placed, total=9900, currency="CNY", status="sent"
        )
        return order if number == ORDER else None


@pytest.fixture
def merchant(server: TestServer, clock: Clock) -> Merchant:
    merchant = Merchant(clock)
    server.app[ORDERS]._look_up = merchant
    return merchant


async def test_an_order_that_the_store_never_heard_of_is_fetched_and_proves_itself(
    browser: Open, desk: Desk, merchant: Merchant, sqlite_database: Database
) -> None:
    desk.waits()
    alice = await browser("alice")
    path = f"/desk/cases/{desk.case().number}/facts"
    await alice.post(path, fact_key="product", fact_value=ORDER)
    assert merchant.asked == 0, "only an order number is asked for"
    await alice.post(path, fact_key="order_number", fact_value=ORDER)
    assert desk.case().order_proved
    with sqlite_database.reading() as work:
        assert work.session.get_one(Order, ORDER).total == 9900


async def test_a_merchant_that_is_away_keeps_nobody_from_typing(browser: Open, desk: Desk, merchant: Merchant) -> None:
    merchant.is_away = True
    desk.waits()
    alice = await browser("alice")
    response = await alice.post(f"/desk/cases/{desk.case().number}/facts", fact_key="order_number", fact_value=ORDER)
    assert response.status == 303 and not desk.case().order_proved
    assert next(fact.value for fact in desk.case().facts if fact.key == "order_number") == ORDER


async def test_who_may_not_correct_facts_asks_for_nothing(browser: Open, desk: Desk, merchant: Merchant) -> None:
    desk.waits()
    quinn = await browser("quinn")
    response = await quinn.post(f"/desk/cases/{desk.case().number}/facts", fact_key="order_number", fact_value=ORDER)
    assert response.status == 403 and merchant.asked == 0


async def test_recording_a_complaint_fetches_its_order(
    browser: Open, desk: Desk, merchant: Merchant, sqlite_database: Database
) -> None:
    alice = await browser("alice")
    await alice.read("/desk/complaints/new")
    await alice.post("/desk/complaints/new", look="1", said="迟到", order=ORDER)
    with sqlite_database.reading() as work:
        assert work.session.get(Order, ORDER) is not None


async def test_the_settings_show_which_systems_are_connected(browser: Open) -> None:
    page = await (await browser("ada")).read("/desk/settings/firm/connectors")
    assert "Connected systems" in page and "Replacements" in page and "the service&#39;s own store" in page
