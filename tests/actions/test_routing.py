"""A hand-over is given to somebody, tells somebody, and tells the customer who comes, when, and why they wait."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from actions.routing import loads
from actions.staff.access import DeedRefused
from actions.staff.judging import correct
from actions.staff.presence import go_off_duty
from actions.staff.talking import give_back, take
from actions.timers import TimerKind
from recovery.routing import Way
from store.tables import Conversation, Promise, Staff, Timer
from tests.actions.colleagues import hires, told
from tests.actions.dialogue import Customer, Shop


def organised(shop: Shop, way: Way, team: Sequence[str] = (), **more: Any) -> None:
    tiers = dict.fromkeys(("vip", "major", "regular", "small"), Way.TREE) | {"vip": way}
    update = {"organisation": tiers, "team": list(team), **more}
    shop.firm = replace(shop.firm, routing=shop.firm.routing.model_copy(update=update))


def is_vip(customer: Customer, named: Staff | None = None) -> None:
    with customer.shop.database.begin() as work:
        row = work.session.get_one(Conversation, customer.conversation.id)
        row.identity.customer.tier = "vip"
        row.identity.customer.named_staff_id = named.id if named else None
        work.commit()


# --- who gets it -----------------------------------------------------------------------------------------------------


def test_whoever_fits_is_given_it_and_told_and_it_stays_in_the_queue_until_taken(
    shop: Shop, customer: Customer
) -> None:
    nora = hires(shop, "nora", departments=["logistics"])
    hires(shop, "sam", departments=["sales"])
    customer.complains("delivery")
    answer = customer.asks_for_a_person()
    conversation = customer.conversation
    assert (conversation.control, conversation.assigned_to_id) == ("queued", nora.id)
    assert (conversation.department, conversation.assigned_reason) == ("logistics", "least_loaded")
    assert told(shop) == told(shop, "assigned") == [nora.id]
    assert "Nora" in answer
    assert customer.complains("delivery") == ""  # the bot is silent


def test_skill_and_load_decide_within_the_department(shop: Shop, customer: Customer) -> None:
    hires(shop, "nora", departments=["logistics"])
    ben = hires(shop, "ben", departments=["logistics"], skills=["delivery"])
    customer.complains("delivery")
    customer.asks_for_a_person()
    assert customer.conversation.assigned_to_id == ben.id
    assert customer.conversation.assigned_reason == "skilled"


def test_those_given_and_those_taken_both_count_as_load(shop: Shop) -> None:
    nora, ben = hires(shop, "nora"), hires(shop, "ben")
    waiting = [Customer(shop, name) for name in ("a", "b", "c", "d")]
    for one in waiting:
        one.asks_for_a_person()
    given = [one.conversation.assigned_to_id for one in waiting]
    assert given == [nora.id, ben.id, nora.id, ben.id]
    shop.does(take, shop.firm, nora, waiting[0].conversation.id)
    with shop.database.reading() as work:
        assert loads(work) == {nora.id: 2, ben.id: 2}
    shop.does(give_back, shop.firm, nora, waiting[0].conversation.id)
    last = Customer(shop, "e")
    last.asks_for_a_person()
    assert last.conversation.assigned_to_id == nora.id


def test_where_everybody_is_busy_it_waits_in_the_line_and_the_reason_is_told(shop: Shop) -> None:
    nora = hires(shop, "nora", capacity=1)
    first, second = Customer(shop, "ann", "en"), Customer(shop, "ben", "en")
    first.asks_for_a_person()
    answer = second.asks_for_a_person()
    assert second.conversation.assigned_to_id is None
    assert "Everyone here is with another customer" in answer and "There is one person ahead of you" in answer
    assert told(shop, "handed_over") == [nora.id]


def test_who_speaks_no_english_is_given_no_english_customer(shop: Shop, mary: Customer) -> None:
    hires(shop, "nora", languages=["zh"])
    answer = mary.asks_for_a_person()
    assert mary.conversation.assigned_to_id is None
    assert "speaks English" in answer


def test_how_many_are_before_them_is_told_with_the_name(shop: Shop) -> None:
    hires(shop, "nora")
    first, second = Customer(shop, "ann", "en"), Customer(shop, "ben", "en")
    assert "ahead of you" not in first.asks_for_a_person()
    assert "Nora will take this, with 1 ahead of you," in second.asks_for_a_person()


@pytest.mark.parametrize("way", [Way.LINE, Way.RING])
def test_line_and_ring_are_the_firms_choice_by_tier(shop: Shop, way: Way) -> None:
    sales = hires(shop, "sam", departments=["sales"])
    logistics = hires(shop, "nora", departments=["logistics"])
    organised(shop, way, team=["sam"])
    key_customer, other = Customer(shop, "king"), Customer(shop, "wang")
    for one in (key_customer, other):
        one.complains("delivery")
    is_vip(key_customer, named=sales)
    for one in (key_customer, other):
        one.asks_for_a_person()
    assert key_customer.conversation.assigned_to_id == sales.id
    assert key_customer.conversation.assigned_reason == {Way.LINE: "named", Way.RING: "team"}[way]
    assert other.conversation.assigned_to_id == logistics.id


# --- somebody is always told -----------------------------------------------------------------------------------------


def test_danger_calls_the_whole_department_beside_who_is_given_it(shop: Shop, customer: Customer) -> None:
    nora, ben = hires(shop, "nora"), hires(shop, "ben")
    customer.complains("safety")
    assert told(shop, "assigned") == [nora.id] and told(shop, "handed_over") == [ben.id]


def test_where_nobody_is_on_duty_all_supervisors_are_told(shop: Shop, customer: Customer) -> None:
    hires(shop, "nora", on_duty=False)
    bosses = [hires(shop, name, "supervisor", on_duty=False) for name in ("bob", "bea")]
    hires(shop, "gone", "supervisor", on_duty=False, active=False)
    customer.asks_for_a_person()
    assert told(shop, "handed_over") == [boss.id for boss in bosses]


@pytest.mark.parametrize("role", ["manager", "administrator", "agent"])
def test_a_firm_without_supervisors_tells_who_there_is(shop: Shop, customer: Customer, role: str) -> None:
    hires(shop, "quinn", "quality")
    only = hires(shop, "only", role, on_duty=False)
    customer.asks_for_a_person()
    assert told(shop) == [only.id]


def test_who_was_idle_for_long_is_not_there(shop: Shop, customer: Customer) -> None:
    idle = shop.clock.now - shop.firm.routing.off_duty_after - timedelta(seconds=1)
    hires(shop, "nora", last_active_at=idle)
    ben = hires(shop, "ben", last_active_at=shop.clock.now)
    customer.asks_for_a_person()
    assert customer.conversation.assigned_to_id == ben.id


# --- not taken -------------------------------------------------------------------------------------------------------


def test_what_is_not_taken_goes_on_to_the_next_and_at_last_back_to_the_line(shop: Shop, customer: Customer) -> None:
    people = [hires(shop, name) for name in ("nora", "ben", "cleo", "dan")]
    customer.asks_for_a_person()
    seen = [customer.conversation.assigned_to_id]
    for _ in range(2):
        shop.waits(minutes=6)
        seen.append(customer.conversation.assigned_to_id)
    assert seen == [one.id for one in people[:3]]
    due = _promise(shop).due_at
    passed_on = customer.words("waiting.passed_on", name="Cleo", due=shop.firm.local(due))
    assert customer.was_told[-1] == passed_on
    shop.waits(minutes=6)
    assert customer.conversation.assigned_to_id is None and customer.control == "queued"
    assert told(shop, "handed_over") == [one.id for one in people]
    messages = len(customer.was_told)
    shop.waits(minutes=30)  # it does not go round for ever
    assert customer.conversation.assigned_to_id is None and len(customer.was_told) == messages
    assert _promise(shop).due_at == due  # nobody won time by it


def leaves(shop: Shop, *people: Staff) -> None:
    for person in people:
        shop.does(lambda work, staff_id: go_off_duty(work, work.session.get_one(Staff, staff_id)), person.id)


def test_where_all_have_left_it_is_not_said_that_they_are_busy(shop: Shop, customer: Customer) -> None:
    customer.complains("delivery")
    people = {one.id: one for one in (hires(shop, name) for name in ("nora", "ben", "cleo"))}
    customer.asks_for_a_person()
    for _ in range(3):
        leaves(shop, people[customer.conversation.assigned_to_id or 0])
        shop.fires_due()
    assert customer.conversation.assigned_to_id is None
    assert {"zh": "没有同事在岗", "en": "Nobody is at the desk"}[customer.language] in customer.was_told[-1]
    assert customer.awaited == "call_back"


def _promise(shop: Shop) -> Promise:
    (made,) = [row for row in shop.all(Promise) if row.kind == "person_answers"]
    return made


def test_what_was_taken_in_time_stays(shop: Shop, customer: Customer) -> None:
    nora, _ = hires(shop, "nora"), hires(shop, "ben")
    customer.asks_for_a_person()
    shop.does(take, shop.firm, nora, customer.conversation.id)
    shop.waits(minutes=10)
    assert (customer.control, customer.conversation.taken_by_id) == ("staff", nora.id)
    assert customer.conversation.assigned_to_id is None


def test_who_goes_off_duty_passes_on_what_waits_for_them_at_once(shop: Shop, customer: Customer) -> None:
    nora, ben = hires(shop, "nora"), hires(shop, "ben")
    customer.asks_for_a_person()
    with shop.database.begin() as work:
        go_off_duty(work, work.session.get_one(Staff, nora.id))
        work.commit()
    shop.fires_due()
    assert customer.conversation.assigned_to_id == ben.id


def test_a_timer_that_fires_twice_passes_on_once(shop: Shop, customer: Customer) -> None:
    hires(shop, "nora")
    hires(shop, "ben")
    cleo = hires(shop, "cleo")
    customer.asks_for_a_person()
    shop.waits(minutes=6)
    before = customer.conversation.assigned_to_id
    with shop.database.begin() as work:
        fired = work.session.scalars(select(Timer).where(Timer.kind == TimerKind.PASS_ON, Timer.state == "fired")).one()
        fired.state = "open"
        work.commit()
    shop.fires_due()
    assert customer.conversation.assigned_to_id == before != cleo.id


def test_a_case_judged_to_be_another_departments_waits_in_that_line(shop: Shop, customer: Customer) -> None:
    hires(shop, "nora", departments=["logistics"])
    sam = hires(shop, "sam", departments=["after_sales"])
    boss = hires(shop, "bob", "supervisor", on_duty=False)
    customer.complains("delivery")
    customer.asks_for_a_person()
    shop.does(correct, shop.firm, boss, customer.case.id, ["product_quality"], 1, [])
    conversation = customer.conversation
    assert (conversation.department, conversation.assigned_to_id) == ("after_sales", sam.id)
    assert "Sam" in customer.was_told[-1]


def test_who_was_to_come_and_does_not_is_no_longer_named(shop: Shop, customer: Customer) -> None:
    hires(shop, "nora", departments=["logistics"])
    boss = hires(shop, "bob", "supervisor", on_duty=False)
    customer.complains("delivery")
    customer.asks_for_a_person()
    assert customer.conversation.assigned_to_id is not None
    shop.does(correct, shop.firm, boss, customer.case.id, ["product_quality"], 1, [])
    assert customer.conversation.assigned_to_id is None
    assert {"zh": "没有同事在岗", "en": "Nobody is at the desk"}[customer.language] in customer.was_told[-1]


# --- taking ----------------------------------------------------------------------------------------------------------


def test_a_colleague_of_the_department_may_take_what_was_given_to_another(shop: Shop, customer: Customer) -> None:
    hires(shop, "nora", departments=["logistics"])
    ben = hires(shop, "ben", departments=["logistics"])
    customer.complains("delivery")
    customer.asks_for_a_person()
    shop.does(take, shop.firm, ben, customer.conversation.id)
    assert customer.conversation.taken_by_id == ben.id


def test_one_of_another_department_may_not_but_the_front_door_and_supervisors_may(
    shop: Shop, customer: Customer
) -> None:
    hires(shop, "nora", departments=["logistics"])
    sam = hires(shop, "sam", departments=["sales"])
    boss = hires(shop, "bob", "supervisor", departments=["sales"])
    customer.complains("delivery")
    customer.asks_for_a_person()
    with pytest.raises(DeedRefused, match="assigned_to_colleague"):
        shop.does(take, shop.firm, sam, customer.conversation.id)
    shop.does(take, shop.firm, boss, customer.conversation.id)
    assert customer.conversation.taken_by_id == boss.id


def test_taking_straight_from_the_bot_counts_as_handed_over(shop: Shop, customer: Customer) -> None:
    nora = hires(shop, "nora")
    customer.complains("delivery")
    shop.does(take, shop.firm, nora, customer.conversation.id)
    assert shop.events("handed_over") == [{"reason": "taken"}]


def test_what_was_pressing_once_is_not_pressing_for_ever(shop: Shop, customer: Customer) -> None:
    nora = hires(shop, "nora", departments=["logistics"])
    customer.complains("delivery")
    customer.asks_for_a_person(reason="safety")
    assert (customer.conversation.queue_rank, customer.conversation.department) == (0, "logistics")
    shop.does(take, shop.firm, nora, customer.conversation.id)
    shop.does(give_back, shop.firm, nora, customer.conversation.id)
    assert (customer.conversation.queue_rank, customer.conversation.department) == (1, None)
