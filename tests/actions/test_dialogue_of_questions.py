"""What the bot asks and tells beside an offer: never twice in the same words, never what was said, never vaguely."""

import pytest

from recovery.case_states import CaseState
from store.tables import OrderProofFailure
from tests.actions.dialogue import Customer, Shop

ORDER = "202611120007"


@pytest.fixture
def asked_for_digits(shop: Shop, customer: Customer) -> Customer:
    """Complains about an order that is not listed with them; its phone ends in 4711."""
    shop.sells(ORDER, total=30000, phone_last4="4711")
    customer.complains("product_quality", order_number=ORDER)
    assert customer.awaited == "order_proof"
    return customer


@pytest.fixture
def offered(shop: Shop, customer: Customer) -> Customer:
    shop.sells(ORDER, total=30000, to=customer.address.public)
    customer.complains("delivery", order_number=ORDER)
    assert customer.case.state == CaseState.OFFERED
    return customer


# --- whose order it is -----------------------------------------------------------------------------------------------


def test_digits_told_along_with_the_order_are_not_asked_for(shop: Shop, customer: Customer) -> None:
    shop.sells(ORDER, total=30000, phone_last4="4711")
    customer.complains("product_quality", order_number=ORDER, phone_last4="4711")
    assert customer.case.order_proved and customer.awaited == "offer"


def test_digits_told_before_there_was_a_case_are_not_asked_for(shop: Shop, customer: Customer) -> None:
    shop.sells(ORDER, total=30000, phone_last4="4711")
    customer.writes("action_record_fact", "…", order_number=ORDER, phone_last4="4711")
    customer.complains("product_quality")
    assert customer.case.order_proved and customer.awaited == "offer"


def test_digits_told_along_with_another_order_prove_nothing(shop: Shop, customer: Customer) -> None:
    shop.sells(ORDER, total=30000, phone_last4="4711")
    customer.complains("product_quality", phone_last4="4711")
    answer = customer.gives_order(ORDER)
    assert customer.words("ask.proof", order=ORDER) in answer and not customer.case.order_proved


def test_wrong_digits_are_called_wrong_only_where_digits_were_given(asked_for_digits: Customer) -> None:
    customer = asked_for_digits
    assert customer.words("ask.proof_again", order=ORDER) in customer.gives_digits("0000")
    answer = customer.writes("action_record_fact", "…")
    assert customer.words("remind.order_proof") in answer
    assert customer.words("ask.proof_again", order=ORDER) not in answer
    assert customer.words("ask.proof_last", order=ORDER) in customer.gives_digits("1111")


def test_a_corrected_order_is_asked_about_and_not_called_wrong(shop: Shop, asked_for_digits: Customer) -> None:
    customer = asked_for_digits
    shop.sells("202611120099", total=30000, phone_last4="0815")
    customer.gives_digits("0000")
    answer = customer.gives_order("202611120099")
    assert customer.words("ask.proof", order="202611120099") in answer


def test_a_no_that_names_the_order_gives_it(shop: Shop, asked_for_digits: Customer) -> None:
    customer = asked_for_digits
    shop.sells("202611120099", total=30000, phone_last4="0815")
    answer = customer.writes("action_deny", "…", order_number="202611120099")
    assert customer.words("ask.proof", order="202611120099") in answer
    customer.writes("action_deny", "…", phone_last4="0815")
    assert customer.case.order_proved


def test_a_no_that_corrects_the_order_declines_no_offer(shop: Shop, offered: Customer) -> None:
    shop.sells("202611120099", total=60000, to=offered.address.public)
    offered.writes("action_deny", "…", order_number="202611120099")
    assert {offer.state for offer in offered.case.offers} == {"superseded", "open"}
    assert {fact.key: fact.value for fact in offered.case.facts}["order_number"] == "202611120099"


def test_who_has_no_digits_is_not_told_that_the_order_is_missing(asked_for_digits: Customer) -> None:
    answer = asked_for_digits.says_no()
    assert asked_for_digits.words("fact.proof_unknown") in answer
    assert asked_for_digits.words("fact.order_unknown") not in answer


@pytest.mark.parametrize("written", ["2026-1112-0007", "2026 1112 0007"])
def test_an_order_written_in_groups_is_found(shop: Shop, customer: Customer, written: str) -> None:
    shop.sells(ORDER, total=30000, to=customer.address.public)
    customer.complains("product_quality", order_number=written)
    assert customer.case.order_proved and customer.awaited == "offer"
    assert {fact.key: fact.value for fact in customer.case.facts}["order_number"] == ORDER


