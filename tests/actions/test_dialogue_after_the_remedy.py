"""After the remedy: following up, rating, taking back, coming back, asking where it stands; promises on the way."""

from datetime import UTC, datetime, timedelta

import pytest

from actions.due import NotNow, fire
from actions.staff.promises import keep_promise
from actions.staff.talking import answer, close, give_back, take
from recovery.case_states import CaseState
from store.tables import RefundEntry, Staff, Timer
from tests.actions.dialogue import Customer, Shop

ORDER = "202611120007"


@pytest.fixture
def paid(shop: Shop, customer: Customer) -> Customer:
    """A customer whose late parcel was made good by a refund."""
    shop.sells(ORDER, total=30000, to=customer.address.public)
    customer.complains("delivery", order_number=ORDER)
    customer.chooses(1)
    assert customer.case.state == CaseState.RESOLVED
    return customer


# --- following up and rating -----------------------------------------------------------------------------------------


def test_after_a_day_the_customer_is_asked_once_how_content_they_are(shop: Shop, paid: Customer) -> None:
    ask = paid.words("rating.ask", number=paid.case.number)
    shop.waits(hours=23)
    assert ask not in paid.was_told
    shop.waits(hours=2)
    shop.waits(hours=48)
    assert paid.was_told.count(ask) == 1 and paid.awaited == "rating"


def test_who_has_rated_already_is_not_asked(shop: Shop, paid: Customer) -> None:
    told = paid.rates(5)
    assert paid.words("rating.best") in told
    shop.waits(hours=48)
    assert paid.words("rating.ask", number=paid.case.number) not in paid.was_told


def test_a_bare_number_that_no_choice_had_is_a_rating(paid: Customer) -> None:
    told = paid.writes("action_catch_all", "5", choice=5)
    assert paid.words("rating.best") in told
    assert [rating.score for rating in paid.case.ratings] == [5]


def test_a_bare_number_that_a_choice_had_rates_nothing(paid: Customer) -> None:
    told = paid.chooses(1)
    assert paid.case.number in told
    assert paid.case.ratings == []


def test_the_follow_up_does_not_push_another_complaints_question_aside(shop: Shop, paid: Customer) -> None:
    paid.complains("delivery", order_number="202611120099", text="另一单也没到")
    shop.waits(hours=30)
    assert paid.awaited == "order_proof"
    assert paid.conversation.focus_case_id == paid.cases[-1].id


def test_a_follow_up_waits_while_a_message_is_being_answered(shop: Shop, paid: Customer) -> None:
    shop.clock.advance(hours=25)
    paid.types("在吗")
    (timer,) = [t for t in shop.all(Timer) if t.kind == "follow_up"]
    with pytest.raises(NotNow):
        fire(shop.database, shop.firm, shop.connectors, timer.id)


@pytest.mark.parametrize(("score", "key"), [(5, "best"), (4, "good"), (3, "middling")])
def test_a_good_rating_is_thanked_for_and_counted(shop: Shop, paid: Customer, score: int, key: str) -> None:
    shop.waits(hours=25)
    assert paid.words(f"rating.{key}", number=paid.case.number) in paid.rates(score)
    assert [(event["score"], event["asked"]) for event in shop.events("case_rated")] == [(score, True)]
    assert (paid.control, paid.case.state) == ("bot", CaseState.RESOLVED)


@pytest.mark.parametrize("score", [2, 1])
def test_a_low_rating_opens_the_case_again_for_a_person(shop: Shop, paid: Customer, score: int) -> None:
    shop.waits(hours=25)
    answer = paid.rates(score)
    assert paid.words("rating.low", number=paid.case.number) in answer
    assert (paid.control, paid.reasons, paid.case.state) == ("queued", ["low_rating"], CaseState.WITH_STAFF)
    assert len(shop.events("case_reopened")) == 1
    # What the person is due by lies ahead.
    assert paid.case.resolution_due > shop.clock.now


