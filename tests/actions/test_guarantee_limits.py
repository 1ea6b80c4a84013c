"""How much guarantees pay, what later facts change, and what happens when several act at once or one stops."""

import random
from dataclasses import replace

import pytest
from sqlalchemy import select

from actions.firm import Firm
from actions.guarantees.looking import claim_due, find_unseen, look_at
from analytics.recount import recount
from analytics.roll_up import roll_up
from recovery.budgets import Budgets
from store.database import Database
from store.tables import (
    BudgetDay,
    Case,
    Conversation,
    GuaranteePayment,
    Message,
    Offer,
    Order,
    OutcomeEventRow,
    RefundEntry,
    Remedy,
    Staff,
    Timer,
)
from tests.actions.dialogue import Customer, Shop
from tests.actions.promised import ORDER, looks, on_time, payments, sells_late, that_guarantees, vouchers
from tests.conftest import Clock
from tests.desk.turning import at_once


@pytest.fixture
def shop(sqlite_database: Database, firm: Firm, clock: Clock) -> Shop:
    return Shop(sqlite_database, that_guarantees(firm), clock)


@pytest.fixture
def both(database: Database, firm: Firm, clock: Clock) -> Shop:
    """On each database, where it is about who comes first."""
    return Shop(database, that_guarantees(firm), clock)


# --- how much, and what later facts change ----------------------------------------------------------------------------


def test_never_more_than_was_paid_for_the_order(shop: Shop, wang: Customer) -> None:
    whole = on_time(key="whole", pays=[{"kind": "refund", "percent_of_order": 90}])
    shop.firm = that_guarantees(shop.firm, whole, on_time())
    sells_late(shop, to=wang.address.public, total=10000)
    looks(shop)
    assert [entry.amount for entry in shop.all(RefundEntry)] == [9000]
    assert vouchers(shop) == [1000]


def test_what_was_paid_back_already_covers_it(shop: Shop, wang: Customer) -> None:
    whole = on_time(key="whole", pays=[{"kind": "refund", "percent_of_order": 100}])
    shop.firm = that_guarantees(shop.firm, whole, on_time())
    sells_late(shop, to=wang.address.public, total=10000)
    looks(shop)
    assert sorted(payments(shop)) == [("on_time", "covered"), ("whole", "paid")]
    assert len(wang.cases) == 1


def test_an_order_in_another_currency_is_not_for_a_machine(shop: Shop, wang: Customer) -> None:
    sells_late(shop, to=wang.address.public, currency="USD")
    looks(shop)
    assert payments(shop) == []


def test_facts_that_are_corrected_take_nothing_back(shop: Shop, wang: Customer, clock: Clock) -> None:
    sells_late(shop, to=wang.address.public)
    looks(shop)
    told = len(wang.was_told)
    sells_late(shop, to=wang.address.public, late=0)
    looks(shop)
    assert vouchers(shop) == [2000] and payments(shop) == [("on_time", "paid")] and len(wang.was_told) == told


def test_switched_off_it_pays_for_what_happened_before(shop: Shop, wang: Customer, mary: Customer) -> None:
    ended = shop.firm.local(shop.clock.now).date().isoformat()
    sells_late(shop, to=wang.address.public)
    shop.firm = that_guarantees(shop.firm, on_time(live=False, switched_off_on=ended))
    looks(shop)
    assert vouchers(shop) == [2000]
    shop.clock.advance(days=2)
    sells_late(shop, "another", to=mary.address.public)
    looks(shop)
    assert vouchers(shop) == [2000]


def test_a_new_guarantee_finds_what_was_on_file_before_it(shop: Shop, wang: Customer) -> None:
    now_promised, shop.firm = shop.firm, that_guarantees(shop.firm, on_time(live=False))
    sells_late(shop, to=wang.address.public)
    looks(shop)
    assert payments(shop) == [] and shop.all(Order)[0].guarantees_due is None
    shop.firm = now_promised
    assert find_unseen(shop.database, shop.firm) == 1
    looks(shop)
    assert vouchers(shop) == [2000]
    assert find_unseen(shop.database, shop.firm) == 0


def test_a_broken_promise_of_ours_is_a_fact_on_file(shop: Shop, wang: Customer, alice: Staff) -> None:
    kept_word = on_time(key="kept_word", when={"promise_broken": True}, category="service_delay")
    shop.firm = that_guarantees(shop.firm, kept_word)
    sells_late(shop, to=wang.address.public, late=0)
    wang.complains("delivery", order_number=ORDER)
    wang.asks_for_a_person()
    looks(shop)
    assert vouchers(shop) == []
    shop.waits(days=3)  # nobody answered, as was promised
    looks(shop)
    assert vouchers(shop) == [2000]


def test_what_it_cost_counts_though_it_is_no_complaint(shop: Shop, wang: Customer) -> None:
    sells_late(shop, to=wang.address.public)
    looks(shop)
    executed = [details["amount_minor"] for details in shop.events("remedy_executed")]
    assert sorted(executed) == [0, 2000]
    assert not shop.events("case_opened")
    assert shop.events("case_anticipated") == [{"origin": "guarantee"}]


# --- several at once, and stopping in the middle ----------------------------------------------------------------------


def test_many_processes_pay_once(both: Shop) -> None:
    shop, wang = both, Customer(both, "wang")
    wang.greets()
    sells_late(shop, to=wang.address.public)
    at_once(6, lambda _: shop.does(look_at, shop.firm, ORDER))
    shop.fires_due()
    assert vouchers(shop) == [2000] and len(shop.all(Case)) == 1
    assert sum("准时送达保证" in told for told in wang.was_told) == 1