def test_wrong_digits_count_however_the_order_is_written(shop: Shop, customer: Customer) -> None:
    shop.sells(ORDER, total=30000, phone_last4="4711")
    customer.complains("product_quality", order_number="2026-1112-0007")
    assert customer.words("ask.proof", order="2026-1112-0007") in customer.was_told[-1]
    customer.gives_digits("0000")
    assert [failure.order_number for failure in shop.all(OrderProofFailure)] == [ORDER]
    customer.gives_digits("4711")
    assert customer.case.order_proved


def test_a_number_in_an_unclear_message_is_taken(shop: Shop, asked_for_digits: Customer) -> None:
    customer = asked_for_digits
    answer = customer.mumbles(phone_last4="4711")
    assert customer.case.order_proved and customer.words("unclear.sorry") not in answer


# --- the same question once ------------------------------------------------------------------------------------------


def test_the_order_is_asked_for_in_full_once(customer: Customer) -> None:
    assert customer.words("ask.order") in customer.complains("delivery")
    answer = customer.complains("service_attitude")
    assert customer.words("ask.order") not in answer and customer.words("remind.order_number") in answer
    assert customer.awaited == "order_number"


def test_a_further_failure_is_named_and_apologised_for(shop: Shop, customer: Customer) -> None:
    customer.complains("delivery")
    answer = customer.complains("service_attitude")
    failure = customer.words("failure.service_attitude")
    assert customer.words("complaint.joined_more", failure=failure, number=customer.case.number) in answer
    again = customer.complains("service_attitude")
    assert customer.words("complaint.joined", number=customer.case.number) in again


def test_an_offer_that_stays_the_same_is_not_made_as_if_it_were_new(shop: Shop, offered: Customer) -> None:
    before = [offer.remedies for offer in offered.choices]
    offered.complains("other", emotion=2, risk=["legal"])
    assert offered.awaited == "confirm_hand_over"
    answer = offered.says_no()
    assert [offer.remedies for offer in offered.choices] == before and offered.case.offer_round == 2
    assert offered.words("offer.again", offers=["…"]).splitlines()[0] in answer
    assert offered.words("offer.intro", offers=["…"]).splitlines()[0] not in answer


def test_a_single_offer_is_put_again_without_a_list(customer: Customer) -> None:
    customer.complains("product_quality")
    customer.says_no()
    (only,) = customer.choices
    what = customer.words("remedy.call_back", amount=None)
    answer = customer.mumbles()
    assert customer.words("offer.waiting_single", offers=[what]) in answer and "1." not in answer
    assert only.state == "open"


def test_the_way_to_a_person_is_shown_again_without_a_second_introduction(customer: Customer) -> None:
    customer.greets()
    answer = customer.complains("delivery")
    assert customer.words("machine.introduction") not in answer
    assert customer.words("machine.way_to_person") in answer


def test_what_is_for_a_person_to_decide_is_said_once(offered: Customer) -> None:
    answer = offered.wishes("…")
    assert answer.count(offered.words("hand_over.above_authority")) == 1
    assert answer.startswith(offered.words("hand_over.above_authority"))


# --- where it stands -------------------------------------------------------------------------------------------------


def test_the_status_says_what_is_missing(customer: Customer) -> None:
    customer.complains("delivery")
    answer = customer.asks_for_status()
    assert customer.case.number in answer and customer.words("remind.order_number") in answer


def test_the_status_of_a_case_with_offers_names_it(offered: Customer) -> None:
    answer = offered.asks_for_status()
    assert offered.case.number in answer.splitlines()[0] and len(offered.choices) == 3


@pytest.fixture
def called_back(customer: Customer) -> Customer:
    """Has chosen a call back, without a number to call on file."""
    customer.complains("product_quality")
    customer.says_no()
    customer.says_yes()
    assert customer.case.state == CaseState.REMEDYING
    return customer


@pytest.mark.parametrize("action", ["action_case_status", "action_answer_question"])
def test_who_asks_when_is_told_by_when_it_will_be_done(shop: Shop, called_back: Customer, action: str) -> None:
    (promised,) = (one for one in called_back.case.promises if one.kind == "call_back")
    due = shop.firm.local(promised.due_at)
    told = called_back.words("status.promised", number=called_back.case.number, what=promised.text, due=due)
    assert told in called_back.writes(action, "…")


def test_a_call_back_asks_for_the_number_it_needs(shop: Shop, called_back: Customer) -> None:
    assert called_back.was_told[-1].endswith(called_back.words("ask.number"))
    (promised,) = (one for one in called_back.case.promises if one.kind == "call_back")
    answer = called_back.writes("action_record_fact", "…", phone="13800138000")
    due = shop.firm.local(promised.due_at)
    assert answer == called_back.words("waiting.number_noted", phone="13800138000", due=due, more=False)


