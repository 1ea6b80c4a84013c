"""What staff do: take, answer, give back, close, correct; and what is refused to whom, by which code."""

from collections.abc import Callable
from typing import Any

import pytest

from actions.staff.access import DeedRefused
from actions.staff.judging import correct
from actions.staff.promises import keep_promise
from actions.staff.talking import answer, close, give_back, take
from recovery.case_states import CaseState
from store.tables import Assessment, AuditEntry, InboxRow, Staff
from tests.actions.dialogue import Customer, Shop

ORDER = "202611120007"


def refused(shop: Shop, deed: Callable[..., Any], *args: Any, **kwargs: Any) -> str:
    """The code with which a deed is refused."""
    with pytest.raises(DeedRefused) as refusal:
        shop.does(deed, *args, **kwargs)
    return refusal.value.code


@pytest.fixture
def queued(shop: Shop, customer: Customer) -> Customer:
    """A customer with a late parcel who waits for a person."""
    customer.complains("delivery")
    customer.asks_for_a_person()
    return customer


def test_who_takes_a_conversation_has_it_and_the_customer_hears_their_name(
    shop: Shop, queued: Customer, alice: Staff
) -> None:
    shop.does(take, shop.firm, alice, queued.conversation.id)
    assert (queued.control, queued.conversation.taken_by_id, queued.case.owner_id) == ("staff", alice.id, alice.id)
    assert queued.words("person.joined", name="Alice") in queued.was_told
    (hand_over,) = queued.case.hand_overs
    assert (hand_over.reason, hand_over.taken_by_id) == ("asked", alice.id)


def test_taking_from_the_bot_ends_its_question_and_leaves_open_messages_to_the_person(
    shop: Shop, customer: Customer, alice: Staff
) -> None:
    customer.complains("delivery")
    inbox = customer.types("喂")
    shop.does(take, shop.firm, alice, customer.conversation.id)
    assert customer.awaited is None and customer.case.state == CaseState.WITH_STAFF
    (row,) = [row for row in shop.all(InboxRow) if row.id == inbox]
    assert (row.state, row.disposition) == ("done", "console")


def test_taking_twice_is_taking_once(shop: Shop, queued: Customer, alice: Staff) -> None:
    for _ in range(2):
        shop.does(take, shop.firm, alice, queued.conversation.id)
    assert queued.was_told.count(queued.words("person.joined", name="Alice")) == 1


def test_an_agent_does_not_take_from_a_colleague_and_a_supervisor_may(
    shop: Shop, queued: Customer, alice: Staff, bob: Staff
) -> None:
    erin = shop.hires("erin", "agent")
    shop.does(take, shop.firm, alice, queued.conversation.id)
    assert refused(shop, take, shop.firm, erin, queued.conversation.id) == "taken_by_colleague"
    shop.does(take, shop.firm, bob, queued.conversation.id)
    assert queued.conversation.taken_by_id == bob.id


def test_only_who_has_the_conversation_answers_gives_back_or_closes(
    shop: Shop, queued: Customer, alice: Staff, bob: Staff
) -> None:
    conversation = queued.conversation.id
    assert refused(shop, answer, shop.firm, bob, conversation, "hello") == "not_yours"
    shop.does(take, shop.firm, alice, conversation)
    assert refused(shop, answer, shop.firm, bob, conversation, "hello") == "not_yours"
    assert refused(shop, give_back, shop.firm, bob, conversation) == "not_yours"
    assert refused(shop, close, shop.firm, bob, conversation, valid=True, service_step="") == "not_yours"
    assert refused(shop, answer, shop.firm, alice, conversation, " \n") == "empty_text"


def test_the_first_answer_of_a_person_stops_their_clock(shop: Shop, queued: Customer, alice: Staff) -> None:
    shop.does(take, shop.firm, alice, queued.conversation.id)
    assert queued.case.first_response_at is None
    first = shop.clock.now
    shop.does(answer, shop.firm, alice, queued.conversation.id, "  I am on it. ")
    shop.clock.advance(minutes=5)
    shop.does(answer, shop.firm, alice, queued.conversation.id, "Done.")
    assert queued.case.first_response_at == first
    assert queued.was_told[-2:] == ["I am on it.", "Done."]


def test_given_back_the_bot_answers_again(shop: Shop, customer: Customer, alice: Staff) -> None:
    shop.sells(ORDER, total=30000, to=customer.address.public)
    customer.complains("delivery", order_number=ORDER)
    shop.does(take, shop.firm, alice, customer.conversation.id)
    shop.does(give_back, shop.firm, alice, customer.conversation.id)
    assert (customer.control, customer.case.state) == ("bot", CaseState.OPEN)
    assert customer.was_told[-1] == customer.words("person.gave_back")
    # What had been offered before is no longer numbered.
    customer.chooses(1)
    assert customer.case.remedies == []
    assert "1. " in customer.complains("delivery")


def test_closing_settles_the_case_and_says_whether_the_complaint_stood(
    shop: Shop, queued: Customer, alice: Staff
) -> None:
    shop.does(take, shop.firm, alice, queued.conversation.id)
    shop.does(close, shop.firm, alice, queued.conversation.id, valid=True, service_step="preparation")
    case = queued.case
    assert (case.state, case.valid, case.service_step) == (CaseState.RESOLVED, True, "preparation")
    assert shop.events("case_judged") == [{"valid": True, "service_step": "preparation"}]
    assert queued.control == "bot" and case.hand_overs[0].ended_at == shop.clock.now


