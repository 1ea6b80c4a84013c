"""Where a message could be read in two ways, the customer is asked which was meant, and that one is done, once."""

import re
from pathlib import Path

import pytest
import yaml

from actions.commands.catalogue import COMMANDS
from actions.commands.readings import ACTIONS
from recovery.case_states import CaseState
from store.tables import Case, Conversation, HandOver, InboxRow, Timer, Turn
from tests.actions.dialogue import Customer, Shop

ROOT = Path(__file__).resolve().parents[2]
ORDER = "202611120007"
UNCLEAR = {"zh": "退的货你们上周就签收了，我的钱呢", "en": "You signed for my return last week, and the money?"}
COMPLAINT_OR_QUESTION = ("complain", "ask_policy")


def is_unclear(customer: Customer, *nearest: str, **facts: object) -> str:
    """The customer asks after money sent back; it may be a complaint, and is assessed as one."""
    return customer.mumbles(
        *(nearest or COMPLAINT_OR_QUESTION),
        text=UNCLEAR[customer.language],
        categories=["billing_price"],
        emotion=2,
        risk=["churn"],
        **facts,
    )


def choice_of(customer: Customer, key: str, *intents: str) -> str:
    return customer.words(key, readings=[customer.words(f"reading.{intent}") for intent in intents])


def a_while_later(customer: Customer, inbox_ids: list[str], action: str, **facts: object) -> list[str]:
    """Messages that were written already are answered, one after the other."""
    return [customer.is_answered(inbox_id, action, **facts) for inbox_id in inbox_ids]


# --- asked -----------------------------------------------------------------------------------------------------------


def test_the_two_nearest_readings_are_put_as_numbered_choices_with_buttons(customer: Customer) -> None:
    answer = is_unclear(customer)
    first, second = customer.words("reading.complain"), customer.words("reading.ask_policy")
    assert f"1. {first}\n2. {second}" in answer
    neither = customer.words("button.neither")
    assert customer.buttons == [
        {"title": first, "payload": "1"},
        {"title": second, "payload": "2"},
        {"title": neither, "payload": neither},
    ]
    assert customer.awaited == "reading" and customer.cases == []


def test_the_message_is_kept_with_the_question_and_the_bot_is_told_only_the_options(customer: Customer) -> None:
    is_unclear(customer)
    awaited = customer.conversation.awaited
    assert awaited is not None and awaited["options"] == ["complain", "ask_policy"]
    (row,) = customer.shop.all(InboxRow)
    assert awaited["about"]["inbox"] == row.id
    kept = awaited["about"]["understanding"]
    assert [category["key"] for category in kept["categories"]] == ["billing_price"] and kept["emotion"]["level"] == 2


@pytest.mark.parametrize("nearest", [(), ("complain",), ("complain", "affirm"), ("greet", "spam"), ("rate", "praise")])
def test_where_fewer_than_two_can_be_offered_it_is_as_before(customer: Customer, nearest: tuple[str, ...]) -> None:
    answer = customer.mumbles(*nearest)
    assert customer.words("unclear.sorry") in answer and customer.awaited is None


def test_what_speaks_of_a_case_is_offered_only_where_there_is_one(shop: Shop, customer: Customer) -> None:
    assert customer.words("unclear.sorry") in customer.mumbles("withdraw", "complain")
    shop.sells(ORDER, total=30000, to=customer.address.public)
    customer.complains("delivery", order_number=ORDER)
    customer.chooses(1)
    assert choice_of(customer, "reading.which", "withdraw", "complain") in customer.mumbles("withdraw", "complain")


def test_every_reading_that_is_offered_has_its_words_and_the_action_of_its_rule(customer: Customer) -> None:
    steps = yaml.safe_load((ROOT / "data" / "training" / "rules.yml").read_text(encoding="utf-8"))["rules"]
    rules = {rule["steps"][0]["intent"]: rule["steps"][1]["action"] for rule in steps}
    for intent, action in ACTIONS.items():
        assert rules[intent] == action and action in COMMANDS
        assert customer.words(f"reading.{intent}")


# --- picked ----------------------------------------------------------------------------------------------------------


def test_a_complaint_is_opened_with_the_words_and_the_assessment_of_the_message_before(customer: Customer) -> None:
    is_unclear(customer, occurred="上周", order_number=ORDER)
    answer = customer.chooses(1)
    case = customer.case
    assert case.number in answer and customer.words("failure.billing_price") in answer
    assert (case.categories, case.emotion, case.risks) == (["billing_price"], 2, ["churn"])
    facts = {fact.key: fact.value for fact in case.facts}
    assert facts == {"occurred": "上周", "order_number": ORDER}
    assert customer.conversation.unclear_turns == 0
    # The order was named before: its owner is asked for proof, and not for the number.
    assert customer.awaited == "order_proof"


