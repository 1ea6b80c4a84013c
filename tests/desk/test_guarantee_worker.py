"""The worker that pays what guarantees owe: two of them, as two processes have them."""

import asyncio

from actions.connectors.vouchers import VoucherTwin
from actions.firm import Firm
from desk.workers.guarantees import GuaranteeWorker
from store.database import Database
from store.tables import Case, GuaranteePayment, Voucher
from tests.actions.dialogue import Shop
from tests.actions.promised import on_time, sells_late, that_guarantees
from tests.conftest import Clock


async def test_two_processes_pay_each_order_once(database: Database, firm: Firm, clock: Clock) -> None:
    shop = Shop(database, that_guarantees(firm), clock)
    shop.vouchers = VoucherTwin(database, firm.file.voucher_valid)
    for number in range(12):
        # Some customers have several orders: one conversation each.
        sells_late(shop, f"order-{number:02}", to=f"rest:customer-{number % 5}")
    with Database(database.url, clock) as elsewhere:
        workers = [GuaranteeWorker(one, shop.firm) for one in (database, elsewhere)]

        async def work(worker: GuaranteeWorker) -> None:
            while await worker.look():
                pass

        await asyncio.gather(*(work(worker) for worker in workers))
    await asyncio.to_thread(shop.fires_due)
    assert len(shop.all(Voucher)) == len(shop.all(Case)) == 12
    assert [payment.state for payment in shop.all(GuaranteePayment)] == ["paid"] * 12


async def test_what_was_on_file_before_is_found_at_the_start(database: Database, firm: Firm, clock: Clock) -> None:
    shop = Shop(database, that_guarantees(firm, on_time(live=False)), clock)
    sells_late(shop, to="rest:wang")
    assert await GuaranteeWorker(database, shop.firm).look() == 1
    promised = that_guarantees(firm)
    worker = GuaranteeWorker(database, promised)
    assert await worker.find_unseen() == 1
    assert await worker.look() == 1
    assert len(shop.all(GuaranteePayment)) == 1


async def test_one_order_that_cannot_be_looked_at_holds_up_no_other(
    sqlite_database: Database, firm: Firm, clock: Clock
) -> None:
    shop = Shop(sqlite_database, that_guarantees(firm), clock)
    # No identity is written like that; the next order is everybody else's.
    sells_late(shop, "first", to="nobody")
    sells_late(shop, "second", to="rest:wang")
    worker = GuaranteeWorker(sqlite_database, shop.firm)
    while await worker.look():
        pass
    assert {payment.order_number: payment.state for payment in shop.all(GuaranteePayment)}["second"] == "paid"
