"""Nobody is on duty: a call back is offered, promised, made or owned up to."""

import pytest
from sqlalchemy import select

from actions.firm import Firm
from actions.promises import owed_by_hand
from actions.staff.access import DeedRefused
from actions.staff.promises import keep_promise
from actions.staff.talking import take
from store.tables import Customer as CustomerRow
from store.tables import Notification, Promise
from tests.actions.colleagues import hires
from tests.actions.dialogue import Customer, Shop


@pytest.fixture
def waiting(shop: Shop, customer: Customer) -> Customer:
    """A customer with a late parcel whom nobody is there for."""
    customer.complains("delivery")
    customer.asks_for_a_person()
    return customer


def calls(shop: Shop) -> list[Promise]:
    return [row for row in shop.all(Promise) if row.kind == "call_back"]


def test_that_nobody_is_there_is_said_and_a_call_back_is_offered(shop: Shop, waiting: Customer) -> None:
    said = waiting.was_told[-1]
    due = shop.firm.local(shop.firm.due_for("logistics", shop.clock.now, shop.firm.file.call_back_within))
    assert {"zh": "没有同事在岗", "en": "Nobody is at the desk"}[waiting.language] in said
    assert waiting.words("waiting.call_back", due=due) in said
    assert calls(shop) == []


def test_a_number_left_is_a_promise_and_is_confirmed_beside_the_turn(shop: Shop, waiting: Customer) -> None:
    text = {"zh": "打 138 0013 8000，下午三点后", "en": "138 0013 8000, after three please"}[waiting.language]
    inbox = waiting.types(text)
    assert waiting.is_answered(inbox, "action_record_fact") == ""
    shop.fires_due()
    (promise,) = calls(shop)
    assert (promise.state, promise.case_id) == ("open", waiting.case.id)
    assert promise.text == waiting.words("promise.colleague_calls")
    assert waiting.was_told[-1] == waiting.words(
        "waiting.number_noted", phone="13800138000", due=shop.firm.local(promise.due_at), more=True
    )
    facts = {fact.key: fact.value for fact in waiting.case.facts}
    assert (facts["phone"], facts["call_back"]) == ("13800138000", text)
    assert waiting.control == "queued"


def test_another_number_replaces_the_first_and_the_same_one_changes_nothing(shop: Shop, waiting: Customer) -> None:
    for number in ("13800138000", "13900139000", "13900139000"):
        waiting.types(number)
        shop.fires_due()
        shop.clock.advance(minutes=1)
    (promise,) = calls(shop)
    assert {fact.key: fact.value for fact in waiting.case.facts}["phone"] == "13900139000"
    changed = waiting.words("waiting.number_changed", phone="13900139000", due=shop.firm.local(promise.due_at))
    assert waiting.was_told[-1] == changed and waiting.was_told.count(changed) == 1


@pytest.mark.parametrize("text", ["还在吗", "202611120007", "到底什么时候来人"])
def test_other_words_are_for_the_console_alone(shop: Shop, waiting: Customer, text: str) -> None:
    before = len(waiting.was_told)
    waiting.types(text)
    shop.fires_due()
    assert calls(shop) == [] and len(waiting.was_told) == before


def test_an_order_number_is_none_to_call(shop: Shop, waiting: Customer) -> None:
    shop.sells("13800138000", total=100)
    waiting.types("13800138000")
    shop.fires_due()
    assert calls(shop) == []


def test_without_a_case_the_number_is_kept_with_the_customer(shop: Shop, customer: Customer) -> None:
    customer.asks_for_a_person()
    customer.types("13800138000")
    shop.fires_due()
    assert [row.phone for row in shop.all(CustomerRow)] == ["13800138000"]
    assert len(calls(shop)) == 1 and customer.cases == []


def test_where_somebody_is_there_a_number_is_just_a_message(shop: Shop, customer: Customer) -> None:
    hires(shop, "nora")
    customer.asks_for_a_person()
    customer.types("13800138000")
    shop.fires_due()
    assert calls(shop) == []


def test_whoever_came_meanwhile_answers_it_themselves(shop: Shop, waiting: Customer) -> None:
    nora = shop.hires("nora", "agent")
    waiting.types("13800138000")
    shop.does(take, shop.firm, nora, waiting.conversation.id)
    before = len(waiting.was_told)
    shop.fires_due()
    assert calls(shop) == [] and len(waiting.was_told) == before


def test_the_call_that_was_made_keeps_the_promise_and_is_the_answer(shop: Shop, waiting: Customer) -> None:
    nora = shop.hires("nora", "agent")
    waiting.types("13800138000")
    shop.fires_due()
    (promise,) = calls(shop)
    shop.does(keep_promise, shop.firm, nora, promise.id)
    assert {made.kind: made.state for made in waiting.case.promises} == {
        "call_back": "kept",
        "person_answers": "kept",
    }
    assert waiting.case.first_response_at == shop.clock.now


def test_a_call_that_was_not_made_in_time_is_owned_up_to_and_told_to_superiors(shop: Shop, waiting: Customer) -> None:
    boss = hires(shop, "bob", "supervisor", on_duty=False)
    waiting.types("13800138000")
    shop.fires_due()
    shop.waits(days=4)
    broken = [row for row in shop.all(Notification) if row.details.get("reason") == "promise_broken"]
    assert [row.staff_id for row in broken] == [boss.id]
    assert calls(shop)[0].state == "broken"
    owned_up = waiting.words("promise.broken", what=waiting.words("promise.colleague_calls"))
    assert sum(owned_up in told for told in waiting.was_told) == 1


def test_closed_hours_are_told_with_when_somebody_is_there_again(shop: Shop, firm: Firm, mary: Customer) -> None:
    shop.clock.advance(hours=10)  # eight in the evening in Shanghai
    hours = firm.working_time("logistics")
    mary.complains("delivery")
    answer = mary.asks_for_a_person()
    if hours.is_open(shop.clock.now):
        assert "someone will be from" not in answer
    else:
        assert "someone will be from" in answer


def test_a_call_that_was_not_made_in_time_is_owed_until_it_is_made(shop: Shop, waiting: Customer) -> None:
    """The number was left while nobody was there, and nobody called when they came."""
    waiting.types("13800001234")
    shop.fires_due()
    [made] = calls(shop)
    shop.waits(days=4)
    nora = hires(shop, "nora")

    def owed() -> list[int]:
        with shop.database.reading() as work:
            return list(work.session.scalars(select(Promise.id).where(owed_by_hand())))

    assert [one.state for one in calls(shop)] == ["broken"]
    assert owed() == [made.id]
    shop.does(keep_promise, shop.firm, nora, made.id)
    [made] = calls(shop)
    assert (made.state, made.made_good_at) == ("broken", shop.clock.now)
    assert owed() == []
    with pytest.raises(DeedRefused, match="promise_settled"):
        shop.does(keep_promise, shop.firm, nora, made.id)