def test_a_question_is_answered_and_opens_no_case(customer: Customer) -> None:
    is_unclear(customer)
    assert customer.chooses(2).startswith(customer.words("small_talk.question"))
    assert (customer.cases, customer.awaited) == ([], None)


def test_a_fact_told_along_with_the_choice_is_kept_too(customer: Customer) -> None:
    is_unclear(customer, occurred="上周")
    customer.writes("action_accept_offer", f"1, {ORDER}", choice=1, order_number=ORDER)
    assert {fact.key: fact.value for fact in customer.case.facts} == {"occurred": "上周", "order_number": ORDER}


def test_a_choice_in_odd_words_counts(customer: Customer) -> None:
    is_unclear(customer)
    customer.mumbles(text="1 1 1", choice=1)
    assert customer.case.categories == ["billing_price"]


def test_a_wish_is_kept_in_the_words_of_the_message_before(shop: Shop, customer: Customer) -> None:
    shop.sells(ORDER, total=30000, to=customer.address.public)
    customer.complains("delivery", order_number=ORDER)
    customer.chooses(1)
    is_unclear(customer, "case_status", "wish_remedy")
    customer.chooses(2)
    assert {fact.key: fact.value for fact in customer.case.facts}["wish"] == UNCLEAR[customer.language]


@pytest.mark.parametrize("intent", sorted(ACTIONS))
def test_every_reading_can_be_taken_with_a_case_and_without(shop: Shop, customer: Customer, intent: str) -> None:
    other = "praise" if intent == "complain" else "complain"
    needs_a_case = intent in ("withdraw", "rate")
    if needs_a_case:
        shop.sells(ORDER, total=30000, to=customer.address.public)
        customer.complains("delivery", order_number=ORDER)
        customer.chooses(1)
    customer.mumbles(other, intent)
    assert customer.chooses(2).strip() and customer.awaited != "reading"


def test_who_chooses_a_person_gets_one_and_no_complaint_that_was_not_meant(customer: Customer) -> None:
    is_unclear(customer, "complain", "request_person")
    answer = customer.chooses(2)
    assert customer.words("hand_over.asked") in answer and customer.control == "queued"
    assert customer.cases == []


def test_a_wish_that_was_meant_opens_no_complaint_and_keeps_its_facts(customer: Customer) -> None:
    is_unclear(customer, "complain", "wish_remedy", wished_remedy="refund")
    assert customer.chooses(2).startswith(customer.words("ask.happening_after_fact"))
    assert (customer.cases, customer.awaited) == ([], "happening")
    customer.complains("delivery")
    case = customer.case
    assert (case.categories, case.emotion, case.risks, case.wished_remedy) == (["delivery"], 1, [], "refund")


def test_a_settled_case_is_opened_again_by_the_complaint_that_was_meant(shop: Shop, customer: Customer) -> None:
    shop.sells(ORDER, total=30000, to=customer.address.public)
    customer.complains("billing_price", order_number=ORDER)
    customer.chooses(1)
    assert customer.case.state == CaseState.RESOLVED
    is_unclear(customer)
    customer.chooses(1)
    assert customer.case.state != CaseState.RESOLVED


# --- once ------------------------------------------------------------------------------------------------------------


def test_a_double_tap_opens_one_case(shop: Shop, customer: Customer) -> None:
    is_unclear(customer)
    first, second = a_while_later(customer, [customer.types("1"), customer.types("1")], "action_accept_offer", choice=1)
    case = customer.case
    assert case.number in first and second.startswith(customer.words("status.open", number=case.number))
    assert len(shop.events("case_opened")) == 1


def test_a_double_tap_that_makes_no_case_is_answered_once(customer: Customer) -> None:
    is_unclear(customer)
    first, second = a_while_later(customer, [customer.types("2"), customer.types("2")], "action_accept_offer", choice=2)
    assert first.startswith(customer.words("small_talk.question"))
    assert second == customer.words("choice.answered")
    assert (customer.cases, customer.conversation.unclear_turns) == ([], 0)


def test_of_two_different_taps_the_first_counts(shop: Shop, customer: Customer) -> None:
    is_unclear(customer)
    one, two = customer.types("2"), customer.types("1")
    customer.is_answered(one, "action_accept_offer", choice=2)
    customer.is_answered(two, "action_accept_offer", choice=1)
    assert shop.all(Case) == []