def test_many_processes_open_one_conversation_with_somebody_new(both: Shop) -> None:
    shop, wang = both, Customer(both, "wang")
    sells_late(shop, to=wang.address.public)
    at_once(6, lambda _: shop.does(look_at, shop.firm, ORDER))
    assert len(shop.all(Conversation)) == 1 and len(shop.all(Case)) == 1


def test_a_look_is_claimed_by_one(both: Shop) -> None:
    shop = both
    for number in range(30):
        sells_late(shop, f"order-{number:02}", to=f"rest:customer-{number}")
    claimed: list[str] = []
    at_once(4, lambda _: claimed.extend(shop.does(claim_due, 10)))
    assert len(claimed) == len(set(claimed))


def test_the_bot_and_the_worker_at_once_pay_once(both: Shop) -> None:
    shop, wang = both, Customer(both, "wang")
    wang.greets()
    sells_late(shop, to=wang.address.public)
    said = wang.types("快递晚了三天")

    def either(turn: int) -> None:
        if turn == 0:
            wang.is_answered(said, "action_hear_complaint", categories=["delivery"], order_number=ORDER)
        else:
            shop.does(look_at, shop.firm, ORDER)

    at_once(4, either)
    looks(shop)
    shop.waits(seconds=10)
    looks(shop)
    assert vouchers(shop) == [2000]


def test_stopping_in_the_middle_leaves_nothing_and_it_is_paid_later(shop: Shop, wang: Customer) -> None:
    sells_late(shop, to=wang.address.public)
    assert shop.does(claim_due) == [ORDER]
    with shop.database.begin() as work:
        look_at(work, shop.firm, ORDER)
        # The process dies here: nothing is committed.
    assert payments(shop) == [] and shop.all(Case) == []
    assert shop.does(claim_due) == []
    shop.clock.advance(minutes=2)
    looks(shop)
    assert vouchers(shop) == [2000]


def test_stopping_between_the_payment_and_the_message_loses_neither(shop: Shop, wang: Customer) -> None:
    sells_late(shop, to=wang.address.public)
    shop.does(look_at, shop.firm, ORDER)
    assert vouchers(shop) == []
    with shop.database.reading() as work:
        assert {timer.kind for timer in work.session.scalars(select(Timer))} >= {"execute_remedy", "guarantee_tells"}
        assert work.session.scalars(select(Message)).all() == []
    shop.waits(hours=1)
    assert vouchers(shop) == [2000] and len(wang.was_told) == 1


def test_a_message_being_answered_comes_first(shop: Shop, wang: Customer) -> None:
    said = wang.types("你好")
    sells_late(shop, to=wang.address.public)
    assert shop.does(look_at, shop.firm, ORDER).busy
    assert payments(shop) == []
    wang.is_answered(said, "action_greet")
    shop.clock.advance(seconds=3)
    looks(shop)
    assert vouchers(shop) == [2000]


def test_events_of_it_count_for_no_process(shop: Shop, wang: Customer) -> None:
    sells_late(shop, to=wang.address.public)
    looks(shop)
    assert len(shop.all(OutcomeEventRow)) > 2
    roll_up(shop.database, shop.firm.zone)
    with shop.database.reading() as work:
        assert recount(work, shop.firm.zone).daily_counts == 0
    wang.complains("delivery")
    roll_up(shop.database, shop.firm.zone)
    with shop.database.reading() as work:
        counted = recount(work, shop.firm.zone)
        assert counted.daily_counts and not counted.differences


def test_it_pays_when_the_days_budget_is_spent_and_counts_against_it(shop: Shop, wang: Customer) -> None:
    policy = replace(shop.firm.policy, budgets=Budgets(per_day=100))
    shop.firm = replace(shop.firm, policy=policy)
    sells_late(shop, to=wang.address.public)
    looks(shop)
    assert vouchers(shop) == [2000]
    assert {row.category: row.spent for row in shop.all(BudgetDay)}[""] == 2000


@pytest.mark.parametrize("seed", range(6))
def test_whatever_happens_in_whatever_order_it_is_paid_once_and_within_the_order(
    shop: Shop, wang: Customer, seed: int
) -> None:
    """Each run is another order of the same happenings; money goes by what the order cost."""
    total = 6000
    generator = random.Random(seed)
    sells_late(shop, to=wang.address.public, total=total)

    def accepts() -> None:
        if wang.choices:
            wang.chooses(wang.choices[0].position)

    deeds = [
        lambda: looks(shop),
        lambda: wang.complains("delivery", order_number=ORDER),
        accepts,
        lambda: sells_late(shop, to=wang.address.public, total=total, late=generator.choice([0, 4])),
        lambda: shop.does(look_at, shop.firm, ORDER),
        lambda: shop.waits(hours=generator.choice([1, 30])),
        lambda: find_unseen(shop.database, shop.firm),
    ]
    wang.greets()
    for _ in range(14):
        if wang.control == "bot":
            generator.choice(deeds)()
    shop.waits(days=1)
    paid = [offer for offer in shop.all(Offer) if offer.round == 0]
    assert len(paid) <= 1 and len(shop.all(GuaranteePayment)) <= 1
    given = sum(remedy.amount for remedy in shop.all(Remedy) if remedy.state == "executed" and remedy.kind == "refund")
    assert given <= total