def test_a_second_rating_corrects_the_first(shop: Shop, paid: Customer) -> None:
    paid.rates(3)
    paid.rates(5)
    assert [rating.score for rating in paid.case.ratings] == [5]
    assert [event["score"] for event in shop.events("case_rated")] == [3, 5]


def test_who_does_not_want_to_rate_is_left_alone(shop: Shop, paid: Customer) -> None:
    shop.waits(hours=25)
    assert paid.words("rating.refused") in paid.says_no()
    assert paid.awaited is None and paid.case.ratings == []


def test_a_rating_without_a_number_is_asked_for_one(shop: Shop, paid: Customer) -> None:
    shop.waits(hours=25)
    assert paid.words("rating.how") in paid.writes("action_record_rating", "还行吧")
    paid.rates(4)
    assert [rating.score for rating in paid.case.ratings] == [4]


def test_a_case_nothing_is_heard_about_is_closed_after_seven_days(shop: Shop, paid: Customer) -> None:
    shop.waits(days=6, hours=23)
    assert paid.case.state == CaseState.RESOLVED
    shop.waits(hours=2)
    assert paid.case.state == CaseState.CLOSED and len(shop.events("case_closed")) == 1


# --- coming back -----------------------------------------------------------------------------------------------------


def test_the_same_failure_within_seven_days_opens_the_case_again(shop: Shop, paid: Customer) -> None:
    shop.waits(days=3)
    answer = paid.complains("delivery", text="还是没送到")
    assert paid.case.number in answer and len(shop.events("case_reopened")) == 1
    assert paid.case.resolution_due > shop.clock.now


def test_saying_only_that_it_is_not_solved_opens_it_again(shop: Shop, paid: Customer) -> None:
    paid.complains(text="问题还是没有解决")
    assert paid.case.state != CaseState.RESOLVED and len(shop.events("case_reopened")) == 1


def test_seven_days_after_closing_a_linked_case_is_opened(shop: Shop, paid: Customer) -> None:
    shop.waits(days=7)
    assert paid.case.state == CaseState.CLOSED
    shop.waits(days=7, hours=1)
    paid.complains("delivery")
    first, second = paid.cases
    assert (first.state, second.linked_case_id) == (CaseState.CLOSED, first.id)
    assert second.number != first.number


def test_another_order_is_a_linked_case(paid: Customer) -> None:
    paid.complains("delivery", order_number="202611120099")
    first, second = paid.cases
    assert second.linked_case_id == first.id and first.state == CaseState.RESOLVED


def test_another_order_named_just_before_is_a_linked_case(shop: Shop, paid: Customer) -> None:
    shop.waits(days=6)
    paid.writes("action_withdraw", "算了")  # settled: nothing to take back
    shop.waits(days=1, hours=1)
    assert paid.case.state == CaseState.CLOSED
    paid.gives_order("202611120099")
    paid.complains("delivery")
    first, second = paid.cases
    assert {fact.key: fact.value for fact in second.facts}["order_number"] == "202611120099"
    assert second.linked_case_id == first.id


def test_a_case_settled_again_is_followed_up_again(shop: Shop, paid: Customer, bob: Staff) -> None:
    ask = paid.words("rating.ask", number=paid.case.number)
    shop.waits(hours=25)
    paid.complains("delivery", text="还是没到")
    paid.asks_for_a_person()
    shop.does(take, shop.firm, bob, paid.conversation.id)
    shop.does(answer, shop.firm, bob, paid.conversation.id, "The driver is at your door.")
    shop.does(close, shop.firm, bob, paid.conversation.id, valid=True, service_step="delivery")
    assert paid.case.state == CaseState.RESOLVED
    shop.waits(hours=25)
    assert paid.was_told.count(ask) == 2


def test_a_case_opened_again_is_not_closed_by_the_first_resolutions_clock(shop: Shop, paid: Customer) -> None:
    shop.waits(days=6)
    paid.complains("delivery", text="还是没送到")
    paid.chooses_by_name("voucher", "代金券")
    assert paid.case.state == CaseState.RESOLVED
    shop.waits(days=2)
    assert paid.case.state == CaseState.RESOLVED
    shop.waits(days=6)
    assert paid.case.state == CaseState.CLOSED