def test_a_turn_that_is_run_twice_chooses_once(shop: Shop, customer: Customer) -> None:
    is_unclear(customer)
    tapped = customer.types("1")
    customer.is_answered(tapped, "action_accept_offer", choice=1)
    assert customer.is_answered(tapped, "action_accept_offer", choice=1) == ""
    assert len(shop.all(Case)) == 1 and len(shop.all(Turn)) == 2


def test_a_number_written_before_the_question_chooses_nothing(customer: Customer) -> None:
    unclear, number = customer.types(UNCLEAR[customer.language]), customer.types("1")
    customer.is_answered(unclear, "action_catch_all", nearest=COMPLAINT_OR_QUESTION, categories=["billing_price"])
    revision = customer.conversation.awaited_revision
    answer = customer.is_answered(number, "action_accept_offer", choice=1)
    assert choice_of(customer, "reading.again", *COMPLAINT_OR_QUESTION) == answer and customer.cases == []
    assert customer.conversation.awaited_revision == revision
    customer.chooses(1)
    assert customer.case.categories == ["billing_price"]


# --- neither, or something else --------------------------------------------------------------------------------------


def test_neither_is_as_unclear_as_before_and_closes_the_question(customer: Customer) -> None:
    is_unclear(customer)
    assert customer.means_neither() == customer.words("unclear.sorry")
    assert (customer.awaited, customer.cases, customer.conversation.unclear_turns) == (None, [], 2)


def test_the_third_unclear_turn_in_a_row_brings_a_person(customer: Customer) -> None:
    is_unclear(customer)
    customer.means_neither()
    answer = is_unclear(customer)
    assert customer.words("hand_over.not_understood") in answer and customer.control == "queued"
    assert [h.reason for h in customer.shop.all(HandOver)] == ["not_understood"]


def test_a_neither_may_be_the_third(customer: Customer) -> None:
    customer.mumbles()
    is_unclear(customer)
    assert customer.words("hand_over.not_understood") in customer.means_neither()
    assert customer.awaited == "call_back", "nobody is there, so a number is asked for, and no reading any more"


@pytest.mark.parametrize("answers", ["says_yes", "mumbles"])
def test_what_leaves_it_open_is_asked_again_about_the_first_message(customer: Customer, answers: str) -> None:
    is_unclear(customer)
    revision = customer.conversation.awaited_revision
    assert getattr(customer, answers)() == choice_of(customer, "reading.again", *COMPLAINT_OR_QUESTION)
    assert [button["payload"] for button in customer.buttons][:2] == ["1", "2"]
    conversation = customer.conversation
    assert (conversation.awaited_revision, conversation.unclear_turns) == (revision, 2)
    customer.chooses(1)
    assert customer.case.categories == ["billing_price"]


def test_another_unclear_message_does_not_push_the_first_aside(customer: Customer) -> None:
    is_unclear(customer)
    customer.mumbles("praise", "chitchat")
    customer.chooses(1)
    assert customer.case.categories == ["billing_price"]


def test_a_clear_complaint_is_heard_instead_with_the_facts_told_before(customer: Customer) -> None:
    is_unclear(customer, order_number=ORDER)
    customer.complains("delivery")
    assert customer.case.categories == ["delivery"] and customer.awaited == "order_proof"
    assert {fact.key: fact.value for fact in customer.case.facts} == {"order_number": ORDER}


def test_facts_told_before_a_wish_or_another_fact_are_kept(customer: Customer) -> None:
    is_unclear(customer, order_number=ORDER)
    customer.wishes("退钱", "refund")
    customer.complains("delivery")
    assert {fact.key: fact.value for fact in customer.case.facts} == {"order_number": ORDER}
    assert customer.case.wished_remedy == "refund"


@pytest.mark.parametrize("told", ["a fact", "a wish", "unclear"])
def test_what_is_told_beside_the_choice_is_kept_and_the_choice_is_put_again(customer: Customer, told: str) -> None:
    is_unclear(customer, occurred="上周")
    revision = customer.conversation.awaited_revision
    if told == "a fact":
        answer = customer.gives_order(ORDER)
    elif told == "a wish":
        answer = customer.writes("action_record_wish", ORDER, wished_remedy="refund", order_number=ORDER)
    else:
        answer = customer.mumbles("praise", "chitchat", order_number=ORDER)
    assert answer == choice_of(customer, "reading.again", *COMPLAINT_OR_QUESTION)
    assert (customer.awaited, customer.conversation.awaited_revision) == ("reading", revision)
    customer.chooses(1)
    case = customer.case
    assert {fact.key: fact.value for fact in case.facts} == {"occurred": "上周", "order_number": ORDER}
    assert case.categories == ["billing_price"]
    assert case.wished_remedy == ("refund" if told == "a wish" else None)


