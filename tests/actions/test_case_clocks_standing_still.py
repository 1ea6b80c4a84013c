"""The clocks of a case while somebody else is waited for: the customer, an answer to the bot."""

from datetime import datetime, timedelta

from actions.giving_up import give_up
from actions.staff.talking import answer, close, give_back, take
from actions.staff.waiting import stop_waiting, wait_for_customer
from store.tables import Staff
from tests.actions.case_clocks import NEXT_UPDATE, refused, running, told
from tests.actions.dialogue import Customer, Shop


def test_while_the_customer_is_waited_for_nothing_passes(shop: Shop, held: Customer, alice: Staff) -> None:
    case = held.case
    shop.does(wait_for_customer, shop.firm, alice, held.conversation.id)
    assert {clock.state for clock in running(shop).values()} == {"paused"}
    assert held.case.next_update_due is None
    shop.waits(days=10)
    assert told(shop, "due_soon") == told(shop, "overdue") == []
    held.types("尾号是1234")
    answered_at = shop.clock.now
    shop.waits(seconds=5)
    assert {clock.state for clock in running(shop).values()} == {"running"}
    assert held.case.next_update_due == answered_at + NEXT_UPDATE[case.severity]
    # Before it there is the one of the bot's own question.
    *_, pause = running(shop)["resolution"].pauses
    assert datetime.fromisoformat(pause[1]) - datetime.fromisoformat(pause[0]) == timedelta(days=10)


def test_while_a_question_of_the_bot_waits_the_resolution_stands_still(shop: Shop, wang: Customer) -> None:
    wang.complains("delivery")
    due = wang.case.resolution_due
    assert wang.conversation.awaited is not None and running(shop)["resolution"].state == "paused"
    shop.waits(hours=5)
    shop.sells("10023", total=30000, to=wang.address.public)
    waited = shop.clock.now - wang.case.opened_at
    wang.gives_order("10023")
    # Now an offer waits for them: it stands still again, due later by what they took.
    assert wang.awaited == "offer" and running(shop)["resolution"].state == "paused"
    assert wang.case.resolution_due == due + waited
    shop.waits(days=20)
    assert told(shop, "due_soon") == told(shop, "overdue") == []


def test_what_the_customer_wrote_counts_from_when_they_wrote_it(shop: Shop, wang: Customer) -> None:
    """However long the bot takes to read it."""
    wang.complains("delivery")
    due = wang.case.resolution_due
    shop.clock.advance(hours=1)
    waited = shop.clock.now - wang.case.opened_at
    inbox = wang.types("嗯唔呃")
    shop.clock.advance(hours=2)
    wang.is_answered(inbox, "action_catch_all")
    clock = running(shop)["resolution"]
    assert clock.due_at == due + waited
    (pause,) = clock.pauses
    assert datetime.fromisoformat(pause[1]) - datetime.fromisoformat(pause[0]) == waited


def test_a_first_answer_of_a_person_never_stands_still_whatever_the_bot_asked(shop: Shop, wang: Customer) -> None:
    wang.complains("delivery")
    shop.clock.advance(hours=1)
    wang.asks_for_a_person()
    assert {clock.state for clock in running(shop).values()} == {"running"}
    assert set(running(shop)) == {"resolution", "first_response"}


def test_taken_from_the_bot_nothing_waits_for_its_question_any_more(shop: Shop, wang: Customer, alice: Staff) -> None:
    wang.complains("delivery")
    due = wang.case.resolution_due
    shop.clock.advance(hours=1)
    waited = shop.clock.now - wang.case.opened_at
    shop.does(take, shop.firm, alice, wang.conversation.id)
    assert {clock.state for clock in running(shop).values()} == {"running"}
    assert wang.case.resolution_due == due + waited


def test_given_up_the_time_since_the_message_counts(shop: Shop, wang: Customer) -> None:
    wang.complains("delivery")
    due = wang.case.resolution_due
    shop.clock.advance(hours=1)
    waited = shop.clock.now - wang.case.opened_at
    inbox = wang.types("在吗")
    shop.clock.advance(minutes=3)
    assert shop.does(give_up, shop.firm, inbox)
    assert running(shop)["resolution"].state == "running"
    assert wang.case.resolution_due == due + waited


def test_a_first_answer_never_waits(shop: Shop, queued: Customer, alice: Staff) -> None:
    shop.does(take, shop.firm, alice, queued.conversation.id)
    assert refused(shop, wait_for_customer, shop.firm, alice, queued.conversation.id) == "customer_spoke_last"


def test_who_waits_goes_on_by_themselves_too(shop: Shop, held: Customer, alice: Staff) -> None:
    due = held.case.resolution_due
    assert refused(shop, stop_waiting, shop.firm, alice, held.conversation.id) == "waits_for_nobody"
    shop.does(wait_for_customer, shop.firm, alice, held.conversation.id)
    assert refused(shop, wait_for_customer, shop.firm, alice, held.conversation.id) == "waiting_already"
    shop.clock.advance(hours=3)
    shop.does(stop_waiting, shop.firm, alice, held.conversation.id)
    # Three working days are left as they were: it waited within one.
    assert held.case.resolution_due == due + timedelta(hours=3)
    assert {clock.state for clock in running(shop).values()} == {"running"}


def test_a_word_more_while_waiting_goes_on_waiting(shop: Shop, held: Customer, alice: Staff) -> None:
    shop.does(wait_for_customer, shop.firm, alice, held.conversation.id)
    shop.clock.advance(hours=5)
    shop.does(answer, shop.firm, alice, held.conversation.id, "方便的时候告诉我尾号。")
    assert {clock.state for clock in running(shop).values()} == {"paused"}
    held.types("1234")
    shop.fires_due()
    assert held.case.next_update_due == shop.clock.now + NEXT_UPDATE[held.case.severity]


def test_settled_while_waiting_counts_as_in_time(shop: Shop, held: Customer, alice: Staff) -> None:
    shop.does(wait_for_customer, shop.firm, alice, held.conversation.id)
    shop.clock.advance(days=20)
    shop.does(close, shop.firm, alice, held.conversation.id, valid=True, service_step="")
    (event,) = shop.events("case_resolved")
    assert datetime.fromisoformat(event["due_at"]) >= shop.clock.now
    assert held.case.resolution_due >= shop.clock.now


def test_given_back_while_waiting_the_resolution_runs_again(shop: Shop, held: Customer, alice: Staff) -> None:
    shop.does(wait_for_customer, shop.firm, alice, held.conversation.id)
    shop.clock.advance(hours=1)
    shop.does(give_back, shop.firm, alice, held.conversation.id)
    shop.fires_due()
    assert {kind: clock.state for kind, clock in running(shop).items()} == {"resolution": "running"}


def test_only_who_has_it_waits_and_only_for_an_open_case(
    shop: Shop, held: Customer, alice: Staff, bob: Staff, mary: Customer
) -> None:
    assert refused(shop, wait_for_customer, shop.firm, bob, held.conversation.id) == "not_yours"
    mary.asks_for_a_person()
    shop.does(take, shop.firm, bob, mary.conversation.id)
    shop.does(answer, shop.firm, bob, mary.conversation.id, "Hello?")
    assert refused(shop, wait_for_customer, shop.firm, bob, mary.conversation.id) == "no_open_case"