def test_what_was_paid_back_is_not_paid_back_once_more(shop: Shop, wang: Customer) -> None:
    shop.sells(ORDER, total=30000, to=wang.address.public)
    wang.complains("product_quality", order_number=ORDER)
    wang.chooses(1)
    wang.complains("product_quality", text="换来的也是坏的", order_number=ORDER)
    assert [offer.remedies[0]["kind"] for offer in wang.choices] == ["voucher", "call_back"]
    assert sum(entry.amount for entry in shop.all(RefundEntry)) == 30000


# --- taking back -----------------------------------------------------------------------------------------------------


def test_a_complaint_is_taken_back_and_may_be_taken_up_within_seven_days(shop: Shop, customer: Customer) -> None:
    customer.complains("delivery")
    answer = customer.withdraws()
    assert customer.words("withdrawn.done", number=customer.case.number, days=7) in answer
    assert customer.case.state == CaseState.WITHDRAWN and customer.awaited is None
    shop.clock.advance(days=6)
    customer.complains("delivery")
    assert customer.case.state == CaseState.OPEN
    assert [len(shop.events(kind)) for kind in ("case_withdrawn", "case_reopened")] == [1, 1]


def test_after_seven_days_a_withdrawn_complaint_is_a_new_one(shop: Shop, customer: Customer) -> None:
    customer.complains("delivery")
    customer.withdraws()
    shop.clock.advance(days=7, minutes=1)
    customer.complains("delivery")
    assert [case.state for case in customer.cases] == [CaseState.WITHDRAWN, CaseState.OPEN]


def test_withdrawing_takes_back_what_was_offered(shop: Shop, wang: Customer) -> None:
    shop.sells(ORDER, total=30000, to=wang.address.public)
    wang.complains("delivery", order_number=ORDER)
    wang.withdraws()
    assert wang.choices == []
    wang.chooses(1)
    assert wang.case.state == CaseState.WITHDRAWN and shop.all(RefundEntry) == []


def test_money_on_its_way_cannot_be_taken_back(shop: Shop, wang: Customer) -> None:
    wang.complains("service_attitude")
    wang.says_no()
    wang.chooses_by_name("call_back", "回电")
    assert wang.case.state == CaseState.REMEDYING
    wang.withdraws()
    assert wang.case.state == CaseState.REMEDYING


# --- where it stands -------------------------------------------------------------------------------------------------


def test_status_without_a_complaint(customer: Customer) -> None:
    assert customer.words("status.no_case") in customer.asks_for_status()


def test_status_while_a_word_is_missing(customer: Customer) -> None:
    customer.complains("delivery")
    assert customer.words("status.open", number=customer.case.number) in customer.asks_for_status()


def test_status_while_choices_are_open(shop: Shop, customer: Customer) -> None:
    shop.sells(ORDER, total=30000, to=customer.address.public)
    customer.complains("delivery", order_number=ORDER)
    answer = customer.asks_for_status()
    assert all(f"{n}. " in answer for n in (1, 2, 3))


def test_status_while_a_call_is_owed(shop: Shop, customer: Customer) -> None:
    customer.complains("service_attitude")
    customer.says_no()
    customer.chooses_by_name("call_back", "回电")
    (call,) = [promise for promise in customer.case.promises if promise.kind == "call_back"]
    due = customer.shop.firm.local(call.due_at)
    told = customer.words("status.promised", number=customer.case.number, what=call.text, due=due)
    assert customer.asks_for_status() == told


def test_status_when_settled_names_the_reference(shop: Shop, paid: Customer) -> None:
    (entry,) = shop.all(RefundEntry)
    answer = paid.asks_for_status()
    assert entry.reference in answer and paid.case.number in answer