def test_a_fact_written_before_the_choice_was_put_is_kept_too(customer: Customer) -> None:
    unclear, fact = customer.types(UNCLEAR[customer.language]), customer.types(ORDER)
    customer.is_answered(unclear, "action_catch_all", nearest=COMPLAINT_OR_QUESTION, categories=["billing_price"])
    customer.is_answered(fact, "action_record_fact", order_number=ORDER)
    customer.chooses(1)
    assert {fact.key: fact.value for fact in customer.case.facts} == {"order_number": ORDER}


def test_small_talk_comes_back_to_the_choice(customer: Customer) -> None:
    is_unclear(customer)
    assert choice_of(customer, "reading.again", *COMPLAINT_OR_QUESTION) in customer.greets()
    assert customer.awaited == "reading"


def test_who_asks_for_a_person_instead_gets_one(customer: Customer) -> None:
    is_unclear(customer)
    customer.asks_for_a_person()
    assert customer.control == "queued" and customer.awaited == "call_back"


# --- beside other questions ------------------------------------------------------------------------------------------


def test_an_open_question_of_a_case_is_not_pushed_aside(shop: Shop, customer: Customer) -> None:
    customer.complains("delivery")
    assert customer.words("remind.order_number") in is_unclear(customer) and customer.awaited == "order_number"
    shop.sells(ORDER, total=30000, to=customer.address.public)
    customer.gives_order(ORDER)
    assert customer.words("offer.waiting") in is_unclear(customer) and customer.awaited == "offer"


def test_a_question_put_meanwhile_is_not_pushed_aside_either(shop: Shop, customer: Customer) -> None:
    complaint, unclear = customer.types("…"), customer.types(UNCLEAR[customer.language])
    customer.is_answered(complaint, "action_hear_complaint", categories=["delivery"])
    customer.is_answered(unclear, "action_catch_all", nearest=COMPLAINT_OR_QUESTION)
    assert customer.awaited == "order_number"


def test_an_invitation_to_rate_gives_way(shop: Shop, customer: Customer) -> None:
    shop.sells(ORDER, total=30000, to=customer.address.public)
    customer.complains("delivery", order_number=ORDER)
    customer.chooses(1)
    shop.waits(days=2)
    assert customer.awaited == "rating"
    is_unclear(customer)
    assert customer.awaited == "reading"


def test_the_survey_waits_for_the_choice(shop: Shop, customer: Customer) -> None:
    shop.sells(ORDER, total=30000, to=customer.address.public)
    customer.complains("delivery", order_number=ORDER)
    customer.chooses(1)
    ask = customer.words("rating.ask", number=customer.case.number)
    is_unclear(customer, "praise", "ask_policy")
    shop.waits(hours=25)
    assert ask not in customer.was_told and customer.awaited == "reading"
    customer.chooses(1)
    assert customer.case.ratings == []
    # Praise was answered with an invitation, which is no follow-up: that comes once they talk no more.
    shop.waits(hours=2)
    assert customer.was_told.count(ask) == 1 and customer.awaited == "rating"


def test_the_survey_waits_no_longer_than_the_case_is_open(shop: Shop, customer: Customer) -> None:
    shop.sells(ORDER, total=30000, to=customer.address.public)
    customer.complains("delivery", order_number=ORDER)
    customer.chooses(1)
    is_unclear(customer, "praise", "ask_policy")
    shop.clock.advance(seconds=shop.firm.file.close_after.total_seconds() + 1)
    shop.fires_due()
    shop.waits(minutes=11)
    assert customer.case.state == CaseState.CLOSED and customer.awaited == "reading"
    assert [timer.state for timer in shop.all(Timer) if timer.kind == "follow_up"] == ["fired"]


def test_the_question_is_put_in_the_language_of_the_conversation(shop: Shop, mary: Customer) -> None:
    answer = is_unclear(mary)
    assert "1. I want to make a complaint" in answer and not re.search("[一-鿿]", answer)
    with shop.database.reading() as work:
        assert work.session.get_one(Conversation, mary.conversation.id).language == "en"