def test_a_number_that_stands_in_the_yes_is_not_asked_for(customer: Customer) -> None:
    customer.complains("product_quality")
    customer.says_no()
    answer = customer.writes("action_affirm", "Yes, call me on 0049 151 2345678")
    assert customer.words("ask.number") not in answer
    assert {fact.key: fact.value for fact in customer.case.facts}["phone"] == "+491512345678"


def test_a_number_that_was_given_is_not_asked_for(customer: Customer) -> None:
    customer.complains("product_quality", phone="13800138000")
    customer.says_no()
    assert customer.words("ask.number") not in customer.says_yes()


def test_a_case_that_is_opened_again_is_not_told_as_a_new_one(offered: Customer) -> None:
    offered.chooses(1)
    answer = offered.complains("delivery")
    number = offered.case.number
    told = offered.words("complaint.reopened", feeling="", failure="", number=number).strip()
    assert told in answer and offered.words("machine.way_to_person") in answer


def test_only_references_that_say_something_are_told(shop: Shop, offered: Customer) -> None:
    (voucher,) = (offer for offer in offered.choices if offer.remedies[0]["kind"] == "voucher")
    offered.chooses(voucher.position)
    by_kind = {remedy.kind: remedy.reference for remedy in offered.case.remedies}
    answer = offered.asks_for_status()
    assert by_kind["voucher"] in answer and by_kind["apology"] not in answer


# --- a change of mind ------------------------------------------------------------------------------------------------


@pytest.fixture
def declined(offered: Customer) -> Customer:
    """Has declined the first offers, and is asked what would do."""
    offered.says_no()
    assert offered.awaited == "wish"
    return offered


@pytest.mark.parametrize("action", ["action_record_wish", "action_accept_offer"])
def test_what_was_declined_can_still_be_had(declined: Customer, action: str) -> None:
    declined.writes(action, "…", wished_remedy="voucher")
    assert [remedy.kind for remedy in declined.case.remedies] == ["voucher", "apology"]
    assert declined.control == "bot"


def test_more_than_was_declined_is_no_change_of_mind(declined: Customer) -> None:
    declined.writes("action_record_wish", "…", wished_remedy="refund", amount={"minor": 20000, "currency": "CNY"})
    assert declined.case.remedies == []


def test_a_yes_takes_the_single_offer_that_was_declined(customer: Customer) -> None:
    customer.complains("product_quality")
    customer.says_no()
    customer.says_no()
    assert customer.awaited == "wish"
    customer.says_yes()
    assert [remedy.kind for remedy in customer.case.remedies] == ["call_back"]


# --- small words -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["action_answer_thanks", "action_answer_praise"])
def test_thanks_leave_the_open_question_in_sight(customer: Customer, action: str) -> None:
    customer.complains("delivery")
    assert customer.words("remind.order_number") in customer.writes(action, "…")


def test_thanks_for_an_offer_do_not_bring_the_list_again(offered: Customer) -> None:
    assert offered.writes("action_answer_thanks", "…") == offered.words("small_talk.welcome")


def test_an_ok_after_the_remedy_is_not_asked_to_go_on(offered: Customer) -> None:
    offered.chooses(1)
    assert offered.says_yes() == offered.words("small_talk.fine")


def test_a_low_rating_without_a_case_is_not_thanked_for(customer: Customer) -> None:
    answer = customer.rates(1)
    assert customer.words("rating.low_without_case") in answer
    assert customer.words("rating.thanks_without_case") not in answer
    assert customer.awaited == "happening"


def test_what_was_missing_is_kept_even_where_it_sounds_like_praise(offered: Customer) -> None:
    offered.chooses(1)
    offered.rates(3)
    answer = offered.writes("action_answer_praise", "The room should have been changed at once")
    assert offered.words("rating.comment_noted") in answer


def test_what_was_missing_after_the_questions_is_thanked_for_once(offered: Customer) -> None:
    offered.chooses(1)
    offered.rates(4)
    for _ in range(3):
        offered.rates(4)
    answer = offered.mumbles(text="A quicker way to find the chat")
    assert answer == offered.words("rating.all_answered")


@pytest.mark.parametrize(
    ("action", "key", "without"),
    [
        ("action_greet", "small_talk.greeting_again", "small_talk.greeting"),
        ("action_answer_chitchat", "small_talk.aside", "small_talk.chitchat"),
    ],
)
def test_who_has_told_what_went_wrong_is_not_invited_to(
    customer: Customer, action: str, key: str, without: str
) -> None:
    assert customer.words(without) in customer.writes(action, "…")
    customer.complains("delivery")
    answer = customer.writes(action, "…")
    assert customer.words(key) in answer and customer.words(without) not in answer