def test_status_when_withdrawn(customer: Customer) -> None:
    customer.complains("delivery")
    customer.withdraws()
    assert customer.words("status.withdrawn", number=customer.case.number) in customer.asks_for_status()


def test_status_when_closed_still_names_the_reference(shop: Shop, paid: Customer) -> None:
    shop.waits(days=8)
    assert paid.case.state == CaseState.CLOSED
    assert shop.all(RefundEntry)[0].reference in paid.asks_for_status()


def test_status_while_a_person_has_it_is_the_persons_to_tell(customer: Customer) -> None:
    customer.complains("safety")
    assert customer.asks_for_status() == ""


# --- promises --------------------------------------------------------------------------------------------------------


def test_a_person_who_answers_in_time_keeps_the_promise(shop: Shop, customer: Customer, alice: Staff) -> None:
    customer.complains("delivery")
    customer.asks_for_a_person()
    shop.waits(minutes=30)
    shop.does(take, shop.firm, alice, customer.conversation.id)
    shop.does(answer, shop.firm, alice, customer.conversation.id, "Hello, I have read everything.")
    (promise,) = customer.case.promises
    assert (promise.kind, promise.state) == ("person_answers", "kept")
    shop.waits(hours=6)
    assert shop.events("promise_settled") == [{"promise": promise.public_id, "kept": True}]
    broken = customer.words("promise.broken", what=promise.text)
    assert not any(broken in told for told in customer.was_told)


def test_a_promise_nobody_keeps_is_owned_up_to(shop: Shop, customer: Customer) -> None:
    customer.complains("delivery")
    customer.asks_for_a_person()
    (promise,) = customer.case.promises
    shop.waits(hours=5)  # four were promised
    broken = customer.words("promise.broken", what=promise.text)
    assert sum(broken in told for told in customer.was_told) == 1
    assert shop.events("promise_settled") == [{"promise": promise.public_id, "kept": False}]
    shop.waits(hours=24)
    assert sum(broken in told for told in customer.was_told) == 1


def test_an_answer_after_the_time_keeps_nothing(shop: Shop, wang: Customer, alice: Staff) -> None:
    wang.complains("delivery")
    wang.asks_for_a_person()
    shop.clock.advance(hours=5)  # the timer has not fired yet
    shop.does(take, shop.firm, alice, wang.conversation.id)
    shop.does(answer, shop.firm, alice, wang.conversation.id, "来晚了,对不起")
    assert wang.case.promises[0].state == "broken"


def test_a_call_made_in_time_carries_out_the_remedy(shop: Shop, customer: Customer, alice: Staff) -> None:
    customer.complains("service_attitude")
    customer.says_no()
    customer.chooses_by_name("call_back", "回电")
    (promise,) = customer.case.promises
    shop.waits(hours=3)
    shop.does(keep_promise, shop.firm, alice, promise.id)
    case = customer.case
    assert (case.promises[0].state, case.state) == ("kept", CaseState.RESOLVED)
    assert {event["remedy"] for event in shop.events("remedy_executed")} == {"call_back", "apology"}


def test_a_call_made_too_late_is_made_and_the_promise_stays_broken(
    shop: Shop, customer: Customer, alice: Staff
) -> None:
    customer.complains("service_attitude")
    customer.says_no()
    customer.chooses_by_name("call_back", "回电")
    (promise,) = customer.case.promises
    assert promise.due_at == datetime(2026, 11, 19, 16, tzinfo=UTC)
    shop.clock.now = promise.due_at + timedelta(minutes=1)
    shop.fires_due()
    assert customer.control == "queued" and customer.reasons == ["promise_broken"]
    shop.does(take, shop.firm, alice, customer.conversation.id)
    shop.does(answer, shop.firm, alice, customer.conversation.id, "对不起,现在给您打。")
    shop.does(keep_promise, shop.firm, alice, promise.id)
    shop.does(give_back, shop.firm, alice, customer.conversation.id)
    case = customer.case
    assert case.state == CaseState.RESOLVED
    assert [p.state for p in case.promises if p.kind == "call_back"] == ["broken"]
