"""Grants at once on PostgreSQL: they stand in line, and nobody waits in a circle."""

import time
from dataclasses import replace
from threading import Barrier

import pytest

from actions.account import lock_order
from actions.budgets import charge, give_back
from actions.conversations import lock_conversation
from actions.firm import Firm
from actions.proactive import open_proactive_case
from recovery.budgets import IN_ALL, Budgets
from store.database import Database
from store.tables import BudgetDay, Case, Identity, Order
from tests.actions.dialogue import Customer, Shop
from tests.conftest import Clock
from tests.desk.turning import at_once

OTHER_CASE = "202611100001", "202611100002"


@pytest.fixture
def shop(postgresql_database: Database, firm: Firm, clock: Clock) -> Shop:
    return Shop(postgresql_database, firm, clock)


def test_two_new_cases_of_one_customer_are_granted_something_one_after_the_other(shop: Shop) -> None:
    wang, again = Customer(shop, "wang"), Customer(shop, "wang-phone")
    for customer, number in zip((wang, again), OTHER_CASE, strict=True):
        shop.sells(number, total=25000, to=customer.address.public)
        customer.complains("delivery")
    with shop.database.begin() as work:
        one = work.session.get_one(Case, wang.case.id).customer_id
        work.session.get_one(Identity, again.conversation.identity_id).customer_id = one
        work.session.get_one(Case, again.case.id).customer_id = one
        work.commit()
    both_opened = Barrier(2, timeout=10)
    talks = wang.conversation.id, again.conversation.id

    def open_and_hold(which: int) -> None:
        with shop.database.begin() as work:
            conversation = lock_conversation(work, talks[which])
            case = open_proactive_case(work, shop.firm, conversation, "guarantee", "delivery", OTHER_CASE[which])
            both_opened.wait()
            lock_order(work, shop.firm, case)
            work.commit()

    at_once(2, open_and_hold)
    assert sorted(case.origin for case in shop.all(Case)) == ["complaint", "complaint", "guarantee", "guarantee"]


def test_what_is_granted_and_what_is_given_back_never_wait_for_each_other(shop: Shop) -> None:
    budgets = Budgets(None, {"delivery": 100000})
    firm = replace(shop.firm, policy=replace(shop.firm.policy, budgets=budgets))
    wang = Customer(shop, "wang")
    shop.sells(OTHER_CASE[0], total=25000, to=wang.address.public)
    wang.complains("delivery", order_number=OTHER_CASE[0])
    with shop.database.begin() as work:
        day = charge(work, firm, "delivery", 5000)
        work.commit()
    assert day is not None
    held = Barrier(2, timeout=10)

    def grant_or_give_back(which: int) -> None:
        with shop.database.begin() as work:
            if which:
                lock_order(work, firm, work.session.get_one(Case, wang.case.id))
                held.wait()
                time.sleep(0.5)  # the other takes what it can meanwhile
                charge(work, firm, "delivery", 3000)
            else:
                held.wait()
                give_back(work, day, "delivery", 5000)
            work.commit()

    at_once(2, grant_or_give_back)
    assert {row.category: row.spent for row in shop.all(BudgetDay)} == {IN_ALL: 3000, "delivery": 3000}


def test_behind_the_lock_an_order_stands_as_the_merchant_corrected_it(shop: Shop) -> None:
    wang = Customer(shop, "wang")
    shop.sells(OTHER_CASE[0], total=25000, to=wang.address.public)
    wang.complains("delivery", order_number=OTHER_CASE[0])
    with shop.database.begin() as work:
        case = work.session.get_one(Case, wang.case.id)
        order = work.session.get_one(Order, OTHER_CASE[0])
        assert order.total == 25000
        with shop.database.begin() as merchant:
            merchant.session.get_one(Order, OTHER_CASE[0]).total = 900
            merchant.commit()
        lock_order(work, shop.firm, case)
        assert order.total == 900
