"""Limits in whole dialogues: by person, by order, on an anonymous chat, after unfounded complaints, by budget."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from actions.account import account_of
from actions.budgets import charge, left_today, uncharge
from actions.firm import Firm
from actions.offering import policy_now
from actions.staff.approvals import approve
from actions.staff.granting import RemedyWish, grant_by_hand
from actions.staff.talking import take
from recovery.authority import Bounds
from recovery.budgets import IN_ALL, Budgets
from recovery.remedies import Authority
from store.database import Database
from store.tables import BudgetDay, Case, Offer, OrderProofFailure, RefundEntry, Staff, Voucher
from tests.actions.dialogue import Customer, Shop
from tests.conftest import Clock


def with_bounds(firm: Firm, **bounds: Any) -> Firm:
    changed: Bounds = replace(firm.policy.bounds, **bounds)
    return replace(firm, policy=replace(firm.policy, bounds=changed))


def with_budgets(firm: Firm, per_day: int | None = None, **categories: int) -> Firm:
    return replace(firm, policy=replace(firm.policy, budgets=Budgets(per_day, categories)))


@pytest.fixture
def shop_with(sqlite_database: Database, clock: Clock) -> Callable[[Firm], Shop]:
    return lambda firm: Shop(sqlite_database, firm, clock)


def spent(shop: Shop) -> dict[str, int]:
    return {row.category: row.spent for row in shop.all(BudgetDay)}


# --- by person -------------------------------------------------------------------------------------------------------


def test_what_one_customer_had_for_other_orders_counts_towards_their_cap(
    shop_with: Callable[[Firm], Shop], firm: Firm
) -> None:
    cap = {Authority.BOT: 7000, Authority.AGENT: 9000, Authority.SUPERVISOR: 20000, Authority.MANAGER: 50000}
    shop = shop_with(with_bounds(firm, per_customer=cap, customer_window=timedelta(days=90)))
    wang = Customer(shop, "wang")
    for number in ("202611100001", "202611100002"):
        shop.sells(number, total=25000, to=wang.address.public)
        wang.complains("delivery", order_number=number, text=f"{number}晚了三天")
        wang.chooses(1)
    first, second = wang.cases
    assert [first.state, second.state] == ["resolved", "awaiting_approval"], "5000 and 5000 are more than 7000"
    shop.clock.advance(days=91)
    with shop.database.reading() as work:
        account = account_of(work, shop.firm, work.session.get_one(Case, second.id))
    assert account.customer_minor == 0, "what lies further back no longer counts"


def test_two_complaints_at_once_never_take_more_than_the_person_may_have(
    database: Database, clock: Clock, firm: Firm
) -> None:
    cap = {Authority.BOT: 7000, Authority.AGENT: 7000, Authority.SUPERVISOR: 7000, Authority.MANAGER: 7000}
    shop = Shop(database, with_bounds(firm, per_customer=cap), clock)
    people = [Customer(shop, f"wang-{number}") for number in range(4)]
    orders = [f"20261110000{number}" for number in range(4)]
    for person, number in zip(people, orders, strict=True):
        shop.sells(number, total=25000, to=person.address.public)
        person.complains("delivery", order_number=number)
    with database.begin() as work:
        # They are found to be one person.
        customer = work.session.get_one(Case, people[0].case.id).customer
        for person in people[1:]:
            work.session.get_one(Case, person.case.id).customer = customer
        work.commit()
    inboxes = [person.types("1") for person in people]
    with ThreadPoolExecutor(4) as at_once:
        list(
            at_once.map(
                lambda pair: pair[0].is_answered(pair[1], "action_accept_offer", choice=1),
                zip(people, inboxes, strict=True),
            )
        )
    shop.fires_due()
    assert [entry.amount for entry in shop.all(RefundEntry)] == [5000]


# --- an anonymous chat -----------------------------------------------------------------------------------------------


def test_who_proved_an_order_by_digits_is_granted_less_by_the_bot(
    shop_with: Callable[[Firm], Shop], firm: Firm, bob: Staff
) -> None:
    shop = shop_with(with_bounds(firm, unlisted_minor=4000))
    stranger, listed = Customer(shop, "stranger"), Customer(shop, "listed")
    shop.sells("202611100001", total=25000, phone_last4="4711")
    shop.sells("202611100002", total=25000, to=listed.address.public)
    stranger.complains("delivery", order_number="202611100001")
    stranger.gives_digits("4711")
    stranger.chooses(1)
    listed.complains("delivery", order_number="202611100002")
    listed.chooses(1)
    assert (stranger.case.state, listed.case.state) == ("awaiting_approval", "resolved")
    (offer,) = [offer for offer in stranger.case.offers if offer.state == "awaiting_approval"]
    shop.does(approve, shop.firm, bob, offer.id)


def test_a_chat_proves_so_many_orders_and_no_more(shop_with: Callable[[Firm], Shop], firm: Firm) -> None:
    shop = shop_with(with_bounds(firm, unlisted_orders=2, unlisted_window=timedelta(days=1)))
    collector = Customer(shop, "collector")
    for number in range(3):
        order = shop.sells(f"20261110000{number}", total=25000, phone_last4="4711")
        collector.complains("delivery", order_number=order, text=f"{order}晚了三天")
        collector.gives_digits("4711")
    assert [case.order_proved for case in collector.cases] == [True, True, False]


def test_wrong_digits_are_counted_over_all_who_try_and_then_nobody_is_believed(
    shop_with: Callable[[Firm], Shop], firm: Firm
) -> None:
    shop = shop_with(with_bounds(firm, proof_failures=4, unlisted_window=timedelta(days=1)))
    order = shop.sells("202611100001", total=25000, phone_last4="4711")
    for name in ("one", "two"):
        guesser = Customer(shop, name)
        guesser.complains("delivery", order_number=order)
        for digits in ("0000", "1111"):
            guesser.gives_digits(digits)
    assert len(shop.all(OrderProofFailure)) == 4
    lucky = Customer(shop, "lucky")
    lucky.complains("delivery", order_number=order)
    lucky.gives_digits("4711")
    assert not lucky.case.order_proved
    shop.clock.advance(days=1, seconds=1)
    rightful = Customer(shop, "rightful")
    rightful.complains("delivery", order_number=order)
    rightful.gives_digits("4711")
    assert rightful.case.order_proved


def test_an_order_that_does_not_exist_is_counted_and_answered_alike(shop: Shop, wang: Customer) -> None:
    wang.complains("delivery", order_number="999999999999")
    answer = wang.gives_digits("0000")
    assert wang.words("ask.proof_again", order="999999999999") in answer
    assert [row.order_number for row in shop.all(OrderProofFailure)] == ["999999999999"]


# --- unfounded complaints --------------------------------------------------------------------------------------------


def test_repeated_unfounded_complaints_leave_the_bot_nothing_to_grant(shop: Shop, wang: Customer) -> None:
    for number in range(4):
        shop.sells(f"20261110000{number}", total=25000, to=wang.address.public)
        shop.clock.advance(days=8)
        wang.complains("delivery", order_number=f"20261110000{number}", text=f"20261110000{number}晚了")
    with shop.database.begin() as work:
        for case in wang.cases[:3]:
            work.session.get_one(Case, case.id).valid = False
        work.commit()
    answer = wang.chooses(1)
    assert wang.cases[-1].state == "awaiting_approval"
    # Never rude: the customer hears what everybody hears whose offer somebody has to confirm.
    assert answer.startswith(wang.words("offer.awaits_approval", what="退款50元，原路退回", due=shop.clock.now)[:20])


# --- budgets ---------------------------------------------------------------------------------------------------------


def test_what_is_granted_counts_against_the_day_and_the_category(shop: Shop, wang: Customer) -> None:
    shop.sells("202611100001", total=25000, to=wang.address.public)
    wang.complains("delivery", order_number="202611100001")
    wang.chooses(1)
    assert spent(shop) == {IN_ALL: 5000, "delivery": 5000}


def test_when_the_budget_is_spent_the_bot_offers_what_costs_nothing(
    shop_with: Callable[[Firm], Shop], firm: Firm, language: str
) -> None:
    shop = shop_with(with_budgets(firm, delivery=5000))
    first, second = Customer(shop, "first", language), Customer(shop, "second", language)
    for person, number in ((first, "202611100001"), (second, "202611100002")):
        shop.sells(number, total=25000, to=person.address.public)
        person.complains("delivery", order_number=number)
        if person is first:
            person.chooses(1)
    assert [offer.cost for offer in second.choices] == [0]
    assert second.choices[0].decision["reason"] == "budget_spent"
    assert set(second.choices[0].reasons) == {"zh", "en"}
    shop.clock.advance(days=1)
    third = Customer(shop, "third", language)
    shop.sells("202611100003", total=25000, to=third.address.public)
    third.complains("delivery", order_number="202611100003")
    assert max(offer.cost for offer in third.choices) == 5000, "a new day has its own budget"


def test_when_nothing_is_free_a_person_comes(shop_with: Callable[[Firm], Shop], firm: Firm) -> None:
    rules = tuple(
        replace(rule, choices=rule.choices[:1]) if rule.id == "delivery-late-or-damaged" else rule
        for rule in firm.policy.rules
    )
    shop = shop_with(replace(firm, policy=replace(firm.policy, rules=rules, budgets=Budgets(0))))
    wang = Customer(shop, "wang")
    shop.sells("202611100001", total=25000, to=wang.address.public)
    answer = wang.complains("delivery", order_number="202611100001")
    assert wang.words("hand_over.budget_spent") in answer
    assert (wang.control, wang.reasons) == ("queued", ["budget_spent"])


def test_an_offer_made_before_the_budget_was_spent_waits_for_a_supervisor(
    shop_with: Callable[[Firm], Shop], firm: Firm, alice: Staff, bob: Staff
) -> None:
    shop = shop_with(with_budgets(firm, delivery=6000))
    first, second = Customer(shop, "first"), Customer(shop, "second")
    for person, number in ((first, "202611100001"), (second, "202611100002")):
        shop.sells(number, total=25000, to=person.address.public)
        person.complains("delivery", order_number=number)
    first.chooses(1)
    second.chooses(1)
    (offer,) = [offer for offer in second.case.offers if offer.state == "awaiting_approval"]
    assert offer.authority == Authority.SUPERVISOR
    shop.does(approve, shop.firm, bob, offer.id)
    shop.fires_due()
    assert spent(shop)["delivery"] == 10000, "a person may go on; it is counted all the same"


def test_customers_at_once_never_take_more_than_the_budget(database: Database, clock: Clock, firm: Firm) -> None:
    shop = Shop(database, with_budgets(firm, 12_000), clock)
    people = [Customer(shop, f"customer-{number}") for number in range(5)]
    for number, person in enumerate(people):
        shop.sells(f"20261110000{number}", total=25000, to=person.address.public)
        person.complains("delivery", order_number=f"20261110000{number}")
    inboxes = [person.types("1") for person in people]
    with ThreadPoolExecutor(5) as at_once:
        answered = at_once.map(
            lambda pair: pair[0].is_answered(pair[1], "action_accept_offer", choice=1),
            zip(people, inboxes, strict=True),
        )
        list(answered)
    shop.fires_due()
    assert sorted(person.case.state for person in people) == 3 * ["awaiting_approval"] + 2 * ["resolved"]
    assert (sum(entry.amount for entry in shop.all(RefundEntry)), spent(shop)[IN_ALL]) == (10_000, 10_000)


def test_what_comes_to_nothing_is_given_back_to_its_day(shop: Shop, wang: Customer) -> None:
    shop.sells("202611100001", total=25000, to=wang.address.public)
    wang.complains("delivery", order_number="202611100001")
    wang.chooses(1)
    shop.clock.advance(days=2)
    with shop.database.begin() as work:
        (offer,) = [offer for offer in work.session.get_one(Case, wang.case.id).offers if offer.state == "accepted"]
        uncharge(work, offer, 2000)
        work.commit()
    assert spent(shop) == {IN_ALL: 3000, "delivery": 3000}
    with shop.database.begin() as work:
        assert charge(work, shop.firm, "delivery", 0) is None, "what costs nothing is not counted"
        assert left_today(work, with_budgets(shop.firm, 100), "delivery").minor == 100, "another day"


def test_what_the_law_owes_is_granted_though_the_budget_is_spent(shop_with: Callable[[Firm], Shop], firm: Firm) -> None:
    shop = shop_with(with_budgets(firm, 0))
    wang = Customer(shop, "wang")
    shop.sells("202611100001", total=25000, to=wang.address.public)
    wang.complains("product_quality", order_number="202611100001")
    wang.chooses(1)
    assert [entry.amount for entry in shop.all(RefundEntry)] == [25000]


def test_an_agent_needs_a_supervisor_once_the_budget_is_spent(
    shop_with: Callable[[Firm], Shop], firm: Firm, alice: Staff
) -> None:
    shop = shop_with(with_budgets(firm, 0))
    wang = Customer(shop, "wang")
    shop.sells("202611100001", total=25000, to=wang.address.public)
    wang.complains("delivery", order_number="202611100001")
    wang.asks_for_a_person()
    shop.does(take, shop.firm, alice, wang.conversation.id)
    offer = shop.does(grant_by_hand, shop.firm, alice, wang.conversation.id, RemedyWish("voucher", 1000), "soothing")
    assert (offer.state, offer.authority) == ("awaiting_approval", Authority.SUPERVISOR)


# --- wishes and rounds -----------------------------------------------------------------------------------------------


def complains_of_a_late_parcel(shop: Shop, customer: Customer, total: int = 25000) -> None:
    shop.sells("202611100001", total=total, to=customer.address.public)
    customer.complains("delivery", order_number="202611100001")


def names(customer: Customer, kind: str, minor: int, text: str) -> str:
    amount = {"minor": minor, "currency": "CNY"}
    return customer.writes("action_record_wish", text, wished_remedy=kind, amount=amount)


def test_a_wish_within_what_the_rules_license_is_granted_at_once(shop: Shop, customer: Customer) -> None:
    complains_of_a_late_parcel(shop, customer)
    names(customer, "voucher", 7400, "给我74元代金券 / a voucher for 74 yuan")
    (voucher,) = shop.all(Voucher)
    # 30 % of 250 is on offer anyway, so what was named is granted as offered: never less than the customer asked for.
    assert voucher.amount == 7500


def test_a_wish_that_is_not_on_offer_and_licensed_is_granted_by_its_own_rule(shop: Shop, customer: Customer) -> None:
    complains_of_a_late_parcel(shop, customer)
    with shop.database.begin() as work:
        for offer in work.session.get_one(Case, customer.case.id).offers:
            if offer.remedies[0]["kind"] == "refund":
                offer.state = "superseded"
        work.commit()
    names(customer, "refund", 4000, "退我40 / 40 back")
    assert [entry.amount for entry in shop.all(RefundEntry)] == [4000]
    (accepted,) = [offer for offer in customer.case.offers if offer.state == "accepted"]
    assert (accepted.rule, accepted.approved_by) == ("delivery-late-or-damaged", "Head of customer service")
    assert accepted.decision["reason"] == "by_wish"


def test_a_wish_above_what_is_licensed_goes_to_a_person_with_its_amount(
    shop: Shop, customer: Customer, alice: Staff
) -> None:
    complains_of_a_late_parcel(shop, customer)
    answer = names(customer, "refund", 20000, "至少退200 / 200 at least")
    (waiting,) = [offer for offer in customer.case.offers if offer.state == "awaiting_approval"]
    assert (waiting.cost, waiting.authority, waiting.rule) == (20000, Authority.AGENT, "wish")
    assert ("200元" if customer.language == "zh" else "¥200.00") in answer
    shop.does(approve, shop.firm, alice, waiting.id)
    shop.fires_due()
    assert [entry.amount for entry in shop.all(RefundEntry)] == [20000]
    (accepted,) = [offer for offer in customer.case.offers if offer.state == "accepted"]
    assert accepted.approved_by == "alice"


def test_a_wish_beyond_everyone_is_refused_clearly_and_the_choices_stand(shop: Shop, customer: Customer) -> None:
    complains_of_a_late_parcel(shop, customer)
    answer = names(customer, "refund", 25001, "退我250.01")
    paid = "250元" if customer.language == "zh" else "¥250.00"
    assert paid in answer and [offer.cost for offer in customer.choices] == [5000, 7500, 0]
    assert (customer.control, shop.all(RefundEntry)) == ("bot", [])
    answer = names(customer, "voucher", 1_100_000, "赔我一万一")
    assert customer.words("wish.beyond_everyone") in answer or paid in answer


def test_no_is_answered_by_going_further_where_the_rules_leave_room_and_then_by_a_person(
    shop_with: Callable[[Firm], Shop], firm: Firm, language: str
) -> None:
    by_value = replace(firm, value=firm.value.model_copy(update={"choose_by": "optimum"}))
    rules = tuple(
        replace(rule, choices=tuple(choice for choice in rule.choices if choice.has("voucher"))[:1])
        for rule in firm.policy.rules
    )
    shop = shop_with(replace(by_value, policy=replace(firm.policy, rules=rules)))
    customer = Customer(shop, "wang", language)
    with shop.database.begin() as work:
        policy = policy_now(work, shop.firm)
    assert policy.choose_by == "optimum"
    complains_of_a_late_parcel(shop, customer, total=40000)
    first = customer.choices[0].cost
    answer = customer.says_no()
    if customer.choices:
        assert customer.choices[0].cost > first
        assert customer.choices[0].round == 2
        assert customer.says_no() and customer.reasons == ["offers_declined"]
    else:
        # Everything the rule allows was offered at once: what would do is asked.
        assert customer.words("ask.wish") in answer


def test_offers_carry_why_in_both_languages_and_what_was_expected(
    shop_with: Callable[[Firm], Shop], firm: Firm
) -> None:
    shop = shop_with(replace(firm, value=firm.value.model_copy(update={"choose_by": "optimum"})))
    wang = Customer(shop, "wang")
    complains_of_a_late_parcel(shop, wang)
    for offer in wang.choices:
        assert set(offer.reasons) == {"zh", "en"} and offer.reason == offer.reasons["zh"]
        assert "\n" not in offer.reason
        assert 0 <= offer.decision["worth"]["acceptance"]["mean"] <= 1
        assert offer.decision["timing"].keys() == {item["kind"] for item in offer.remedies}
    assert all(isinstance(offer, Offer) for offer in wang.choices)