def test_a_step_that_is_not_in_the_blueprint_is_refused(shop: Shop, queued: Customer, alice: Staff) -> None:
    shop.does(take, shop.firm, alice, queued.conversation.id)
    conversation = queued.conversation.id
    assert (
        refused(shop, close, shop.firm, alice, conversation, valid=True, service_step="teleporting") == "unknown_step"
    )
    assert queued.case.state == CaseState.WITH_STAFF


def test_a_case_is_not_closed_while_something_granted_is_under_way(
    shop: Shop, customer: Customer, alice: Staff
) -> None:
    customer.complains("service_attitude")
    customer.says_no()
    customer.chooses_by_name("call_back", "回电")
    shop.does(take, shop.firm, alice, customer.conversation.id)
    conversation = customer.conversation.id
    assert refused(shop, close, shop.firm, alice, conversation, valid=True, service_step="") == "remedy_under_way"


def test_a_conversation_without_a_case_is_closed_too(shop: Shop, customer: Customer, alice: Staff) -> None:
    customer.asks_for_a_person()
    shop.does(take, shop.firm, alice, customer.conversation.id)
    shop.does(close, shop.firm, alice, customer.conversation.id, valid=False, service_step="")
    assert (customer.control, customer.cases) == ("bot", [])


# --- correcting the assessment ---------------------------------------------------------------------------------------


def test_a_corrected_category_counts_as_not_understood_right(shop: Shop, customer: Customer, alice: Staff) -> None:
    customer.complains("delivery")
    shop.does(correct, shop.firm, alice, customer.case.id, ["product_quality"], 2, ["churn"])
    case = customer.case
    assert (case.categories, case.emotion, case.risks) == (["product_quality"], 2, ["churn"])
    assert (case.department, case.severity, case.service_step) == ("after_sales", "medium", "preparation")
    assert shop.events("assessment_corrected") == [{"service_step": "preparation"}]
    assert [row.by for row in shop.all(Assessment)] == ["bot", "alice"]


def test_another_leading_category_counts_too(shop: Shop, wang: Customer, alice: Staff) -> None:
    wang.complains("delivery", "service_attitude")
    shop.does(correct, shop.firm, alice, wang.case.id, ["service_attitude", "delivery"], 1, [])
    assert len(shop.events("assessment_corrected")) == 1
    assert wang.case.department == "customer_service"


def test_a_corrected_feeling_alone_is_kept_and_does_not_count(shop: Shop, wang: Customer, alice: Staff) -> None:
    wang.complains("delivery")
    shop.does(correct, shop.firm, alice, wang.case.id, ["delivery"], 2, [])
    assert wang.case.emotion == 2 and wang.case.severity == "medium"
    assert shop.events("assessment_corrected") == []
    assert [row.by for row in shop.all(Assessment)] == ["bot", "alice"]


def test_confirming_what_the_machine_judged_changes_nothing(shop: Shop, wang: Customer, alice: Staff) -> None:
    wang.complains("delivery")
    shop.does(correct, shop.firm, alice, wang.case.id, ["delivery"], 1, [])
    assert [row.by for row in shop.all(Assessment)] == ["bot"]


@pytest.mark.parametrize(
    ("categories", "emotion", "risks"),
    [([], 1, []), (["weather"], 1, []), (["delivery"], 4, []), (["delivery"], -1, []), (["delivery"], 1, ["ghosts"])],
)
def test_an_impossible_assessment_is_refused(
    shop: Shop, wang: Customer, alice: Staff, categories: list[str], emotion: int, risks: list[str]
) -> None:
    wang.complains("delivery")
    case = wang.case.id
    assert refused(shop, correct, shop.firm, alice, case, categories, emotion, risks) == "wrong_assessment"
    assert wang.case.categories == ["delivery"]


def test_due_times_never_become_later_by_a_correction(shop: Shop, wang: Customer, alice: Staff) -> None:
    wang.complains("delivery", emotion=2)
    due = wang.case.resolution_due
    shop.does(correct, shop.firm, alice, wang.case.id, ["delivery"], 0, [])
    assert wang.case.severity == "low" and wang.case.resolution_due == due


# --- promises and traces ---------------------------------------------------------------------------------------------


def test_a_promise_that_is_kept_by_doing_is_not_ticked_off(shop: Shop, queued: Customer, alice: Staff) -> None:
    (promise,) = queued.case.promises
    assert refused(shop, keep_promise, shop.firm, alice, promise.id) == "kept_by_doing"


def test_a_promise_is_settled_once(shop: Shop, wang: Customer, alice: Staff) -> None:
    wang.complains("service_attitude")
    wang.says_no()
    wang.chooses_by_name("call_back", "回电")
    (promise,) = wang.case.promises
    shop.does(keep_promise, shop.firm, alice, promise.id)
    assert refused(shop, keep_promise, shop.firm, alice, promise.id) == "promise_settled"


def test_every_deed_leaves_a_trace_and_a_refused_one_none(shop: Shop, queued: Customer, alice: Staff) -> None:
    refused(shop, give_back, shop.firm, alice, queued.conversation.id)
    shop.does(take, shop.firm, alice, queued.conversation.id)
    shop.does(correct, shop.firm, alice, queued.case.id, ["product_quality"], 1, [])
    shop.does(close, shop.firm, alice, queued.conversation.id, valid=True, service_step="")
    assert [(entry.actor, entry.action) for entry in shop.all(AuditEntry)] == [
        ("alice", "take"),
        ("alice", "correct"),
        ("alice", "close"),
    ]
